import { describe, expect, it } from 'vitest';
import type { RestoreAnswer } from '../../../support/budget-lab.ts';
import { POOL_GROUP, type FakeGroup } from '../../../support/fake-groups.ts';
import { NO_CAPACITY, type FakeMachine } from '../../../support/fake-machines.ts';
import { MINUTE_MS, restoreWorld, stateOf } from '../../../support/restore-world.ts';
import { callRestore } from '../../../support/switch-and-restore.ts';

const lab = restoreWorld();
const { fake } = lab;

/** Waiting takes its time here: what is not back in a request's time is pending. */
const runtime = {
  ...fake.runtime,
  async sleep(milliseconds: number): Promise<void> {
    fake.world.nowMs += milliseconds;
    await fake.runtime.sleep(milliseconds);
  },
};
const restore = (method: 'GET' | 'POST' = 'POST') => callRestore(runtime, method, lab.request);

const lineOf = ({ results = [] }: RestoreAnswer, name: string) =>
  results.find(({ resource }) => resource.endsWith(`/${name}`));

function machine(name: string): FakeMachine {
  const found = lab.project().machines.get(name);
  if (found === undefined) throw new Error(`No machine ${name}`);
  return found;
}

function group(name: string): FakeGroup {
  const found = lab.project().groups.get(name);
  if (found === undefined) throw new Error(`No group ${name}`);
  return found;
}

/** How a start of each kind may go on, and how its reason is cleared away. */
const MACHINES = ['ws-1', 'tpu-1', 'spark', 'colab-1'];
const GROUPS = [
  { title: 'a managed group', group: 'web', resource: 'web' },
  { title: 'a node pool', group: POOL_GROUP, resource: 'pool' },
];
const changesOf = (name: string) => fake.world.changes.filter((change) => change.endsWith(`/${name}`));

describe('a start that takes longer than the request', () => {
  for (const name of MACHINES)
    it(`${name}: is pending, and done with the next request without another start`, async () => {
      const before = await lab.stopResources();
      machine(name).startsAs = 'starting';
      const first = await restore();
      expect([first.status, first.complete, lineOf(first, name)?.outcome]).toEqual([503, false, 'pending']);
      const one = machine(name);
      delete one.startsAs;
      delete one.state;
      one.running = true;
      const second = await restore();
      expect([second.status, second.complete, lineOf(second, name)?.outcome]).toEqual([200, true, 'done']);
      expect(changesOf(name)).toHaveLength(1);
      expect(stateOf(lab.project())).toEqual(before);
    });

  for (const name of [...MACHINES, 'hourly'])
    for (const state of ['SOME_NEW_STATE', ''])
      it(`${name} that is "${state}": is pending, and nothing is to be done once it runs`, async () => {
        await lab.stopResources();
        machine(name).state = state;
        const first = await restore();
        expect([first.status, first.complete]).toEqual([503, false]);
        expect(lineOf(first, name)).toMatchObject({
          outcome: 'pending',
          why: expect.stringMatching(/^whether it runs is not known: /) as string,
        });
        delete machine(name).state;
        machine(name).running = true;
        const second = await restore();
        expect([second.status, lineOf(second, name)?.outcome]).toEqual([200, 'already']);
        expect(changesOf(name)).toHaveLength(0);
      });

  for (const { title, group: name, resource } of GROUPS)
    it(`${title}: is pending while its members are being started`, async () => {
      const before = await lab.stopResources();
      group(name).unstable = true;
      const first = await restore();
      expect([first.status, first.complete, lineOf(first, resource)?.outcome]).toEqual([
        503,
        false,
        'pending',
      ]);
      // GKE runs one operation after the other; a group that lacks capacity has its autoscaler back meanwhile.
      expect(group(name).scaled).toBe(name === 'web');
      delete group(name).unstable;
      const second = await restore();
      expect([second.status, lineOf(second, resource)?.outcome]).toEqual([200, 'done']);
      expect(changesOf(name)).toHaveLength(1);
      expect(stateOf(lab.project())).toEqual(before);
    });
});

describe('a start of what was taken away by a clock that is ahead', () => {
  const AHEAD_MS = 2 * MINUTE_MS;
  /** As the switch would have written it: the restore's clock is behind. */
  async function stopAhead(): Promise<void> {
    await lab.stopResources();
    const manifest = lab.manifest();
    const atMs = fake.world.nowMs + AHEAD_MS;
    const rungs = manifest.rungs.map((rung) => ({
      ...rung,
      items: (rung.items ?? []).map((item) => ({ ...item, atMs })),
    }));
    lab.plant({ ...manifest, rungs });
  }

  for (const name of MACHINES)
    for (const reason of [NO_CAPACITY, undefined])
      it(`${name}: fails where it falls back, ${reason === undefined ? 'with no reason' : 'with its reason'}, and is requested once`, async () => {
        await stopAhead();
        Object.assign(machine(name), { startsAs: 'off', ...(reason === undefined ? {} : { reason }) });
        expect(lineOf(await restore(), name)).toMatchObject({
          outcome: 'failed',
          why: expect.stringContaining(` again: ${reason ?? 'Google gives no reason'}. `) as string,
        });
        expect(changesOf(name)).toHaveLength(1);
      });

  for (const name of MACHINES)
    it(`${name}: is known as the restore's own once it runs`, async () => {
      await stopAhead();
      expect(lineOf(await restore(), name)?.outcome).toBe('done');
    });
});

