import pMap from 'p-map';
import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { GoogleApiError, isServiceDisabled } from '../../google/google-api-error.ts';
import { listPages } from '../../google/list-pages.ts';
import { parseAnswer, requireListed, requireNamed } from '../../google/parse-answer.ts';
import { noteStrange, readItems } from '../../google/read-items.ts';
import { stringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { DATAPROC_FEE } from '../compute/services.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { Fate, KindRequest, Step } from '../kind.ts';
import type { Look } from '../look.ts';
import { startedAt } from '../started-at.ts';
import { longRunningOperation } from '../operation.ts';
import { isRunning, stateStep, type States } from '../state-step.ts';
import { whyUnseen } from '../why-unseen.ts';

const HOST = 'https://dataproc.googleapis.com/v1';
const AREA = 'Dataproc clusters';

const groupSchema = z.looseObject({
  numInstances: z.optional(z.number()),
  machineTypeUri: z.optional(z.string()),
  diskConfig: z.optional(z.looseObject({ numLocalSsds: z.optional(z.number()) })),
});
const statusSchema = z.looseObject({
  state: z.optional(z.string()),
  detail: z.optional(z.string()),
  stateStartTime: z.optional(z.string()),
});
/** Source: Dataproc API v1, resource Cluster. */
const clusterSchema = z.looseObject({
  projectId: z.optional(z.string()),
  clusterName: z.string(),
  clusterUuid: z.optional(z.string()),
  labels: z.optional(stringMap),
  status: z.optional(statusSchema),
  statusHistory: z.optional(z.array(statusSchema)),
  config: z.optional(
    z.looseObject({
      masterConfig: z.optional(groupSchema),
      workerConfig: z.optional(groupSchema),
      secondaryWorkerConfig: z.optional(groupSchema),
    }),
  ),
});
type Cluster = z.infer<typeof clusterSchema>;

const STATES: States = {
  running: new Set(['RUNNING']),
  stopped: new Set(['STOPPED']),
  stopping: new Set(['STOPPING', 'DELETING']),
  starting: new Set(['CREATING', 'STARTING', 'UPDATING', 'REPAIRING']),
  broken: new Set(['ERROR', 'ERROR_DUE_TO_UPDATE']),
};

const record = z.object({ clusterUuid: z.string() });

/** Dataproc clusters: stopped with all their VMs, and started. */
export const DATAPROC_CLUSTERS = stoppableKind({
  kind: 'dataproc-cluster',
  title: 'Dataproc clusters',
  area: AREA,
  permissions: {
    list: ['compute.instances.list', 'dataproc.clusters.list'],
    stop: ['dataproc.clusters.get', 'dataproc.clusters.stop'],
    bringBack: ['dataproc.clusters.get', 'dataproc.clusters.start', 'dataproc.operations.get'],
  },
  order: 25,
  record,
  async list(look) {
    // There is no listing over all regions; a cluster that runs has VMs, and they are labelled with its region.
    const regions = new Set(
      (await look.vms()).flatMap(({ labels }) => labels['goog-dataproc-location'] ?? []),
    );
    const listed = await pMap([...regions].sort(), (region) => listRegion(look, region), { concurrency: 4 });
    return listed.flat();
  },
  stop: (resource, { clusterUuid }) => [step('stop', resource, clusterUuid)],
  bringBack: (resource, { clusterUuid }) => ({
    kind: 'steps',
    steps: [step('start', resource, clusterUuid)],
  }),
});

const pageSchema = z.looseObject({ clusters: z.optional(z.unknown()) });

async function listRegion(look: Look, region: string): Promise<readonly Listed[]> {
  const call = 'dataproc.clusters.list';
  const parent = `projects/${look.projectId}/regions/${region}`;
  const found: Listed[] = [];
  try {
    const request = { url: `${HOST}/${parent}/clusters`, query: { pageSize: 100 } };
    for await (const { clusters } of listPages(look.api, call, request, pageSchema)) {
      const { items, strange } = readItems(clusters, clusterSchema, 'clusters');
      for (const cluster of items)
        requireListed(call, look.ofProject, nameOf(cluster, parent), `${parent}/clusters/-`);
      noteStrange(look.gap, `${parent} Dataproc clusters`, strange);
      for (const cluster of items)
        if (isRunning(cluster.status?.state ?? '', STATES)) found.push(toListed(parent, cluster));
    }
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (isServiceDisabled(error)) look.disabled(AREA);
    else look.gap({ where: `${parent} Dataproc clusters`, why: whyUnseen(error), cause: error });
  }
  return found;
}

function toListed(parent: string, cluster: Cluster): Listed {
  const { clusterName, clusterUuid = '', labels = {}, status } = cluster;
  const [, project = '', , region = ''] = parent.split('/');
  const fate = fateOf(cluster);
  return {
    resource: `${parent}/clusters/${clusterName}`,
    state: status?.state ?? '',
    description: describe(cluster),
    labels,
    cost: unpriced('none of its VMs was seen'),
    onTop: DATAPROC_FEE,
    fate,
    command: commandOf(cluster, `${clusterName} --region=${region} --project=${project}`),
    memberKeys: [`dataproc/${clusterUuid}`, `dataproc/${clusterName}`],
  };
}

function describe({ config }: Cluster): string {
  const groups = [config?.masterConfig, config?.workerConfig, config?.secondaryWorkerConfig];
  const shown = groups.flatMap((group) =>
    group?.numInstances === undefined || group.numInstances === 0
      ? []
      : [`${group.numInstances} x ${(group.machineTypeUri ?? 'machine').replace(/^.*\//, '')}`],
  );
  return `Dataproc cluster${shown.length === 0 ? '' : ` of ${shown.join(', ')}`}`;
}

/** Without its secondary workers a cluster can be stopped. */
function commandOf(cluster: Cluster, where: string): string {
  if (hasLocalSsds(cluster)) return `gcloud dataproc clusters delete ${where}`;
  const stop = `gcloud dataproc clusters stop ${where}`;
  return hasSecondaryWorkers(cluster)
    ? `gcloud dataproc clusters update ${where} --num-secondary-workers=0 && ${stop}`
    : stop;
}

function hasLocalSsds({ config }: Cluster): boolean {
  return [config?.masterConfig, config?.workerConfig].some(
    (group) => (group?.diskConfig?.numLocalSsds ?? 0) > 0,
  );
}

function hasSecondaryWorkers({ config }: Cluster): boolean {
  return (config?.secondaryWorkerConfig?.numInstances ?? 0) > 0;
}

/** https://cloud.google.com/dataproc/docs/guides/dataproc-start-stop names what cannot be stopped. */
function fateOf(cluster: Cluster): Fate {
  if (hasLocalSsds(cluster)) return { kind: 'named', why: 'a cluster with local SSDs cannot be stopped' };
  if (hasSecondaryWorkers(cluster))
    return { kind: 'named', why: 'a cluster with secondary workers cannot be stopped' };
  return { kind: 'stoppable', record: { clusterUuid: cluster.clusterUuid ?? '' } };
}

function step(verb: 'stop' | 'start', resource: string, clusterUuid: string): Step {
  const request: KindRequest = {
    call: `dataproc.clusters.${verb}`,
    method: 'POST',
    url: `${HOST}/${resource}:${verb}`,
    // A cluster that was made anew under the name is another one.
    body: clusterUuid === '' ? {} : { clusterUuid },
  };
  return {
    ...stateStep(verb, (api) => getCluster(api, resource), STATES, request),
    operation: longRunningOperation(HOST, 'dataproc.operations.get'),
  };
}

/** A cluster names its project and itself, and its region only in a label. */
function nameOf({ projectId, clusterName }: Cluster, resource: string): string {
  const [, project, , region] = resource.split('/');
  return `projects/${projectId ?? project}/regions/${region}/clusters/${clusterName}`;
}

async function getCluster(api: Api, resource: string): ReturnType<Parameters<typeof stateStep>[1]> {
  const call = 'dataproc.clusters.get';
  const cluster = parseAnswer(call, clusterSchema, await api.request(call, { url: `${HOST}/${resource}` }));
  requireNamed(call, nameOf(cluster, resource), resource);
  const { status, statusHistory = [], labels = {} } = cluster;
  const { state = '', detail } = status ?? {};
  const hasRun = [...statusHistory, status].filter((one) => one?.state === 'RUNNING');
  return { state, labels, detail, ...startedAt(...hasRun.map((one) => one?.stateStartTime)) };
}
