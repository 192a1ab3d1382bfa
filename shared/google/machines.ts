import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from './aggregated-list.ts';
import type { Api } from './api.ts';
import { parseAnswer, requireCompute } from './parse-answer.ts';
import { resourceId } from './resource-name.ts';
import { isSpot, namesReservation, reservationSchema, schedulingSchema } from './vms.ts';

/** What costguard needs to know of a VM, kept small because all VMs of a project are held at once. */
export interface Machine {
  readonly name: string;
  readonly zone: string;
  /** `RUNNING`, `TERMINATED`, … */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly lastStartMs: number | undefined;
  readonly disks: readonly MachineDisk[];
  readonly spot: boolean;
  /** Why its machine bills on while it is stopped; undefined where it does not, as far as the VM itself tells. */
  readonly billsOn: string | undefined;
  readonly externalIp: string | undefined;
}

export interface MachineDisk {
  readonly boot: boolean;
  /** A local SSD has no disk resource of its own and goes with the VM. */
  readonly scratch: boolean;
  readonly sizeGb: number | undefined;
  /** `zones/Z/disks/NAME`, the key in what `listDiskTypes` gives. */
  readonly key: string;
}

export interface MachineIndex extends Unseen {
  /** By the VM's numeric id, which is also Monitoring's `instance_id`. */
  readonly byId: ReadonlyMap<string, Machine>;
}

const machineSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  lastStartTimestamp: z.optional(z.string()),
  disks: z.optional(
    z.array(
      z.object({
        boot: z.optional(z.boolean()),
        type: z.optional(z.string()),
        source: z.optional(z.string()),
        diskSizeGb: z.optional(z.string()),
      }),
    ),
  ),
  scheduling: schedulingSchema,
  reservationAffinity: reservationSchema,
  networkInterfaces: z.optional(
    z.array(z.object({ accessConfigs: z.optional(z.array(z.object({ natIP: z.optional(z.string()) }))) })),
  ),
});

const diskSchema = z.object({ name: z.string(), type: z.optional(z.string()) });

/**
 * Type of each disk by `zones/Z/disks/NAME`; those in a zone that cannot be reached are missing. The Notebooks API takes
 * disk types and leaves them out of its listings. Needs compute.disks.list. Throws `GoogleApiError`.
 */
export async function listDiskTypes(
  api: Api,
  projectId: string,
): Promise<Unseen & { readonly types: ReadonlyMap<string, string> }> {
  const types = new Map<string, string>();
  const query = { projectId, collection: 'disks', fields: 'name,type', schema: diskSchema } as const;
  const unseen = await visitAggregated(api, query, ({ name, type }, scope) => {
    if (type !== undefined) types.set(`${scope}/disks/${name}`, resourceId(type));
  });
  return { types, ...unseen };
}

const startSchema = z.looseObject({
  id: z.optional(z.string()),
  name: z.string(),
  selfLink: z.optional(z.string()),
  lastStartTimestamp: z.optional(z.string()),
});

/**
 * When a VM, `projects/P/zones/Z/instances/ID`, was last started, in milliseconds since the epoch; `lastStartMs` is undefined when
 * it never was. `ID` is its numeric id or its name. Needs compute.instances.get. Throws `GoogleApiError`, 404 when it is gone.
 */
export async function getMachineStart(api: Api, resource: string): Promise<Pick<Machine, 'lastStartMs'>> {
  const call = 'compute.instances.get';
  const answer = await api.request(call, {
    url: `https://compute.googleapis.com/compute/v1/${resource}`,
    query: { fields: 'id,name,selfLink,lastStartTimestamp' },
  });
  const machine = parseAnswer(call, startSchema, answer);
  // One without a moment never ran: that must not be read from an answer about another.
  requireCompute(call, machine, resource);
  return { lastStartMs: momentOf(machine.lastStartTimestamp) };
}

/** All VMs of a project. Needs compute.instances.list. Throws `GoogleApiError`. */
export async function indexMachines(api: Api, projectId: string): Promise<MachineIndex> {
  const byId = new Map<string, Machine>();
  const query = {
    projectId,
    collection: 'instances',
    fields:
      'id,name,status,lastStartTimestamp,disks(boot,type,source,diskSizeGb),scheduling(provisioningModel,preemptible),reservationAffinity/consumeReservationType,networkInterfaces/accessConfigs/natIP',
    schema: machineSchema,
  } as const;
  const unseen = await visitAggregated(api, query, (vm, scope) => {
    byId.set(vm.id, {
      name: vm.name,
      zone: resourceId(scope),
      status: vm.status,
      lastStartMs: momentOf(vm.lastStartTimestamp),
      disks: (vm.disks ?? []).map((disk) => ({
        boot: disk.boot === true,
        scratch: disk.type === 'SCRATCH',
        sizeGb: disk.diskSizeGb === undefined ? undefined : Number(disk.diskSizeGb),
        key: `${scope}/disks/${resourceId(disk.source ?? '')}`,
      })),
      spot: isSpot(vm.scheduling),
      billsOn: billsOn(vm),
      externalIp: vm.networkInterfaces
        ?.flatMap(({ accessConfigs = [] }) => accessConfigs.flatMap(({ natIP }) => natIP ?? []))
        .find((address) => address !== ''),
    });
  });
  return { byId, ...unseen };
}

/**
 * A specific reservation is paid for whether a VM runs in it or not, and so is the capacity of a flex-start or reservation-bound
 * VM (https://cloud.google.com/compute/docs/instances/reservations-overview#billing). A commitment stands in no VM.
 */
function billsOn({ reservationAffinity, scheduling }: z.infer<typeof machineSchema>): string | undefined {
  if (namesReservation(reservationAffinity)) return 'its specific reservation';
  const model = scheduling?.provisioningModel;
  if (model === 'FLEX_START') return 'its flex-start capacity';
  return model === 'RESERVATION_BOUND' ? 'its reservation' : undefined;
}

function momentOf(timestamp: string | undefined): number | undefined {
  const ms = Date.parse(timestamp ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
