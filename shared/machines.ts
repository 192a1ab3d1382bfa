import * as z from 'zod/mini';
import { visitAggregated } from './aggregated-list.ts';
import type { Api } from './api.ts';
import { lastPart } from './last-part.ts';

/** What costguard needs to know of a VM, kept small because all VMs of a project are held at once. */
export interface Machine {
  readonly name: string;
  readonly zone: string;
  /** `RUNNING`, `TERMINATED`, … */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly lastStartMs: number | undefined;
  readonly disks: readonly MachineDisk[];
}

export interface MachineDisk {
  readonly boot: boolean;
  /** A local SSD has no disk resource of its own and goes with the VM. */
  readonly scratch: boolean;
  readonly sizeGb: number | undefined;
  /** `zones/Z/disks/NAME`, the key in what `listDiskTypes` gives. */
  readonly key: string;
}

export interface MachineIndex {
  /** By the VM's numeric id, which is also Monitoring's `instance_id`. */
  readonly byId: ReadonlyMap<string, Machine>;
  /** Zones that the API could not reach, as `zones/Z`. */
  readonly unreachable: readonly string[];
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
});

const diskSchema = z.object({ name: z.string(), type: z.optional(z.string()) });

/**
 * Type of each disk by `zones/Z/disks/NAME`; those in a zone that cannot be reached are missing. The Notebooks API takes
 * disk types and never returns them. Needs compute.disks.list. Throws `OutsideError`.
 */
export async function listDiskTypes(api: Api, projectId: string): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  const query = { projectId, collection: 'disks', fields: 'name,type', schema: diskSchema } as const;
  await visitAggregated(api, query, ({ name, type }, scope) => {
    if (type !== undefined) types.set(`${scope}/disks/${name}`, lastPart(type));
  });
  return types;
}

/** All VMs of a project. Needs compute.instances.list. Throws `OutsideError`. */
export async function indexMachines(api: Api, projectId: string): Promise<MachineIndex> {
  const byId = new Map<string, Machine>();
  const query = {
    projectId,
    collection: 'instances',
    fields: 'id,name,status,lastStartTimestamp,disks(boot,type,source,diskSizeGb)',
    schema: machineSchema,
  } as const;
  const unreachable = await visitAggregated(api, query, (vm, scope) => {
    const startMs = Date.parse(vm.lastStartTimestamp ?? '');
    byId.set(vm.id, {
      name: vm.name,
      zone: lastPart(scope),
      status: vm.status,
      lastStartMs: Number.isNaN(startMs) ? undefined : startMs,
      disks: (vm.disks ?? []).map((disk) => ({
        boot: disk.boot === true,
        scratch: disk.type === 'SCRATCH',
        sizeGb: disk.diskSizeGb === undefined ? undefined : Number(disk.diskSizeGb),
        key: `${scope}/disks/${lastPart(disk.source ?? '')}`,
      })),
    });
  });
  return { byId, unreachable };
}
