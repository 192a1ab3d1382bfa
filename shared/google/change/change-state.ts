import { messageOf } from '../../errors.ts';
import {
  BusyError,
  isRetryable,
  isRefused,
  isStateConflict,
  GoogleApiError,
  undefinedIfMissing,
} from '../google-api-error.ts';
import { NotSent, Permit, type Claim } from './permit.ts';
import { backoff, poll } from './waits.ts';

/** A state change that is requested once and takes effect later, such as stopping a VM. */
export interface StateChange<Present, Answer = unknown> {
  readonly resource: string;
  /** The resource as it is now; throws `GoogleApiError` 404 when it is gone. */
  look(): Promise<Present>;
  /** Whether there is nothing left to do. */
  isThere(present: Present): boolean;
  /** Whether it is on its way to another state, in which it can be requested; then that is waited for. */
  isInTransit?(present: Present): boolean;
  /** What speaks against the request now; undefined when nothing does. */
  blocker(present: Present): string | undefined | Promise<string | undefined>;
  /** Writes down what is about to be requested, where the state does not have it yet. */
  intend?(present: Present): Promise<void>;
  /** Sends the request once, under the permit, for what was seen. */
  request(permit: Permit, present: Present): Promise<Answer>;
  /** An earlier run may have requested it, and died before it could say so: what has happened since is ours then. */
  readonly alreadyRequested?: boolean;
  /** What is gone was not changed: a start, or a setting. Else a request of ours without an answer has removed it. */
  readonly mustExist?: boolean;
  /** The request's answer itself says that it is done; else the resource is looked at until it shows. */
  readonly answerSettles?: boolean;
  /** How often it is requested at most, where no answer comes or the resource's state speaks against it. */
  readonly attempts?: number;
  /** The request carries a precondition that Google checks: the look before it may be of any age. */
  readonly fencedAtGoogle?: boolean;
}

export interface Waits {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
  readonly nowMs: () => number;
  /** How long a change may take to show after it was requested. */
  readonly confirmMs: number;
}

export type Changed<Answer = unknown> =
  /** Done by this run, or an earlier one in whose name it goes on. `answer` where the last request had one. */
  | { readonly kind: 'done'; readonly answer: Answer | undefined }
  | { readonly kind: 'already' }
  | { readonly kind: 'gone' }
  /** Not requested now; `mayBeOurs`: an earlier request may still take effect, although it does not show. */
  | { readonly kind: 'blocked'; readonly why: string; readonly mayBeOurs: boolean };

const MAX_ATTEMPTS = 4;
const TRANSIT_MS = 180_000;

/** A look that began longer ago than this says nothing about now: the instance may have been frozen since. */
const LOOK_HOLDS_MS = 10_000;
const MAX_STALE_LOOKS = 10;

/**
 * The one way to change something at Google: confirms the claim, looks at the resource, writes the intent, sends the request,
 * and looks until it shows. Once a request has left, only a refusal of Google's proves that nothing happened; anything else is
 * unknown until a look settles it, so that one change is requested once.
 * Throws `GoogleApiError` where Google refused and nothing is under way, and `BusyError` where what was requested does not show
 * in time, cannot be told, or is another run's by now.
 */
export async function changeState<Present, Answer>(
  change: StateChange<Present, Answer>,
  waits: Waits,
  claim: Claim,
): Promise<Changed<Answer>> {
  const pause = backoff(waits.sleep, waits.random, 1_000, 8_000);
  let mayBeOurs = change.alreadyRequested === true;
  let hasLeft = false;
  let staleLooks = 0;
  for (let attempt = 1; ; attempt++) {
    const lost = await lostClaim(claim, hasLeft);
    const present = await orUnsettled(change, mayBeOurs, () => settledLook(change, waits));
    if (present === undefined) {
      if (mayBeOurs && change.mustExist !== true) return { kind: 'done', answer: undefined };
      // What was there a moment ago is looked for twice.
      if (attempt > 1) return { kind: 'gone' };
      await pause(attempt);
      continue;
    }
    // On its way after a request of ours without an answer: that request got through.
    if (change.isThere(present.value))
      return mayBeOurs ? { kind: 'done', answer: undefined } : { kind: 'already' };
    if (lost !== undefined) throw cannotTell(change, lost);
    const why = await orUnsettled(change, mayBeOurs, () => change.blocker(present.value));
    if (why !== undefined) {
      if (mayBeOurs && (await shows(change, waits))) return { kind: 'done', answer: undefined };
      return { kind: 'blocked', why, mayBeOurs };
    }
    const sent = await orUnsettled(change, mayBeOurs, () => send(change, waits, claim, present));
    if (sent.kind === 'not-sent') {
      if (++staleLooks > MAX_STALE_LOOKS)
        throw new BusyError(`Cannot change "${change.resource}": ${sent.why}, ${staleLooks} times in a row`);
      attempt -= 1;
      continue;
    }
    if (sent.kind === 'answered') {
      if (change.answerSettles === true || (await shows(change, waits)))
        return { kind: 'done', answer: sent.answer };
      throw new BusyError(
        `Cannot confirm the change of "${change.resource}": it was requested and does not show after ${Math.round(waits.confirmMs / 1_000)} s`,
      );
    }
    // Refused because the request without an answer is still being carried out, as an operation on an endpoint may be.
    if (mayBeOurs && isStateConflict(sent.error) && (await shows(change, waits)))
      return { kind: 'done', answer: undefined };
    hasLeft ||= sent.kind === 'unknown';
    mayBeOurs ||= hasLeft;
    if (attempt >= (change.attempts ?? MAX_ATTEMPTS) || !canRetryRequest(change, sent.error, attempt))
      throw mayBeOurs ? unsettled(change, sent.error) : sent.error;
    await pause(attempt);
  }
}

