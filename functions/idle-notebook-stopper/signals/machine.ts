import type { NotebookInstance } from '../../../shared/google/notebooks.ts';
import type { Accelerator } from '../../../shared/prices/machine-type.ts';

/** What a notebook's price, GPUs and vCPUs are told from. */
export function machineOf({ gceSetup = {} }: NotebookInstance): {
  machineType: string;
  accelerators: Accelerator[];
} {
  return {
    machineType: gceSetup.machineType ?? '',
    accelerators: (gceSetup.acceleratorConfigs ?? []).map(({ type, coreCount }) => ({
      type: type ?? '',
      count: Number(coreCount ?? 0),
    })),
  };
}
