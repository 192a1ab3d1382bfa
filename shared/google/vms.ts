import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from './aggregated-list.ts';
import type { Api } from './api.ts';
import type { Permit } from './change/permit.ts';
import { parseAnswer, requireCompute } from './parse-answer.ts';
import { resourceId } from './resource-name.ts';
import { stringMap, type StringMap } from './string-map.ts';

const HOST = 'https://compute.googleapis.com/compute/v1';

/** Of a listing's schema; its mask is `scheduling(provisioningModel,preemptible)`. */
export const schedulingSchema = z.optional(
  z.looseObject({ provisioningModel: z.optional(z.string()), preemptible: z.optional(z.boolean()) }),
);

/** Whether a VM is a Spot one, or preemptible as those are called that were made before there was Spot. */
export function isSpot(scheduling: z.infer<typeof schedulingSchema>): boolean {
  return scheduling?.provisioningModel === 'SPOT' || scheduling?.preemptible === true;
}

/** What is bought for a time: its price is neither that of Spot nor that on demand. */
export type Bought = 'flex-start' | 'reservation';

const BOUGHT: Readonly<Record<string, Bought>> = {
  FLEX_START: 'flex-start',
  RESERVATION_BOUND: 'reservation',
};

/** How a VM, or a job of Vertex AI, is bought by its provisioning model or strategy; nothing for Spot and on demand. */
export function boughtAs(model: string | undefined): { readonly bought?: Bought } {
  const bought = BOUGHT[model ?? ''];
  return bought === undefined ? {} : { bought };
}

/** Of a listing's schema; its mask is `reservationAffinity/consumeReservationType`. */
export const reservationSchema = z.optional(
  z.looseObject({ consumeReservationType: z.optional(z.string()) }),
);

/** Whether a VM runs in a reservation that it names. */
export function namesReservation(affinity: z.infer<typeof reservationSchema>): boolean {
  return affinity?.consumeReservationType === 'SPECIFIC_RESERVATION';
}

/** Of a listing's schema; its mask is `guestAccelerators`. */
export const acceleratorsSchema = z.optional(
  z.array(
    z.looseObject({ acceleratorType: z.optional(z.string()), acceleratorCount: z.optional(z.number()) }),
  ),
);

/** As the API says them: the type is a URL or a name. */
export interface Accelerator {
  readonly type: string | undefined;
  readonly count: number | undefined;
}

export function acceleratorsOf(accelerators: z.infer<typeof acceleratorsSchema>): readonly Accelerator[] {
  return (accelerators ?? []).map((gpu) => ({ type: gpu.acceleratorType, count: gpu.acceleratorCount }));
}

/** A VM: what it is, and who keeps it alive. Source: Compute Engine API v1, resource Instance. */
export interface Vm {
  /** projects/P/zones/Z/instances/N */
  readonly resource: string;
  /** Numeric id; a Workbench instance names its VM by it. */
  readonly id: string;
  readonly status: string;
  readonly labels: StringMap;
  /** Value of the metadata key `created-by`; a managed group writes its own name there. */
  readonly createdBy: string;
  /** Who keeps it alive: a managed group or a GKE node pool would bring it back. */
  readonly managedBy: 'instance-group' | 'gke' | undefined;
  readonly localSsds: number;
  /** Of all its local SSDs, those that its machine type brings along among them. */
  readonly localSsdGb: number;
  readonly zone: string;
  /** Without the path before its name; undefined where the answer has none. */
  readonly machineType: string | undefined;
  readonly accelerators: readonly Accelerator[];
  readonly spot: boolean;
  /** Absent for Spot and on demand. */
  readonly bought?: Bought;
  /** It runs in a reservation that it names, which bills whether it runs or not. */
  readonly isReserved?: true;
  /** Milliseconds since the epoch. */
  readonly lastStartMs: number | undefined;
  /** Names of the resource policies that are attached to it, an instance schedule among them. */
  readonly resourcePolicies: readonly string[];
}

const vmSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  selfLink: z.optional(z.string()),
  status: z.string(),
  labels: z.optional(stringMap),
  metadata: z.optional(
    z.looseObject({
      items: z.optional(z.array(z.looseObject({ key: z.string(), value: z.optional(z.string()) }))),
    }),
  ),
  disks: z.optional(
    z.array(z.looseObject({ type: z.optional(z.string()), diskSizeGb: z.optional(z.string()) })),
  ),
  scheduling: schedulingSchema,
  reservationAffinity: reservationSchema,
  lastStartTimestamp: z.optional(z.string()),
  resourcePolicies: z.optional(z.array(z.string())),
  machineType: z.optional(z.string()),
  guestAccelerators: acceleratorsSchema,
});