describe('what Google says of members that do not come up', () => {
  const CODE = 'ZONE_RESOURCE_POOL_EXHAUSTED';
  const error = (atMs: number, message: string) => ({ atMs, code: CODE, message });

  for (const { title, group: name, resource } of GROUPS) {
    it(`${title}: is named as Google's, the newest since the request, in answer and receipt, and by the next request too`, async () => {
      await lab.stopResources();
      const { nowMs } = fake.world;
      const at = new Date(nowMs + 2 * MINUTE_MS).toISOString();
      group(name).unstable = true;
      group(name).errors = [
        error(nowMs + MINUTE_MS, 'earlier'),
        error(nowMs + 2 * MINUTE_MS, NO_CAPACITY),
        error(nowMs - MINUTE_MS, 'of before the restore'),
      ];
      for (const answer of [await restore(), await restore()]) {
        expect(answer.status).toBe(503);
        expect(lineOf(answer, resource)).toMatchObject({
          outcome: 'pending',
          why: expect.stringMatching(
            new RegExp(`; Google's newest error since the request, of ${at}: ${CODE}: ${NO_CAPACITY}$`),
          ) as string,
        });
      }
      const told = JSON.stringify([...fake.world.objects].filter(([key]) => key.startsWith('receipts/')));
      expect(told).toContain(`of ${at}: ${CODE}: ${NO_CAPACITY}`);
      expect(changesOf(name)).toHaveLength(1);
    });

    it(`${title}: that there is none since the request is said, whatever was before it`, async () => {
      await lab.stopResources();
      group(name).unstable = true;
      group(name).errors = [error(fake.world.nowMs - 1, 'of before the restore')];
      expect(lineOf(await restore(), resource)?.why).toMatch(/; Google names no error since the request$/);
    });
  }
});

describe('a start that falls back', () => {
  for (const name of MACHINES)
    for (const reason of [NO_CAPACITY, undefined])
      it(`${name}: fails with ${reason === undefined ? 'the word that Google gives no reason' : "Google's reason"}, and is tried again with the next request`, async () => {
        const before = await lab.stopResources();
        Object.assign(machine(name), { startsAs: 'off', ...(reason === undefined ? {} : { reason }) });
        const first = await restore();
        expect([first.status, first.complete]).toEqual([503, false]);
        expect(lineOf(first, name)).toMatchObject({
          outcome: 'failed',
          why: expect.stringContaining(
            ` again: ${reason ?? 'Google gives no reason'}. Send the request again to try once more`,
          ) as string,
        });
        delete machine(name).startsAs;
        delete machine(name).reason;
        expect((await restore()).status).toBe(200);
        expect(changesOf(name)).toHaveLength(2);
        expect(stateOf(lab.project())).toEqual(before);
      });

  for (const [name, reason] of [
    ['spark', NO_CAPACITY],
    [
      'colab-1',
      `the API has no field for the reason; "gcloud logging read '"notebookRuntimes/colab-1" severity>=ERROR' --freshness=1d --project=PROJECT_ID" may show it`,
    ],
  ] as const)
    it(`${name}: fails with its reason where it leads to an error`, async () => {
      await lab.stopResources();
      machine(name).startsAs = 'broken';
      const first = await restore();
      expect([first.status, first.complete]).toEqual([503, false]);
      expect(lineOf(first, name)).toMatchObject({
        outcome: 'failed',
        why: expect.stringContaining(`it is ERROR: ${reason}`) as string,
      });
      expect((await restore()).status).toBe(503);
      expect(changesOf(name)).toHaveLength(1);
    });

  for (const name of ['spark', 'colab-1'])
    it(`${name}: fails with what the operation of its start ended with where it leads to an error, by each request`, async () => {
      await lab.stopResources();
      Object.assign(machine(name), { startsAs: 'broken', reason: 'no quota for it' });
      for (let calls = 1; calls <= 2; calls++)
        expect(lineOf(await restore(), name)).toMatchObject({
          outcome: 'failed',
          why: expect.stringMatching(/it is ERROR: .*; its start ended with: no quota for it\. /) as string,
        });
      expect(changesOf(name)).toHaveLength(1);
    });

  it('a node pool: fails with its reason while its nodes do not come up, and is done once they do', async () => {
    const before = await lab.stopResources();
    group(POOL_GROUP).unstable = NO_CAPACITY;
    const first = await restore();
    expect([first.status, first.complete]).toEqual([503, false]);
    expect(lineOf(first, 'pool')).toMatchObject({
      outcome: 'failed',
      why: expect.stringContaining(`it is RUNNING_WITH_ERROR: ${NO_CAPACITY}`) as string,
    });
    // Its autoscaler is back all the same: no capacity now is no reason to keep it off for good.
    expect(group(POOL_GROUP).scaled).toBe(true);
    delete group(POOL_GROUP).unstable;
    expect((await restore()).status).toBe(200);
    expect(changesOf(POOL_GROUP)).toHaveLength(1);
    expect(stateOf(lab.project())).toEqual(before);
  });
});

