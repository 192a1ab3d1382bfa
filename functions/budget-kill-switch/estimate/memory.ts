import * as z from 'zod/mini';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { earlierOf, type EarlierEstimate } from '../../../shared/spend/rungs.ts';
import type { Estimate } from '../../../shared/spend/estimate.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';

const lookSchema = z.object({
  atMs: z.number(),
  periodStartMs: z.number(),
  low: z.number(),
  firm: z.number(),
  reported: z.number(),
  burnHigh: z.number(),
});

/** The last two estimates, ascending: a message and a tick may judge by the same looks. */
const memorySchema = z.object({ version: z.literal(1), looks: z.array(lookSchema) });
type Memory = z.infer<typeof memorySchema>;

const NOTHING: Memory = { version: 1, looks: [] };

/**
 * Keeps an estimate, and returns the one before it. `oldestMs` is when the project was looked at that was looked at first: only
 * an estimate whose every look is newer follows another one. Throws `GoogleApiError`.
 */
export async function noteEstimate(
  { state, runtime }: Pick<EventContext, 'state' | 'runtime'>,
  budget: string,
  estimate: Estimate,
  oldestMs: number,
): Promise<EarlierEstimate | undefined> {
  if (state === undefined) return undefined;
  const { looks } = await updateStateObject(state, runtime, memoryOf(budget), (before) => {
    // One from the future was written by a clock that was wrong, or by hand.
    const known = before.looks.filter(({ atMs }) => atMs <= estimate.atMs);
    const isNew = known.every(({ atMs }) => atMs < oldestMs);
    return isNew ? { ...before, looks: [...known, earlierOf(estimate)].slice(-2) } : before;
  });
  return looks.findLast(({ atMs }) => atMs < oldestMs);
}

/** `spend/A/B/estimates.json`. What begins anew takes one more look before the next stop. */
function memoryOf(budget: string): StateObject<Memory> {
  return expendableObject(`spend/${budgetPath(budget)}/estimates.json`, memorySchema, NOTHING);
}
