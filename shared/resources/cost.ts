import type { Bought } from '../google/vms.ts';
import type { Usage } from '../prices/book.ts';
import { localSsdPrice } from '../prices/disk-price.ts';
import { gpuPrice } from '../prices/gpu-price.ts';
import { NO_USD } from '../prices/money.ts';
import { machinePrice } from '../prices/machine-price.ts';
import { catalogMachine } from '../prices/machine-catalog.ts';
import { canonicalName, gpusOf, parseMachineType, type Accelerator } from '../prices/machine-type.ts';
import { agedSpot } from '../prices/spot.ts';
import { priceBetween, sumPrices, timesPrice, unpriced, type Price } from '../prices/price.ts';

/** Machines that bill by the hour. */
export interface Machines {
  readonly machineType: string | undefined;
  /** GPUs that are attached, per machine; those that the machine type brings along may be named or not. */
  readonly accelerators: readonly Accelerator[];
  /** Local SSDs of each machine, those that the machine type brings along among them; absent where none are known. */
  readonly localSsdGb?: number;
  /** A zone or region. */
  readonly zone: string;
  readonly count: number;
  readonly spot: boolean;
  /** Bought for a time, at a price of its own; absent for Spot and on demand. */
  readonly bought?: Bought;
}

/**
 * What machines, their GPUs and local SSDs cost an hour `now`, in USD: what stopping them ends. Other disks go on. A Spot price that is
 * old is what it may be by now.
 */
export function costOfMachines(machines: readonly Machines[], now: Date): Price {
  const [first, ...rest] = machines.map((one) => costOfOne(one, now));
  return first === undefined ? unpriced('no machine reported') : sumPrices([first, ...rest]);
}

/**
 * What flex-start costs at the least, of the price on demand: of 19 prices of GPUs by region (SkyPilot's catalog of 2026-03) the lowest
 * was 0.296 of it (H100 in asia-northeast1). To the Spot price it has no relation: it was from 0.83 to 2.77 times that.
 */
const LEAST_OF_ON_DEMAND = 0.25;

/** No book has the prices of what is bought for a time: not more than on demand, and unknown where that is. */
function costOfOne({ bought, spot, ...machines }: Machines, now: Date): Price {
  const onDemand = costByUsage(machines, 'on-demand');
  if (bought !== undefined) return priceBetween(timesPrice(onDemand, LEAST_OF_ON_DEMAND), onDemand);
  return spot ? agedSpot(costByUsage(machines, 'spot'), onDemand, now) : onDemand;
}

function costByUsage(machines: Omit<Machines, 'bought' | 'spot'>, usage: Usage): Price {
  const { machineType, accelerators, zone, count } = machines;
  if (machineType === undefined) return unpriced('machine type not reported');
  const region = regionOf(zone);
  const machine = machinePrice(machineType, region, usage);
  const gpus = /^[ag]\d/.test(machineType)
    ? []
    : accelerators.map(({ type, count: many = 1 }) =>
        timesPrice(gpuPrice(canonicalName(type), region, usage), many),
      );
  const gb = attachedSsdGb(machines);
  const ssds = gb === 0 ? [] : [localSsdPrice(machineType.split('-')[0] ?? '', gb, region, usage)];
  return timesPrice(sumPrices([machine, ...gpus, ...ssds]), count);
}

/** The price of a machine has the local SSDs that its type brings along; of a type in no list it is not known what it brings. */
function attachedSsdGb({
  machineType = '',
  localSsdGb = 0,
}: Pick<Machines, 'machineType' | 'localSsdGb'>): number {
  const { kind, name } = parseMachineType(machineType);
  const brings = kind === 'custom' ? 0 : (catalogMachine(name)?.localSsdGb ?? Infinity);
  return Math.max(0, localSsdGb - brings);
}

/** `us-central1` of `us-central1-a`, or of itself. */
export function regionOf(zone: string): string {
  return /^[a-z]+-[a-z]+\d+/.exec(zone)?.[0] ?? zone;
}

/** `2 x a2-highgpu-8g` */
export function describeMachines(machines: readonly Machines[]): string {
  return machines
    .map((one) => {
      const { machineType = 'machine', accelerators, count, spot, bought } = one;
      const gpus = accelerators.map(({ type, count: many = 1 }) => ` with ${many} x ${canonicalName(type)}`);
      const gb = attachedSsdGb(one);
      const ssds = gb === 0 ? '' : ` with ${gb} GB of local SSD`;
      return `${count} x ${machineType}${gpus.join('')}${ssds}${spot ? ' (Spot)' : bought === undefined ? '' : ` (${bought})`}`;
    })
    .join(', ');
}

export function machineCount(machines: readonly Machines[]): number {
  return machines.reduce((sum, { count }) => sum + count, 0);
}

/** `{gpus: 8}`; nothing where one of the machines has GPUs that cannot be counted. */
export function gpuCount(machines: readonly Machines[]): { readonly gpus?: number } {
  let gpus = 0;
  for (const { machineType, accelerators, count } of machines) {
    const own = machineType === undefined ? undefined : gpusOf({ machineType, accelerators });
    if (own === undefined || own.kind === 'unknown') return {};
    if (own.kind === 'gpus') gpus += own.count * count;
  }
  return { gpus };
}

/** For what bills nothing itself, or nothing now: `note` says what does, or when. */
export function nothingBilled(note: string, source = 'Vertex AI pricing page'): Price {
  return { usd: NO_USD, source, asOf: '2026-11-26', mark: 'verified', note };
}
