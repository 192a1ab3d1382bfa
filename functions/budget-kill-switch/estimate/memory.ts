import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import { isSameFilter, type Budget } from '../../../shared/google/budgets.ts';
import { rungActions, type RungAction } from '../../../shared/policy/policy.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { earlierOf, type EarlierEstimate } from '../../../shared/spend/rungs.ts';
import type { Estimate } from '../../../shared/spend/estimate.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';

const lookSchema = z.object({
  atMs: z.number(),
  periodStartMs: z.number(),
  firm: z.number(),
  burnHigh: z.number(),
  countedUsd: z.record(z.string(), z.number()),
  hiddenUsd: z.number(),
  unexplainedUsd: z.number(),
  jumpedMs: z.optional(z.number()),
  oldestMs: z.optional(z.number()),
});

/** What an estimate was made of: its last look, its first one, and the latest report. */
const momentSchema = z.object({ atMs: z.number(), oldestMs: z.number(), reportedMs: z.optional(z.number()) });
type Moment = z.infer<typeof momentSchema>;

const memorySchema = z.object({
  version: z.literal(1),
  /** The last two estimates, ascending: a message and a tick may judge by the same looks. */
  looks: z.array(lookSchema),
  /** The rungs above notify that the last one put in force by itself. Absent: none. */
  reached: z.optional(z.array(z.enum(rungActions))),
  /**
   * The highest rung of the period, USD, that a look was sure of, for the projects of the budget's filter; one without `filter` counts for none.
   * No more than what each look since that saw all expected: credits take away what was spent. `of`: the latest of those looks, or the
   * one that was sure.
   */
  sure: z.optional(
    z.object({
      periodStartMs: z.number(),
      usd: z.number(),
      filter: z.optional(z.array(z.string())),
      of: z.optional(momentSchema),
    }),
  ),
});
type Memory = z.infer<typeof memorySchema>;
type Sure = NonNullable<Memory['sure']>;

const NOTHING: Memory = { version: 1, looks: [] };

/** What is known of the estimates before. */
export interface KnownEstimates {
  /** The one before this one. */
  readonly before: EarlierEstimate | undefined;
  /** The rungs above notify that an estimate put in force by itself, and that none has left since. */
  readonly reached: readonly RungAction[];
  /** The highest rung of the period, USD, that a look at the same projects was sure of; 0 for none. */
  readonly sureUsd: number;
  /** Whether a ledger began anew since that look: what it has lost is spent, and not expected. */
  readonly isLost: boolean;
}

/** A budget, by the projects that it is about. */
type Filtered = Pick<Budget, 'name' | 'projects'>;

/** An estimate, and the looks that it is of. */
export interface Looked {
  readonly estimate: Estimate;
  /** Whether the latest look at each project saw all: what is expected of the others may lack what they did not see. */
  readonly complete: boolean;
  /** When the project was looked at that was looked at first. */
  readonly oldestMs: number;
}

/**
 * Keeps an estimate, and returns what is known of those before. Only an estimate whose every look is newer follows another one. Throws
 * `GoogleApiError`.
 */
export async function noteEstimate(
  { state, runtime }: Pick<EventContext, 'state' | 'runtime'>,
  { name, projects }: Filtered,
  looked: Looked,
): Promise<KnownEstimates> {
  const { estimate, oldestMs } = looked;
  if (state === undefined) return { before: undefined, reached: [], sureUsd: 0, isLost: false };
  const {
    looks,
    reached = [],
    sure,
  } = await updateStateObject(state, runtime, memoryOf(name), (before) => {
    // One from the future was written by a clock that was wrong, or by hand.
    const known = before.looks.filter(({ atMs }) => atMs <= estimate.atMs);
    const isNew = known.every(({ atMs }) => atMs < oldestMs);
    const after = atMost(before, looked, projects);
    return isNew ? { ...after, looks: [...known, earlierOf(estimate, known.at(-1))].slice(-2) } : after;
  });
  const sureUsd = sureOf(sure, estimate.reading.periodStartMs, projects);
  const isLost = beganSince(estimate, sure);
  return { before: looks.findLast(({ atMs }) => atMs < oldestMs), reached, sureUsd, isLost };
}

/** Keeps which rungs above notify an estimate puts in force by itself. Throws `GoogleApiError`. */
export async function noteReached(
  { state, runtime }: Pick<EventContext, 'state' | 'runtime'>,
  budget: string,
  reached: readonly RungAction[],
): Promise<void> {
  if (state === undefined) return;
  await updateStateObject(state, runtime, memoryOf(budget), (before) => ({
    ...before,
    reached: reached.length === 0 ? undefined : [...reached],
  }));
}

/** Keeps that a look is sure of a rung. Where it cannot be kept, a later report that widens the range releases the rung. */
export async function noteSure(
  { state, runtime, log }: Pick<EventContext, 'state' | 'runtime' | 'log'>,
  { name, projects }: Filtered,
  looked: Looked,
  usd: number,
): Promise<void> {
  if (state === undefined) return;
  const { periodStartMs } = looked.estimate.reading;
  try {
    await updateStateObject(state, runtime, memoryOf(name), (before) =>
      sureOf(before.sure, periodStartMs, projects) >= usd
        ? before
        : { ...before, sure: { periodStartMs, usd, filter: [...projects], of: momentOf(looked) } },
    );
  } catch (error) {
    log('WARNING', `Cannot note which rung of ${name} the estimate is sure of: ${messageOf(error)}`);
  }
}

/** Of what was sure no more than is expected to be spent. An estimate that comes late takes nothing away from a newer one. */
function atMost(memory: Memory, looked: Looked, projects: readonly string[]): Memory {
  const { sure } = memory;
  const { spend, reading } = looked.estimate;
  const usd = sureOf(sure, reading.periodStartMs, projects);
  const of = momentOf(looked);
  if (!looked.complete || sure === undefined || usd === 0) return memory;
  if (isLate(of, sure.of) || beganSince(looked.estimate, sure)) return memory;
  return { ...memory, sure: { ...sure, usd: Math.min(usd, spend.expected), of } };
}

/** Whether a ledger began anew since a look was sure: it was deleted or damaged, and what it had counted is spent all the same. */
function beganSince({ beganMs = -Infinity }: Estimate, sure: Sure | undefined): boolean {
  return sure?.of !== undefined && beganMs > sure.of.atMs;
}

function momentOf({ estimate: { atMs, reading }, oldestMs }: Looked): Moment {
  return { atMs, oldestMs, reportedMs: reading.reported?.atMs };
}

/** Whether a look or the report of the one is older than that of the other. */
function isLate(one: Moment, other: Moment | undefined): boolean {
  if (other === undefined) return false;
  const { atMs, oldestMs, reportedMs = 0 } = other;
  return one.atMs < atMs || one.oldestMs < oldestMs || (one.reportedMs ?? 0) < reportedMs;
}

/** What was sure for other projects is not spent by these. */
function sureOf(sure: Sure | undefined, periodStartMs: number, projects: readonly string[]): number {
  if (sure?.filter === undefined || sure.periodStartMs !== periodStartMs) return 0;
  return isSameFilter(sure.filter, projects) ? sure.usd : 0;
}

/** `spend/A/B/estimates.json`. What begins anew takes one more look before the next stop. */
function memoryOf(budget: string): StateObject<Memory> {
  return expendableObject(`spend/${budgetPath(budget)}/estimates.json`, memorySchema, NOTHING);
}
