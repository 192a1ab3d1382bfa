import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import { estimateSpend } from '../../../shared/spend/estimate.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { addMessage, type BudgetMessages } from '../../../shared/spend/messages.ts';
import { readReports, type Reading } from '../../../shared/spend/reading.ts';
import { earlierOf, reachOf, type EarlierEstimate } from '../../../shared/spend/rungs.ts';
import { billingStart } from '../../../shared/spend/pacific.ts';
import { randomOf } from '../../sandbox/http/seeded.ts';
import { HOUR, HOURS_AFTER, messageOf, type LookPlan, type World } from './world.ts';

/** What came of one replayed stretch of days. */
export interface Replay {
  /** That had an upper point. */
  readonly looks: number;
  /** Of them, those at which the truth lay between low and high. */
  readonly inside: number;
  /** Looks without an upper point: not all could be seen. */
  readonly open: number;
  /** Looks at which low was above the truth. */
  readonly above: number;
  /** The truth when the watch stopped all, less the rung, at the moment of the decision; undefined when it never did. */
  readonly marginUsd: number | undefined;
  /** By how much the truth was over the rung once all had stopped. */
  readonly overshootUsd: number;
  /** One look's burn and the settling time's. */
  readonly allowedUsd: number;
  /** Whether the reports were enough for a fit when the truth crossed the rung: before that nothing is stopped on an estimate. */
  readonly settled: boolean;
  /** From crossing the rung to the decision. */
  readonly hoursLate: number;
  /** The same for the messages alone. */
  readonly messageOvershootUsd: number;
  readonly messageHoursLate: number;
}

const CENT = 0.011;

/** Leads the watch through a world until some hours after it stopped all, or to the end. */
export function replay(world: World): Replay {
  const random = randomOf(`looks ${world.seed}`);
  const crossedMs = crossingOf(world);
  let ledger: Ledger | undefined;
  let messages: BudgetMessages | undefined;
  let reading: Reading | undefined;
  let readFrom: BudgetMessages | undefined;
  let before: EarlierEstimate | undefined;
  let next = 0;
  let [looks, inside, open, above] = [0, 0, 0, 0];
  let stoppedMs: number | undefined;
  let settled = false;
  for (const [index, plan] of world.looks.entries()) {
    if (plan.atMs > (stoppedMs === undefined ? world.endMs : stoppedMs + HOURS_AFTER * HOUR)) break;
    const goneMs = stoppedMs === undefined ? undefined : stoppedMs + world.settlingMs;
    for (
      let report = world.reports[next];
      report !== undefined && report.publishedMs <= plan.atMs;
      report = world.reports[++next]
    )
      messages = addMessage(messages, messageOf(world, report, goneMs), plan.atMs);
    ledger = accrue(ledger, { project: 'replay', atMs: plan.atMs, ...seenBy(world, plan, random, goneMs) });
    // Before the runaway, and after the stop, a look in two is enough to compare; the ledger sees them all.
    const isQuiet = plan.atMs < world.runawayMs - HOUR || stoppedMs !== undefined;
    if (isQuiet && index % 2 !== 0) continue;
    const periodStartMs = periodOf(plan.atMs, world);
    if (reading?.periodStartMs !== periodStartMs || readFrom?.period.points !== messages?.period.points) {
      reading = readReports([ledger], messages, periodStartMs, world.discountAtMost);
      readFrom = messages;
    }
    const now = estimateSpend([ledger], reading, plan.atMs);
    const truth = world.truth(periodStartMs, plan.atMs, goneMs);
    const { low, high } = now.spend;
    if (high === null) open++;
    else looks++;
    if (plan.atMs <= crossedMs) settled = now.reading.fit.settled;
    if (truth < low - CENT) above++;
    else if (high !== null && truth <= high + CENT) inside++;
    const isRungPeriod = periodStartMs === world.periodStartMs;
    if (isRungPeriod && reachOf(world.rungUsd, now, before).stop) stoppedMs ??= plan.atMs;
    before = earlierOf(now, before);
  }
  return { looks, inside, open, above, settled, ...outcome(world, crossedMs, stoppedMs) };
}

function periodOf(atMs: number, { periodStartMs, startMs }: World): number {
  return atMs >= periodStartMs ? periodStartMs : billingStart('month', startMs);
}

function seenBy(
  world: World,
  { atMs, misses }: LookPlan,
  random: () => number,
  goneMs = Infinity,
): { resources: Seen[]; complete: boolean } {
  const resources: Seen[] = [];
  for (const { name, startMs, endMs, price, tellsStart } of world.machines) {
    if (startMs > atMs || Math.min(endMs, goneMs) <= atMs || (misses > 0 && random() < misses)) continue;
    resources.push({
      resource: name,
      kind: 'vm',
      rate: price,
      ...(tellsStart ? { startedMs: startMs } : {}),
    });
  }
  return { resources, complete: misses === 0 };
}

/** When the truth reached the rung; it does before the end. */
function crossingOf({ truth, rungUsd, periodStartMs, runawayMs, endMs }: World): number {
  let [low, high] = [runawayMs, endMs];
  while (high - low > 1_000) {
    const middle = (low + high) / 2;
    if (truth(periodStartMs, middle) >= rungUsd) high = middle;
    else low = middle;
  }
  return high;
}

function outcome(world: World, crossedMs: number, stoppedMs: number | undefined) {
  const { truth, periodStartMs, rungUsd, settlingMs, reports, endMs } = world;
  const messages = reports.map((report) => messageOf(world, report));
  const told = messages.find(({ startMs, cost }) => startMs === periodStartMs && cost >= rungUsd);
  const toldMs = told?.publishedMs ?? endMs + 48 * HOUR;
  const decidedMs = Math.min(stoppedMs ?? Infinity, toldMs);
  const burnPerMs = truth(periodStartMs, crossedMs + HOUR) - truth(periodStartMs, crossedMs);
  return {
    marginUsd: stoppedMs === undefined ? undefined : truth(periodStartMs, stoppedMs) - rungUsd,
    overshootUsd: truth(periodStartMs, decidedMs + settlingMs) - rungUsd,
    allowedUsd: (burnPerMs / HOUR) * (5 * 60_000 + 20_000 + settlingMs),
    hoursLate: (decidedMs - crossedMs) / HOUR,
    messageOvershootUsd: truth(periodStartMs, toldMs + settlingMs) - rungUsd,
    messageHoursLate: (toldMs - crossedMs) / HOUR,
  };
}