describe('what a person started meanwhile', () => {
  for (const name of [...MACHINES, 'hourly'])
    it(`${name}: is left alone`, async () => {
      await lab.stopResources();
      machine(name).running = true;
      const answer = await restore();
      expect([answer.status, lineOf(answer, name)?.outcome]).toEqual([200, 'already']);
      expect(changesOf(name)).toEqual([]);
    });

  for (const { title, group: name, resource } of GROUPS) {
    it(`${title} of another size: is left alone, with both sizes and what is left with it`, async () => {
      await lab.stopResources();
      group(name).size = 7;
      const answer = await restore();
      expect(lineOf(answer, resource)).toMatchObject({
        outcome: 'left',
        why: expect.stringMatching(/ 7 .*; left with it: autoscal/) as string,
      });
      expect([group(name).size, changesOf(name)]).toEqual([7, []]);
    });

    it(`${title} of another size whose autoscaler is on again: is as it was`, async () => {
      await lab.stopResources();
      Object.assign(group(name), { size: 3, scaled: true });
      const answer = await restore();
      expect([answer.status, lineOf(answer, resource)?.outcome]).toEqual([200, 'already']);
      expect([group(name).size, changesOf(name)]).toEqual([3, []]);
    });
  }
});

describe('what a person started, and stopped again', () => {
  const at = (ms: number): string => new Date(ms).toISOString();
  const SHOWN: readonly (readonly [string, (startedMs: number) => object])[] = [
    ['ws-1', (ms) => ({ startTime: at(ms) })],
    [
      'spark',
      (ms) => ({
        statusHistory: [
          { state: 'RUNNING', stateStartTime: at(ms) },
          { state: 'STOPPING', stateStartTime: at(ms + MINUTE_MS) },
        ],
      }),
    ],
    ['hourly', (ms) => ({ createTime: '2026-01-01T00:00:00Z', lastResumeTime: at(ms) })],
  ];
  for (const [name, shows] of SHOWN) {
    it(`${name}: stays off, and the answer says why`, async () => {
      await lab.stopResources();
      machine(name).shows = shows(fake.world.nowMs - 5 * MINUTE_MS);
      const answer = await restore();
      expect([answer.status, lineOf(answer, name)?.outcome]).toEqual([200, 'left']);
      expect(lineOf(answer, name)?.why).toBe('an operator started it since and stopped it again by hand');
      expect(changesOf(name)).toEqual([]);
    });

    it(`${name}: comes back where its last start was before the switch stopped it`, async () => {
      await lab.stopResources();
      machine(name).shows = shows(fake.world.nowMs - 60 * MINUTE_MS);
      const answer = await restore();
      expect([answer.status, lineOf(answer, name)]).toEqual([
        200,
        expect.not.objectContaining({ why: expect.anything() as string }),
      ]);
      expect(changesOf(name)).toHaveLength(1);
    });
  }

  for (const name of [...MACHINES, 'hourly', 'web', 'pool'])
    it(`${name}: comes back with a word that it cannot be told, where Google tells of no start`, async () => {
      await lab.stopResources();
      const answer = await restore();
      expect(lineOf(answer, name)).toMatchObject({
        outcome: 'done',
        why: 'whether an operator started and stopped it meanwhile cannot be told: Google keeps no time of its last start',
      });
      const told = JSON.stringify([...fake.world.objects].filter(([key]) => key.startsWith('receipts/')));
      expect(told).toContain('cannot be told: Google keeps no time of its last start');
    });
});

describe('a plan, and the list of what can be restored', () => {
  it('have each kind, and change nothing', async () => {
    await lab.stopResources();
    const names = [
      'nb-1',
      'vm-1',
      'web',
      'pool',
      ...MACHINES,
      'hourly',
      'endpoints/1',
      'projects/ml-research',
    ];
    const listed = JSON.stringify(await callRestore(runtime, 'GET', {}));
    const planned = JSON.stringify(await restore('GET'));
    for (const name of names) for (const text of [listed, planned]) expect(text).toContain(`${name}"`);
    expect(fake.world.changes).toEqual([]);
    fake.world.nowMs += MINUTE_MS;
  });
});
