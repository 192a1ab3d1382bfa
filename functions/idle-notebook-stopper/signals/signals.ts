import type { Gpus } from '../../../shared/prices/machine-type.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { Kernels, Signal, Signals } from '../facts.ts';
import { readKernels } from './kernels.ts';
import { readGpu } from './gpu.ts';
import type { Window } from './measure.ts';
import type { Meter } from './meters.ts';
import { readNetwork } from './network.ts';

export const CPU = 'compute.googleapis.com/instance/cpu/utilization';

/** Whose signals to read, as many as fit into one filter. */
export interface Vms {
  readonly ids: readonly string[];
  /** Those among them that have, or may have, a GPU. */
  readonly gpus: ReadonlyMap<string, Gpus>;
  /** Those among them whose kernels are said to be reported. */
  readonly withKernels: readonly string[];
}

/** Reads the metrics of some VMs over one window. */
export async function readSignals(
  run: Run,
  config: Config,
  meter: Meter,
  { ids, gpus, withKernels }: Vms,
  window: Window,
): Promise<(instanceId: string) => Signals> {
  const [cpu, gpu, network, kernels] = await Promise.all([
    meter(CPU, ids, window),
    gpus.size > 0 ? readGpu(meter, gpus, window) : NO_GPUS,
    readNetwork(run, config, meter, ids, window),
    readKernels(run, withKernels, window),
  ]);
  return (id) => ({
    cpu: cpu.of(id),
    ...gpu(id),
    network: network(id),
    kernels: kernels.get(id) ?? NOT_PROMISED,
  });
}

export const NOT_PROMISED: Kernels = { kind: 'not-promised' };

const NO_GPUS = (): { readonly gpu: Signal; readonly migMode: boolean } => ({
  gpu: { kind: 'absent' },
  migMode: false,
});
