import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from '../../google/aggregated-list.ts';
import type { Api } from '../../google/api.ts';
import type { StringMap } from '../../google/string-map.ts';
import { VM_DOWN, vmSchema } from '../../google/vms.ts';
import type { Machines } from '../cost.ts';

/** A VM that is not stopped. Source: Compute Engine API v1, resource Instance. */
export interface VmFacts {
  /** projects/P/zones/Z/instances/N */
  readonly resource: string;
  /** Numeric; what owns the VM may name it by this. */
  readonly id: string;
  readonly status: string;
  readonly labels: StringMap;
  /** Value of the metadata key `created-by`; a managed group writes its own name there. */
  readonly createdBy: string;
  readonly localSsds: number;
  /** When it was started last, milliseconds since the epoch; undefined where that is not told. */
  readonly startedMs: number | undefined;
  readonly machines: Machines;
}

const factsSchema = z.extend(vmSchema, {
  lastStartTimestamp: z.optional(z.string()),
  machineType: z.optional(z.string()),
  guestAccelerators: z.optional(
    z.array(
      z.looseObject({
        acceleratorType: z.optional(z.string()),
        acceleratorCount: z.optional(z.number()),
      }),
    ),
  ),
});

/** All VMs of a project that are neither stopped nor on their way to it. Needs compute.instances.list. Throws `GoogleApiError`. */
export async function listVmFacts(
  api: Api,
  projectId: string,
): Promise<Unseen & { readonly vms: readonly VmFacts[] }> {
  const vms: VmFacts[] = [];
  const query = {
    projectId,
    collection: 'instances',
    fields:
      'id,name,status,labels,metadata/items(key,value),disks/type,scheduling(provisioningModel,preemptible),lastStartTimestamp,machineType,guestAccelerators',
    schema: factsSchema,
  } as const;
  const unseen = await visitAggregated(api, query, (vm, scope) => {
    if (!VM_DOWN.has(vm.status))
      vms.push(toFacts(`projects/${projectId}/${scope}/instances/${vm.name}`, vm, scope));
  });
  return { vms, ...unseen };
}

function toFacts(resource: string, vm: z.infer<typeof factsSchema>, scope: string): VmFacts {
  const startedMs = Date.parse(vm.lastStartTimestamp ?? '');
  return {
    resource,
    id: vm.id,
    status: vm.status,
    labels: vm.labels ?? {},
    createdBy: (vm.metadata?.items ?? []).find(({ key }) => key === 'created-by')?.value ?? '',
    localSsds: (vm.disks ?? []).filter(({ type }) => type === 'SCRATCH').length,
    startedMs: Number.isNaN(startedMs) ? undefined : startedMs,
    machines: {
      machineType: vm.machineType?.replace(/^.*\//, ''),
      accelerators: (vm.guestAccelerators ?? []).map((gpu) => ({
        type: gpu.acceleratorType,
        count: gpu.acceleratorCount,
      })),
      zone: scope.replace(/^zones\//, ''),
      count: 1,
      spot: vm.scheduling?.provisioningModel === 'SPOT' || vm.scheduling?.preemptible === true,
    },
  };
}
