import type { StringMap } from '../../google/string-map.ts';
import { regionOf } from '../cost.ts';

/** Where a machine is, as far as a command says it. */
export interface Place {
  readonly projectId: string;
  /** A zone or region. */
  readonly zone: string;
}

/** A service above groups and VMs that would bring them back, as their labels tell it. */
export interface Service {
  readonly why: string;
  /** Keys under which its resource may be found in the inventory. */
  readonly keys: readonly string[];
  /** What it bills beside its machines, where no source has a price of that. */
  readonly onTop?: string;
  /** What ends it by hand, or shows it where the labels do not name it. */
  readonly command: (place: Place) => string;
}

/** Undefined for labels that are not of this service. */
type Recognise = (labels: StringMap) => Service | undefined;

/** What takes a node pool's autoscaling off, where it has some, and then its nodes. */
export function emptyPool(cluster: string, pool: string, where: string, isScaled: boolean): string {
  const resize = `gcloud container clusters resize ${cluster} --node-pool=${pool} --num-nodes=0 ${where}`;
  return isScaled
    ? `gcloud container clusters update ${cluster} --no-enable-autoscaling --node-pool=${pool} ${where} && ${resize}`
    : resize;
}

/** What shows each cluster with its pools and their groups, where only a group's name is known. */
export function findPool(projectId: string): string {
  return `gcloud container clusters list --project=${projectId} --format='table(name,location,nodePools[].name,nodePools[].instanceGroupUrls)' # then resize its pool to 0`;
}

const gke: Recognise = (labels) => {
  if (!has(labels, 'goog-gke-node', 'goog-k8s-cluster-name')) return undefined;
  const cluster = labels['goog-k8s-cluster-name'] ?? '';
  const [location, pool] = [
    labels['goog-k8s-cluster-location'] ?? '',
    labels['goog-k8s-node-pool-name'] ?? '',
  ];
  return {
    why: 'GKE node: its node pool would replace it; resize the pool',
    keys: pool === '' ? [] : [`gke/${location}/${cluster}/${pool}`],
    command({ projectId }) {
      const where = `--location=${location} --project=${projectId}`;
      if (cluster === '' || location === '') return findPool(projectId);
      return pool === ''
        ? `gcloud container clusters get-credentials ${cluster} ${where} && kubectl get nodes # then scale down what made the node`
        : emptyPool(cluster, pool, where, true);
    },
  };
};

/** What no source has a price of. */
export const DATAPROC_FEE = 'the fee of Dataproc';
export const WORKBENCH_FEE = 'the management fee of Workbench';

const dataproc: Recognise = (labels) => {
  const [uuid, name] = [
    labels['goog-dataproc-cluster-uuid'] ?? '',
    labels['goog-dataproc-cluster-name'] ?? '',
  ];
  if (!has(labels, 'goog-dataproc-cluster-uuid', 'goog-dataproc-cluster-name')) return undefined;
  return {
    why: 'node of a Dataproc cluster; stop the cluster',
    keys: keysOf('dataproc', uuid, name),
    onTop: DATAPROC_FEE,
    // Dataproc itself filters its clusters, and not by their UUID (dataproc v1, clusters.list: status.state, clusterName and labels).
    command({ projectId, zone }) {
      const where = `--region=${labels['goog-dataproc-location'] ?? regionOf(zone)} --project=${projectId}`;
      return name === ''
        ? `gcloud dataproc clusters list ${where} --format='table(clusterName,clusterUuid)' # then stop the cluster of UUID ${uuid}`
        : `gcloud dataproc clusters stop ${name} ${where}`;
    },
  };
};

const dataflow: Recognise = (labels) => {
  const own = ['dataflow_job_id', 'goog-dataflow-job-id', 'dataflow_job_name'];
  if (!has(labels, ...own)) return undefined;
  const [one = '', other = '', name = ''] = own.map((label) => labels[label] ?? '');
  const id = one === '' ? other : one;
  return {
    why: 'worker of a Dataflow job, which would replace it; cancel the job',
    keys: keysOf('dataflow', one, other, name),
    command: ({ projectId, zone }) =>
      id === ''
        ? `gcloud dataflow jobs list --status=active --filter=name=${name} --project=${projectId} # then cancel the job`
        : `gcloud dataflow jobs cancel ${id} --region=${regionOf(zone)} --project=${projectId}`,
  };
};

const batch: Recognise = (labels) => {
  const own = ['goog-batch-job-uid', 'batch-job-uid'];
  if (!has(labels, ...own)) return undefined;
  const uids = own.map((label) => labels[label] ?? '');
  return {
    why: 'worker of a Batch job, which would replace it; cancel the job',
    keys: keysOf('batch', ...uids),
    // A job is cancelled by its name, which the labels do not have.
    command: ({ projectId }) =>
      `gcloud batch jobs list --filter=uid=${uids.find((uid) => uid !== '') ?? ''} --project=${projectId} # then cancel the job`,
  };
};

function has(labels: StringMap, ...names: readonly string[]): boolean {
  return names.some((name) => labels[name] !== undefined);
}

function keysOf(prefix: string, ...values: readonly string[]): readonly string[] {
  return values.filter((value) => value !== '').map((value) => `${prefix}/${value}`);
}

/**
 * The service above a group or VM, as its labels tell. Sources: cloud.google.com/kubernetes-engine/docs/how-to/creating-managing-labels
 * (goog-k8s-*), cloud.google.com/dataproc/docs/guides/creating-managing-labels, cloud.google.com/dataflow/docs/guides/monitor-vms.
 */
export function serviceOf(labels: StringMap): Service | undefined {
  for (const recognise of [gke, dataproc, dataflow, batch]) {
    const service = recognise(labels);
    if (service !== undefined) return service;
  }
  return undefined;
}
