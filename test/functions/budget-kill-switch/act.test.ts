import { expect, it } from 'vitest';
import { stopResources } from '../../../functions/budget-kill-switch/act.ts';
import type { Work } from '../../../functions/budget-kill-switch/ladder/ladder.ts';
import type { SwitchRun } from '../../../functions/budget-kill-switch/run.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Api } from '../../../shared/google/api.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';

const CLUSTERS = 'projects/ml-lab/locations/us-central1/clusters';
const ZONE = 'projects/ml-lab/zones/us-central1-a/instances';

const pool = (id: string, cluster = 'train'): ManifestItem => ({
  ...{ kind: 'node-pool', resource: `${CLUSTERS}/${cluster}/nodePools/${id}`, status: 'planned' },
  record: { sizes: {} },
});
const vm = (id: string): ManifestItem => ({
  ...{ kind: 'vm', resource: `${ZONE}/${id}`, status: 'planned' },
  ...{ localSsds: 0, spot: false },
});

/** What is looked at while nothing is answered, by the end of its address. */
async function lookedAt(items: readonly ManifestItem[], chosen: readonly ManifestItem[]): Promise<readonly string[]> {
  const looks: string[] = [];
  const api = {
    request(_call: string, { url }: { readonly url: string }) {
      looks.push(url.split('/').at(-1) ?? '');
      return new Promise(() => undefined);
    },
  } as unknown as Api;
  const run = { api, projectId: 'ml-lab', projectNumber: '1', runtime: { now: () => new Date(0), random: () => 0 } };
  const work = {
    items: () => items,
    mayBeRequested: () => false,
    wasTaken: () => false,
    wasTried: () => false,
    pause: () => Promise.resolve(),
    lease: { confirm: () => Promise.resolve(), check: () => undefined },
  };
  const names = new Set(chosen.map(({ resource }) => resource));
  void stopResources(run as unknown as SwitchRun, { keepLabel: 'costguard-keep' }, 'stop-compute', work as unknown as Work, names);
  await new Promise((resolve) => void setImmediate(resolve));
  return looks;
} // prettier-ignore

it('stopResources stops a VM at once, however many pools wait for their cluster', async () => {
  const pools = Array.from({ length: 24 }, (_, index) => pool(`pool-${index}`, `cluster-${index}`));
  const items = [...pools, vm('vm-1')];
  const looks = await lookedAt(items, items);
  expect(looks).toContain('vm-1');
  // No more at the same time than one kind may.
  expect(looks.filter((name) => name !== 'vm-1')).toHaveLength(8);
});

it('stopResources takes of each kind in the order that was chosen, and nothing else', async () => {
  const [one, two, three] = [vm('vm-1'), vm('vm-2'), vm('vm-3')];
  expect(await lookedAt([one, two, three], [three, one])).toEqual(['vm-3', 'vm-1']);
});

it('stopResources changes the pools of a cluster one after the other, and those of several clusters side by side', async () => {
  const items = [pool('a', 'train'), pool('b', 'train'), pool('a', 'serve'), pool('c', 'train')];
  // Each is looked at by its cluster.
  expect([...(await lookedAt(items, items))].sort()).toEqual(['serve', 'train']);
});

/** What became of pools of a cluster, of which each that is tried is refused, with so much of the run's time left then, and how many are left. */
async function withTimeLeft(timeLeftMs: number, requested = '', items = [pool('a'), pool('b')]): Promise<readonly unknown[]> {
  const ends: unknown[] = [];
  const failures: string[] = [];
  const api = { request: () => Promise.reject(new Error('no answer')), timeLeftMs: () => timeLeftMs };
  const run = {
    ...{ api, projectId: 'ml-lab', projectNumber: '1', runtime: { now: () => new Date(0), random: () => 0 } },
    failure: (resource: string, error: unknown) => void failures.push(`${resource.slice(-1)}: ${messageOf(error)}`),
  };
  const work = {
    items: () => items,
    done: (item: ManifestItem) => Promise.resolve(void ends.push([item.resource.slice(-1), item.status, ...(item.untried === true ? ['untried'] : [])])),
    mayBeRequested: ({ resource }: ManifestItem) => requested.includes(resource.slice(-1)),
    wasTaken: ({ resource }: ManifestItem) => requested.includes(resource.slice(-1)),
    wasTried: ({ resource, untried }: ManifestItem) => untried !== true && requested.includes(resource.slice(-1)),
    pause: () => Promise.resolve(),
    lease: { confirm: () => Promise.resolve(), check: () => undefined },
  };
  const names = new Set(items.map(({ resource }) => resource));
  const left = await stopResources(run as unknown as SwitchRun, { keepLabel: 'costguard-keep' }, 'stop-compute', work as unknown as Work, names);
  return [ends, failures.at(-1), left];
} // prettier-ignore

it.each([
  ['goes on with the next pool while there is time for it', 300_000, 'b: no answer'],
  [
    'leaves the next pool for the next look when there is not',
    299_999,
    `b: Cannot change "${CLUSTERS}/train/nodePools/b" yet: ${CLUSTERS}/train is changed one by one, and too little of this run's time is left`,
  ],
])('stopResources %s', async (_, timeLeftMs, failure) => {
  expect(await withTimeLeft(timeLeftMs)).toEqual([
    // Nothing was requested of either: what becomes of it is not of the switch's doing.
    [
      ['a', 'failed'],
      ['b', 'failed', ...(timeLeftMs === 300_000 ? [] : ['untried'])],
    ],
    failure,
    timeLeftMs === 300_000 ? 0 : 1,
  ]);
});

it('stopResources begins the first pool however long what makes others took, for that bills nothing', async () => {
  const provisioning = {
    ...pool('a'),
    resource: `${CLUSTERS}/train`,
    record: { provisioning: {} },
  } as ManifestItem;
  const [ends, , left] = await withTimeLeft(299_999, '', [provisioning, pool('a'), pool('b')]);
  expect(ends).toEqual([
    ['n', 'failed'],
    ['a', 'failed'],
    ['b', 'failed', 'untried'],
  ]);
  expect(left).toBe(1);
});

it.each([
  ['begins with what was not tried before, and leaves the rest', 'a', ['b', 'c', 'a'], 2],
  [
    'leaves nothing for the next look where all were tried before and none gets through',
    'abc',
    ['a', 'b', 'c'],
    0,
  ],
])('stopResources %s', async (_, requested, order, left) => {
  const pools = [pool('a'), pool('b'), pool('c')];
  const [ends, , count] = await withTimeLeft(299_999, requested, pools);
  // What may have been requested before must come back if it was.
  const endOf = (id: string, index: number): readonly string[] => {
    if (requested.includes(id)) return [id, 'planned'];
    return [id, 'failed', ...(index === 0 ? [] : ['untried'])];
  };
  expect(ends).toEqual(order.map(endOf));
  expect(count).toBe(left);
});
