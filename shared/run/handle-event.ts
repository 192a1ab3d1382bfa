import { createRuntimeApi } from './runtime-api.ts';
import { type Api } from '../google/api.ts';
import { messageOf, PermanentError } from '../errors.ts';
import { loadGuardPolicy, type LastValid } from './last-valid-policy.ts';
import { createLog, type Log } from './log.ts';
import { readMessage, type Message } from './message.ts';
import { isRefusal, GoogleApiError } from '../google/google-api-error.ts';
import { PolicyError, type Policy, type PolicySection } from '../policy/policy.ts';
import { loadPolicy } from './policy-source.ts';
import type { Runtime } from './runtime.ts';
import { Conflict, createState, type State } from '../state/state.ts';

/** The longest that an event-driven function may run (Functions v2 quota), for one that was deployed without saying. */
const MAX_EVENT_SECONDS = 540;

/** No call starts in the last part of an event's time, so that the receipt is still written. */
const CLOSING_SECONDS = 60;

/** How long an event has: what the deployment noted of its timeout, less the time to close. */
function eventDeadlineMs({ environment }: Runtime): number {
  const noted = Number(environment['TIMEOUT_SECONDS'] ?? MAX_EVENT_SECONDS);
  const seconds = noted > 0 && noted <= MAX_EVENT_SECONDS ? noted : MAX_EVENT_SECONDS;
  return (seconds - Math.min(CLOSING_SECONDS, seconds / 3)) * 1_000;
}

/** What one event or request runs with. */
export interface EventContext {
  readonly runtime: Runtime;
  readonly api: Api;
  readonly log: Log;
  readonly policy: Policy;
  readonly state: State | undefined;
}

/** Sets up what an event or request runs with, without the policy's part. No call starts after `deadlineMs`. */
export function openContext(
  runtime: Runtime,
  deadlineMs: number = eventDeadlineMs(runtime),
): Pick<EventContext, 'runtime' | 'api' | 'log'> {
  runtime.begin();
  const api = createRuntimeApi(runtime, deadlineMs);
  const log = createLog(
    (line) => {
      runtime.write(line);
    },
    { function: runtime.functionName },
  );
  return { runtime, api, log };
}

/** Reads the policy in force and opens its state bucket. Throws as `loadPolicy` does. */
export async function withPolicy(
  context: Pick<EventContext, 'runtime' | 'api' | 'log'>,
  sections?: readonly PolicySection[],
  lastValid?: LastValid,
): Promise<EventContext> {
  const { runtime, api, log } = context;
  const { policy, ignored } =
    lastValid === undefined
      ? await loadPolicy(runtime, api, sections)
      : await loadGuardPolicy(context, sections ?? [], lastValid);
  for (const { path, message } of ignored)
    log('WARNING', `A part of the policy that this function does not read is wrong: ${path}: ${message}`);
  const bucket = policy.stateBucket;
  const state = bucket === undefined ? undefined : createState({ api, bucket });
  return { ...context, policy, state };
}

/**
 * Handles one Pub/Sub event of a function that reads these sections of the policy (all when absent). `lastValid`: see `loadGuardPolicy`.
 * Resolves when it is dealt with, also when it can never be (a bad message, a bad policy, a request that Google calls wrong); rejects when delivering it again can help, as after a refusal for want of rights.
 */
export async function handleEvent(
  runtime: Runtime,
  event: unknown,
  handle: (context: EventContext, message: Message) => Promise<void>,
  sections?: readonly PolicySection[],
  lastValid?: LastValid,
): Promise<void> {
  const context = openContext(runtime);
  const { log } = context;
  try {
    const message = readMessage(event);
    await handle(await withPolicy(context, sections, lastValid), message);
  } catch (error) {
    if (error instanceof PolicyError)
      for (const problem of error.problems)
        log('ERROR', `Cannot use the policy: ${problem.path}: ${problem.message}`);
    else if (
      error instanceof PermanentError ||
      (error instanceof GoogleApiError && !error.retryable && !isRefusal(error))
    )
      log('ERROR', error.message);
    else {
      log('ERROR', `The event failed and will be delivered again: ${messageOf(error)}`);
      throw error;
    }
  }
}

/**
 * Keeps a message that can never be handled, whole, so that an operator can look at it and send it again. Its id names it:
 * redelivery adds none.
 * Throws when it cannot be kept; then `why` has been logged.
 */
export async function storePoisonMessage(
  { runtime, state, log }: EventContext,
  message: Message,
  why: string,
): Promise<void> {
  const { id, text, attributes } = message;
  const record = {
    function: runtime.functionName,
    messageId: id.slice(0, 1_000),
    receivedAt: runtime.now().toISOString(),
    why,
    attributes,
    text,
  };
  try {
    await state?.write(
      `poison/${runtime.functionName}/${id.replace(/[^\w.-]/g, '_').slice(0, 200)}.json`,
      JSON.stringify(record),
      { ifGeneration: '0' },
    );
  } catch (error) {
    if (error instanceof Conflict) return;
    log('ERROR', why);
    throw error;
  }
}
