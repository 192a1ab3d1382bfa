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
  /** When an edit of that filter was noted last, while the rung is in force without a break. */
  editedMs: z.optional(z.number()),
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

/** Since when what burns is held, milliseconds since the epoch. Both are undefined where that cannot be read or kept. */
export interface HeldSince {
  /** Without a break, and by the same filter: since then nothing that runs unseen explains cost. */
  readonly heldSinceMs: number | undefined;
  /** Without a break, whatever the filter: until then owners had a free hand with what was taken. */
  readonly freeHandUntilMs: number | undefined;
}

export const NOT_KNOWN: HeldSince = { heldSinceMs: undefined, freeHandUntilMs: undefined };

/**
 * Since when the rung that holds what burns, stop-compute where there is one, has been in force on a budget's projects without a break:
 * since now where nothing is noted, or a note cannot be true. Between, as under a raise or a credit, anything may have run, whose cost
 * arrives for up to a day, or been changed, also where the amount is what it was before. After an edit of the filter cost is no reason, too:
 * a project that it brings back was not held, and the cost counts something else than before. The others were held all the time: it gives
 * no owner a free hand. Observing, the rung is not in force. `onLostBreak` is told what a break could not be noted for: the event has to
 * come again, and where a newer message overtakes it, `unheldMs` tells that one of the break.
 */
export async function noteHeld(
  context: HeldContext,
  { mode, ladder }: Pick<Config, 'mode' | 'ladder'>,
  { name, filterDigest }: Pick<Budget, 'name' | 'filterDigest'>,
  verdict: Verdict,
  { publishedMs, unheldMs }: JudgedBy,
  onLostBreak: (error: unknown) => void = () => undefined,
): Promise<HeldSince> {
  if (verdict.kind === 'ignore') return NOT_KNOWN;
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
): Promise<HeldSince> {
  if (state === undefined) return NOT_KNOWN;
  const nowMs = runtime.now().getTime();
  let since = NOT_KNOWN;
  const change = (before: Held | undefined): Held | undefined => {
    const known = before?.sinceMs ?? null;
    const isBegun = known !== null && !isAhead(known, nowMs) && !isBroken(before, unheldMs);
    const sinceMs = isBegun ? known : nowMs;
    const editedMs = isBegun ? editOf(before, filterDigest, nowMs) : undefined;
    since = { heldSinceMs: Math.max(sinceMs, editedMs ?? 0), freeHandUntilMs: sinceMs };
    if (isLate(before?.publishedMs, publishedMs, nowMs)) return undefined;
    if (!held && known === null) return undefined;
    const judgedMs = publishedMs ?? before?.publishedMs;
    const after = held ? sinceMs : null;
    const isSame = known === after && before?.publishedMs === judgedMs && before?.editedMs === editedMs;
    if (isSame && before?.filterDigest === filterDigest) return undefined;
    return {
      ...{ version: 1, sinceMs: after },
      ...(judgedMs === undefined ? {} : { publishedMs: judgedMs }),
      ...(filterDigest === undefined ? {} : { filterDigest }),
      ...(editedMs === undefined || !held ? {} : { editedMs }),
    };
  };
  try {
    await compareAndSwap(state, runtime, memoryOf(budget), change, MAX_UNANSWERED);
    return since;
  } catch (error) {
    log('WARNING', `Cannot note since when stop-compute is in force by ${budget}: ${messageOf(error)}`);
    if (!held)
      onLostBreak(
        new BusyError(`Cannot note that stop-compute is not in force by ${budget}`, { cause: error }),
      );
    return NOT_KNOWN;
  }
}

/** When the filter was edited last, as far as it is known; now where a clock that was wrong noted it. */
function editOf(
  before: Held | undefined,
  filterDigest: string | undefined,
  nowMs: number,
): number | undefined {
  const editedMs = before?.editedMs;
  const isEdited = (before?.filterDigest ?? filterDigest) !== filterDigest;
  return isEdited || (editedMs !== undefined && isAhead(editedMs, nowMs)) ? nowMs : editedMs;
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
 * `freeHandUntilMs` as it was noted last, of a budget of which a rung is in force; undefined where nothing is noted. Throws `GoogleApiError`.
 */
export async function recallFreeHand(state: State, budget: string): Promise<number | undefined> {
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
