import type { Gpus } from '../../../shared/prices/machine-type.ts';
import type { Signals } from '../facts.ts';

/**
 * What keeps the GPUs' own metrics from telling whether all of them rest; undefined where they tell, and on a machine without
 * GPUs. One that could not be read is no such gap: it may be busy.
 */
export function gpuSignalGap(gpus: Gpus, { gpu, migMode }: Signals): string | undefined {
  if (gpus.kind === 'none' || gpu.kind === 'unreadable') return undefined;
  if (gpu.kind === 'absent') return 'no agent reports its GPU';
  if (gpus.kind === 'gpus' && gpu.series < gpus.count) return `${gpu.series} of ${gpus.count} GPUs report`;
  // NVML has no utilization for a GPU in MIG mode (nvmlDeviceGetUtilizationRates): a high reading is activity all the same, a
  // low one is no rest.
  return migMode
    ? `its GPU is in MIG mode, where ${gpu.peak === 0 ? '0 %' : 'a low load'} says nothing`
    : undefined;
}

/** A signal that should be there and is not: what it would tell must be inferred from the others, or keeps. */
export function missingSignal(
  gpus: Gpus,
  signals: Signals,
): { readonly of: 'GPU' | 'kernel'; readonly why: string } | undefined {
  const gpu = gpuSignalGap(gpus, signals);
  if (gpu !== undefined) return { of: 'GPU', why: gpu };
  if (signals.kernels.kind !== 'absent') return undefined;
  return {
    of: 'kernel',
    why: 'no kernels are reported although report-notebook-metrics is on (is roles/monitoring.metricWriter missing?)',
  };
}

/** Whether a startup script of the instance turns MIG mode on, as far as its metadata hold the script itself. */
export function turnsMigOn(metadata: Readonly<Record<string, string>>): boolean {
  return Object.values(metadata).some((text) =>
    /\bnvidia-smi\b[^\n;&|]*\s(?:-mig|--multi-instance-gpu)[= ]*1\b/.test(text),
  );
}
