import { isRetryable, OutsideError } from './outside-error.ts';

/** A state change that is asked for once and takes effect later, such as stopping a VM. */
export interface StateChange<Present> {
  readonly resource: string;
  /** The resource as it is now; throws `OutsideError` 404 when it is gone. */
  look(): Promise<Present>;
  /** Whether there is nothing left to do. */
  isThere(present: Present): boolean;
  /** What speaks against asking now; undefined when nothing does. */
  objection(present: Present): string | undefined;
  /** Asks; must not be repeated blindly. Returns the operation's name. */
  ask(): Promise<string>;
}

export type Changed =
  | { readonly kind: 'asked'; readonly operation: string | undefined }
  | { readonly kind: 'already' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'objection'; readonly why: string };

const MAX_ATTEMPTS = 4;

/**
 * Looks at a resource, asks for the change, and where no answer comes looks again before it asks again, so that one change
 * is asked for once. Throws `OutsideError` when Google refuses or stays silent.
 */
export async function changeState<Present>(
  change: StateChange<Present>,
  pause: (attempt: number) => Promise<void>,
): Promise<Changed> {
  let mayBeOurs = false;
  for (let attempt = 1; ; attempt++) {
    const present = await orGone(change.look());
    if (present === undefined) return mayBeOurs ? { kind: 'asked', operation: undefined } : { kind: 'gone' };
    // On its way after a request of ours without an answer: that request got through.
    if (change.isThere(present.value))
      return mayBeOurs ? { kind: 'asked', operation: undefined } : { kind: 'already' };
    const why = change.objection(present.value);
    if (why !== undefined) return { kind: 'objection', why };
    try {
      return { kind: 'asked', operation: await change.ask() };
    } catch (error) {
      if (!mayAskAgain(error, attempt)) throw error;
      mayBeOurs ||= isRetryable(error);
      await pause(attempt);
    }
  }
}

/** A refusal for the state that the resource is in is worth one more look; nothing else that is refused is. */
function mayAskAgain(error: unknown, attempt: number): boolean {
  const stateConflict = error instanceof OutsideError && [400, 404, 409, 412].includes(error.status ?? 0);
  return stateConflict ? attempt === 1 : isRetryable(error) && attempt < MAX_ATTEMPTS;
}

async function orGone<T>(look: Promise<T>): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await look };
  } catch (error) {
    if (error instanceof OutsideError && error.status === 404) return undefined;
    throw error;
  }
}

/** Waits that grow with each attempt, with jitter. */
export function backoff(
  sleep: (milliseconds: number) => Promise<void>,
  random: () => number,
  firstMs: number,
  maxMs: number,
) {
  return (attempt: number): Promise<void> => sleep(random() * Math.min(maxMs, firstMs * 2 ** attempt));
}
