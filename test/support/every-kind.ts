import type { ScenarioInput } from '../sandbox/scenario.ts';
import { RUNAWAY_NUMBER } from './budget-lab.ts';

type ProjectInput = ScenarioInput['projects'][number];

const REGION = 'us-central1';
const ZONE = `${REGION}-a`;

const vertex = (collection: string, id: string, body: Readonly<Record<string, unknown>>) => ({
  service: 'aiplatform' as const,
  path: `locations/${REGION}/${collection}/${id}`,
  body,
});

const MACHINE = { machineType: 'n1-standard-4' };
const STATIONS = `locations/${REGION}/workstationClusters/c`;
const POOL_GROUP = 'gke-demo-a100-grp';

/** Node auto-provisioning of its cluster. */
export const PROVISIONING = {
  enableNodeAutoprovisioning: true,
  resourceLimits: [
    { resourceType: 'cpu', maximum: '64' },
    { resourceType: 'memory', maximum: '512' },
  ],
  autoscalingProfile: 'OPTIMIZE_UTILIZATION',
  autoprovisioningNodePoolDefaults: { diskSizeGb: 100 },
};

/** The regions that it uses. */
export const EVERY_KIND_REGIONS = [REGION];

/** What stop-compute stops beside VMs, notebooks, jobs and endpoints: one of each kind, all in one region. */
export function everyStoppableKind(project: { readonly id: string; readonly number: string }): ProjectInput {
  const manager = `projects/${project.number}/zones/${ZONE}/instanceGroupManagers`;
  return {
    ...project,
    vms: [
      { id: 'web-0', zone: ZONE, machineType: 'n1-standard-4', metadata: { 'created-by': `${manager}/web` } },
      {
        id: 'gke-demo-a100-0',
        zone: ZONE,
        machineType: 'a2-highgpu-1g',
        labels: { 'goog-gke-node': '' },
        metadata: { 'created-by': `${manager}/${POOL_GROUP}` },
      },
      {
        id: 'spark-m',
        zone: ZONE,
        machineType: 'n1-standard-4',
        labels: {
          'goog-dataproc-cluster-name': 'spark',
          'goog-dataproc-cluster-uuid': 'u-1',
          'goog-dataproc-location': REGION,
        },
      },
    ],
    instanceGroups: [
      { id: 'web', zone: ZONE, targetSize: 1, autoscaler: { mode: 'ON', minNumReplicas: 1 } },
      { id: POOL_GROUP, zone: ZONE, targetSize: 1 },
    ],
    resources: [
      {
        service: 'container',
        path: `locations/${REGION}/clusters/demo`,
        body: {
          autoscaling: PROVISIONING,
          nodePools: [
            {
              name: 'a100',
              config: { machineType: 'a2-highgpu-1g' },
              autoscaling: { enabled: true, minNodeCount: 1, maxNodeCount: 4 },
              instanceGroupUrls: [
                `https://www.googleapis.com/compute/v1/projects/${project.id}/zones/${ZONE}/instanceGroupManagers/${POOL_GROUP}`,
              ],
            },
          ],
        },
      },
      {
        service: 'dataproc',
        path: `regions/${REGION}/clusters/spark`,
        body: { clusterUuid: 'u-1', status: { state: 'RUNNING' } },
      },
      {
        service: 'workstations',
        path: `${STATIONS}/workstationConfigs/k/workstations/ws`,
        body: { state: 'STATE_RUNNING' },
      },
      {
        service: 'tpu',
        path: `locations/${ZONE}/nodes/v5e-8`,
        body: {
          state: 'READY',
          acceleratorType: 'v5litepod-8',
          networkEndpoints: [{ ipAddress: '10.0.0.2' }],
        },
      },
      vertex('schedules', 'hourly', { state: 'ACTIVE', displayName: 'hourly', cron: '0 * * * *' }),
      vertex('pipelineJobs', 'nightly', { state: 'PIPELINE_STATE_RUNNING', displayName: 'nightly' }),
      vertex('trainingPipelines', 'automl', { state: 'PIPELINE_STATE_RUNNING', displayName: 'automl' }),
      vertex('batchPredictionJobs', 'score', {
        state: 'JOB_STATE_RUNNING',
        dedicatedResources: { machineSpec: MACHINE, startingReplicaCount: 1 },
      }),
      vertex('notebookRuntimes', 'colab', { runtimeState: 'RUNNING', machineSpec: MACHINE }),
    ],
  };
}

/** A run of a notebook, whose machine its template alone tells. */
export const notebookRun = (projectNumber: string): NonNullable<ProjectInput['resources']> => [
  vertex('notebookExecutionJobs', 'run', {
    ...{ displayName: 'run', jobState: 'JOB_STATE_RUNNING' },
    notebookRuntimeTemplateResourceName: `projects/${projectNumber}/locations/${REGION}/notebookRuntimeTemplates/gpu`,
  }),
  vertex('notebookRuntimeTemplates', 'gpu', { machineSpec: { machineType: 'a2-highgpu-1g' } }),
];

/** What no rung stops: with its price and the command that ends it. */
export const NAMED_ONLY: NonNullable<ProjectInput['resources']> = [
  vertex('persistentResources', 'ray', {
    state: 'RUNNING',
    resourcePools: [{ machineSpec: { machineType: 'a2-highgpu-1g' }, replicaCount: '2' }],
  }),
  ...notebookRun(RUNAWAY_NUMBER),
  vertex('indexEndpoints', 'search', { deployedIndexes: [{ id: 'x', dedicatedResources: { machineSpec: { machineType: 'e2-standard-16' }, minReplicaCount: 2 } }] }),
  { service: 'dataflow', path: `locations/${REGION}/jobs/j-1`, body: { name: 'embed', type: 'JOB_TYPE_STREAMING', currentState: 'JOB_STATE_RUNNING' } },
  { service: 'batch', path: `locations/${REGION}/jobs/train`, body: { uid: 'uid-1', status: { state: 'RUNNING' } } },
]; // prettier-ignore
