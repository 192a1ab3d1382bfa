import { describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import { burnOf, worstFirst } from '../../../shared/resources/inventory.ts';
import { isKnownToBurn } from '../../../shared/resources/left-burning.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { find, PROJECT, withResources, type ProjectInput } from '../../support/resource-lab.ts';

const NAMED = RESOURCE_KINDS.filter(({ permissions }) => permissions.stop.length === 0);

const vertex = (collection: string, id: string, body: Readonly<Record<string, unknown>>) => ({
  service: 'aiplatform' as const,
  path: `locations/us-central1/${collection}/${id}`,
  body,
});
const GPU = { machineType: 'a2-highgpu-1g', acceleratorType: 'NVIDIA_TESLA_A100', acceleratorCount: 1 };
const TEMPLATE = 'projects/3001/locations/us-central1/notebookRuntimeTemplates/gpu';
const worker = (id: string, labels: Readonly<Record<string, string>>) => ({
  ...{ id, labels },
  zone: 'us-central1-a',
  machineType: 'n1-standard-16',
});

const WORLD: ProjectInput = {
  vms: [worker('df-0', { dataflow_job_name: 'embed' }), worker('b-0', { 'goog-batch-job-uid': 'uid-1' })],
  resources: [
    vertex('persistentResources', 'ray', { state: 'RUNNING', labels: { team: 'ml' }, resourcePools: [{ machineSpec: GPU, replicaCount: '2' }] }),
    vertex('persistentResources', 'leaving', { state: 'STOPPING' }),
    vertex('indexEndpoints', 'search', { deployedIndexes: [{ id: 'x', dedicatedResources: { machineSpec: { machineType: 'e2-standard-16' }, minReplicaCount: 2 } }] }),
    vertex('notebookExecutionJobs', 'run', {
      ...{ displayName: 'nightly.ipynb', jobState: 'JOB_STATE_RUNNING', labels: { team: 'ml' } },
      ...{ scheduleResourceName: 'projects/3001/locations/us-central1/schedules/nb', notebookRuntimeTemplateResourceName: TEMPLATE },
    }),
    vertex('notebookExecutionJobs', 'over', { jobState: 'JOB_STATE_SUCCEEDED', notebookRuntimeTemplateResourceName: `${TEMPLATE}-gone` }),
    vertex('notebookRuntimeTemplates', 'gpu', { machineSpec: GPU }),
    vertex('indexEndpoints', 'bare', {}),
    vertex('featurestores', 'old', { onlineServingConfig: { fixedNodeCount: 2 } }),
    vertex('featurestores', 'offline', { onlineServingConfig: {} }),
    vertex('featureOnlineStores', 'fs', { state: 'STABLE', bigtable: { autoScaling: { minNodeCount: 1 } } }),
    vertex('reasoningEngines', 'asleep', { spec: { deploymentSpec: { minInstances: 0 } } }),
    vertex('reasoningEngines', 'agent', { displayName: 'agent', spec: { deploymentSpec: { minInstances: 1 } } }),
    vertex('deploymentResourcePools', 'pool', { dedicatedResources: { machineSpec: GPU, minReplicaCount: 1 } }),
    { service: 'dataflow', path: 'locations/us-central1/jobs/j-1', body: { name: 'embed', type: 'JOB_TYPE_STREAMING', currentState: 'JOB_STATE_RUNNING' } },
    { service: 'dataflow', path: 'locations/us-central1/jobs/j-0', body: { name: 'past', type: 'JOB_TYPE_BATCH', currentState: 'JOB_STATE_DONE' } },
    { service: 'batch', path: 'locations/us-central1/jobs/train', body: { uid: 'uid-1', status: { state: 'RUNNING' } } },
    { service: 'batch', path: 'locations/us-central1/jobs/over', body: { uid: 'uid-0', status: { state: 'SUCCEEDED' } } },
  ],
  run: {
    services: [
      { id: 'llm', nodeSelector: { 'run.googleapis.com/accelerator': 'nvidia-l4' }, annotations: { 'run.googleapis.com/minScale': '1' } },
      { id: 'warm', revisionAnnotations: { 'autoscaling.knative.dev/minScale': '2' } },
      { id: 'idle', nodeSelector: { 'run.googleapis.com/accelerator': 'nvidia-l4' } },
      { id: 'manual', annotations: { 'run.googleapis.com/scalingMode': 'manual', 'run.googleapis.com/manualInstanceCount': '3', 'run.googleapis.com/minScale': '9' } },
      { id: 'plain' },
    ],
    workerPools: [
      { id: 'pullers', labels: { team: 'ml' }, annotations: { 'run.googleapis.com/scalingMode': 'manual', 'run.googleapis.com/manualInstanceCount': '4' } },
      { id: 'gpus', location: 'europe-west4', nodeSelector: { 'run.googleapis.com/accelerator': 'nvidia-l4' }, annotations: { 'run.googleapis.com/scalingMode': 'automatic', 'run.googleapis.com/minScale': '1' } },
      { id: 'least', annotations: { 'run.googleapis.com/minScale': '2', 'run.googleapis.com/manualInstanceCount': '0' } },
      { id: 'untold' },
      { id: 'no-mode', annotations: { 'run.googleapis.com/manualInstanceCount': '0' } },
      { id: 'scaled', annotations: { 'run.googleapis.com/scalingMode': 'automatic', 'run.googleapis.com/minScale': '0', 'run.googleapis.com/manualInstanceCount': '3' } },
      { id: 'strange', annotations: { 'run.googleapis.com/scalingMode': 'manual', 'run.googleapis.com/manualInstanceCount': 'many' } },
      { id: 'none', annotations: { 'run.googleapis.com/scalingMode': 'manual', 'run.googleapis.com/manualInstanceCount': '0', 'run.googleapis.com/minScale': '2' } },
    ],
  },
}; // prettier-ignore

describe('what is only named', () => {
  it('lists each kind with why, and the command that ends it', async () => {
    await withResources([...NAMED, VMS], WORLD, async ({ look }) => {
      const { resources, gaps } = await look();
      expect(gaps).toEqual([]);
      const shown = resources
        .filter(({ kind }) => kind !== 'vm')
        .map(({ kind, resource, description, command }) =>
          [kind, resource.split('/').at(-1), description, command.replace(/^curl .*googleapis\.com\/v1\//, 'curl ')].join(' | '),
        );
      const where = `--region=us-central1 --project=${PROJECT}`;
      const path = 'projects/3001/locations/us-central1';
      expect(shown.sort()).toEqual([
        `batch-job | train | Batch job train | gcloud batch jobs cancel train --location=us-central1 --project=${PROJECT}`,
        `cloud-run-service | idle | Cloud Run service with nvidia-l4 GPUs | gcloud run services update idle --min=0 --min-instances=0 ${where}`,
        `cloud-run-service | llm | Cloud Run service with at least 1 instances, nvidia-l4 GPUs | gcloud run services update llm --min=0 --min-instances=0 ${where}`,
        `cloud-run-service | manual | Cloud Run service with 3 instances | gcloud beta run services update manual --scaling=auto --min=0 --min-instances=0 ${where}`,
        `cloud-run-service | warm | Cloud Run service with at least 2 instances | gcloud run services update warm --min=0 --min-instances=0 ${where}`,
        `cloud-run-worker-pool | gpus | Cloud Run worker pool with at least 1 instances and nvidia-l4 GPUs | gcloud beta run worker-pools update gpus --scaling=0 --region=europe-west4 --project=${PROJECT}`,
        `cloud-run-worker-pool | least | Cloud Run worker pool with at least 2 instances | gcloud beta run worker-pools update least --scaling=0 ${where}`,
        `cloud-run-worker-pool | no-mode | Cloud Run worker pool with instances whose number is not told | gcloud beta run worker-pools update no-mode --scaling=0 ${where}`,
        `cloud-run-worker-pool | pullers | Cloud Run worker pool with 4 instances | gcloud beta run worker-pools update pullers --scaling=0 ${where}`,
        ...['scaled', 'strange', 'untold'].map((id) => `cloud-run-worker-pool | ${id} | Cloud Run worker pool with instances whose number is not told | gcloud beta run worker-pools update ${id} --scaling=0 ${where}`),
        `dataflow-job | j-1 | streaming Dataflow job embed | gcloud dataflow jobs drain j-1 ${where}`,
        `deployment-resource-pool | pool | deployment resource pool of 1 x a2-highgpu-1g with 1 x nvidia-tesla-a100 | curl ${path}/deploymentResourcePools/pool`,
        `feature-online-store | fs | feature online store of at least 1 nodes | curl ${path}/featureOnlineStores/fs?force=true"`,
        `featurestore | old | feature store with 2 online serving nodes | curl ${path}/featurestores/old?force=true"`,
        `index-endpoint | search | index endpoint with 1 deployed | gcloud ai index-endpoints undeploy-index search --deployed-index-id=x ${where}`,
        `notebook-execution-job | run | notebook execution nightly.ipynb, 1 x a2-highgpu-1g with 1 x nvidia-tesla-a100 | gcloud colab executions delete run ${where}`,
        `persistent-resource | ray | persistent resource of 2 x a2-highgpu-1g with 1 x nvidia-tesla-a100 | gcloud ai persistent-resources delete ray ${where}`,
        `reasoning-engine | agent | reasoning engine agent, at least 1 instances | curl ${path}/reasoningEngines/agent?force=true"`,
        `reasoning-engine | asleep | reasoning engine , at least 0 instances | curl ${path}/reasoningEngines/asleep?force=true"`,
      ]);
      expect(resources.filter((one) => !isKnownToBurn(one)).map(({ resource }) => resource.split('/').at(-1)).sort()).toEqual(['asleep', 'idle', 'no-mode', 'scaled', 'strange', 'untold']);
      expect(resources.every(({ fate }) => fate.kind !== 'stoppable' && fate.why !== '')).toBe(true);
    }); // prettier-ignore
  });

  it('sums what burns: with prices where they are known, worst first, never zero for unknown', async () => {
    await withResources([...NAMED, VMS], WORLD, async ({ look }) => {
      const inventory = await look();
      const usd = (id: string): number => {
        const { cost } = find(inventory, id);
        return isPriced(cost) ? cost.usd.low : NaN;
      };
      expect(usd('ray')).toBeCloseTo(2 * usd('pool'), 6);
      expect(usd('j-1')).toBeCloseTo(usd('train'), 6);
      const burn = burnOf(inventory.resources);
      expect(burn.unpriced).toBe(15);
      expect(burn.usd.low).toBeCloseTo(
        usd('ray') + usd('pool') + usd('run') + usd('search') + usd('j-1') + usd('train'),
        6,
      );
      const order = worstFirst(inventory.resources.filter(({ partOf }) => partOf === undefined)).map(({ resource }) => resource.split('/').at(-1)); // prettier-ignore
      expect(order.slice(15, 19)).toEqual(['ray', 'pool', 'run', 'search']);
    });
  });

  it('reports places out of reach and refusals as gaps, and disabled APIs as nothing', async () => {
    await withResources(NAMED, { ...WORLD, unreachableLocations: ['us-east1'] }, async ({ look }) => {
      expect((await look()).gaps.map(({ where, why }) => `${where}: ${why}`).sort()).toEqual([
        `projects/${PROJECT} us-east1: unreachable: Batch jobs there were not seen`,
        `projects/${PROJECT} us-east1: unreachable: Dataflow jobs there were not seen`,
        `projects/${PROJECT} us-east1: unreachable: queued resources of TPUs there were not seen`,
      ]);
    });
    const without = [
      'dataflow.jobs.list',
      'batch.jobs.list',
      'run.services.list',
      'run.workerpools.list',
      'aiplatform.locations.list',
    ];
    await withResources(
      NAMED,
      WORLD,
      async ({ look }) => {
        expect((await look()).gaps.map(({ where }) => where).sort()).toEqual(
          ['Batch jobs', 'Cloud Run services', 'Cloud Run worker pools', 'Dataflow jobs', 'Vertex AI'].map((area) => `projects/${PROJECT} ${area}`),
        ); // prettier-ignore
      },
      { without },
    );
    const disabledServices = ['tpu', 'dataflow', 'batch', 'run', 'aiplatform'].map(
      (one) => `${one}.googleapis.com`,
    );
    await withResources(NAMED, { ...WORLD, disabledServices }, async ({ look, api }) => {
      expect(await look()).toMatchObject({ gaps: [], resources: [] });
      expect(Object.values(api.calls)).toEqual([1, 1, 1, 1, 1, 1]);
    });
  });
});
