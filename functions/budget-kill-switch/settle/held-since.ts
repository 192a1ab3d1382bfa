import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { updateStateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';

const heldSchema = z.object({
  version: z.literal(1),
  /** Since when stop-compute is in force without a break; null while it is not. Before the first break: 0. */
  sinceMs: z.nullable(z.number()),
});

/**
 * Since when stop-compute has been in force on a budget's projects without a break, milliseconds since the epoch; 0 where no break is
 * known. Between, as under a raise or a credit, anything may have run: its cost arrives for up to a day, also where the amount is what it
 * was before. A memory: when it cannot be kept, a break is known only by the amount.
 */
export async function noteHeld(
  { state, runtime, log, policy }: EventContext,
  { mode }: Pick<Config, 'mode'>,
  budget: string,
  verdict: Verdict,
): Promise<number> {
  const isSettled = policy.budgets?.ladder.some((rung) => rung.do === 'unlink-billing') === true;
  // Observing changes nothing, not even what is remembered.
  if (state === undefined || mode === 'observe' || !isSettled || verdict.kind === 'ignore') return 0;
  const isHeld = verdict.kind === 'due' && verdict.rungs.some((rung) => rung.do === 'stop-compute');
  const nowMs = runtime.now().getTime();
  const memory = expendableObject(`spend/${budgetPath(budget)}/held.json`, z.optional(heldSchema), undefined);
  try {
    const held = await updateStateObject(state, runtime, memory, (before) => {
      // What was never held has no break.
      if (before === undefined) return isHeld ? { version: 1 as const, sinceMs: 0 } : undefined;
      if (isHeld) return before.sinceMs === null ? { ...before, sinceMs: nowMs } : before;
      return before.sinceMs === null ? before : { ...before, sinceMs: null };
    });
    return held?.sinceMs ?? 0;
  } catch (error) {
    log('WARNING', `Cannot note since when stop-compute is in force by ${budget}: ${messageOf(error)}`);
    return 0;
  }
}
