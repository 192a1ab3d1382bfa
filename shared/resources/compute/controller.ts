import type { StringMap } from '../../google/string-map.ts';
import type { VmFacts } from './vm-facts.ts';

/** Who would start a VM again that is stopped by itself. */
export interface Controller {
  readonly why: string;
  /** Keys under which its owner may be found in the inventory. */
  readonly keys: readonly string[];
}

/** Key of a managed group: `group/zones/Z/instanceGroupManagers/N`, whatever project the path names. */
export function groupKey(path: string): string | undefined {
  const scope = /(?:zones|regions)\/[^/]+\/instanceGroupManagers\/[^/]+$/.exec(path)?.[0];
  return scope === undefined ? undefined : `group/${scope}`;
}

/**
 * The controller of a VM. A managed group writes itself into the metadata key `created-by`; the services above it label
 * their machines. Sources: cloud.google.com/kubernetes-engine/docs/how-to/creating-managing-labels (goog-k8s-*),
 * cloud.google.com/dataproc/docs/guides/creating-managing-labels, cloud.google.com/dataflow/docs/guides/monitor-vms.
 */
export function controllerOf(vm: Pick<VmFacts, 'labels' | 'createdBy'>): Controller | undefined {
  const service = serviceOf(vm.labels);
  const group = groupKey(vm.createdBy);
  if (service === undefined)
    return group === undefined
      ? undefined
      : {
          why: 'member of a managed instance group, which would replace it; resize the group',
          keys: [group],
        };
  return { why: service.why, keys: [...service.keys, ...(group === undefined ? [] : [group])] };
}

/** The service above a group or VM, as its labels tell. */
export function serviceOf(labels: StringMap): Controller | undefined {
  const pick = (...names: readonly string[]): string | undefined =>
    names.map((name) => labels[name]).find((value) => value !== undefined);
  const keys = (prefix: string, ...values: readonly (string | undefined)[]): string[] =>
    values.flatMap((value) => (value === undefined || value === '' ? [] : [`${prefix}/${value}`]));
  if (pick('goog-gke-node', 'goog-k8s-cluster-name') !== undefined) {
    const cluster = pick('goog-k8s-cluster-name');
    const pool = pick('goog-k8s-node-pool-name');
    const location = pick('goog-k8s-cluster-location');
    return {
      why: 'GKE node: its node pool would replace it; resize the pool',
      keys: pool === undefined ? [] : keys('gke', `${location ?? ''}/${cluster ?? ''}/${pool}`),
    };
  }
  const dataproc = pick('goog-dataproc-cluster-uuid', 'goog-dataproc-cluster-name');
  if (dataproc !== undefined)
    return {
      why: 'node of a Dataproc cluster; stop the cluster',
      keys: keys('dataproc', labels['goog-dataproc-cluster-uuid'], labels['goog-dataproc-cluster-name']),
    };
  const dataflow = ['dataflow_job_id', 'goog-dataflow-job-id', 'dataflow_job_name'];
  if (pick(...dataflow) !== undefined)
    return {
      why: 'worker of a Dataflow job, which would replace it; cancel the job',
      keys: keys('dataflow', ...dataflow.map((name) => labels[name])),
    };
  const batch = ['goog-batch-job-uid', 'batch-job-uid'];
  if (pick(...batch) !== undefined)
    return {
      why: 'worker of a Batch job, which would replace it; delete the job',
      keys: keys('batch', ...batch.map((name) => labels[name])),
    };
  return undefined;
}
