import { catalogMachine } from './machine-catalog.ts';

/**
 * A machine type's name taken apart. `family` is `n1`, `e2`, `a2` and so on, also for families that did not exist when
 * this was written. `unreadable` keeps the text as it came.
 */
export type MachineType =
  | { readonly kind: 'predefined'; readonly name: string; readonly family: string }
  | {
      readonly kind: 'custom';
      readonly name: string;
      readonly family: string;
      readonly vcpus: number;
      readonly memoryMib: number;
      /** `-ext`: more memory per vCPU than the family normally allows. */
      readonly extendedMemory: boolean;
    }
  | { readonly kind: 'unreadable'; readonly name: string };

const MACHINE_TYPE = /^(?:\S*\/machineTypes\/)?([a-z][a-z0-9]*(?:-[a-z0-9]+)+)$/;
const CUSTOM = /^(?:([a-z][a-z0-9]*)-)?custom-(\d+)-(\d+)(-ext)?$/;

/**
 * Reads a machine type given as a bare name (`e2-standard-4`, `n2-custom-8-16384-ext`; `custom-4-8192` is n1) or as the
 * (full or partial) URL that the notebooks and compute APIs return. Never throws.
 */
export function parseMachineType(text: string): MachineType {
  const name = MACHINE_TYPE.exec(text.trim())?.[1];
  if (name === undefined) return { kind: 'unreadable', name: text };
  const custom = CUSTOM.exec(name);
  if (custom === null) return { kind: 'predefined', name, family: name.replace(/-.*/, '') };
  const [, family = 'n1', vcpus, memoryMib, ext] = custom;
  return {
    kind: 'custom',
    name,
    family,
    vcpus: Number(vcpus),
    memoryMib: Number(memoryMib),
    extendedMemory: ext !== undefined,
  };
}

/** `https://…/acceleratorTypes/nvidia-tesla-t4`, `NVIDIA_TESLA_T4` -> `nvidia-tesla-t4`; `PD_SSD` -> `pd-ssd`. */
export function canonicalName(text: string | undefined): string {
  return (text ?? '').trim().replace(/^.*\//, '').toLowerCase().replaceAll('_', '-');
}

/**
 * One entry of `acceleratorConfigs` (notebooks v2, `coreCount` as a number) or `guestAccelerators` (compute). The type
 * may be the notebooks enum name, the compute name or a URL.
 */
export interface Accelerator {
  readonly type?: string | undefined;
  readonly count?: number | undefined;
}

/**
 * The GPUs of a VM. `type` is the compute name (`nvidia-tesla-t4`), also for types this code does not know; `included`:
 * the machine type brings them along (a2, a3, g2 …), they cannot be attached or left out. `unknown`: the machine has, or
 * may have, GPUs that cannot be counted; a caller that keeps GPU machines for want of GPU metrics must treat it as one.
 */
export type Gpus =
  | { readonly kind: 'none' }
  | { readonly kind: 'gpus'; readonly type: string; readonly count: number; readonly included: boolean }
  | { readonly kind: 'unknown'; readonly why: string };

// Google's accelerator-optimised families are named a<n> and g<n>; g1-small is an old shared-core machine.
const isGpuFamily = (family: string) => /^[ag]\d/.test(family) && family !== 'g1';
// Letters of the general-purpose, compute-, memory- and storage-optimised families; any later family with another
// letter counts as "may have GPUs" until it is known.
const isCpuFamily = (family: string) => /^[cefhmntxz]\d/.test(family) || family === 'g1';

/**
 * The GPUs of a VM, named by its accelerator configuration or implied by its machine type, never counted twice. Where
 * the machine type fixes them, it decides: an instance that lists them as well has no more of them.
 */
export function gpusOf(vm: {
  readonly machineType: string;
  readonly accelerators: readonly Accelerator[];
}): Gpus {
  const machine = parseMachineType(vm.machineType);
  const fixed = catalogMachine(machine.name);
  if (machine.kind === 'predefined' && fixed?.gpu !== undefined) {
    // A machine with a part of a GPU shows it as one.
    return { kind: 'gpus', type: fixed.gpu, count: Math.ceil(fixed.gpuCount), included: true };
  }
  const named = namedGpus(vm.accelerators);
  if (machine.kind === 'unreadable') {
    return named.kind === 'none' ? { kind: 'unknown', why: 'unreadable machine type' } : named;
  }
  if (isGpuFamily(machine.family)) {
    if (named.kind === 'gpus') return { ...named, included: true };
    return { kind: 'unknown', why: `${machine.name} has GPUs, how many is not known` };
  }
  if (named.kind === 'none' && !isCpuFamily(machine.family)) {
    return { kind: 'unknown', why: `unknown machine family ${machine.family}` };
  }
  return named;
}

function namedGpus(accelerators: readonly Accelerator[]): Gpus {
  const named = accelerators
    .map(({ type, count = 0 }) => ({ type: canonicalName(type), count }))
    .filter(({ type, count }) => count !== 0 || !isUnspecified(type));
  const [first] = named;
  if (first === undefined) return { kind: 'none' };
  if (isUnspecified(first.type)) return { kind: 'unknown', why: 'accelerator of unspecified type' };
  if (named.some(({ type }) => type !== first.type)) {
    return { kind: 'unknown', why: 'accelerators of more than one type' };
  }
  if (named.some(({ count }) => !Number.isSafeInteger(count) || count < 1)) {
    return { kind: 'unknown', why: `${first.type}, how many is not known` };
  }
  return {
    kind: 'gpus',
    type: first.type,
    count: named.reduce((sum, { count }) => sum + count, 0),
    included: false,
  };
}

/** proto3 enums spell "not set" `…_UNSPECIFIED`. */
export function isUnspecified(canonical: string): boolean {
  return canonical === '' || canonical.endsWith('-unspecified');
}

/** Whether NVML's name of a device is that of a MIG slice, such as `NVIDIA A100-SXM4-40GB MIG 1g.5gb`: it has no utilization. */
export function isMigModel(model: string | undefined): boolean {
  return /\bMIG\b/.test(model ?? '');
}