const FIELDS =
  'id,name,status,labels,metadata/items(key,value),disks(type,diskSizeGb),scheduling(provisioningModel,preemptible),reservationAffinity/consumeReservationType,lastStartTimestamp,resourcePolicies,machineType,guestAccelerators';

export interface VmListing extends Unseen {
  /** Those that are neither stopped nor on their way to it, those that wait for capacity too. */
  readonly vms: readonly Vm[];
  readonly suspended: readonly Vm[];
}

/** All VMs of a project that are not stopped. Needs compute.instances.list. Throws `GoogleApiError`. */
export async function listRunningVms(api: Api, projectId: string): Promise<VmListing> {
  const vms: Vm[] = [];
  const suspended: Vm[] = [];
  const query = {
    projectId,
    collection: 'instances',
    fields: FIELDS,
    schema: vmSchema,
  } as const;
  const unseen = await visitAggregated(api, query, (vm, scope) => {
    if (VM_DOWN.has(vm.status)) return;
    const into = vm.status === VM_SUSPENDED ? suspended : vms;
    into.push(toVm(`projects/${projectId}/${scope}/instances/${vm.name}`, vm));
  });
  return { vms, suspended, ...unseen };
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

/** Runs nothing and keeps its memory, which bills as storage. */
export const VM_SUSPENDED = 'SUSPENDED';

/**
 * Down, or going down by itself. Whatever else Google's enum `Instance.status` has, or will have, bills for its machine or
 * soon will: a status that this code does not know is not taken for a stopped VM.
 */
const VM_DOWN: ReadonlySet<string> = new Set([...VM_STOPPING, ...VM_STOPPED]);

/** One VM, by its name or its numeric id, as it is now. Needs compute.instances.get. Throws `GoogleApiError`, 404 when it is gone. */
export async function getVm(api: Api, resource: string): Promise<Vm> {
  const call = 'compute.instances.get';
  const vm = parseAnswer(call, vmSchema, await api.request(call, { url: `${HOST}/${resource}` }));
  requireCompute(call, vm, resource);
  return toVm(resource, vm);
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

/** A local SSD that does not tell its size: https://cloud.google.com/compute/docs/disks/local-ssd */
export const LOCAL_SSD_GB = 375;

function toVm(resource: string, vm: z.infer<typeof vmSchema>): Vm {
  const startMs = Date.parse(vm.lastStartTimestamp ?? '');
  const ssds = (vm.disks ?? []).filter((disk) => disk.type === 'SCRATCH');
  const [, zone = ''] = /\/zones\/([^/]+)\//.exec(resource) ?? [];
  return {
    resource,
    id: vm.id,
    status: vm.status,
    labels: vm.labels ?? {},
    createdBy: createdByOf(vm),
    managedBy: managerOf(vm),
    localSsds: ssds.length,
    localSsdGb: ssds.reduce((sum, { diskSizeGb }) => sum + (Number(diskSizeGb) || LOCAL_SSD_GB), 0),
    zone,
    machineType: vm.machineType === undefined ? undefined : resourceId(vm.machineType),
    accelerators: acceleratorsOf(vm.guestAccelerators),
    spot: isSpot(vm.scheduling),
    ...boughtAs(vm.scheduling?.provisioningModel),
    ...(namesReservation(vm.reservationAffinity) ? { isReserved: true } : {}),
    lastStartMs: Number.isNaN(startMs) ? undefined : startMs,
    resourcePolicies: (vm.resourcePolicies ?? []).map(resourceId),
  };
}

/** GKE labels its nodes `goog-gke-node`; a managed group writes itself into the metadata key `created-by`. */
function managerOf(vm: z.infer<typeof vmSchema>): Vm['managedBy'] {
  if (vm.labels?.['goog-gke-node'] !== undefined) return 'gke';
  return createdByOf(vm).includes('/instanceGroupManagers/') ? 'instance-group' : undefined;
}

function createdByOf({ metadata }: z.infer<typeof vmSchema>): string {
  return (metadata?.items ?? []).find(({ key }) => key === 'created-by')?.value ?? '';
}
