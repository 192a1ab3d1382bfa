import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from '../../google/aggregated-list.ts';
import type { Api } from '../../google/api.ts';
import { stringMap, type StringMap } from '../../google/string-map.ts';
import { VM_STOPPED, VM_STOPPING } from '../../google/vms.ts';
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
  readonly machines: Machines;
}

const vmSchema = z.looseObject({
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

/** A status that this code does not know is not taken for a stopped VM. */
const DOWN: ReadonlySet<string> = new Set([...VM_STOPPING, ...VM_STOPPED, 'SUSPENDED']);

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
      'id,name,status,labels,metadata/items(key,value),disks/type,scheduling(provisioningModel,preemptible),machineType,guestAccelerators',
    schema: vmSchema,
  } as const;
  const unseen = await visitAggregated(api, query, (vm, scope) => {
    if (!DOWN.has(vm.status))
      vms.push(toFacts(`projects/${projectId}/${scope}/instances/${vm.name}`, vm, scope));
  });
  return { vms, ...unseen };
}

function toFacts(resource: string, vm: z.infer<typeof vmSchema>, scope: string): VmFacts {
  return {
    resource,
    id: vm.id,
    status: vm.status,
    labels: vm.labels ?? {},
    createdBy: (vm.metadata?.items ?? []).find(({ key }) => key === 'created-by')?.value ?? '',
    localSsds: (vm.disks ?? []).filter(({ type }) => type === 'SCRATCH').length,
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