type Sent<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'not-sent'; readonly why: string }
  /** `unknown`: the request left, and nothing tells whether it was carried out. */
  | { readonly kind: 'refused' | 'unknown'; readonly error: unknown };

/** Writes the intent and sends the request, unless the look or the lease has grown old. Throws what ends the change for good. */
async function send<Present, Answer>(
  change: StateChange<Present, Answer>,
  { nowMs }: Waits,
  claim: Claim,
  { value, lookedAtMs }: Seen<Present>,
): Promise<Sent<Answer>> {
  const permit = new Permit(() => {
    claim.check();
    const ageMs = nowMs() - lookedAtMs;
    if (change.fencedAtGoogle !== true && ageMs > LOOK_HOLDS_MS)
      throw new NotSent(`the look before the request was ${Math.round(ageMs / 1_000)} s old`);
  });
  await change.intend?.(value);
  try {
    return { kind: 'answered', answer: await change.request(permit, value) };
  } catch (error) {
    if (error instanceof NotSent) return { kind: 'not-sent', why: error.message };
    if (error instanceof BusyError || !permit.used) throw error;
    return { kind: isRefused(error) ? 'refused' : 'unknown', error };
  }
}

/** What took the claim from this run. Where a request has left, what became of it is looked at all the same; else it is thrown. */
async function lostClaim(claim: Claim, hasLeft: boolean): Promise<unknown> {
  try {
    await claim.confirm();
    return undefined;
  } catch (error) {
    if (!hasLeft) throw error;
    return error;
  }
}

/** A request left, and nothing tells whether it was carried out: worth another look later. */
export class UnsettledError extends BusyError {}

/** What fails before the next request says nothing of the one that left. */
async function orUnsettled<T>(
  change: { readonly resource: string },
  mayBeOurs: boolean,
  step: () => T | Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw mayBeOurs ? unsettled(change, error) : error;
  }
}

function unsettled(change: { readonly resource: string }, error: unknown): unknown {
  return isRetryable(error) ? error : cannotTell(change, error);
}

function cannotTell({ resource }: { readonly resource: string }, error: unknown): UnsettledError {
  return new UnsettledError(
    `Cannot tell whether the change of "${resource}" took effect: it was requested, and ${messageOf(error)}`,
    { cause: error },
  );
}

interface Seen<Present> {
  readonly value: Present;
  readonly lookedAtMs: number;
}

/** The resource once it is in no transit any more; undefined when it is gone. Throws `BusyError` when that takes too long. */
async function settledLook<Present, Answer>(
  change: StateChange<Present, Answer>,
  waits: Waits,
): Promise<Seen<Present> | undefined> {
  let seen: Seen<Present> | undefined;
  const settled = await poll(waits.sleep, TRANSIT_MS, async () => {
    const lookedAtMs = waits.nowMs();
    const present = await orGone(change.look());
    seen = present === undefined ? undefined : { ...present, lookedAtMs };
    return present === undefined || change.isInTransit?.(present.value) !== true;
  });
  if (!settled)
    throw new BusyError(
      `Cannot change "${change.resource}" yet: it is on its way to another state for minutes`,
    );
  return seen;
}

async function shows<Present, Answer>(change: StateChange<Present, Answer>, waits: Waits): Promise<boolean> {
  try {
    return await poll(waits.sleep, waits.confirmMs, async () => {
      const present = await orGone(change.look());
      return present === undefined ? change.mustExist !== true : change.isThere(present.value);
    });
  } catch (error) {
    throw unsettled(change, error);
  }
}

/**
 * A refusal for the state that the resource is in is worth one more look, one for the precondition each time, and so is no answer;
 * nothing else that is refused is.
 */
function canRetryRequest<Present, Answer>(
  { fencedAtGoogle = false }: StateChange<Present, Answer>,
  error: unknown,
  attempt: number,
): boolean {
  if (fencedAtGoogle && isRefused(error) && error instanceof GoogleApiError)
    return error.retryable || error.status === 412;
  if (isStateConflict(error)) return attempt === 1;
  return isRetryable(error) || !isRefused(error);
}

/** What is looked at may itself be undefined. */
function orGone<T>(look: Promise<T>): Promise<{ readonly value: T } | undefined> {
  return undefinedIfMissing(look.then((value) => ({ value })));
}
