import { priceInstance } from '../prices/compute-price.ts';
import type { Accelerator } from '../prices/machine-type.ts';
import type { Cost } from './kind.ts';

/** Machines that bill by the hour. */
export interface Machines {
  readonly machineType: string | undefined;
  readonly accelerators: readonly Accelerator[];
  /** A zone or region. */
  readonly zone: string;
  readonly count: number;
  readonly spot: boolean;
}

/** Vertex AI charges 1.15 times the price of Compute Engine for training and prediction on demand. */
export const VERTEX_FACTOR = 1.15;

/** What machines and their GPUs cost an hour: what stopping them ends. Disks go on. */
export function costOfMachines(machines: readonly Machines[], factor = 1): Cost {
  return sumCosts(machines.map((one) => costOfOne(one, factor)));
}

function costOfOne({ machineType, accelerators, zone, count, spot }: Machines, factor: number): Cost {
  if (machineType === undefined) return unpriced('machine type not reported');
  // Spot prices change daily and are not in the book.
  if (spot) return unpriced(`${machineType}: no Spot price`);
  const { stoppableUsdPerHour, items } = priceInstance({ machineType, accelerators, zone, disks: [] });
  if (stoppableUsdPerHour !== 'unpriced') return { usdPerHour: stoppableUsdPerHour * count * factor };
  const why = items.flatMap((item) =>
    item.whenStopped === 'not-billed' && item.usdPerHour === 'unpriced' ? [`${item.what}: ${item.why}`] : [],
  );
  return unpriced(why.join('; '));
}

export function unpriced(why: string): Cost {
  return { usdPerHour: 'unpriced', why };
}

/** A sum with a part that has no price has none: `why` names the first such part. */
export function sumCosts(costs: readonly Cost[]): Cost {
  let usdPerHour = 0;
  for (const cost of costs) {
    if (cost.usdPerHour === 'unpriced') return cost;
    usdPerHour += cost.usdPerHour;
  }
  return { usdPerHour };
}

/** `2 x a2-highgpu-8g` */
export function describeMachines(machines: readonly Machines[]): string {
  return machines
    .map(({ machineType = 'machine', accelerators, count, spot }) => {
      const gpus = accelerators.map(
        ({ type = '', count: gpuCount = 1 }) => ` with ${gpuCount} x ${lastPart(type)}`,
      );
      return `${count} x ${lastPart(machineType)}${gpus.join('')}${spot ? ' (Spot)' : ''}`;
    })
    .join(', ');
}

function lastPart(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}
