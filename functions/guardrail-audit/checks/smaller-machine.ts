import { cheaperMachine, type Cheaper } from '../../../shared/prices/planning/cheaper-machine.ts';
import { catalogMachine, gpuModel } from '../../../shared/prices/machine-catalog.ts';
import { parseMachineType } from '../../../shared/prices/machine-type.ts';
import type { MachineFacts } from '../facts.ts';

/** What a machine was seen to use at its peak, 0 to 1. */
export interface Peaks {
  readonly gpuPeak: number;
  readonly gpuMemoryPeak: number;
  readonly cpuPeak: number;
}

/**
 * The cheaper machine that a GPU machine's work fits, as cost-estimator's `fit` and right-sizing find it; undefined where there is
 * none. The memory of the machine itself is measured by no metric that every image sends: the cheaper one has as much.
 */
export function smallerMachine(
  { machineType, zone, gpus }: Pick<MachineFacts, 'machineType' | 'zone' | 'gpus'>,
  peaks: Peaks,
): Cheaper | undefined {
  const { name } = parseMachineType(machineType);
  const present = catalogMachine(name);
  const [gpu] = gpus;
  const model = gpu === undefined ? undefined : gpuModel(gpu.type);
  if (present === undefined || gpu === undefined || model === undefined) return undefined;
  return cheaperMachine({
    machineType: name,
    gpu,
    region: zone.replace(/-[a-z]$/, ''),
    peaks: {
      cpu: peaks.cpuPeak,
      memoryGib: present.memoryGib / ROOM_OF_CHEAPER,
      gpu: peaks.gpuPeak,
      // The share is one of what the label says.
      gpuMemoryMib: model.memoryGib * 1024 * peaks.gpuMemoryPeak,
    },
  });
}

/** `cheaperMachine` leaves a quarter of room above each peak; the whole memory of the present machine has none above it. */
const ROOM_OF_CHEAPER = 1.25;
