import { describe, expect, it } from 'vitest';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import { FOREIGN, OWN_PROJECT, PROTECTED } from '../../support/ladder-model.ts';
import { BUDGET, PERIOD, RESEARCH, restoreWorld, stateOf } from '../../support/restore-world.ts';

const SPEECH = 'ml-speech';
const OTHER_ACCOUNT = 'billingAccounts/0FFFFF-0FFFFF-0FFFFF';
const lab = restoreWorld();
const { fake } = lab;

/** A manifest that lists these as taken away, as an attacker who may write to the state bucket would. */
function planted(project: string, items: readonly ManifestItem[], more: object = {}): object {
  const rung = { at: 1, do: 'unlink-billing', status: 'done', runId: 'r', complete: true, items };
  return { version: 1, budget: BUDGET, period: PERIOD, project, rungs: [rung], restored: {}, ...more };
}

const done = { status: 'done', atMs: Date.parse('2026-11-10T00:00:00Z') } as const;

const vmOf = (project: string): ManifestItem => ({
  ...done,
  kind: 'vm',
  resource: `projects/${project}/zones/us-central1-a/instances/vm-1`,
  localSsds: 0,
  spot: false,
});

const billingOf = (project: string, account: string): ManifestItem => ({
  ...done,
  kind: 'billing',
  resource: `projects/${project}`,
  account,
});

function turnOff(project: string): void {
  const { vms } = lab.project(project);
  for (const name of vms.keys()) vms.set(name, false);
}

const restoreOf = (project: string) => lab.restore('POST', { budget: BUDGET, period: PERIOD, project });

