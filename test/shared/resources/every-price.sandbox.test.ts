import { beforeAll, describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import { costText } from '../../../shared/resources/left-burning.ts';
import type { ResourceInventory } from '../../../shared/resources/inventory.ts';
import type { KindName } from '../../../shared/resources/kind.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { find, PROJECT, withResources, type ProjectInput } from '../../support/resource-lab.ts';

/** USD an hour in us-central1, as the price books have them: on Compute Engine, a T4, a chip of TPU v5e. */
const MACHINE_USD = 0.189999;
const T4_USD = 0.35;
const V5E_CHIP_USD = 1.2;
/** What Vertex AI bills for the machine: 15 % more. */
const VERTEX_USD = 1.15 * MACHINE_USD;

const REGION = 'us-central1';
const ZONE = 'us-central1-a';
const machineType = 'n1-standard-4';
const machineSpec = { machineType };
const dedicatedResources = { machineSpec, minReplicaCount: 1 };
const workerPoolSpecs = [{ machineSpec, replicaCount: '2' }];
const JOB = `projects/3001/locations/${REGION}/customJobs/31`;
const QUEUED = `projects/3001/locations/${ZONE}/queuedResources/queued`;
const STATION = `locations/${REGION}/workstationClusters/c/workstationConfigs/k/workstations/station`;
const GKE_GROUP = `zones/${ZONE}/instanceGroupManagers/gke-demo-pool-1-grp`;

type Body = Readonly<Record<string, unknown>>;
const vertex = (path: string, body: Body) =>
  ({ service: 'aiplatform', path: `locations/${REGION}/${path}`, body }) as const;
const vm = (id: string, labels: Readonly<Record<string, string>> = {}, group?: string) => ({
  ...{ id, zone: ZONE, machineType, labels },
  ...(group === undefined ? {} : { metadata: { 'created-by': `projects/3001/${group}` } }),
});
const v5e = (more: Body) => ({ state: 'READY', acceleratorType: 'v5litepod-8', ...more });

/** One of each kind. */
const WORLD: ProjectInput = {
  notebooks: [{ id: 'notebook', zone: ZONE, machineType }],
  vms: [
    vm('alone'),
    vm('df-0', { dataflow_job_name: 'embed' }),
    vm('b-0', { 'goog-batch-job-uid': 'uid-1' }),
    vm('spark-m', { 'goog-dataproc-cluster-name': 'spark', 'goog-dataproc-cluster-uuid': 'u-1', 'goog-dataproc-location': REGION }),
    { ...vm('ws-vm'), instanceId: '77' },
    vm('web-0', {}, `zones/${ZONE}/instanceGroupManagers/web`),
    vm('gke-0', { 'goog-gke-node': '' }, GKE_GROUP),
  ],
  instanceGroups: [
    { id: 'web', zone: ZONE, targetSize: 1 },
    { id: 'gke-demo-pool-1-grp', zone: ZONE, targetSize: 1 },
  ],
  vertex: {
    customJobs: [{ id: '31', displayName: 'train', jobSpec: { workerPoolSpecs } }],
    hyperparameterTuningJobs: [{ id: '41', displayName: 'hpt', parallelTrialCount: 3, trialJobSpec: { workerPoolSpecs } }],
    tuningJobs: [{ id: '51', tunedModelDisplayName: 'mine', baseModel: 'gemini-2.5-flash' }],
    endpoints: [
      { id: 'prod', displayName: 'prod', deployedModels: [{ id: '1', model: `projects/3001/locations/${REGION}/models/1`, dedicatedResources }], trafficSplit: { '1': 100 } },
    ],
  },
  resources: [
    vertex('schedules/hourly', { state: 'ACTIVE', cron: '0 * * * *', createPipelineJobRequest: { pipelineJob: {} } }),
    vertex('pipelineJobs/nightly', { state: 'PIPELINE_STATE_RUNNING', jobDetail: { taskDetails: [{ executorDetail: { containerDetail: { mainJob: JOB } } }] } }),
    vertex('trainingPipelines/custom', { state: 'PIPELINE_STATE_RUNNING', trainingTaskInputs: { workerPoolSpecs } }),
    vertex('batchPredictionJobs/score', { state: 'JOB_STATE_RUNNING', dedicatedResources: { machineSpec, startingReplicaCount: 3 } }),
    vertex('notebookRuntimes/colab', { runtimeState: 'RUNNING', machineSpec: { machineType, acceleratorType: 'NVIDIA_TESLA_T4', acceleratorCount: 1 } }),
    vertex('notebookExecutionJobs/run', { jobState: 'JOB_STATE_RUNNING', customEnvironmentSpec: { machineSpec } }),
    vertex('persistentResources/ray', { state: 'RUNNING', resourcePools: workerPoolSpecs }),
    vertex('indexEndpoints/search', { deployedIndexes: [{ id: 'x', dedicatedResources }] }),
    vertex('deploymentResourcePools/pool', { dedicatedResources }),
    vertex('featurestores/store', { onlineServingConfig: { fixedNodeCount: 2 } }),
    vertex('featureOnlineStores/online', { state: 'STABLE', bigtable: { autoScaling: { minNodeCount: 1 } } }),
    vertex('reasoningEngines/agent', { displayName: 'agent', spec: { deploymentSpec: { minInstances: 1 } } }),
    { service: 'tpu', path: `locations/${ZONE}/nodes/v5e-8`, body: v5e({}) },
    { service: 'tpu', path: `locations/${ZONE}/nodes/of-queued`, body: v5e({ queuedResource: QUEUED }) },
    { service: 'tpu', path: `locations/${ZONE}/queuedResources/queued`, body: { state: { state: 'ACTIVE' } } },
    { service: 'dataproc', path: `regions/${REGION}/clusters/spark`, body: { clusterUuid: 'u-1', status: { state: 'RUNNING' }, config: { masterConfig: { numInstances: 1, machineTypeUri: machineType } } } },
    { service: 'workstations', path: STATION, body: { state: 'STATE_RUNNING', runtimeHost: { gceInstanceHost: { name: 'ws-vm', id: '77', zone: ZONE } } } },
    { service: 'dataflow', path: `locations/${REGION}/jobs/j-1`, body: { name: 'embed', type: 'JOB_TYPE_STREAMING', currentState: 'JOB_STATE_RUNNING' } },
    { service: 'batch', path: `locations/${REGION}/jobs/train`, body: { uid: 'uid-1', status: { state: 'RUNNING' } } },
    {
      service: 'container',
      path: `locations/${REGION}/clusters/demo`,
      body: { nodePools: [{ name: 'pool-1', config: { machineType }, instanceGroupUrls: [`https://www.googleapis.com/compute/v1/projects/${PROJECT}/${GKE_GROUP}`] }] },
    },
  ],
  run: {
    services: [{ id: 'warm', revisionAnnotations: { 'autoscaling.knative.dev/minScale': '2' } }],
    workerPools: [{ id: 'pullers', annotations: { 'run.googleapis.com/scalingMode': 'manual', 'run.googleapis.com/manualInstanceCount': '2' } }],
  },
}; // prettier-ignore

/** Where its name ends, and what it costs an hour, or why that is not known. */
const EXPECTED: Readonly<Record<KindName, readonly [id: string, usdOrWhy: number | RegExp]>> = {
  'batch-job': ['jobs/train', MACHINE_USD],
  'batch-prediction-job': ['score', 3 * VERTEX_USD],
  'cloud-run-service': ['warm', /no price for instances of Cloud Run/],
  'cloud-run-worker-pool': ['pullers', /no price for instances of Cloud Run/],
  'colab-runtime': ['colab', MACHINE_USD + T4_USD],
  'custom-job': ['31', 2 * VERTEX_USD],
  'dataflow-job': ['j-1', MACHINE_USD],
  'dataproc-cluster': ['spark', MACHINE_USD],
  'deployment-resource-pool': ['pool', VERTEX_USD],
  endpoint: ['prod', VERTEX_USD],
  'feature-online-store': ['online', /no price for nodes of a feature online store/],
  featurestore: ['store', /no price for nodes of a feature store/],
  'hyperparameter-tuning-job': ['41', 3 * 2 * VERTEX_USD],
  'index-endpoint': ['search', MACHINE_USD],
  'instance-group': ['web', MACHINE_USD],
  'node-pool': ['pool-1', MACHINE_USD],
  notebook: ['locations/us-central1-a/instances/notebook', MACHINE_USD],
  'notebook-execution-job': ['run', MACHINE_USD],
  'persistent-resource': ['ray', 2 * VERTEX_USD],
  'pipeline-job': ['nightly', 2 * VERTEX_USD],
  'queued-resource': ['queued', 8 * V5E_CHIP_USD],
  'reasoning-engine': ['agent', /no price for a reasoning engine/],
  // What it starts bills.
  schedule: ['hourly', 0],
  tpu: ['v5e-8', 8 * V5E_CHIP_USD],
  'training-pipeline': ['custom', 2 * VERTEX_USD],
  'tuning-job': ['51', /bills by tokens/],
  vm: ['alone', MACHINE_USD],
  workstation: ['station', MACHINE_USD],
};

describe('what a running resource costs an hour', () => {
  let inventory: ResourceInventory;
  beforeAll(() =>
    withResources(RESOURCE_KINDS, WORLD, async ({ look }) => {
      inventory = await look();
    }),
  );

  it('is in the table for every kind', () => {
    expect(RESOURCE_KINDS.map(({ kind }) => kind).sort()).toEqual(Object.keys(EXPECTED).sort());
    expect(inventory.gaps).toEqual([]);
  });

  it.each(Object.entries(EXPECTED))(
    'of kind %s is the price books’, or unpriced with why',
    (kind, [id, expected]) => {
      const one = find(inventory, id);
      expect(one.kind).toBe(kind);
      const { cost } = one;
      if (typeof expected === 'number')
        expect(isPriced(cost) ? cost.usd.low : cost.why).toBeCloseTo(expected, 6);
      else expect(isPriced(cost) ? cost.usd : cost.why).toMatch(expected);
    },
  );

  it.each([
    ['colab', 'the fee of Colab Enterprise'],
    ['locations/us-central1-a/instances/notebook', 'the management fee of Workbench'],
    ['run', 'the fee of Colab Enterprise'],
    ['spark', 'the fee of Dataproc'],
    ['station', 'the fee of Cloud Workstations'],
    ['search', 'what Vector Search bills above Compute Engine'],
  ])('is what %s costs at the least, beside what no source has a price of', (id, onTop) => {
    expect(costText(find(inventory, id).cost)).toMatch(
      new RegExp(`^at least \\$[0-9.]+/h: ${onTop} comes on top$`),
    );
  });
});
