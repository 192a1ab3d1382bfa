import { gpuPrice } from '../gpu-price.ts';
import { catalogMachine } from '../machine-catalog.ts';
import { machinePrice } from '../machine-price.ts';
import { sumPrices, timesPrice, type Price } from '../price.ts';

/** A machine an hour on demand with the GPUs that are attached to it; those that its type brings along are in its own price. */
export function nodePrice(
  machineType: string,
  gpu: { readonly type: string; readonly count: number } | undefined,
  region: string,
): Price {
  const machine = machinePrice(machineType, region, 'on-demand');
  if (gpu === undefined || catalogMachine(machineType)?.gpu !== undefined) return machine;
  return sumPrices([machine, timesPrice(gpuPrice(gpu.type, region, 'on-demand'), gpu.count)]);
}
