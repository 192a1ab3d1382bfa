import { createApi, type Api } from './api.ts';
import { messageOf, PermanentError } from './errors.ts';
import { createLog, type Log } from './log.ts';
import { OutsideError } from './outside-error.ts';
import { PolicyError, type Policy } from './policy.ts';
import { loadPolicy } from './policy-source.ts';
import type { Runtime } from './runtime.ts';
import { isInScope, listProjects } from './scope.ts';
import { Conflict, createState, type State } from './state.ts';
import { sweepProject, type Sweep } from './sweep.ts';
import {
  isStale,
  parseTick,
  quote,
  readMessage,
  STALE_AFTER_MINUTES,
  type Message,
  type Tick,
} from './tick.ts';

/**
 * An event-driven function may run for 540 s (Functions v2 quota). No call starts in the last part of it, so that the
 * receipt is still written.
 */
const DEADLINE_MS = 480_000;

/** What one event runs with. */
export interface EventContext {
  readonly runtime: Runtime;
  readonly api: Api;
  readonly log: Log;
  readonly policy: Policy;
  readonly state: State | undefined;
  /** The Pub/Sub message's id; the same in each redelivery. */
  readonly messageId: string;
}

/**
 * Handles one tick of a function that sweeps projects. A tick for a scope of several projects becomes one message per
 * project on the same topic. Resolves when the event is dealt with, also when it can never be (bad tick, bad policy);
 * rejects when delivering it again can help.
 */
export async function runTick<Config, Facts>(
  runtime: Runtime,
  sweep: Sweep<Config, Facts>,
  event: unknown,
): Promise<void> {
  const startMs = runtime.now().getTime();
  const api = createApi({
    auth: runtime.auth,
    nowMs: () => runtime.now().getTime(),
    deadlineMs: startMs + DEADLINE_MS,
    sleep: (milliseconds) => runtime.sleep(milliseconds),
    random: () => runtime.random(),
    attemptTimeoutMs: runtime.attemptTimeoutMs,
  });
  const log = createLog(
    (line) => {
      runtime.write(line);
    },
    { function: runtime.functionName },
  );
  try {
    const message = readMessage(event);
    const policy = await loadPolicy(runtime, api);
    const bucket = policy.stateBucket;
    const state =
      bucket === undefined
        ? undefined
        : createState({ api, bucket, open: () => runtime.clients.openBucket(bucket) });
    await handleMessage({ runtime, api, log, policy, state, messageId: message.id }, sweep, message);
  } catch (error) {
    if (error instanceof PolicyError)
      for (const problem of error.problems)
        log('ERROR', `Cannot use the policy: ${problem.path}: ${problem.message}`);
    // Google's refusals are for somebody to mend; asking again and again does not.
    else if (error instanceof PermanentError || (error instanceof OutsideError && !error.retryable))
      log('ERROR', error.message);
    else {
      log('ERROR', `The event failed and will be delivered again: ${messageOf(error)}`);
      throw error;
    }
  }
}

async function handleMessage<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  message: Message,
): Promise<void> {
  const { runtime, api, log, policy, state } = context;
  let tick: Tick;
  try {
    tick = parseTick(message.text);
  } catch (error) {
    await keepPoison(runtime, state, message, messageOf(error));
    throw error;
  }
  if (isStale(message.publishedMs, runtime.now().getTime())) {
    const published = new Date(message.publishedMs ?? 0).toISOString();
    log(
      'WARNING',
      `Ignored the tick ${quote(message.text)} of ${published}: it is older than ${STALE_AFTER_MINUTES} minutes`,
    );
    return;
  }
  if (tick.kind === 'project') {
    if (!(await isInScope(api, policy.scope, tick.projectId)))
      throw new PermanentError(
        `Cannot act on "${tick.projectId}": it is outside the policy's scope (${policy.scope.join(', ')})`,
      );
    await sweepProject(context, sweep, tick.projectId);
    return;
  }
  const projects = await listProjects(api, policy.scope);
  const [only, ...others] = projects;
  if (only !== undefined && others.length === 0) {
    await sweepProject(context, sweep, only);
    return;
  }
  await fanOut(context, message, projects);
}

/** One message per project on the tick's own topic: Pub/Sub and autoscaling then work through them side by side. */
async function fanOut(context: EventContext, message: Message, projects: readonly string[]): Promise<void> {
  const { runtime, api, log } = context;
  const topic = runtime.environment['TICK_TOPIC'] ?? message.topic;
  if (topic === undefined)
    throw new PermanentError(
      'Cannot fan out the tick: its topic is unknown; set TICK_TOPIC to projects/P/topics/T',
    );
  await Promise.all(
    projects.map((project) =>
      api.call('pubsub.topics.publish', () => runtime.clients.publish(topic, JSON.stringify({ project }))),
    ),
  );
  log(
    'INFO',
    `Fanned out to ${projects.length} projects: ${projects.slice(0, 20).join(', ')}${projects.length > 20 ? ', …' : ''}`,
    {
      topic,
      apiCalls: api.calls,
    },
  );
}

/** Keeps a message that can never be handled, so that somebody can look at it. Its id names it: redelivery adds none. */
async function keepPoison(
  runtime: Runtime,
  state: State | undefined,
  message: Message,
  why: string,
): Promise<void> {
  const record = {
    function: runtime.functionName,
    messageId: message.id,
    receivedAt: runtime.now().toISOString(),
    why,
    text: message.text,
  };
  try {
    await state?.write(
      `poison/${runtime.functionName}/${message.id.replace(/[^\w.-]/g, '_')}.json`,
      JSON.stringify(record),
      { ifGeneration: '0' },
    );
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
  }
}
