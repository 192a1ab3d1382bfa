import { describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import type { ResourceKind } from '../../../shared/resources/kind.ts';
import { isKnownToBurn, leftBurning } from '../../../shared/resources/left-burning.ts';
import { DATAPROC_CLUSTERS } from '../../../shared/resources/machines/dataproc-cluster.ts';
import { QUEUED_RESOURCES, TPUS } from '../../../shared/resources/machines/tpu.ts';
import { BATCH_JOBS } from '../../../shared/resources/serverless/batch-job.ts';
import { DATAFLOW_JOBS } from '../../../shared/resources/serverless/dataflow-job.ts';
import { WORKSTATIONS } from '../../../shared/resources/machines/workstation.ts';
import { COLAB_RUNTIMES } from '../../../shared/resources/vertex/colab-runtime.ts';
import {
  backSteps,
  find,
  PROJECT,
  targetOf,
  withResources,
  type ProjectInput,
} from '../../support/resource-lab.ts';

const STATION = 'locations/us-central1/workstationClusters/c/workstationConfigs/k/workstations';
const resource = (service: 'aiplatform' | 'batch' | 'dataflow' | 'dataproc' | 'tpu' | 'workstations', path: string, body: Readonly<Record<string, unknown>>) => ({ service, path, body }); // prettier-ignore
const spark = (id: string) => ({
  id,
  zone: 'us-central1-a',
  machineType: 'n1-standard-4',
  labels: { 'goog-dataproc-cluster-name': 'spark', 'goog-dataproc-cluster-uuid': 'u-1', 'goog-dataproc-location': 'us-central1' },
}); // prettier-ignore

const WORLD: ProjectInput = {
  vms: [
    spark('spark-m'),
    spark('spark-w-0'),
    { id: 'ws-vm', zone: 'us-central1-a', machineType: 'n1-standard-4', instanceId: '77' },
  ],
  resources: [
    resource('dataproc', 'regions/us-central1/clusters/spark', {
      clusterUuid: 'u-1',
      status: { state: 'RUNNING' },
      labels: { team: 'data' },
      config: { masterConfig: { numInstances: 1, machineTypeUri: 'n1-standard-4' }, workerConfig: { numInstances: 1, machineTypeUri: 'n1-standard-4' } },
    }),
    resource('dataproc', 'regions/us-central1/clusters/ssd', {
      status: { state: 'RUNNING' },
      config: { workerConfig: { numInstances: 2, diskConfig: { numLocalSsds: 1 } } },
    }),
    resource('dataproc', 'regions/us-central1/clusters/secondary', {
      status: { state: 'ERROR' },
      config: { secondaryWorkerConfig: { numInstances: 2 } },
    }),
    resource('dataproc', 'regions/us-central1/clusters/stopped', { status: { state: 'STOPPED' } }),
    resource('workstations', `${STATION}/ws`, {
      state: 'STATE_RUNNING',
      labels: { team: 'ml' },
      runtimeHost: { gceInstanceHost: { name: 'ws-vm', id: '77', zone: 'us-central1-a' } },
    }),
    resource('workstations', `${STATION}/asleep`, { state: 'STATE_STOPPED' }),
    resource('aiplatform', 'locations/us-central1/notebookRuntimes/colab', {
      runtimeState: 'RUNNING',
      runtimeUser: 'ada@example.com',
      labels: { 'costguard-keep': 'true' },
      machineSpec: { machineType: 'n1-standard-4', acceleratorType: 'NVIDIA_TESLA_T4', acceleratorCount: 1 },
    }),
    resource('aiplatform', 'locations/us-central1/notebookRuntimes/off', { runtimeState: 'STOPPED' }),
    resource('tpu', 'locations/us-central1-a/nodes/v5e-8', {
      state: 'READY',
      acceleratorType: 'v5litepod-8',
      networkEndpoints: [{ ipAddress: '10.0.0.2' }],
      labels: { team: 'tpu' },
    }),
    resource('tpu', 'locations/us-central1-a/nodes/v5e-16', {
      state: 'READY',
      acceleratorType: 'v5litepod-16',
      networkEndpoints: [{ ipAddress: '10.0.0.3' }, { ipAddress: '10.0.0.4' }],
    }),
    resource('tpu', 'locations/europe-west4-b/nodes/queued', {
      state: 'READY',
      acceleratorType: 'v3-8',
      queuedResource: 'projects/3001/locations/europe-west4-b/queuedResources/q',
    }),
    resource('tpu', 'locations/europe-west4-b/nodes/gone', { state: 'PREEMPTED' }),
    resource('tpu', 'locations/europe-west4-b/queuedResources/q', { state: { state: 'ACTIVE' } }),
    resource('tpu', 'locations/europe-west4-b/queuedResources/failed', { state: { state: 'FAILED' } }),
  ],
}; // prettier-ignore

const KINDS: readonly ResourceKind[] = [DATAPROC_CLUSTERS, TPUS, QUEUED_RESOURCES, WORKSTATIONS, COLAB_RUNTIMES, VMS]; // prettier-ignore

describe('Dataproc clusters, TPUs, workstations and Colab runtimes', () => {
  it('tells of each whether it can be stopped, and the command that ends it', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      const shown = inventory.resources.map(
        ({ resource: name, fate, command }) =>
          `${name.split('/').at(-1) ?? ''}: ${fate.kind === 'stoppable' ? 'stop' : fate.why}: ${command.replace(/ --(?:zone|region|project|config|cluster)=\S+/g, '')}`,
      );
      expect(shown.sort()).toEqual([
        'colab: stop: gcloud colab runtimes stop colab',
        'q: ending it deletes its TPUs: gcloud compute tpus queued-resources delete q --force',
        'queued: made by a queued resource: it can only be deleted: gcloud compute tpus queued-resources delete q --force',
        'secondary: a cluster with secondary workers cannot be stopped: gcloud dataproc clusters update secondary --num-secondary-workers=0 && gcloud dataproc clusters stop secondary',
        'spark-m: node of a Dataproc cluster; stop the cluster: gcloud dataproc clusters stop spark',
        'spark-w-0: node of a Dataproc cluster; stop the cluster: gcloud dataproc clusters stop spark',
        'spark: stop: gcloud dataproc clusters stop spark',
        'ssd: a cluster with local SSDs cannot be stopped: gcloud dataproc clusters delete ssd',
        'v5e-16: a Pod slice cannot be stopped: it can only be deleted: gcloud compute tpus tpu-vm delete v5e-16',
        'v5e-8: stop: gcloud compute tpus tpu-vm stop v5e-8',
        `ws-vm: belongs to projects/${PROJECT}/${STATION}/ws: gcloud compute instances stop ws-vm`,
        'ws: stop: gcloud workstations stop ws',
      ]);
      expect(inventory.gaps).toEqual([]);
    });
  });

  it('prices clusters and workstations by their VMs, TPUs by their chips, and keeps labels', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      const usd = (id: string): number => {
        const { cost } = find(inventory, id);
        return isPriced(cost) ? cost.usd.low : NaN;
      };
      expect(usd('spark')).toBeCloseTo(2 * usd('ws'), 6);
      expect(usd('v5e-16')).toBeCloseTo(2 * usd('v5e-8'), 6);
      expect(usd('q')).toBe(usd('queued'));
      expect(usd('colab')).toBeGreaterThan(usd('ws'));
      expect(find(inventory, 'colab')).toMatchObject({
        labels: { 'costguard-keep': 'true' },
        startedBy: 'ada@example.com',
      });
    });
  });

  it.each([
    ['spark', DATAPROC_CLUSTERS, 'dataproc', 'regions/us-central1/clusters/spark', 'dataproc.clusters'],
    ['v5e-8', TPUS, 'tpu', 'locations/us-central1-a/nodes/v5e-8', 'tpu.nodes'],
    ['ws', WORKSTATIONS, 'workstations', `${STATION}/ws`, 'workstations.workstations'],
    ['colab', COLAB_RUNTIMES, 'aiplatform', 'locations/us-central1/notebookRuntimes/colab', 'aiplatform.notebookRuntimes'],
  ] as const)('stops %s once and brings it back as it was', async (id, kind, service, path, calls) => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const { body } = sandbox.store.get(PROJECT, service, path);
      const before = structuredClone(body);
      const target = targetOf(find(await look(), id));
      expect(await run(kind.stop(target))).toEqual([`${calls}.stop`]);
      expect(await run(kind.stop(target))).toEqual([]);
      await sandbox.clock.advance(60_000);
      expect(body).not.toEqual(before);
      expect((await look()).resources.map(({ resource: name }) => name.split('/').at(-1))).not.toContain(id);
      expect(await run(backSteps(kind, target))).toEqual([`${calls}.start`]);
      expect(body).toEqual(before);
      expect(await run(backSteps(kind, target))).toEqual([]);
    });
  }); // prettier-ignore

  it.each([
    ...['CREATING', 'ACCEPTED', 'WAITING_FOR_RESOURCES'].map((state) => [state, 0]),
    ...['PROVISIONING', 'ACTIVE', 'STATE_UNSPECIFIED'].map((state) => [
      state,
      'it bills by the TPUs that it makes; none was seen',
    ]),
  ])('a queued resource that is %s bills %s', async (state, expected) => {
    const queued = resource('tpu', 'locations/europe-west4-b/queuedResources/q', { state: { state } });
    const tpu = {
      ...{ state: 'READY', acceleratorType: 'v5litepod-8' },
      queuedResource: 'projects/3001/locations/europe-west4-b/queuedResources/q',
    };
    await withResources([QUEUED_RESOURCES, TPUS], { resources: [queued] }, async ({ look }) => {
      const { resources } = await look();
      expect(resources.map(({ cost }) => (isPriced(cost) ? cost.usd.high : cost.why))).toEqual([expected]);
      expect(leftBurning(resources)).toHaveLength(expected === 0 ? 0 : 1);
    });
    // What it has got since it was listed bills.
    const granted = resource('tpu', 'locations/europe-west4-b/nodes/t', tpu);
    await withResources([QUEUED_RESOURCES, TPUS], { resources: [queued, granted] }, async ({ look }) => {
      const inventory = await look();
      expect(find(inventory, 'q').cost).toEqual(find(inventory, 't').cost);
      expect(leftBurning(inventory.resources)).toHaveLength(1);
    });
  });

  it.each([
    ['batch', 'QUEUED', 0],
    ['batch', 'SCHEDULED', 0],
    ['batch', 'RUNNING', 'none of its VMs was seen'],
    ['dataflow', 'JOB_STATE_QUEUED', 0],
    ['dataflow', 'JOB_STATE_PENDING', 0],
    ['dataflow', 'JOB_STATE_RUNNING', 'none of its workers was seen'],
  ] as const)('a job of %s that is %s bills %s, and its VMs once one was seen', async (service, state, expected) => {
    const body = service === 'batch' ? { uid: 'u-1', status: { state } } : { name: 'embed', currentState: state };
    const resources = [resource(service, 'locations/us-central1/jobs/j', body)];
    const labels: Readonly<Record<string, string>> = service === 'batch' ? { 'goog-batch-job-uid': 'u-1' } : { dataflow_job_name: 'embed' };
    const member = { id: 'w-0', zone: 'us-central1-a', machineType: 'n1-standard-4', labels };
    const kinds = [BATCH_JOBS, DATAFLOW_JOBS, VMS];
    await withResources(kinds, { resources }, async ({ look }) => {
      const { resources: seen } = await look();
      expect(seen.map(({ cost }) => (isPriced(cost) ? cost.usd.high : cost.why))).toEqual([expected]);
      expect(seen.some(isKnownToBurn)).toBe(expected !== 0);
    });
    await withResources(kinds, { resources, vms: [member] }, async ({ look }) => {
      const inventory = await look();
      const job = find(inventory, 'j');
      expect(job.cost).toEqual(find(inventory, 'w-0').cost);
      expect(isKnownToBurn(job)).toBe(true);
    });
  }); // prettier-ignore

  it.each([
    ['FLEX_START', '1 x n1-standard-4 (flex-start)'],
    ['RESERVATION_BOUND', '1 x n1-standard-4 (reservation)'],
  ] as const)('a VM of %s costs from a quarter of the price on demand to all of it', async (model, described) => {
    const vms = (['SPOT', 'STANDARD', model] as const).map((provisioningModel) => ({
      ...{ id: provisioningModel.toLowerCase().replace('_', '-'), zone: 'us-central1-a' },
      ...{ machineType: 'n1-standard-4', scheduling: { provisioningModel } },
    }));
    await withResources([VMS], { vms }, async ({ look }) => {
      const inventory = await look();
      const usd = (id: string) => {
        const { cost } = find(inventory, id);
        if (!isPriced(cost)) throw new Error(cost.why);
        return cost.usd;
      };
      const { description, leastShare } = find(inventory, model.toLowerCase().replace('_', '-'));
      expect(usd('standard')).toEqual({ low: 0.189999, high: 0.189999 });
      expect(usd('spot').low).toBeLessThan(0.1);
      expect(usd(model.toLowerCase().replace('_', '-'))).toEqual({ low: 0.25 * 0.189999, high: 0.189999 });
      expect(description).toBe(described);
      expect(leastShare).toBe(1);
    });
  }); // prettier-ignore

  it('a VM that waits for capacity bills nothing, and tells what it will cost', async () => {
    const vms = ['PENDING', 'PROVISIONING', 'RUNNING'].map((status) => ({
      ...{ id: status.toLowerCase(), vmStatus: status as 'PENDING', zone: 'us-central1-a' },
      machineType: 'n1-standard-4',
    }));
    await withResources([VMS], { vms }, async ({ look }) => {
      const inventory = await look();
      const waits = find(inventory, 'pending');
      expect(waits.cost).toMatchObject({ usd: { low: 0, high: 0 }, note: 'it bills once it runs' });
      expect(waits.description).toBe('1 x n1-standard-4, waits for capacity; then $0.19/h');
      expect(waits.fate.kind).toBe('stoppable');
      expect(inventory.resources.filter(isKnownToBurn).map(({ state }) => state).sort()).toEqual(['PROVISIONING', 'RUNNING']);
    });
  }); // prettier-ignore

  it('reads two pages, and location by location where the wildcard is refused', async () => {
    const nodes = Array.from({ length: 101 }, (_, index) =>
      resource('tpu', `locations/us-central1-a/nodes/n-${index}`, { state: 'READY' }),
    );
    await withResources([TPUS], { resources: nodes }, async ({ look, api }) => {
      expect((await look()).resources).toHaveLength(101);
      expect(api.calls).toEqual({ 'tpu.nodes.list': 2 });
    });
    await withResources(
      [TPUS],
      { resources: nodes, refuseWildcard: true },
      async ({ look, api, sandbox }) => {
        const { resources, gaps } = await look();
        expect([resources.length, gaps]).toEqual([101, []]);
        expect(api.calls['tpu.locations.list']).toBe(1);
        sandbox.faults.add({
          route: 'tpu.projects.locations.nodes.list',
          pathIncludes: 'europe-west4',
          fault: { kind: 'status', status: 403, message: 'Permission denied.' },
        });
        const partial = await look();
        expect(partial.resources).toHaveLength(101);
        expect(partial.gaps.map(({ where }) => where)).toEqual([
          `projects/${PROJECT}/locations/europe-west4 TPUs`,
        ]);
      },
    );
  });

  it('reports places out of reach and refusals as gaps, and disabled APIs as nothing', async () => {
    const far = { ...WORLD, unreachableLocations: ['us-central1-a'] };
    await withResources([TPUS], far, async ({ look }) => {
      expect((await look()).gaps).toEqual([
        {
          where: `projects/${PROJECT} us-central1-a`,
          why: 'unreachable: TPUs there were not seen',
          mayPass: true,
        },
      ]);
    });
    const without = ['tpu.nodes.list', 'dataproc.clusters.list', 'workstations.workstations.list', 'aiplatform.notebookRuntimes.list']; // prettier-ignore
    await withResources(
      KINDS,
      WORLD,
      async ({ look }) => {
        const { gaps } = await look();
        expect(gaps.map(({ where }) => where.replace(`projects/${PROJECT}`, '')).sort()).toEqual([
          ' TPUs',
          ' Vertex AI notebookRuntimes in europe-west4',
          ' Vertex AI notebookRuntimes in us-central1',
          ' Vertex AI notebookRuntimes in us-east4',
          ' Vertex AI notebookRuntimes in us-west1',
          ' queued resources of TPUs',
          ' workstations',
          '/regions/us-central1 Dataproc clusters',
        ]);
      },
      { without },
    );
    const disabledServices = ['tpu', 'dataproc', 'workstations', 'aiplatform'].map((one) => `${one}.googleapis.com`); // prettier-ignore
    await withResources(KINDS, { ...WORLD, disabledServices }, async ({ look, api }) => {
      const { gaps, resources } = await look();
      expect([gaps, resources.map(({ kind }) => kind)]).toEqual([[], ['vm', 'vm', 'vm']]);
      expect(api.calls).toEqual({
        'compute.instances.aggregatedList': 1,
        'dataproc.clusters.list': 1,
        'tpu.nodes.list': 1,
        'tpu.queuedResources.list': 1,
        'workstations.workstations.list': 1,
        'aiplatform.locations.list': 1,
      });
    });
  });
});