describe('an attacker who may write to the state bucket', () => {
  it('cannot have a manifest of one project work on another one', async () => {
    await lab.stopResources();
    lab.plant(lab.manifest(RESEARCH), SPEECH);
    const answer = await restoreOf(SPEECH);
    expect(answer.error).toMatch(/its project is "ml-research", not ml-speech/);
    expect(fake.world.changes).toEqual([]);
  });

  it('cannot have a manifest of another budget or period work for this one', async () => {
    await lab.stopResources();
    for (const [field, value] of [
      ['budget', `${BUDGET}-2`],
      ['period', '2026-10-01'],
    ] as const) {
      lab.plant({ ...planted(RESEARCH, [vmOf(RESEARCH)]), [field]: value });
      expect((await restoreOf(RESEARCH)).error).toContain(`its ${field} is "${value}", not `);
    }
    expect(fake.world.changes).toEqual([]);
  });

  it('cannot have the billing of a project linked that the manifest names by its number', async () => {
    await lab.stopResources();
    for (const project of [RESEARCH, SPEECH]) {
      const account = BUDGET.split('/budgets/')[0] ?? '';
      lab.plant(planted(RESEARCH, [billingOf(lab.project(project).number, account)]));
      expect((await restoreOf(RESEARCH)).error).toMatch(/does not lie below projects\/ml-research/);
    }
    expect(fake.world.changes).toEqual([]);
  });

  it('cannot have resources of another project brought back', async () => {
    for (const project of [PROTECTED, FOREIGN, SPEECH]) {
      await lab.stopResources();
      turnOff(project);
      lab.plant(planted(RESEARCH, [vmOf(project)]));
      expect((await restoreOf(RESEARCH)).error).toMatch(/does not lie below projects\/ml-research/);
      // By its number, which only Google can tell the project of.
      lab.plant(planted(RESEARCH, [vmOf(lab.project(project).number)]));
      expect((await restoreOf(RESEARCH)).results?.[0]).toMatchObject({
        outcome: 'left',
        why: expect.stringMatching(/does not lie below projects\/ml-research/) as string,
      });
      expect(fake.world.changes).toEqual([]);
    }
  });

  it.each([
    ['', '..'],
    ['', '%2e%2e'],
    ['', '.%2E'],
    ['', '.\t.'],
    ['\\', '..'],
    ['/zones/us-central1-a', '../../..'],
  ])('cannot have what lies elsewhere touched by a name that begins in the project and leads out of it: %j %j', async (after, up) => {
    for (const project of [PROTECTED, FOREIGN]) {
      const resource = `projects/${RESEARCH}${after}/${up}/${project}/zones/us-central1-a/instances/vm-1`;
      const item = { ...vmOf(RESEARCH), resource };
      await lab.stopResources();
      turnOff(project);
      lab.plant(planted(RESEARCH, [item]));
      expect((await restoreOf(RESEARCH)).error).toMatch(/does not lie below projects\/ml-research/);
      expect(fake.world.changes).toEqual([]);
      lab.fresh();
      const rung = { at: 1, do: 'stop-compute', status: 'claimed', runId: 'r', items: [{ ...item, status: 'planned' }] };
      lab.plant({ ...planted(RESEARCH, []), rungs: [rung] });
      await lab.alert();
      expect(fake.world.changes.filter((change) => change.includes(project))).toEqual([]);
    }
  }); // prettier-ignore

  it('cannot have a protected project or the operations project touched', async () => {
    for (const [project, why] of [
      [PROTECTED, /budgets\.protect names it/],
      [OWN_PROJECT, /costguard runs in it/],
    ] as const) {
      await lab.stopResources();
      turnOff(project);
      lab.plant(planted(project, [vmOf(project), billingOf(project, OTHER_ACCOUNT)]), project);
      const answer = await restoreOf(project);
      expect(answer.status).toBe(503);
      expect(answer.results?.map(({ why: said = '' }) => said).join()).toMatch(why);
      expect(fake.world.changes).toEqual([]);
    }
  });

  it('cannot choose who pays', async () => {
    await lab.stopResources();
    lab.plant(planted(RESEARCH, [billingOf(RESEARCH, OTHER_ACCOUNT)]));
    expect((await restoreOf(RESEARCH)).results?.[0]).toMatchObject({
      outcome: 'left',
      why: expect.stringMatching(/0FFFFF-0FFFFF-0FFFFF is not the account of the budget/) as string,
    });
    expect([fake.world.changes, lab.project().account]).toEqual([[], '']);
  });

  it('cannot have a model of their own deployed', async () => {
    await lab.stopResources();
    lab.project().account = BUDGET.split('/budgets/')[0] ?? '';
    const endpoint: ManifestItem = {
      ...done,
      kind: 'endpoint',
      resource: `projects/101/locations/us-central1/endpoints/1`,
      models: [
        {
          id: '5',
          displayName: 'theirs',
          model: 'projects/666/locations/us-central1/models/miner',
          serviceAccount: `admin@${RESEARCH}.iam.gserviceaccount.com`,
        },
      ],
      trafficSplit: { '5': 100 },
    };
    lab.plant(planted(RESEARCH, [endpoint]));
    expect((await restoreOf(RESEARCH)).results?.[0]).toMatchObject({
      outcome: 'left',
      why: expect.stringMatching(/^models of other projects are not deployed by costguard/) as string,
    });
    expect(fake.world.changes).toEqual([]);
  });

  it('cannot choose the host that gets the token', async () => {
    const items = (region: string): readonly ManifestItem[] => {
      const of = (collection: string): string => `projects/${RESEARCH}/locations/${region}/${collection}/1`;
      const models = [{ id: '1', model: `projects/${RESEARCH}/locations/us-central1/models/m` }];
      return [
        { ...done, kind: 'endpoint', resource: of('endpoints'), models, trafficSplit: {} },
        { ...done, kind: 'colab-runtime', resource: of('notebookRuntimes'), record: {} },
        { ...done, kind: 'schedule', resource: of('schedules'), record: { displayName: 's' } },
      ];
    };
    await lab.stopResources();
    for (const item of items('evil.example?x=')) {
      lab.plant(planted(RESEARCH, [item]));
      expect((await restoreOf(RESEARCH)).error).toMatch(/does not lie below projects\/ml-research/);
    }
    lab.plant(planted(RESEARCH, items('evil.example')));
    const { results = [] } = await restoreOf(RESEARCH);
    expect(results).toHaveLength(3);
    for (const { outcome, why } of results) {
      expect(outcome).toMatch(/^(?:left|failed)$/);
      expect(why).toContain('"evil.example" is no region of Vertex AI');
    }
    expect(fake.world.changes).toEqual([]);
  });

  it('cannot choose the host that gets the token by the name of an operation', async () => {
    const resource = `projects/${RESEARCH}/locations/us-central1/notebookRuntimes/colab-1`;
    const operation = `projects/${RESEARCH}/locations/evil.example?x=/operations/1`;
    await lab.stopResources();
    lab.plant({ ...lab.manifest(), starts: { [`${resource} start`]: { atMs: 1, operation } } });
    const { results = [] } = await restoreOf(RESEARCH);
    // It is never sent; what became of the start is told by the runtime itself.
    expect(results.find((one) => one.resource === resource)?.outcome).toBe('done');
  });

  it('cannot disarm the switch by rungs that have fired already', async () => {
    await lab.stopResources();
    const rungs = lab.manifest().rungs.map((rung) => ({ ...rung, items: [], left: [], status: 'done' }));
    lab.fresh();
    lab.plant({ ...planted(RESEARCH, []), rungs });
    expect(await lab.alert()).toBe(true);
    expect(lab.project().account).toBe('');
    const { notebooks, vms } = lab.project();
    expect([...notebooks, ...vms].filter(([, runs]) => runs)).toEqual([]);
  });

  it('cannot have the switch stop what lies in another project', async () => {
    for (const project of [PROTECTED, FOREIGN]) {
      lab.fresh();
      const { number } = lab.project(project);
      const planned = [vmOf(number)].map((item) => ({ ...item, status: 'planned' as const }));
      const rung = { at: 1, do: 'stop-compute', status: 'claimed', runId: 'r', items: planned };
      lab.plant({ ...planted(RESEARCH, []), rungs: [rung] });
      await lab.alert();
      expect(fake.world.changes.filter((change) => change.includes(project))).toEqual([]);
      expect(lab.project().account).toBe('');
    }
  });

  it('cannot have the restore wait for a deployment for longer than one takes, whenever it was requested', async () => {
    const before = await lab.stopResources();
    const items = lab.manifest().rungs.flatMap((rung) => rung.items ?? []);
    const keys = items.flatMap((item) =>
      item.kind === 'endpoint' ? item.models.map(({ id }) => `${item.resource} ${id}`) : [],
    );
    expect(keys.length).toBeGreaterThan(0);
    const deployments = Object.fromEntries(keys.map((key) => [key, { atMs: 1e15 }]));
    lab.plant({ ...lab.manifest(), deployments });
    expect((await restoreOf(RESEARCH)).complete).toBe(true);
    expect([stateOf(lab.project()), lab.manifest().deployments]).toEqual([before, {}]);
  });

  it('cannot hold the lease for longer than it lasts, whatever the manifest says', async () => {
    const before = await lab.stopResources();
    lab.plant({ ...lab.manifest(), lease: { by: 'x', runId: 'x', doing: 'x', untilMs: 1e15, atMs: 1e15 } });
    expect((await restoreOf(RESEARCH)).results?.[0]?.why).toMatch(/another run holds it/);
    fake.world.nowMs += 100_000;
    expect((await restoreOf(RESEARCH)).complete).toBe(true);
    expect(stateOf(lab.project())).toEqual(before);
  });

  it.each([
    [
      'untilMs',
      { untilMs: 4e12 },
      'grace.untilMs is 4000000000000, more than 744 h after grace.sinceMs: at most ',
    ],
    ['untilMs that is no date', { untilMs: 1e300 }, 'grace.untilMs is 1e+300'],
    [
      'untilShare',
      { untilShare: 1e9 },
      'grace.untilShare is 1000000000, more than 100 % of the budget above what was spent',
    ],
    [
      'sinceMs',
      { sinceMs: 4e12, untilMs: 4e12 + 1 },
      'grace.sinceMs is 4000000000000, no moment up to now, ',
    ],
    ['sinceMs that is no date', { sinceMs: -1e300, untilShare: 2 }, 'grace.sinceMs is -1e+300'],
  ])('cannot disarm the switch by a grace that no restore gives: %s', async (_, grace, why) => {
    await lab.stopResources();
    const { rungs } = lab.manifest();
    lab.fresh();
    fake.world.lines.length = 0;
    const sinceMs = fake.world.nowMs;
    lab.plant({ ...planted(RESEARCH, []), rungs, grace: { runId: 'r', sinceMs, ...grace } });
    expect(await lab.alert()).toBe(true);
    expect([lab.project().account, lab.manifest().grace]).toEqual(['', undefined]);
    const said = fake.world.lines.filter((line) => line.includes('Cannot use the grace'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('"ERROR"');
    expect(said[0]).toMatch(/in \\"gs:\/\/[^"]*\/manifests\/[^"]*\/ml-research\.json\\": /);
    expect(said[0]).toContain(why);
  });
});
