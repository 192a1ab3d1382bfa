import { messageOf } from '../../../shared/errors.ts';
import {
  indexMachines,
  listDiskTypes,
  type Machine,
  type MachineIndex,
} from '../../../shared/google/machines.ts';
import { noteStrange, textField } from '../../../shared/google/read-items.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { VmFacts } from '../facts.ts';

/** The VMs of a project, with what types their disks have. */
export type Machines =
  | { readonly index: MachineIndex; readonly diskTypes: ReadonlyMap<string, string> }
  | { readonly failed: string };

export async function readMachines(run: Run): Promise<Machines> {
  const diskTypes = readDiskTypes(run);
  try {
    const index = await indexMachines(run.api, run.projectId);
    for (const zone of index.unreachable)
      run.gap({ where: `projects/${run.projectId} ${zone}`, why: 'unreachable: VMs there were not seen' });
    noteStrange(run.gap, `projects/${run.projectId} VMs`, index.strange);
    return { index, diskTypes: await diskTypes };
  } catch (error) {
    await diskTypes;
    run.gap({ where: `projects/${run.projectId} VMs`, why: messageOf(error), cause: error });
    return { failed: messageOf(error) };
  }
}

/** Prices need them, verdicts do not. */
async function readDiskTypes(run: Run): Promise<ReadonlyMap<string, string>> {
  const where = `projects/${run.projectId} disks`;
  try {
    const { types, strange } = await listDiskTypes(run.api, run.projectId);
    noteStrange(run.gap, where, strange);
    return types;
  } catch (error) {
    run.gap({ where, why: `unpriced: ${messageOf(error)}`, cause: error });
    return new Map();
  }
}

/** Undefined where they could not be listed. */
export function runningVms(machines: Machines): number | undefined {
  if ('failed' in machines) return undefined;
  let count = 0;
  for (const { status } of machines.index.byId.values()) if (status === 'RUNNING') count += 1;
  return count;
}

/** Without its VM a notebook's disks are unknown; priceInstance then has no boot disk to price and says so. */
export function disksOf(
  machine: Machine | undefined,
  machines: Machines,
): { kind: 'boot' | 'data'; type: string | undefined; sizeGb: number | undefined }[] {
  const types = 'failed' in machines ? undefined : machines.diskTypes;
  return (machine?.disks ?? [])
    .filter((disk) => !disk.scratch)
    .map(({ boot, key, sizeGb }) => ({ kind: boot ? 'boot' : 'data', type: types?.get(key), sizeGb }));
}

export function vmFacts(
  instanceId: string | undefined,
  zone: string,
  machines: Machines,
  machine: Machine | undefined,
): VmFacts {
  if (machine !== undefined)
    return { kind: 'found', status: machine.status, lastStartMs: machine.lastStartMs };
  if ('failed' in machines) return { kind: 'unknown', why: machines.failed };
  if (instanceId === undefined)
    return { kind: 'unknown', why: 'the instance names no VM (gceSetup.instanceId)' };
  if (machines.index.unreachable.some((scope) => scope.endsWith(`/${zone}`) || scope === zone))
    return { kind: 'unknown', why: `${zone} was unreachable` };
  // One that has no readable id may be any.
  const unread = machines.index.strange.find(
    ({ raw }) => (textField(raw, 'id') ?? instanceId) === instanceId,
  );
  if (unread !== undefined)
    return { kind: 'unknown', why: `it may be the one at ${unread.path}: ${unread.why}` };
  return { kind: 'absent' };
}
