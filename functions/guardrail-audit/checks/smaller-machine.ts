import { priceInstance } from '../../../shared/prices/compute-price.ts';
import {
  catalogMachine,
  gpuModel,
  machineNames,
  type CatalogMachine,
} from '../../../shared/prices/machine-catalog.ts';
import { parseMachineType } from '../../../shared/prices/machine-type.ts';

/** What a machine was seen to use at its peak, 0 to 1. */
export interface Peaks {
  readonly gpuMemoryPeak: number;
  readonly cpuPeak: number;
}

export interface SmallerMachine {
  readonly machineType: string;
  /** While both run; `unpriced` where one of them has no price. */
  readonly savesUsdPerHour: number | 'unpriced';
}

/** Peaks of a month leave some room: what is measured by the hour is a little less than the highest minute. */
const HEADROOM = 1.25;

/** Families that a machine of another one becomes by a change of its type alone: they bring their GPUs along. */
const WITH_GPU = /^(?:a2|a3|g2|g4)-/;

/**
 * The cheapest machine type with GPUs of its own that holds what another of that kind uses; undefined where none is cheaper, or
 * where the GPUs are attached, which no change of the machine type alters. The memory of the machine itself is not measured
 * without an agent: the smaller one has at least as much for each core.
 */
export function smallerMachine(
  machine: { readonly machineType: string; readonly zone: string },
  peaks: Peaks,
): SmallerMachine | undefined {
  const present = catalogMachine(parseMachineType(machine.machineType).name);
  if (present?.gpu === undefined || !WITH_GPU.test(present.name)) return undefined;
  const memoryGib = gpuModel(present.gpu)?.memoryGib;
  if (memoryGib === undefined) return undefined;
  const needs = {
    gpuMemoryGib: memoryGib * peaks.gpuMemoryPeak * HEADROOM,
    vcpus: Math.ceil(present.vcpus * peaks.cpuPeak * HEADROOM),
    gibPerVcpu: Math.min(4, present.memoryGib / present.vcpus),
  };
  const region = machine.zone.replace(/-[a-z]$/, '');
  const now = priceOf(present.name, machine.zone);
  if (now === 'unpriced') return undefined;
  let best: { readonly name: string; readonly usd: number } | undefined;
  for (const name of machineNames()) {
    if (!WITH_GPU.test(name)) continue;
    const candidate = catalogMachine(name);
    if (candidate === undefined || !fits(candidate, needs) || !candidate.regions.includes(region)) continue;
    const usd = priceOf(name, machine.zone);
    if (usd !== 'unpriced' && usd < (best?.usd ?? now)) best = { name, usd };
  }
  return best === undefined ? undefined : { machineType: best.name, savesUsdPerHour: now - best.usd };
}

function fits(
  { gpu, gpuCount, sold, vcpus, memoryGib }: CatalogMachine,
  needs: { readonly gpuMemoryGib: number; readonly vcpus: number; readonly gibPerVcpu: number },
): boolean {
  const model = gpu === undefined ? undefined : gpuModel(gpu);
  return (
    sold === 'on-demand' &&
    gpuCount >= 1 &&
    model !== undefined &&
    model.memoryGib >= needs.gpuMemoryGib &&
    vcpus >= needs.vcpus &&
    memoryGib / vcpus >= needs.gibPerVcpu
  );
}

function priceOf(machineType: string, zone: string): number | 'unpriced' {
  return priceInstance({ machineType, accelerators: [], zone, disks: [] }).runningUsdPerHour;
}
