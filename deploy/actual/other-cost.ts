import { GIB } from '../../shared/prices/quantities.ts';
import type { OwnCost } from './own-cost.ts';

/**
 * List prices in USD, as of 2026-11-26 and from memory, before free tiers (3 jobs, 10 GiB of messages, 50 GiB of logs, 2,500 build
 * minutes): cloud.google.com/scheduler/pricing, /pubsub/pricing, /stackdriver/pricing, /build/pricing, /storage/pricing.
 */
const USD = {
  perJob: 0.1,
  perMessageByte: 40 / (1_024 * GIB),
  perLogByte: 0.5 / GIB,
  perBuildMinute: 0.006,
  perGibStored: 0.02,
} as const;

/** A published receipt is shorter, and a line of the log as well: both are cut. */
const MAX_PUBLISHED_BYTES = 4_000_000;
const MAX_LINE_BYTES = 256 * 1024;
/** A tick is billed as this. */
const MIN_MESSAGE_BYTES = 1_000;
/** Published, and delivered to one subscription. */
const BOTH_WAYS = 2;
const MAX_BUILD_MINUTES = 10;

/** What runs cannot tell, as an upper bound for each thing, from counts and the caps of the code. */
export function showOtherCost(
  costs: ReadonlyMap<string, OwnCost | undefined>,
  { jobs, stateBucket }: { readonly jobs: number; readonly stateBucket: string | undefined },
): string {
  const known = [...costs.values()].filter((cost) => cost !== undefined);
  const sum = (of: (cost: OwnCost) => number): number => known.reduce((total, cost) => total + of(cost), 0);
  const messageBytes =
    BOTH_WAYS * sum(({ runs, publishes }) => runs * MIN_MESSAGE_BYTES + publishes * MAX_PUBLISHED_BYTES);
  const logBytes = sum(({ runs, outcomes }) => runs + outcomes) * MAX_LINE_BYTES;
  // A function whose runs cannot be counted sends and logs, too.
  const bound = (usd: number): string =>
    known.length === 0
      ? 'unknown'
      : `<= ${usd.toFixed(2)}${known.length < costs.size ? ' without the unknown' : ''}`;
  return [
    'Beside that a month, at list prices of 2026-11-26 before free tiers:',
    `Scheduler    ${jobs} jobs at 0.10: ${(jobs * USD.perJob).toFixed(2)}`,
    `Pub/Sub      ${bound(messageBytes * USD.perMessageByte)}: receipts of at most 4 MB, ticks of 1 KB`,
    `Logs         ${bound(logBytes * USD.perLogByte)}: lines of at most 256 KiB`,
    `Builds       <= ${(costs.size * MAX_BUILD_MINUTES * USD.perBuildMinute).toFixed(2)} for each deployment of all functions, 10 min each`,
    `Bytes stored ${USD.perGibStored.toFixed(2)} a GiB${stateBucket === undefined ? '' : ': see how many there are by\n  gcloud storage du -s gs://' + stateBucket}`,
  ].join('\n');
}
