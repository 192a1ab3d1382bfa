import { describe, expect, it } from 'vitest';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { lintCommands } from '../../sandbox/gcloud/lint-commands.ts';
import { everyStoppableKind, NAMED_ONLY } from '../../support/every-kind.ts';
import { needs } from '../../support/needs.ts';
import { withResources, type ProjectInput } from '../../support/resource-lab.ts';

const ZONE = 'us-central1-a';
const {
  vms = [],
  instanceGroups = [],
  resources = [],
} = everyStoppableKind({ id: 'demo-ml', number: '3001' });
const vertex = (collection: string, body: Readonly<Record<string, unknown>>) => ({
  service: 'aiplatform' as const,
  path: `locations/us-central1/${collection}/one`,
  body,
});
const owned = (id: string, labels: Readonly<Record<string, string>>, group?: string) => ({
  ...{ id, labels, zone: ZONE, machineType: 'n1-standard-4' },
  ...(group === undefined
    ? {}
    : { metadata: { 'created-by': `projects/3001/zones/${ZONE}/instanceGroupManagers/${group}` } }),
});
const GKE = { 'goog-k8s-cluster-name': 'demo', 'goog-k8s-cluster-location': 'us-central1' };
const machineSpec = { machineType: 'n1-standard-4' };
const model = (id: string) => ({
  id,
  model: `projects/3001/locations/us-central1/models/${id}`,
  dedicatedResources: { machineSpec, minReplicaCount: 1 },
});

/** One of each kind, and machines of each service whose owner is not seen. */
const WORLD: ProjectInput = {
  vms: [
    ...vms,
    { id: 'ssd', zone: ZONE, machineType: 'n1-standard-4', disks: [{ type: 'local-ssd', sizeGb: 375 }] },
    { ...owned('suspended', {}), vmStatus: 'SUSPENDED' },
    { ...owned('in-standby', {}, 'web'), vmStatus: 'SUSPENDED' },
    owned('of-unseen-group', {}, 'unseen'),
    owned('of-stateful', {}, 'db'),
    owned('of-unseen-pool', { ...GKE, 'goog-gke-node': '', 'goog-k8s-node-pool-name': 'other' }),
    owned('of-karpenter', GKE),
    owned('of-some-cluster', { 'goog-gke-node': '' }),
    owned('of-spark', { 'goog-dataproc-cluster-name': 'unseen' }),
    owned('of-spark-by-uuid', { 'goog-dataproc-cluster-uuid': 'u-2' }),
    owned('of-dataflow', { dataflow_job_id: 'j-2' }),
    owned('of-dataflow-by-name', { dataflow_job_name: 'other' }),
    owned('of-batch', { 'goog-batch-job-uid': 'x' }),
  ],
  instanceGroups: [
    ...instanceGroups,
    { id: 'db', zone: ZONE, targetSize: 1, stateful: true },
    { id: 'empty-db', zone: ZONE, targetSize: 1, stateful: true },
    { id: 'wide', region: 'us-central1', targetSize: 1 },
  ],
  notebooks: [{ id: 'nb', zone: ZONE, machineType: 'n1-standard-4' }],
  vertex: {
    customJobs: [{ id: '31', displayName: 'train-31', jobSpec: { workerPoolSpecs: [{ machineSpec }] } }],
    hyperparameterTuningJobs: [{ id: '41', displayName: 'hpt', parallelTrialCount: 3, trialJobSpec: { workerPoolSpecs: [{ machineSpec }] } }],
    tuningJobs: [{ id: '51', tunedModelDisplayName: 'mine', baseModel: 'gemini-2.5-flash' }],
    endpoints: [{ id: '88', displayName: 'prod', deployedModels: [model('1'), model('2')], trafficSplit: { '1': 60, '2': 40 } }],
  },
  resources: [
    ...resources,
    ...NAMED_ONLY,
    vertex('featurestores', { onlineServingConfig: { fixedNodeCount: 2 } }),
    vertex('featureOnlineStores', { state: 'STABLE' }),
    vertex('reasoningEngines', { displayName: 'agent' }),
    vertex('deploymentResourcePools', { dedicatedResources: { machineSpec, minReplicaCount: 1 } }),
    { service: 'dataflow', path: 'locations/us-central1/jobs/j-9', body: { name: 'past', type: 'JOB_TYPE_BATCH', currentState: 'JOB_STATE_RUNNING' } },
    { service: 'container', path: 'locations/europe-west4/clusters/auto', body: { autopilot: { enabled: true }, currentNodeCount: 3 } },
    { service: 'container', path: 'locations/europe-west4/clusters/nap', body: { autoscaling: { enableNodeAutoprovisioning: true } } },
    { service: 'tpu', path: `locations/${ZONE}/nodes/slice`, body: { state: 'READY', acceleratorType: 'v5litepod-16', networkEndpoints: [{}, {}] } },
    { service: 'tpu', path: `locations/${ZONE}/queuedResources/queued`, body: { state: { state: 'ACTIVE' } } },
    { service: 'dataproc', path: 'regions/us-central1/clusters/fast', body: { status: { state: 'RUNNING' }, config: { masterConfig: { diskConfig: { numLocalSsds: 1 } } } } },
  ],
  run: {
    services: [{ id: 'llm', nodeSelector: { 'run.googleapis.com/accelerator': 'nvidia-l4' } }],
    workerPools: [{ id: 'pullers' }],
  },
}; // prettier-ignore

/** The commands of gcloud in a line of the shell, without its comment. */
function gcloudIn(line: string): readonly string[] {
  const [code = ''] = line.split(' # ');
  return code.split(' && ').filter((one) => one.startsWith('gcloud '));
}

describe('what ends each kind by hand', needs(gcloudMissing()), () => {
  it('is understood by gcloud, command by command', () =>
    withResources(RESOURCE_KINDS, WORLD, async ({ look }) => {
      const { resources: found, gaps } = await look();
      expect(gaps).toEqual([]);
      expect([...new Set(found.map(({ kind }) => kind))].sort()).toEqual(
        RESOURCE_KINDS.map(({ kind }) => kind).sort(),
      );
      const lines = new Set(found.map(({ command }) => command));
      const commands = new Set([...lines].flatMap(gcloudIn));
      expect(commands.size).toBeGreaterThan(35);
      // gcloud refuses a project's number for most groups of commands, which its parser does not tell.
      expect([...commands].filter((command) => !/ --project=demo-ml(?: |$)/.test(command))).toEqual([]);
      expect(lintCommands([...commands])).toEqual([]);
      // gcloud hands a filter to Dataproc itself, which knows no UUID.
      expect([...commands].filter((one) => /^gcloud dataproc .* --filter=/.test(one))).toEqual([]);
      expect(
        [...lines].filter((line) => gcloudIn(line).length === 0 && !line.startsWith('curl -X ')),
      ).toEqual([]);
    }));
});
