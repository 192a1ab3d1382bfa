import { randomOf } from '../../sandbox/http/seeded.ts';
import type { CostMessage } from '../../../shared/spend/messages.ts';
import { billingMonthEnd, billingStart } from '../../../shared/spend/pacific.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A machine of a replayed day: what it costs in truth, and what the watch takes its price for. */
export interface Machine {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** List price, USD an hour. */
  readonly rate: number;
  /** The share of it that is billed: sustained use, by how far into the month it is. */
  readonly billed: number;
  readonly price: { readonly low: number; readonly expected: number; readonly high: number };
  /** Whether the API tells when it was started. */
  readonly tellsStart: boolean;
}

export interface World {
  readonly seed: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly machines: readonly Machine[];
  readonly runawayMs: number;
  /** USD an hour of services that the watch does not see. */
  readonly unseenRate: number;
  readonly credit: { readonly atMs: number; readonly usd: number } | undefined;
  /** Spent in the first period before the replay begins. */
  readonly spentBefore: number;
  /** What was spent between the start of the billing month that `atMs` lies in and `atMs`, if all ends at `stopMs`. */
  readonly truth: (periodStartMs: number, atMs: number, stopMs?: number) => number;
  readonly reports: readonly Report[];
  readonly looks: readonly LookPlan[];
  /** USD of the rung that the runaway crosses. */
  readonly rungUsd: number;
  readonly periodStartMs: number;
  readonly settlingMs: number;
  /** The largest share that is taken off list prices, as the policy states it; null: it does not. */
  readonly discountAtMost: number | null;
  /** How the day differs from a plain one. */
  readonly traits: ReadonlySet<
    'credits' | 'sustained-use' | 'unseen' | 'failed-listings' | 'spot' | 'month-end'
  >;
}

/** A budget message, and up to when it has what was spent. */
export interface Report extends Pick<CostMessage, 'publishedMs' | 'startMs' | 'endMs'> {
  readonly knownMs: number;
}

export interface LookPlan {
  readonly atMs: number;
  /** The share of the machines that this look misses. */
  readonly misses: number;
}

/** So long the watch goes on after it has stopped all. */
export const HOURS_AFTER = 8;

export type Random = () => number;

const between = (random: Random, low: number, high: number): number => low + random() * (high - low);

const NEW_YEAR = Date.UTC(2026, 0, 1);
const BUDGET = 'billingAccounts/01D4EE-079462-DFD6EC/budgets/replay';

/** What a contract takes off list prices in truth, and as the policy states it. */
export interface Discount {
  readonly share: number;
  readonly stated: number | null;
}

/** A random stretch of days: steady work, then a runaway. */
export function randomWorld(seed: number, discount: Discount = { share: 0, stated: 0 }): World {
  const random = randomOf(`replay ${seed}`);
  const atMonthEnd = random() < 0.25;
  const anyMs = NEW_YEAR + Math.floor(random() * 330) * 24 * HOUR;
  const monthEndMs = billingMonthEnd(anyMs);
  const startMs = atMonthEnd
    ? monthEndMs - between(random, 4, 30) * HOUR
    : billingStart('month', anyMs) + between(random, 30, 500) * HOUR;
  const runawayMs = startMs + between(random, 38, 46) * HOUR;
  const endMs = runawayMs + between(random, 4, 12) * HOUR;
  const listed = randomMachines(random, startMs, endMs, runawayMs);
  const machines = listed.map((one) => ({ ...one, billed: one.billed * (1 - discount.share) }));
  const baseRate = machines
    .filter(({ startMs: from }) => from < runawayMs)
    .reduce((sum, { rate }) => sum + rate, 0);
  const hasUnseen = random() < 0.3;
  const unseenRate = hasUnseen ? baseRate * between(random, 0.05, 0.3) : 0;
  const firstStartMs = billingStart('month', startMs);
  const spentBefore = (baseRate * 0.5 * (startMs - firstStartMs)) / HOUR;
  const hasCredits = random() < 0.03;
  const credit = hasCredits
    ? { atMs: between(random, startMs, runawayMs), usd: spentBefore * between(random, 0.02, 0.2) }
    : undefined;
  const cumulative = cumulativeOf({ machines, startMs, unseenRate, credit, spentBefore, firstStartMs });
  const truth: World['truth'] = (periodStartMs, atMs, stopMs) =>
    cumulative(atMs, stopMs) - cumulative(Math.min(atMs, periodStartMs), stopMs);
  const periodStartMs = billingStart('month', endMs);
  const calm = truth(periodStartMs, runawayMs);
  const rungUsd = calm + (truth(periodStartMs, endMs) - calm) * between(random, 0.1, 0.8);
  const failing = random() < 0.3;
  return {
    ...{
      seed,
      startMs,
      endMs,
      machines,
      runawayMs,
      unseenRate,
      credit,
      spentBefore,
      truth,
      rungUsd,
      periodStartMs,
    },
    discountAtMost: discount.stated,
    reports: randomReports(random, startMs, endMs),
    looks: randomLooks(random, { startMs, endMs, runawayMs }, failing),
    settlingMs: between(random, 20, 120) * 1_000,
    traits: new Set([
      ...(hasCredits ? (['credits'] as const) : []),
      ...(listed.some(({ billed }) => billed < 1) ? (['sustained-use'] as const) : []),
      ...(hasUnseen ? (['unseen'] as const) : []),
      ...(failing ? (['failed-listings'] as const) : []),
      ...(listed.some(({ price, billed }) => billed === 1 && price.low < price.high)
        ? (['spot'] as const)
        : []),
      ...(periodStartMs > startMs ? (['month-end'] as const) : []),
    ]),
  };
}

