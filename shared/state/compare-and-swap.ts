import { backoff } from '../google/change/waits.ts';
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
const MAX_CONFLICTS = 40;

/**
 * Changes an object under a precondition on its generation, so that parallel runs never overwrite each other: where
 * another one was faster, `change` is asked again with what that one wrote. No difference, no write. Returns what is
 * stored in the end. Throws {@link Conflict} after many rounds, `GoogleApiError`, and what `parse` throws.
 */
export async function updateStateObject<Value>(
  state: State,
  { sleep, random }: Pauses,
  object: StateObject<Value>,
  change: (before: Value) => Value,
): Promise<Value> {
  const pause = backoff(sleep, random, 100, 2_000);
  for (let conflicts = 0; ; conflicts++) {
    const stored = await state.read(object.name);
    const before = object.parse(stored?.text);
    const after = change(before);
    const text = object.print(after);
    if (text === object.print(before)) return before;
    try {
      await state.write(object.name, text, { ifGeneration: stored?.generation ?? '0' });
      return after;
    } catch (error) {
      if (!(error instanceof Conflict) || conflicts >= MAX_CONFLICTS) throw error;
      await pause(conflicts);
    }
  }
}
