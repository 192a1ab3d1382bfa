import type { Unseen } from '../../google/aggregated-list.ts';
import type { Api } from '../../google/api.ts';
import type { StringMap } from '../../google/string-map.ts';
import { listRunningVms, type Vm } from '../../google/vms.ts';
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
  /** It runs in a reservation that it names. */
  readonly isReserved?: true;
  /** Names of the resource policies that are attached to it. */
  readonly resourcePolicies: readonly string[];
}

/** All VMs of a project that are not stopped, as `listRunningVms` has them. Needs compute.instances.list. Throws `GoogleApiError`. */
export async function listVmFacts(
  api: Api,
  projectId: string,
): Promise<Unseen & { readonly vms: readonly VmFacts[]; readonly suspended: readonly VmFacts[] }> {
  const { vms, suspended, ...unseen } = await listRunningVms(api, projectId);
  return { vms: vms.map(toFacts), suspended: suspended.map(toFacts), ...unseen };
}

function toFacts({
  lastStartMs,
  zone,
  machineType,
  accelerators,
  localSsdGb,
  spot,
  bought,
  ...vm
}: Vm): VmFacts {
  const machines = { machineType, accelerators, localSsdGb, zone, count: 1, spot };
  return {
    ...vm,
    startedMs: lastStartMs,
    machines: bought === undefined ? machines : { ...machines, bought },
  };
}
