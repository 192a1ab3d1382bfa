import { isPriced } from '../../../shared/prices/price.ts';
import { isTraining, type Job } from './job.ts';
import { memoryOf, type Memory } from './memory.ts';
import { seedRule, type SeedRule } from './seed-rule.ts';
import { tiersIn, type Tier } from './tiers.ts';

/** What a fit is about. */
export interface FitWish {
  readonly job: Job;
  readonly assumed: readonly string[];
  readonly region: string;
  readonly tokens: number | undefined;
  /** TFLOP/s that each GPU reaches; undefined for a share of its peak. */
  readonly tflops: number | undefined;
  /** The size that a rule of thumb starts from. */
  readonly sizeGb: number;
}

/** The smallest machines for a job. */
export interface Fit {
  readonly job: Job;
  readonly region: string;
  readonly assumed: readonly string[];
  /** On one GPU, without sharding. */
  readonly memory: Memory;
  /** The cheapest tier of each kind of GPU into which it fits, the cheapest first. */
  readonly fits: readonly Tier[];
  /** Those into which what is expected fits, and the upper bound does not. */
  readonly tight: readonly Tier[];
  /** The next larger one beside the cheapest that fits. */
  readonly nextUp: Tier | undefined;
  /** Where nothing fits as requested: split over the GPUs of a node, or over nodes. */
  readonly sharded: readonly Tier[];
  /** What of all this was requested, and what else there would be. */
  readonly notes: readonly string[];
  readonly seedRule: SeedRule;
}

/** How many nodes are tried where one is not enough. */
const NODES = [2, 4, 8, 16, 32, 64];

const MAX_SHARDED = 6;

/** Pure: the same wish, the same answer. */
export function decideFit(wish: FitWish): Fit {
  const { job, region, tokens, tflops, assumed, sizeGb } = wish;
  const options = { nodes: 1, tokens, tflops };
  const tiers = tiersIn(region, job, options);
  const fits = cheapestPerGpu(tiers.filter(({ verdict }) => verdict === 'fits'));
  const tight = cheapestPerGpu(tiers.filter(({ verdict }) => verdict === 'tight'));
  const split = fits.some(canBeHad) ? undefined : splitOver(wish);
  const sharded = split?.tiers ?? [];
  const [first] = fits;
  const nextUp =
    first && tiers.find((tier) => tier.verdict === 'fits' && capacityOf(tier) > capacityOf(first));
  return {
    job,
    region,
    assumed: [...assumed, ...assumedBy(job)],
    memory: memoryOf({ ...job, sharding: 'none' }, 1),
    fits,
    tight,
    nextUp,
    sharded,
    notes: notesOf(fits, split),
    seedRule: seedRule(sizeGb, tiers, fits),
  };
}

const capacityOf = ({ usableMibPerGpu, gpusPerNode }: Tier): number => usableMibPerGpu * gpusPerNode;

function cheapestPerGpu(tiers: readonly Tier[]): readonly Tier[] {
  const seen = new Set<string>();
  return tiers.filter(({ gpu }) => !seen.has(gpu) && seen.add(gpu));
}

/** Sold on demand at a price that is known. */
const canBeHad = ({ soldOnDemand, usdPerHour }: Tier): boolean => soldOnDemand && isPriced(usdPerHour);

interface Split {
  readonly tiers: readonly Tier[];
  readonly how: string;
}

/**
 * ZeRO-3 for training, tensor parallelism for inference: first inside one node, then over the fewest nodes that are enough; where
 * activations alone are too much, with all of them recomputed.
 */
function splitOver({ job, region, tokens, tflops }: FitWish): Split | undefined {
  const training = isTraining(job);
  const sharding = job.sharding === 'none' ? (training ? 'zero3' : 'tensor') : job.sharding;
  const split: Job = { ...job, sharding };
  const recomputed: Job = { ...split, recompute: 'full' };
  for (const one of training && job.recompute !== 'full' ? [split, recomputed] : [split])
    for (const nodes of [1, ...NODES]) {
      const found = tiersIn(region, one, { nodes, tokens, tflops })
        .filter(({ verdict }) => verdict === 'fits')
        .filter(canBeHad);
      if (found.length === 0) continue;
      const over = nodes === 1 ? 'the GPUs of one node' : `${nodes} nodes`;
      const how = `${sharding} over ${over}${one === split ? '' : ', all activations recomputed'}`;
      return { tiers: cheapestPerGpu(found).slice(0, MAX_SHARDED), how };
    }
  return undefined;
}

function assumedBy({ batch, context, recompute }: Job): readonly string[] {
  return [
    `${batch} ${batch === 1 ? 'sequence' : 'sequences'} of ${context} tokens on each GPU`,
    `activations: recompute ${recompute}`,
    'usable GPU memory as measured with nvidia-smi; of GPUs that no source measured, 96 % of the label',
  ];
}

function notesOf(fits: readonly Tier[], split: Split | undefined): readonly string[] {
  if (fits.some(canBeHad)) return [];
  const first =
    fits.length === 0
      ? 'It fits no machine as requested'
      : 'It fits only machines that are not sold on demand or have no price';
  return split === undefined
    ? [
        `${first}, nor split over ${NODES.at(-1) ?? 1} nodes: try a smaller batch or context, LoRA, or another precision.`,
      ]
    : [`${first}; it does with ${split.how}.`];
}
