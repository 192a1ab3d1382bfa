import { gpuModel } from '../machine-catalog.ts';

/** A "16 GB" V100 shows 16,160 MiB: of GPUs without a measurement a little less than the label counts. */
const UNMEASURED = 0.96;

/** MiB that a process can allocate on a GPU: measured, or nearly what its label says; 0 for one that is not known. */
export function usableMib(gpu: string): number {
  const model = gpuModel(gpu);
  return model?.usableMib ?? (model?.memoryGib ?? 0) * 1024 * UNMEASURED;
}
