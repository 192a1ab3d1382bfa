import { isMigModel, type Gpus } from '../../../shared/prices/machine-type.ts';
import type { Signal, Signals } from '../facts.ts';
import { NOT_MEASURED, type Window } from './measure.ts';
import type { Meter } from './meters.ts';

/** Of the Ops Agent, in percent. */
export const AGENT = 'agent.googleapis.com/gpu/utilization';

/** Of the reporter on older images, in percent as well (GoogleCloudPlatform/compute-gpu-monitoring, report_gpu_metrics.py). */
export const LEGACY = 'custom.googleapis.com/instance/gpu/utilization';

/** The GPUs' load, from whatever reports it. The legacy metric is queried where the agent does not tell of every GPU. */
export async function readGpu(
  meter: Meter,
  gpus: ReadonlyMap<string, Gpus>,
  window: Window,
): Promise<(instanceId: string) => Pick<Signals, 'gpu' | 'migMode'>> {
  const agent = await meter(AGENT, [...gpus.keys()], window, { keepLabels: true });
  const left = [...gpus].filter(([id, of]) => isPartial(agent.of(id), of)).map(([id]) => id);
  const legacy = left.length === 0 ? NOT_MEASURED : await meter(LEGACY, left, window, { keepLabels: true });
  return (id) => ({
    gpu: fuller(agent.of(id), legacy.of(id)),
    migMode: [...agent.labelsOf(id), ...legacy.labelsOf(id)].some(({ model }) => isMigModel(model)),
  });
}

function isPartial(signal: Signal, gpus: Gpus): boolean {
  if (signal.kind !== 'measured') return signal.kind === 'absent';
  return gpus.kind === 'gpus' && signal.series < gpus.count;
}

/** What tells of more GPUs, with the higher peak of the two: both look at the same ones. */
function fuller(agent: Signal, legacy: Signal): Signal {
  if (agent.kind !== 'measured') return agent.kind === 'absent' ? legacy : agent;
  if (legacy.kind !== 'measured') return agent;
  const { coverage, series } = legacy.series > agent.series ? legacy : agent;
  return { kind: 'measured', peak: Math.max(agent.peak, legacy.peak), coverage, series };
}
