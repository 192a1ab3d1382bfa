import { expect, it } from 'vitest';
import { stopResources } from '../../../functions/budget-kill-switch/act.ts';
import type { Work } from '../../../functions/budget-kill-switch/ladder/ladder.ts';
import type { SwitchRun } from '../../../functions/budget-kill-switch/run.ts';
import type { Api } from '../../../shared/google/api.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';

const CLUSTER = 'projects/ml-lab/locations/us-central1/clusters/train/nodePools';
const ZONE = 'projects/ml-lab/zones/us-central1-a/instances';

const pool = (id: string): ManifestItem => ({
  ...{ kind: 'node-pool', resource: `${CLUSTER}/${id}`, status: 'planned' },
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
    pause: () => Promise.resolve(),
    lease: { confirm: () => Promise.resolve(), check: () => undefined },
  };
  const names = new Set(chosen.map(({ resource }) => resource));
  void stopResources(run as unknown as SwitchRun, { keepLabel: 'costguard-keep' }, 'stop-compute', work as unknown as Work, names);
  await new Promise((resolve) => void setImmediate(resolve));
  return looks;
} // prettier-ignore

it('stopResources stops a VM at once, however many pools wait for their cluster', async () => {
  const pools = Array.from({ length: 24 }, (_, index) => pool(`pool-${index}`));
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
