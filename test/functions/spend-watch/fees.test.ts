/** What a service bills beside a machine, without a price in any source: in `high` alone, up to a stated bound. */
import { describe, expect, it } from 'vitest';
import { billing } from '../../../functions/spend-watch/seen.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import { readResources } from '../../../shared/resources/inventory.ts';
import { COLAB_RUNTIMES } from '../../../shared/resources/vertex/colab-runtime.ts';
import type { Seen } from '../../../shared/spend/accrue.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const NOW = new Date('2026-11-27T00:00:00Z');
const CONFIG = { unpricedAtMost: 10, ownerLabel: undefined };
const ZONE = 'zones/us-central1-a';

/** A VM with these labels, as a look counts it. */
async function seenVm(labels: Readonly<Record<string, string>>): Promise<Seen | undefined> {
  const vm = {
    ...{ id: '1', name: 'vm', status: 'RUNNING', labels },
    machineType: `https://www.googleapis.com/compute/v1/projects/p/${ZONE}/machineTypes/n1-standard-4`,
    selfLink: `https://www.googleapis.com/compute/v1/projects/p/${ZONE}/instances/vm`,
  };
  const { api } = scriptedApi(() => ({ items: { [ZONE]: { instances: [vm] } } }));
  const { resources, gaps } = await readResources({ api, now: NOW }, 'p', [VMS]);
  expect(gaps).toEqual([]);
  return billing(resources, CONFIG)[0];
}

async function seenRuntime(): Promise<Seen | undefined> {
  const runtime = {
    name: 'projects/p/locations/us-central1/notebookRuntimes/7',
    ...{ runtimeState: 'RUNNING', machineSpec: { machineType: 'n1-standard-4' } },
  };
  const { api } = scriptedApi(({ target }) =>
    target.endsWith('/locations')
      ? { locations: [{ name: 'projects/p/locations/us-central1', locationId: 'us-central1' }] }
      : { notebookRuntimes: [runtime] },
  );
  const { resources, gaps } = await readResources({ api, now: NOW }, 'p', [COLAB_RUNTIMES]);
  expect(gaps).toEqual([]);
  return billing(resources, CONFIG)[0];
}

describe('a fee that no source has a price of', () => {
  it.each([
    ['a runtime of Colab Enterprise', seenRuntime, 'the fee of Colab Enterprise'],
    ['a node of Dataproc', () => seenVm({ 'goog-dataproc-cluster-name': 'spark' }), 'the fee of Dataproc'],
    [
      'a notebook of Workbench',
      () => seenVm({ 'notebooks-product': 'workbench-instances' }),
      'the management fee of Workbench',
    ],
  ])('of %s counts half of its machine in high alone, and is named', async (_, look, fee) => {
    const { rate, description } = (await look()) ?? {};
    const plain = (await seenVm({}))?.rate;
    expect(plain?.high).toBeGreaterThan(0.1);
    expect(rate?.high).toBeCloseTo(1.5 * (plain?.high ?? NaN), 6);
    expect(rate?.expected).toBeLessThanOrEqual(plain?.high ?? NaN);
    expect(rate?.low).toBeGreaterThan(0);
    expect(rate?.low).toBeLessThanOrEqual(plain?.high ?? NaN);
    expect(description).toMatch(new RegExp(`, and ${fee}$`));
  });

  it('is none of a VM whose labels tell of no such service', async () => {
    const { description } = (await seenVm({ 'goog-gke-node': '' })) ?? {};
    expect(description).not.toContain(', and ');
  });
});
