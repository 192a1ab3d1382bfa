import { catalogMachine } from './machine-catalog.ts';
import { parseMachineType } from './machine-type.ts';

/**
 * How many vCPUs a guest of this machine type sees, given as its name or URL; undefined where neither the catalogue nor the name
 * tells. A predefined type without GPUs ends in the number (`n2-standard-32`, `c3-standard-8-lssd`): so does every such type
 * in the catalogue. Never throws.
 */
export function vcpusOf(machineType: string): number | undefined {
  const machine = parseMachineType(machineType);
  if (machine.kind === 'unreadable') return undefined;
  if (machine.kind === 'custom') return machine.vcpus > 0 ? machine.vcpus : undefined;
  const known = catalogMachine(machine.name);
  if (known !== undefined) return known.vcpus;
  const [, count] = /^[a-z0-9]+-[a-z0-9]+-(\d+)(?:-[a-z]+)?$/.exec(machine.name) ?? [];
  return count === undefined || Number(count) === 0 ? undefined : Number(count);
}
