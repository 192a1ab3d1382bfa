import { catalogMachine, gpuModels, machineNames } from '../machine-catalog.ts';
import { isPriced } from '../price.ts';
import { usableMib } from './gpu-memory.ts';
import { peakTflops } from './gpu-speed.ts';
import { nodePrice } from './node-price.ts';

/** What ran, and how much of it was used at the most; undefined where nothing was measured. */
export interface Used {
  readonly machineType: string;
  readonly gpu: { readonly type: string; readonly count: number } | undefined;
  readonly region: string;
  readonly peaks: {
    /** Of all vCPUs, 0 to 1. */
    readonly cpu: number | undefined;
    /** Undefined without an agent on the machine: then a cheaper one has no less memory than this. */
    readonly memoryGib: number | undefined;
    /** Of all GPUs, 0 to 1. */
    readonly gpu: number | undefined;
    /** Of the fullest GPU. */
    readonly gpuMemoryMib: number | undefined;
  };
}

/** A machine that what was used fits into, and what it saves an hour. */
export interface Cheaper {
  readonly machineType: string;
  readonly gpu: { readonly type: string; readonly count: number } | undefined;
  readonly usdPerHour: number;
  readonly savesUsdPerHour: number;
}

/** Peaks may be higher tomorrow: so much room is left above them. */
const ROOM = 1.25;

/**
 * The cheapest machine on demand that leaves a quarter of room above what was used; undefined where nothing is cheaper, the
 * present one has no price, or a peak is not known: unknown is never unused. Another kind of GPU takes its place where its memory
 * and its speed are enough: at half the speed it is busy twice as long. Peaks are those of a window that covers the busiest time of
 * the work: of Monitoring `instance/cpu/utilization` (0 to 1) and the GPU metrics of the agent, whose percentages are divided by 100
 * (`gpu/memory/bytes_used` / 2^20 is `gpuMemoryMib`). Pure; an audit calls it with each machine that was not idle, and reports
 * `savesUsdPerHour` × 730 as what a month saves.
 */
export function cheaperMachine(used: Used): Cheaper | undefined {
  const own = catalogMachine(used.machineType);
  const { peaks, gpu, region } = used;
  if (own === undefined || peaks.cpu === undefined) return undefined;
  if (gpu !== undefined && (peaks.gpu === undefined || peaks.gpuMemoryMib === undefined)) return undefined;
  const now = nodePrice(used.machineType, gpu, region);
  if (!isPriced(now)) return undefined;
  const vcpus = Math.ceil(own.vcpus * peaks.cpu * ROOM);
  // What no agent measures may be all in use.
  const memoryGib = peaks.memoryGib === undefined ? own.memoryGib : peaks.memoryGib * ROOM;
  const offers = candidates(gpu, peaks.gpu ?? 0, peaks.gpuMemoryMib ?? 0)
    .filter(({ machine }) => machine.regions.includes(region) && machine.sold === 'on-demand')
    .filter(({ machine }) => machine.vcpus >= vcpus && machine.memoryGib >= memoryGib)
    .flatMap(({ machine, card }) => {
      const price = nodePrice(machine.name, card, region);
      return isPriced(price) && price.usd.high < now.usd.low
        ? [{ machineType: machine.name, gpu: card, usdPerHour: price.usd.high }]
        : [];
    })
    .sort((a, b) => a.usdPerHour - b.usdPerHour);
  const [best] = offers;
  return best && { ...best, savesUsdPerHour: now.usd.low - best.usdPerHour };
}

type Card = Used['gpu'];

/** Families that run the same programs: x86, and not for one purpose alone. */
const GENERAL = /^(?:e2|n1|n2|n2d|n4|c3|g2|a2|a3)-/;

function candidates(gpu: Card, gpuPeak: number, memoryMib: number) {
  const machines = machineNames()
    .filter((name) => GENERAL.test(name))
    .flatMap((name) => catalogMachine(name) ?? []);
  if (gpu === undefined)
    return machines
      .filter((machine) => machine.gpu === undefined)
      .map((machine) => ({ machine, card: undefined }));
  const work = gpu.count * gpuPeak * ROOM * (peakTflops(gpu.type) ?? Infinity);
  const fits = (type: string, count: number): boolean => {
    if (type === gpu.type) return count >= Math.min(gpu.count, Math.ceil(gpu.count * gpuPeak * ROOM));
    return usableMib(type) >= memoryMib * ROOM && count * (peakTflops(type) ?? 0) >= work;
  };
  const attached = gpuModels()
    .filter((model) => model.attachTo !== undefined)
    .flatMap((model) =>
      (model.limits ?? [])
        .filter(({ count }) => fits(model.gpu, count))
        .slice(0, 1)
        .flatMap(({ count, maxVcpus, maxMemoryGib }) =>
          machines
            .filter(({ family }) => family === model.attachTo)
            .filter((machine) => machine.vcpus <= maxVcpus && machine.memoryGib <= maxMemoryGib)
            .map((machine) => ({ machine, card: { type: model.gpu, count } })),
        ),
    );
  const included = machines.flatMap((machine) =>
    machine.gpu !== undefined && fits(machine.gpu, machine.gpuCount)
      ? [{ machine, card: { type: machine.gpu, count: machine.gpuCount } }]
      : [],
  );
  return [...attached, ...included];
}
