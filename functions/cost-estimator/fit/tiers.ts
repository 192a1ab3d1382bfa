import { catalogMachine, gpuModels, machineNames } from '../../../shared/prices/machine-catalog.ts';
import type { UsdRange } from '../../../shared/prices/money.ts';
import { usableMib } from '../../../shared/prices/planning/gpu-memory.ts';
import { nodePrice } from '../../../shared/prices/planning/node-price.ts';
import { peakTflops } from '../../../shared/prices/planning/gpu-speed.ts';
import { isPriced, timesPrice, type Price } from '../../../shared/prices/price.ts';
import { isTraining, type Job } from './job.ts';
import { memoryOf, type Memory } from './memory.ts';

/** Machines with GPUs for a job: what it takes on each of them, whether that fits, and what it costs. */
export interface Tier {
  readonly machineType: string;
  readonly gpu: string;
  readonly gpusPerNode: number;
  readonly nodes: number;
  readonly usableMibPerGpu: number;
  readonly memory: Memory;
  /** `tight`: what is expected fits, the upper bound does not. */
  readonly verdict: 'fits' | 'tight' | 'no';
  readonly usdPerHour: Price;
  /** False: as Spot, flex-start or reservation only. */
  readonly soldOnDemand: boolean;
  readonly run: Run | undefined;
}

export interface Run {
  readonly hours: UsdRange;
  readonly usd: Price;
  readonly formula: string;
}

/** What of a GPU's peak a job reaches: GPT-NeoX had 150 of an A100's 312 TFLOP/s, Megatron-DeepSpeed 137 to 163. */
const REACHED = { low: 0.3, high: 0.5 };

/** Beside an attached GPU; within what one V100 allows. */
const N1_VCPUS: Readonly<Record<number, number>> = { 1: 8, 2: 8, 4: 16, 8: 32 };

interface Node {
  readonly machineType: string;
  readonly gpu: string;
  readonly count: number;
}

interface PricedNode extends Node {
  readonly usdPerHour: Price;
}

/** One machine for each kind and number of GPUs that is offered in a region: the cheapest with them. */
function nodesIn(region: string): readonly PricedNode[] {
  const before = NODES_IN.get(region);
  if (before !== undefined) return before;
  const found = findNodes(region);
  NODES_IN.set(region, found);
  return found;
}

/** They are the same for every job. */
const NODES_IN = new Map<string, readonly PricedNode[]>();

function findNodes(region: string): readonly PricedNode[] {
  const attached = gpuModels().flatMap(({ gpu, attachTo, limits = [], regions }) =>
    attachTo === 'n1' && regions.includes(region)
      ? limits.map(({ count }) => ({
          machineType: `n1-standard-${N1_VCPUS[count] ?? 8}`,
          gpu,
          count,
        }))
      : [],
  );
  const included = machineNames().flatMap((name): readonly Node[] => {
    const machine = catalogMachine(name);
    if (machine?.gpu === undefined || machine.gpuCount < 1 || !machine.regions.includes(region)) return [];
    return [{ machineType: name, gpu: machine.gpu, count: machine.gpuCount }];
  });
  const cheapest = new Map<string, { node: PricedNode; usd: number }>();
  for (const node of [...attached, ...included]) {
    const price = nodePrice(node.machineType, { type: node.gpu, count: node.count }, region);
    const usd = isPriced(price) ? price.usd.high : Infinity;
    const key = `${node.gpu} ${node.count}`;
    if (usd < (cheapest.get(key)?.usd ?? Infinity) || !cheapest.has(key))
      cheapest.set(key, { node: { ...node, usdPerHour: price }, usd });
  }
  return [...cheapest.values()].map(({ node }) => node);
}

interface TierOptions {
  readonly nodes: number;
  readonly tokens: number | undefined;
  readonly tflops: number | undefined;
}

/** Every tier of a region on so many nodes, the cheapest first, those without a price last. Over several nodes go those with 8 GPUs. */
export function tiersIn(region: string, job: Job, options: TierOptions): readonly Tier[] {
  const memories = new Map<number, Memory>();
  const memoryOn = (gpus: number): Memory => {
    const memory = memories.get(gpus) ?? memoryOf(job, gpus);
    memories.set(gpus, memory);
    return memory;
  };
  return nodesIn(region)
    .filter(({ count }) => options.nodes === 1 || count >= 8)
    .map((node) => tierOf(node, job, options, memoryOn))
    .sort((a, b) => costOf(a) - costOf(b));
}

export const costOf = ({ usdPerHour }: Pick<Tier, 'usdPerHour'>): number =>
  isPriced(usdPerHour) ? usdPerHour.usd.high : Infinity;

function tierOf(node: PricedNode, job: Job, options: TierOptions, memoryOn: (gpus: number) => Memory): Tier {
  const { machineType, gpu, count } = node;
  const { nodes } = options;
  const memory = memoryOn(job.sharding === 'none' ? 1 : count * nodes);
  const usable = usableMib(gpu);
  const mib = (bytes: number): number => bytes / 2 ** 20;
  const usdPerHour = nodes === 1 ? node.usdPerHour : timesPrice(node.usdPerHour, nodes);
  const verdict =
    mib(memory.upperBytes) <= usable ? 'fits' : mib(memory.expectedBytes) <= usable ? 'tight' : 'no';
  return {
    machineType,
    gpu,
    gpusPerNode: count,
    nodes,
    usableMibPerGpu: usable,
    memory,
    verdict,
    usdPerHour,
    soldOnDemand: catalogMachine(machineType)?.sold !== 'not-on-demand',
    run: verdict === 'no' ? undefined : runOf(job, { gpu, gpus: count * nodes }, usdPerHour, options),
  };
}

/** 6 P D operations for a training on D tokens, 2 P D for reading or writing them, at what GPUs reach of their peak. */
function runOf(
  job: Job,
  { gpu, gpus }: { readonly gpu: string; readonly gpus: number },
  usdPerHour: Price,
  { tokens, tflops }: TierOptions,
): Run | undefined {
  const peak = peakTflops(gpu);
  if (tokens === undefined || (tflops === undefined && peak === undefined)) return undefined;
  const perToken = isTraining(job) ? 6 : 2;
  const operations = perToken * job.model.activeParameters * tokens;
  const hoursAt = (each: number): number => operations / (gpus * each * 1e12) / 3600;
  const fast = tflops ?? (peak ?? 0) * REACHED.high;
  const slow = tflops ?? (peak ?? 0) * REACHED.low;
  const hours = { low: hoursAt(fast), high: hoursAt(slow) };
  const usd: Price = isPriced(usdPerHour)
    ? {
        ...usdPerHour,
        usd: { low: usdPerHour.usd.low * hours.low, high: usdPerHour.usd.high * hours.high },
      }
    : timesPrice(usdPerHour, hours.low);
  const said = tflops === undefined ? `${slow.toFixed(0)} to ${fast.toFixed(0)}` : String(tflops);
  const active = job.model.activeParameters < job.model.parameters ? 'active ' : '';
  const formula = `${perToken} × ${job.model.activeParameters} ${active}parameters × ${tokens} tokens / (${gpus} GPUs × ${said} TFLOP/s)`;
  return { hours, usd, formula };
}
