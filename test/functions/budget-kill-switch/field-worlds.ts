import type { ScenarioInput } from '../../sandbox/scenario.ts';

type Project = ScenarioInput['projects'][number];

export const REGION = 'us-central1';
export const ZONE = `${REGION}-a`;
export const FOREIGN = '99AA88-77BB66-55CC44';
const KEEP = { 'costguard-keep': 'true' };

const vertex = (collection: string, id: string, body: Readonly<Record<string, unknown>>) => ({
  service: 'aiplatform' as const,
  path: `locations/${REGION}/${collection}/${id}`,
  body,
});
const member = (group: string) => ({
  'created-by': `projects/4001/zones/${ZONE}/instanceGroupManagers/${group}`,
});
const gpu = (more: object = {}) => ({ id: 'gpu-1', zone: ZONE, machineType: 'a2-highgpu-1g', ...more });
const notebook = (id: string, zone: string, machineType = 'n1-standard-4', more: object = {}) => ({
  ...{ id, zone, machineType, created: '-9d' },
  ...more,
});
const job = (id: string, labels: Record<string, string>) => ({
  ...{ id, displayName: `train-${id}`, labels },
  jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-16' } }] },
});
const endpoint = (labels: Record<string, string>) => ({
  ...{ id: '71', displayName: 'prod', labels },
  deployedModels: [
    {
      ...{ id: '1', model: `projects/3001/locations/${REGION}/models/9` },
      dedicatedResources: { machineSpec: { machineType: 'g2-standard-8' }, minReplicaCount: 1 },
    },
  ],
  trafficSplit: { '1': 100 },
});

/** The field's machines by case; a number where resources of the project name it. */
export const WORLDS: Readonly<Record<string, Omit<Project, 'id' | 'number'> & { readonly number?: string }>> = {
  c01: {
    number: '4001',
    vms: [
      { id: 'gke-a100-pool-1', zone: ZONE, machineType: 'a2-highgpu-8g', labels: { 'goog-gke-node': '' }, metadata: member('gke-a100-pool') },
      { id: 'gke-a100-pool-2', zone: ZONE, machineType: 'a2-highgpu-8g', labels: { 'goog-gke-node': '' }, metadata: member('gke-a100-pool') },
      { id: 'train-batch-0', zone: ZONE, machineType: 'a3-highgpu-8g', labels: { 'goog-batch-job-uid': 'x' }, metadata: member('batch-x') },
      { id: 'df-worker-0', zone: ZONE, machineType: 'n1-standard-16', labels: { dataflow_job_name: 'embed' }, metadata: member('embed-harness') },
      { id: 'karpenter-l4', zone: ZONE, machineType: 'g2-standard-16', labels: { 'goog-k8s-cluster-name': 'demo', 'karpenter-sh-nodepool': 'l4' } },
    ],
  },
  c02: { vms: [gpu()] },
  'c02-raised-more': { vms: [gpu()] },
  c03: {
    vms: [gpu({ resourcePolicies: ['office-hours'] })],
    vertex: { customJobs: [job('11', {})] },
    resources: [vertex('pipelineJobs', 'nightly', { state: 'PIPELINE_STATE_RUNNING', displayName: 'nightly' })],
  },
  c04: {
    number: '4004',
    vertex: { customJobs: [job('21', {})] },
    resources: [
      vertex('pipelineJobs', 'nightly', {
        state: 'PIPELINE_STATE_RUNNING',
        jobDetail: { taskDetails: [{ executorDetail: { containerDetail: { mainJob: `projects/4004/locations/${REGION}/customJobs/21` } } }] },
      }),
      vertex('batchPredictionJobs', 'score', { state: 'JOB_STATE_RUNNING' }),
      vertex('trainingPipelines', 'automl', { state: 'PIPELINE_STATE_RUNNING' }),
      vertex('persistentResources', 'ray-cluster', { state: 'RUNNING' }),
      vertex('notebookRuntimes', 'colab', { runtimeState: 'RUNNING' }),
      vertex('indexEndpoints', 'search', { deployedIndexes: [{ id: 'x' }] }),
      vertex('schedules', 'hourly', { state: 'ACTIVE' }),
      vertex('featureOnlineStores', 'fs', { state: 'STABLE' }),
      vertex('deploymentResourcePools', 'pool', {}),
      { service: 'tpu', path: `locations/${ZONE}/nodes/v5e-16`, body: { state: 'READY' } },
    ],
  },
  c05: { vms: [gpu()], billingAccount: FOREIGN },
  'c05-burning': { vms: [gpu({ labels: KEEP })], billingAccount: FOREIGN },
  c06: { vms: [gpu({ stockout: true })], notebooks: [notebook('nb-vm', ZONE, 'a2-highgpu-1g', { stockout: true })] },
  c07b: { vms: [gpu()] },
  'c07b-denied': { vms: [gpu()] },
  c09: { vms: [gpu({ vmStatus: 'TERMINATED' })], billingAccount: null },
  'c09-deleted': { vms: [gpu({ vmStatus: 'TERMINATED' })], state: 'DELETE_REQUESTED' },
  'c09-undeleted': { vms: [gpu()], state: 'DELETE_REQUESTED' },
  c12: { notebooks: [notebook('nb-0', ZONE), notebook('nb-1', 'europe-west4-a')] },
  c13: { vms: [gpu()] },
  c16: { vms: [gpu()] },
  'c16-burning': { vms: [gpu(), gpu({ id: 'gpu-kept', labels: KEEP })] },
  c17: { vms: [gpu({ id: 'gpu-kept', labels: KEEP })], vertex: { customJobs: [job('31', KEEP)], endpoints: [endpoint(KEEP)] } },
  'c17-unlabelled': { vertex: { customJobs: [job('31', KEEP), job('32', {})] } },
}; // prettier-ignore
