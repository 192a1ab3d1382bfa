import { describe, expect, it } from 'vitest';
import { mergePlans } from '../../../functions/budget-kill-switch/ladder/merge-plans.ts';
import { judgeOther } from '../../../functions/budget-kill-switch/settle/others.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import {
  ACCOUNT,
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  SMALL_PROJECT,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;

/** Google refuses every call to such a project. */
function refuse(
  { sandbox }: SwitchWorld,
  fault: { readonly message: string; readonly reason?: string },
): void {
  for (const route of ['compute.*', 'notebooks.*', 'aiplatform.*', 'tpu.*', 'container.*', 'dataproc.*'])
    sandbox.faults.add({ route, fault: { kind: 'status', status: 403, ...fault } });
}

/** What may become of a project in which a stop was refused. */
const ENDS = [
  {
    end: 'it is deleted',
    come: (world: SwitchWorld): void => {
      Object.assign(world.sandbox.projects.get(RUNAWAY).seed, { state: 'DELETE_REQUESTED' });
      refuse(world, { message: 'Project was deleted.' });
    },
  },
  {
    end: 'no billing account pays for it',
    come: (world: SwitchWorld): void => {
      world.sandbox.billing.links.change(RUNAWAY, undefined);
      const message = 'This API method requires billing to be enabled.';
      refuse(world, { message, reason: 'BILLING_DISABLED' });
    },
  },
];

describe.each(ENDS)('a project of which $end, while the stop of a VM is still open', ({ end, come }) => {
  it('has nothing left to do: that is said once, and nothing is tried again', () =>
    withSwitch(
      {
        // The project itself is changed.
        scenario: budgetScenario({ projects: [structuredClone(SMALL_PROJECT)], regions: ['us-central1'] }),
      },
      async (world) => {
        const { sandbox } = world;
        const fault = { kind: 'status', status: 403, message: 'denied' } as const;
        sandbox.faults.add({ route: 'compute.instances.stop', fault });
        await expect(world.alert(alert(1.01))).rejects.toThrow(/denied/);
        sandbox.faults.clear();
        come(world);
        await sandbox.clock.advance(10 * MINUTE_MS);
        const [from, before] = [world.lines.length, changesIn(sandbox)];
        for (const share of [1.02, 1.03, 1.04]) await world.alert(alert(share));
        const lines = world.lines.slice(from);
        const said = messagesOf(lines, 'WARNING').filter((text) => text.includes('has nothing left to do'));
        expect(said).toHaveLength(1);
        expect(said[0]).toContain(`stop-compute has nothing left to do on ${RUNAWAY}: ${end}`);
        expect(messagesOf(lines, 'ERROR')).toEqual([]);
        expect(changesIn(sandbox)).toEqual(before);
        const items = manifestsIn(sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [];
        const vm = items.find(({ resource }) => resource === VM);
        expect([vm?.status, vm?.why]).toEqual(['already', expect.stringContaining(end)]);
      },
    ));
});

describe.each(ENDS)('a project of which $end, while stop-notebooks alone is in force', ({ come }) => {
  it('has nothing left to do: that is said once', () =>
    withSwitch(
      {
        scenario: budgetScenario({ projects: [structuredClone(SMALL_PROJECT)], regions: ['us-central1'] }),
      },
      async (world) => {
        await world.alert(alert(0.81));
        come(world);
        for (const share of [0.82, 0.83, 0.84]) {
          await world.sandbox.clock.advance(10 * MINUTE_MS);
          await world.alert(alert(share));
        }
        const said = messagesOf(world.lines, 'WARNING');
        expect(said.filter((text) => text.includes('has nothing left to do')).length).toBeLessThanOrEqual(1);
      },
    ));
});

describe.each(ENDS)('a project of which $end, after unlinking it was refused', ({ come }) => {
  it('was not taken by the switch: a restore starts nothing of it', () =>
    withSwitch(
      {
        scenario: budgetScenario({ projects: [structuredClone(SMALL_PROJECT)], regions: ['us-central1'] }),
        policy: switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] }),
      },
      async (world) => {
        const { sandbox } = world;
        const fault = { kind: 'status', status: 403, message: 'denied' } as const;
        sandbox.faults.add({ route: 'cloudbilling.projects.updateBillingInfo', fault });
        await expect(world.alert(alert(1.01))).rejects.toThrow(/denied/);
        sandbox.faults.clear();
        come(world);
        await sandbox.clock.advance(10 * MINUTE_MS);
        await world.alert(alert(1.02));
        const items = manifestsIn(sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [];
        expect(items.length).toBeGreaterThan(2);
        expect(new Set(items.map(({ status }) => status))).toEqual(new Set(['already']));
        // An operator links it again, or takes the deletion back.
        sandbox.faults.clear();
        Object.assign(sandbox.projects.get(RUNAWAY).seed, { state: 'ACTIVE' });
        sandbox.billing.links.change(RUNAWAY, ACCOUNT.replace('billingAccounts/', ''));
        await sandbox.clock.advance(10 * MINUTE_MS);
        const { status, results = [] } = await world.restore('POST');
        expect([status, ...new Set(results.map(({ outcome }) => outcome))]).toEqual([200, 'left']);
      },
    ));
});

describe.each(ENDS)('a project that was unlinked and restored, and of which then $end', ({ come }) => {
  it('runs nothing since the look that sees it: said once, and the other projects of the budget count from there', () =>
    withSwitch(
      {
        scenario: budgetScenario({ projects: [structuredClone(SMALL_PROJECT)], regions: ['us-central1'] }),
        policy: switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] }),
      },
      async (world) => {
        const { sandbox } = world;
        await world.alert(alert(1.01));
        await sandbox.clock.advance(10 * MINUTE_MS);
        expect((await world.restore('POST')).status).toBe(200);
        await sandbox.clock.advance(10 * MINUTE_MS);
        come(world);
        await sandbox.clock.advance(10 * MINUTE_MS);
        const [from, lookMs] = [world.lines.length, sandbox.clock.now()];
        for (const share of [1.2, 1.21, 1.22]) await world.alert(alert(share));
        const said = messagesOf(world.lines.slice(from), 'WARNING');
        expect(said.filter((text) => text.includes('has nothing left to do'))).toHaveLength(1);
        const manifest = manifestsIn(sandbox)[RUNAWAY];
        const other = judgeOther(RUNAWAY, manifest, { amount: 1_000, heldSinceMs: 0 });
        expect(other).toEqual({ kind: 'quiet', sinceMs: manifest?.rungs[0]?.firedAtMs });
        expect(manifest?.rungs[0]?.firedAtMs).toBeGreaterThanOrEqual(lookMs);
      },
    ));
});

it('mergePlans takes what may have been requested for taken where nothing is left, so that it comes back', () => {
  const item = (status: ManifestItem['status']): ManifestItem => ({
    ...{ kind: 'vm', resource: `projects/ml-lab/zones/z/instances/${status}`, status },
    ...{ localSsds: 0, spot: false },
  });
  const earlier = { items: (['planned', 'failed', 'done', 'already'] as const).map(item), left: [], complete: true };
  const fresh = { items: [], left: [], complete: true, nothingLeft: 'it is deleted' };
  expect(mergePlans(earlier, fresh).items.map(({ status, why }) => [status, why])).toEqual([
    ['done', undefined],
    ['already', 'its project had nothing left that runs: it is deleted'],
    ['done', undefined],
    ['already', undefined],
  ]);
}); // prettier-ignore
