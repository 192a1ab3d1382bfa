import { backoff } from '../google/change/waits.ts';
import { isRefused } from '../google/google-api-error.ts';
import { Conflict, type State } from './state.ts';

/** A JSON object in the state bucket that several runs change: how its text is read and written. */
export interface StateObject<Value> {
  readonly name: string;
  /** Called with undefined when there is no object yet. */
  parse(text: string | undefined): Value;
  /** The same value gives the same text. */
  print(value: Value): string;
}

/** What a pause takes: milliseconds to wait, and a number from 0 to 1 for its jitter. */
export interface Pauses {
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly random: () => number;
}

/** More rounds of conflicts than runs ever meet on one object: each round lets at least one through. */
const MAX_CONFLICTS = 60;

/**
 * The one loop that changes an object under a precondition on its generation, so that parallel runs never overwrite each other:
 * where another one was faster, `change` is called again with what that one wrote, and its age by Cloud Storage's clock. It returns
 * undefined to leave the object as it is. Returns what is stored in the end. `maxUnanswered`: how many writes may get no answer
 * that says whether they came through, which reading the object again then shows; 0 where the same change twice is a change more.
 * Throws {@link Conflict} after many rounds, `GoogleApiError`, and what `parse` and `change` throw.
 */
export async function compareAndSwap<Value>(
  state: State,
  { sleep, random }: Pauses,
  object: StateObject<Value>,
  change: (before: Value, ageMs: number) => Value | undefined,
  maxUnanswered = 0,
): Promise<Value> {
  const pause = backoff(sleep, random, 50, 2_000);
  let unanswered = 0;
  for (let conflicts = 0; ; conflicts++) {
    const stored = await state.read(object.name);
    const before = object.parse(stored?.text);
    const after = change(before, stored?.ageMs ?? 0);
    if (after === undefined) return before;
    try {
      await state.write(object.name, object.print(after), { ifGeneration: stored?.generation ?? '0' });
      return after;
    } catch (error) {
      if (!(error instanceof Conflict) && (isRefused(error) || ++unanswered > maxUnanswered)) throw error;
      if (conflicts >= MAX_CONFLICTS) throw error;
      await pause(conflicts);
    }
  }
}

/** Changes an object by {@link compareAndSwap}; no difference, no write. */
export async function updateStateObject<Value>(
  state: State,
  pauses: Pauses,
  object: StateObject<Value>,
  change: (before: Value) => Value,
): Promise<Value> {
  return compareAndSwap(state, pauses, object, (before) => {
    const after = change(before);
    return object.print(after) === object.print(before) ? undefined : after;
  });
}