function randomMachines(
  random: Random,
  startMs: number,
  endMs: number,
  runawayMs: number,
): readonly Machine[] {
  const machines: Machine[] = [];
  const calm = 1 + Math.floor(random() * 5);
  const discounted = random() < 0.25;
  const spot = random() < 0.15;
  for (let index = 0; index < calm; index++) {
    const steady = random() < 0.6;
    const fromMs = steady ? startMs - HOUR : between(random, startMs, runawayMs);
    const toMs = steady ? endMs + 100 * HOUR : Math.min(endMs, fromMs + between(random, 0.1, 20) * HOUR);
    machines.push(machine(random, `calm-${index}`, fromMs, toMs, between(random, 0.2, 6), discounted, spot));
  }
  const many = 1 + Math.floor(random() * 4);
  for (let index = 0; index < many; index++)
    machines.push(
      machine(
        random,
        `runaway-${index}`,
        runawayMs + random() * 10 * MINUTE,
        endMs + 100 * HOUR,
        between(random, 10, 180),
        false,
        false,
      ),
    );
  return machines;
}

const QUARTERS = [1, 0.8, 0.6, 0.4] as const;

function machine(
  random: Random,
  name: string,
  startMs: number,
  endMs: number,
  rate: number,
  discounted: boolean,
  spot: boolean,
): Machine {
  const tellsStart = random() < 0.7;
  const whole = { name, startMs, endMs, tellsStart };
  if (discounted) {
    const billed = QUARTERS[Math.floor(random() * 4)] ?? 1;
    return { ...whole, rate, billed, price: { low: rate * 0.4, expected: rate * 0.7, high: rate } };
  }
  if (spot) {
    const listed = rate / between(random, 0.65, 1.35);
    return { ...whole, rate, billed: 1, price: { low: listed * 0.6, expected: listed, high: listed * 1.4 } };
  }
  return { ...whole, rate, billed: 1, price: { low: rate, expected: rate, high: rate } };
}

function cumulativeOf({
  machines,
  startMs,
  unseenRate,
  credit,
  spentBefore,
  firstStartMs,
}: Pick<World, 'machines' | 'startMs' | 'unseenRate' | 'credit' | 'spentBefore'> & {
  readonly firstStartMs: number;
}) {
  return (atMs: number, stopMs = Infinity): number => {
    if (atMs <= startMs) return (spentBefore * Math.max(0, atMs - firstStartMs)) / (startMs - firstStartMs);
    let usd = spentBefore + (unseenRate * (atMs - startMs)) / HOUR;
    if (credit !== undefined && atMs >= credit.atMs) usd -= credit.usd;
    for (const { startMs: from, endMs: to, rate, billed } of machines)
      usd += (rate * billed * Math.max(0, Math.min(atMs, to, stopMs) - Math.max(from, startMs))) / HOUR;
    return usd;
  };
}

/** Reports lag by 1 to 36 hours, which varies; messages come twice, late, and repeat their figure. */
function randomReports(random: Random, startMs: number, endMs: number): readonly Report[] {
  const reports: Report[] = [];
  let lagMs = between(random, 1, 36) * HOUR;
  let knownMs = -Infinity;
  const varies = random() < 0.5;
  let [start, end] = [billingStart('month', startMs), billingMonthEnd(startMs)];
  for (let atMs = startMs; atMs < endMs + 48 * HOUR; atMs += between(random, 20, 30) * MINUTE) {
    if (varies) lagMs = Math.min(36 * HOUR, Math.max(HOUR, lagMs + between(random, -1.5, 1.5) * HOUR));
    // Services report at intervals of their own.
    if (random() < 0.6) knownMs = Math.max(knownMs, atMs - lagMs, atMs - 36 * HOUR);
    knownMs = Math.max(knownMs, atMs - 36 * HOUR);
    if (atMs >= end) [start, end] = [end, billingMonthEnd(atMs)];
    const report: Report = { publishedMs: atMs, knownMs, startMs: start, endMs: end };
    reports.push(report);
    if (random() < 0.1) reports.push(report);
    const earlier = reports[Math.floor(random() * reports.length)];
    if (random() < 0.05 && earlier !== undefined) reports.push(earlier);
  }
  return reports;
}

/** The message that a report comes as, if all ends at `stopMs`. */
export function messageOf(
  { truth }: World,
  { publishedMs, knownMs, startMs, endMs }: Report,
  stopMs?: number,
): CostMessage {
  const usd = knownMs <= startMs ? 0 : truth(startMs, knownMs, stopMs);
  return {
    budget: BUDGET,
    displayName: 'replay',
    currencyCode: 'USD',
    amount: 1_000,
    projects: ['replay'],
    complete: true,
    publishedMs,
    cost: Math.round(100 * Math.max(0, usd)) / 100,
    startMs,
    endMs,
  };
}

/** Every five minutes; in the quiet time before the runaway every fifteen, which is as long as two looks may be apart. */
function randomLooks(
  random: Random,
  { startMs, endMs, runawayMs }: Pick<World, 'startMs' | 'endMs' | 'runawayMs'>,
  failing: boolean,
): readonly LookPlan[] {
  const looks: LookPlan[] = [];
  let outageMs = -Infinity;
  const lastMs = Math.min(endMs + HOURS_AFTER * HOUR, billingMonthEnd(endMs));
  for (let atMs = startMs; atMs < lastMs; atMs += (atMs < runawayMs - 2 * HOUR ? 15 : 5) * MINUTE) {
    if (failing && random() < 0.003) outageMs = atMs + between(random, 10, 120) * MINUTE;
    const fails = atMs < outageMs || (failing && random() < 0.02);
    looks.push({ atMs: atMs + random() * 20_000, misses: fails ? random() : 0 });
  }
  return looks;
}
