import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from './aggregated-list.ts';
import type { Api } from './api.ts';
import type { Permit } from './change/permit.ts';
import { parseAnswer } from './parse-answer.ts';
import { stringMap } from './string-map.ts';

const HOST = 'https://compute.googleapis.com/compute/v1';

/** A VM as the kill switch needs to know it. Source: Compute Engine API v1, resource Instance. */
export interface Vm {
  /** projects/P/zones/Z/instances/N */
  readonly resource: string;
  /** Numeric id; a Workbench instance names its VM by it. */
  readonly id: string;
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Who keeps it alive: a managed group or a GKE node pool would bring it back. */
  readonly managedBy: 'instance-group' | 'gke' | undefined;
  readonly localSsds: number;
  readonly spot: boolean;
  /** Milliseconds since the epoch. */
  readonly lastStartMs: number | undefined;
}

/** What every listing of VMs reads; others extend it, and name their further fields in the mask. */
export const vmSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  labels: z.optional(stringMap),
  metadata: z.optional(
    z.looseObject({
      items: z.optional(z.array(z.looseObject({ key: z.string(), value: z.optional(z.string()) }))),
    }),
  ),
  disks: z.optional(z.array(z.looseObject({ type: z.optional(z.string()) }))),
  scheduling: z.optional(
    z.looseObject({ provisioningModel: z.optional(z.string()), preemptible: z.optional(z.boolean()) }),
  ),
  lastStartTimestamp: z.optional(z.string()),
});

export interface VmListing extends Unseen {
  readonly vms: readonly Vm[];
}

/** All VMs of a project that are neither stopped nor on their way to it, those that wait for capacity too. Needs compute.instances.list. Throws `GoogleApiError`. */
export async function listRunningVms(api: Api, projectId: string): Promise<VmListing> {
  const vms: Vm[] = [];
  const query = {
    projectId,
    collection: 'instances',
    fields:
      'id,name,status,labels,metadata/items(key,value),disks/type,scheduling(provisioningModel,preemptible),lastStartTimestamp',
    schema: vmSchema,
  } as const;
  const unseen = await visitAggregated(api, query, (vm, scope) => {
    if (!VM_DOWN.has(vm.status)) vms.push(toVm(`projects/${projectId}/${scope}/instances/${vm.name}`, vm));
  });
  return { vms, ...unseen };
}

/** On its way up: in a moment it is `RUNNING`. */
export const VM_STARTING: ReadonlySet<string> = new Set(['PROVISIONING', 'STAGING']);
/** Waits for capacity (Dynamic Workload Scheduler's flex start), which may take days; then it starts by itself. */
export const VM_WAITING = 'PENDING';
/** On its way down. */
export const VM_STOPPING: ReadonlySet<string> = new Set([
  'PENDING_STOP', 'STOPPING', 'SUSPENDING', 'DEPROVISIONING',
]); // prettier-ignore
/** Down; both occur in the reference. */
export const VM_STOPPED: ReadonlySet<string> = new Set(['TERMINATED', 'STOPPED']);

/**
 * Down, or going down by itself. Whatever else Google's enum `Instance.status` has, or will have, bills for its machine or
 * soon will: a status that this code does not know is not taken for a stopped VM.
 */
export const VM_DOWN: ReadonlySet<string> = new Set([...VM_STOPPING, ...VM_STOPPED, 'SUSPENDED']);

/** One VM as it is now. Needs compute.instances.get. Throws `GoogleApiError`, 404 when it is gone. */
export async function getVm(api: Api, resource: string): Promise<Vm> {
  const call = 'compute.instances.get';
  return toVm(resource, parseAnswer(call, vmSchema, await api.request(call, { url: `${HOST}/${resource}` })));
}

/**
 * Asks for a stop or start without awaiting it, and returns the operation's name. Not repeated by itself. A VM with local
 * SSDs is stopped with `discardLocalSsd`, without which the API refuses: what is on them is lost.
 */
export async function requestVm(
  api: Api,
  permit: Permit,
  verb: 'stop' | 'start',
  vm: Pick<Vm, 'resource' | 'localSsds'>,
): Promise<string> {
  const answer = await api.change(`compute.instances.${verb}`, permit, {
    method: 'POST',
    url: `${HOST}/${vm.resource}/${verb}`,
    query: { discardLocalSsd: verb === 'stop' && vm.localSsds > 0 ? true : undefined },
    body: {},
  });
  return parseAnswer(`compute.instances.${verb}`, z.looseObject({ name: z.string() }), answer).name;
}

function toVm(resource: string, vm: z.infer<typeof vmSchema>): Vm {
  const startMs = Date.parse(vm.lastStartTimestamp ?? '');
  return {
    resource,
    id: vm.id,
    status: vm.status,
    labels: vm.labels ?? {},
    managedBy: managerOf(vm),
    localSsds: (vm.disks ?? []).filter((disk) => disk.type === 'SCRATCH').length,
    spot: vm.scheduling?.provisioningModel === 'SPOT' || vm.scheduling?.preemptible === true,
    lastStartMs: Number.isNaN(startMs) ? undefined : startMs,
  };
}

/** GKE labels its nodes `goog-gke-node`; a managed group writes itself into the metadata key `created-by`. */
function managerOf(vm: z.infer<typeof vmSchema>): Vm['managedBy'] {
  if (vm.labels?.['goog-gke-node'] !== undefined) return 'gke';
  const createdBy = (vm.metadata?.items ?? []).find((item) => item.key === 'created-by')?.value ?? '';
  return createdBy.includes('/instanceGroupManagers/') ? 'instance-group' : undefined;
}
