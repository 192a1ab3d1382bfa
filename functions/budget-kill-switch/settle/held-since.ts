import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { compareAndSwap, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { State } from '../../../shared/state/state.ts';
import { isAhead } from '../../../shared/units.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';

const heldSchema = z.object({
  version: z.literal(1),
  /** Since when the rung that holds what burns is in force without a break; null while it is not. */
  sinceMs: z.nullable(z.number()),
  /** When the message by which that was judged last was published: what comes late tells nothing of now. Absent where a tick had none. */
  publishedMs: z.optional(z.number()),
  /** Of the budget's filter by which its projects were held. Absent in what earlier versions wrote. */
  filterDigest: z.optional(z.string()),
});

type Held = z.infer<typeof heldSchema>;
const storedSchema = z.optional(heldSchema);

/** The same note twice is one. */
const MAX_UNANSWERED = 3;

/** By what it is judged whether what burns is held. */
export interface JudgedBy {
  /** When the message was published; absent at a tick by the estimate alone. */
  readonly publishedMs?: number | undefined;
  /** When the last message before it was published by which it was not held; absent where none is known. */
  readonly unheldMs?: number | undefined;
}

/**
 * Since when the rung that holds what burns, stop-compute where there is one, has been in force on a budget's projects without a break,
 * milliseconds since the epoch: since now where nothing is noted, or a note cannot be true. Between, as under a raise or a credit, anything
 * may have run, whose cost arrives for up to a day, or been changed, also where the amount is what it was before. An edit of the filter is
 * a break, too: a project that it brings back was not held, and the cost counts something else than before. Observing, it is not in force.
 * Undefined where that cannot be read or kept. `onLostBreak` is told what a break could not be noted for: the event has to come again, and
 * where a newer message overtakes it, `unheldMs` tells that one of the break.
 */
export async function noteHeld(
  context: HeldContext,
  { mode, ladder }: Pick<Config, 'mode' | 'ladder'>,
  { name, filterDigest }: Pick<Budget, 'name' | 'filterDigest'>,
  verdict: Verdict,
  { publishedMs, unheldMs }: JudgedBy,
  onLostBreak: (error: unknown) => void = () => undefined,
): Promise<number | undefined> {
  if (verdict.kind === 'ignore') return undefined;
  const held = isHeld({ mode, ladder }, verdict);
  return note(context, name, held, { publishedMs, unheldMs, filterDigest }, onLostBreak);
}

type HeldContext = Pick<EventContext, 'state' | 'runtime' | 'log'>;

/** Notes that no rung of a budget is in force, for the policy does not allow it. Throws `BusyError` where a break could not be noted. */
export async function noteNotAllowed(context: HeldContext, budget: string): Promise<void> {
  await note(context, budget, false, {}, (error) => {
    throw error;
  });
}

async function note(
  { state, runtime, log }: HeldContext,
  budget: string,
  held: boolean,
  { publishedMs, unheldMs, filterDigest }: JudgedBy & Pick<Held, 'filterDigest'>,
  onLostBreak: (error: unknown) => void,
): Promise<number | undefined> {
  if (state === undefined) return undefined;
  const nowMs = runtime.now().getTime();
  let sinceMs = nowMs;
  const change = (before: Held | undefined): Held | undefined => {
    const known = before?.sinceMs ?? null;
    const isEdited = (before?.filterDigest ?? filterDigest) !== filterDigest;
    const isBegun = known !== null && !isAhead(known, nowMs) && !isBroken(before, unheldMs) && !isEdited;
    sinceMs = isBegun ? known : nowMs;
    if (isLate(before?.publishedMs, publishedMs, nowMs)) return undefined;
    if (!held && known === null) return undefined;
    const judgedMs = publishedMs ?? before?.publishedMs;
    const after = held ? sinceMs : null;
    const isSame = known === after && before?.publishedMs === judgedMs;
    if (isSame && before?.filterDigest === filterDigest) return undefined;
    return {
      ...{ version: 1, sinceMs: after },
      ...(judgedMs === undefined ? {} : { publishedMs: judgedMs }),
      ...(filterDigest === undefined ? {} : { filterDigest }),
    };
  };
  try {
    await compareAndSwap(state, runtime, memoryOf(budget), change, MAX_UNANSWERED);
    return sinceMs;
  } catch (error) {
    log('WARNING', `Cannot note since when stop-compute is in force by ${budget}: ${messageOf(error)}`);
    if (!held)
      onLostBreak(
        new BusyError(`Cannot note that stop-compute is not in force by ${budget}`, { cause: error }),
      );
    return undefined;
  }
}

/** Whether what burns is held by a verdict: observing, nothing is. Pure. */
export function isHeld({ mode, ladder }: Pick<Config, 'mode' | 'ladder'>, verdict: Verdict): boolean {
  return mode === 'enforce' && holdsCompute(ladder, verdict);
}

/** Whether a message after the last note, and after the moment since which it is held, did not hold it and could not note that. */
function isBroken(before: Held | undefined, unheldMs = 0): boolean {
  return unheldMs > Math.max(before?.publishedMs ?? 0, before?.sinceMs ?? 0);
}

/**
 * The same as it was noted last, of a budget of which a rung is in force; undefined where nothing is noted. Throws `GoogleApiError`.
 */
export async function recallHeldSince(state: State, budget: string): Promise<number | undefined> {
  const memory = memoryOf(budget);
  return memory.parse((await state.read(memory.name))?.text)?.sinceMs ?? undefined;
}

/** Whether what a verdict makes due holds what burns. Pure. */
export function holdsCompute(ladder: Config['ladder'], verdict: Verdict): boolean {
  const holding = holdingRung(ladder);
  return verdict.kind === 'due' && verdict.rungs.some((rung) => rung.do === holding?.do);
}

/** The rung that holds what burns: stop-compute, where the ladder has it, and undefined where none does. Pure. */
export function holdingRung(ladder: Config['ladder']): Rung | undefined {
  return (
    ladder.find((rung) => rung.do === 'stop-compute') ?? ladder.find((rung) => rung.do === 'unlink-billing')
  );
}

/** Whether a later message was judged before. One from the future was noted by a clock that was wrong. */
function isLate(judgedMs: number | undefined, publishedMs = Infinity, nowMs: number): boolean {
  return judgedMs !== undefined && judgedMs > publishedMs && !isAhead(judgedMs, Math.max(nowMs, publishedMs));
}

/** `spend/A/B/held.json`. One that is damaged begins anew, as after a break. */
function memoryOf(budget: string): StateObject<Held | undefined> {
  return expendableObject(`spend/${budgetPath(budget)}/held.json`, storedSchema, undefined);
}
