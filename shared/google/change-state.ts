import { BusyError, isRetryable, GoogleApiError } from './google-api-error.ts';

/** A state change that is asked for once and takes effect later, such as stopping a VM. */
export interface StateChange<Present> {
  readonly resource: string;
  /** The resource as it is now; throws `GoogleApiError` 404 when it is gone. */
  look(): Promise<Present>;
  /** Whether there is nothing left to do. */
  isThere(present: Present): boolean;
  /** Whether it is on its way to another state, in which it can be asked; then that is waited for. */
  isInTransit?(present: Present): boolean;
  /** What speaks against asking now; undefined when nothing does. */
  objection(present: Present): string | undefined;
  /** Asks; must not be repeated blindly. */
  ask(): Promise<unknown>;
  /** An earlier run may have asked, and died before it could say so: what has happened since is ours then. */
  readonly alreadyRequested?: boolean;
}

export interface Waits {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
  /** How long a change may take to show after it was asked for. */
  readonly confirmMs: number;
}

export type Changed =
  | { readonly kind: 'asked' | 'already' | 'gone' }
  /** Not asked now; `mayBeOurs`: an earlier request may still take effect, although it does not show. */
  | { readonly kind: 'objection'; readonly why: string; readonly mayBeOurs: boolean };

const MAX_ATTEMPTS = 4;
const TRANSIT_MS = 180_000;

/**
 * Looks at a resource, asks for the change, and looks until it shows. Where no answer comes it looks again before it asks
 * again, so that one change is asked for once. Throws `GoogleApiError` when Google refuses or stays silent, and `BusyError` when
 * what was asked for does not show in time.
 */
export async function changeState<Present>(change: StateChange<Present>, waits: Waits): Promise<Changed> {
  const pause = backoff(waits.sleep, waits.random, 1_000, 8_000);
  let mayBeOurs = change.alreadyRequested === true;
  for (let attempt = 1; ; attempt++) {
    const present = await settledLook(change, waits);
    if (present === undefined) {
      if (mayBeOurs) return { kind: 'asked' };
      // What was there a moment ago is looked for twice.
      if (attempt > 1) return { kind: 'gone' };
      await pause(attempt);
      continue;
    }
    // On its way after a request of ours without an answer: that request got through.
    if (change.isThere(present.value)) return { kind: mayBeOurs ? 'asked' : 'already' };
    const why = change.objection(present.value);
    if (why !== undefined) {
      if (mayBeOurs && (await shows(change, waits))) return { kind: 'asked' };
      return { kind: 'objection', why, mayBeOurs };
    }
    try {
      await change.ask();
    } catch (error) {
      // Refused because the request without an answer is still being carried out, as an operation on an endpoint may be.
      if (mayBeOurs && isStateConflict(error) && (await shows(change, waits))) return { kind: 'asked' };
      if (!canRetryRequest(error, attempt)) throw error;
      mayBeOurs ||= isRetryable(error);
      await pause(attempt);
      continue;
    }
    if (await shows(change, waits)) return { kind: 'asked' };
    throw new BusyError(
      `Cannot confirm the change of "${change.resource}": it was asked for and does not show after ${Math.round(waits.confirmMs / 1_000)} s`,
    );
  }
}

/** The resource once it is in no transit any more; undefined when it is gone. Throws `BusyError` when that takes too long. */
async function settledLook<Present>(
  change: StateChange<Present>,
  waits: Waits,
): Promise<{ readonly value: Present } | undefined> {
  let present: { readonly value: Present } | undefined;
  const settled = await poll(waits.sleep, TRANSIT_MS, async () => {
    present = await orGone(change.look());
    return present === undefined || change.isInTransit?.(present.value) !== true;
  });
  if (!settled)
    throw new BusyError(
      `Cannot change "${change.resource}" yet: it is on its way to another state for minutes`,
    );
  return present;
}

async function shows<Present>(change: StateChange<Present>, waits: Waits): Promise<boolean> {
  return poll(waits.sleep, waits.confirmMs, async () => {
    const present = await orGone(change.look());
    return present === undefined || change.isThere(present.value);
  });
}

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 10_000;

/** Looks at once and then with growing pauses, for `withinMs` of pauses in all. Whether `look` became true. */
export async function poll(
  sleep: (milliseconds: number) => Promise<void>,
  withinMs: number,
  look: () => Promise<boolean>,
): Promise<boolean> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let waitedMs = 0; ; waitedMs += pauseMs, pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    if (await look()) return true;
    if (waitedMs >= withinMs) return false;
    await sleep(pauseMs);
  }
}

/** A refusal for the state that the resource is in is worth one more look; nothing else that is refused is. */
function canRetryRequest(error: unknown, attempt: number): boolean {
  return isStateConflict(error) ? attempt === 1 : isRetryable(error) && attempt < MAX_ATTEMPTS;
}

function isStateConflict(error: unknown): boolean {
  return error instanceof GoogleApiError && [400, 404, 409, 412].includes(error.status ?? 0);
}

async function orGone<T>(look: Promise<T>): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await look };
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 404) return undefined;
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
