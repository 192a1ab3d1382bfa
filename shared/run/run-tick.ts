import { messageOf, PermanentError } from '../errors.ts';
import { handleEvent, storePoisonMessage, type EventContext } from './handle-event.ts';
import { quote, type Message } from './message.ts';
import { noteStrange } from '../google/read-items.ts';
import type { Runtime } from './runtime.ts';
import { isInScope, listProjects } from '../google/projects.ts';
import { sweepProject } from './sweep-project.ts';
import type { Sweep } from './sweep.ts';
import { newRunId } from './deliver-receipt.ts';
import { claimPart, endPart, type Claim, type SweepPart } from './sweep-chain.ts';
import { continueTick, isStale, MAX_TELLERS, parseTick, STALE_AFTER_MINUTES, type Tick } from './tick.ts';

/**
 * Handles one tick of a function that sweeps projects. A tick for a scope of several projects becomes one message per
 * project on the same topic. Resolves and rejects as `handleEvent` does.
 */
export async function runTick<Config, Facts>(
  runtime: Runtime,
  sweep: Sweep<Config, Facts>,
  event: unknown,
): Promise<void> {
  await handleEvent(
    runtime,
    event,
    (context, message) => handleMessage(context, sweep, message),
    sweep.sections,
  );
}

async function handleMessage<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  message: Message,
): Promise<void> {
  const { runtime, api, log, policy } = context;
  // Without its section the function does nothing at all, not even fan the tick out.
  sweep.configure(policy);
  let tick: Tick;
  try {
    tick = parseTick(message.text);
  } catch (error) {
    await storePoisonMessage(context, message, messageOf(error));
    throw error;
  }
  // A sweep's next part stays worth its while: the state bucket says whether it is still due.
  const goesOn = tick.kind === 'project' && tick.part !== undefined && context.state !== undefined;
  if (!goesOn && isStale(message.publishedMs, runtime.now().getTime())) {
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
    await sweepPart(context, sweep, { ...tick, earlier: tick.earlier }, message);
    return;
  }
  const projects = await listProjects(api, policy.scope, (parent, strange) => {
    noteStrange(
      ({ where, why }) => {
        log('ERROR', `Cannot guard all of "${parent}": ${where}: ${why}`);
      },
      parent,
      strange,
    );
  });
  const [only, ...others] = projects;
  if (only !== undefined && others.length === 0) {
    await sweepPart(context, sweep, { projectId: only, earlier: [] }, message);
    return;
  }
  await fanOut(context, sweep, message, projects);
}

/** A project, or what is left of it. */
interface ToSweep {
  readonly projectId: string;
  readonly earlier: readonly string[] | undefined;
  readonly part?: SweepPart;
}

/**
 * Sweeps a project as far as the event's time allows and publishes a message for the rest. It comes before the event is
 * acknowledged, so that none is lost, and the lease on the part makes more than one of them harmless.
 */
async function sweepPart<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  { projectId, earlier, part: before }: ToSweep,
  message: Message,
): Promise<void> {
  const { runtime, log } = context;
  const given = before ?? { id: message.id, part: 1, after: '' };
  const startedAt = runtime.now();
  const runId = newRunId(startedAt, runtime.newId());
  const chain = { ...context, projectId };
  const claim: Claim =
    sweep.placeOf === undefined ? { kind: 'go', part: given } : await claimPart(chain, given, runId);
  if (claim.kind === 'ignore') {
    log('INFO', `Nothing to do on "${projectId}": ${claim.why}`);
    return;
  }
  if (claim.kind === 'publish') {
    await publishPart(context, message, projectId, claim.part);
    return;
  }
  const { part } = claim;
  const start = { messageId: message.id, runId, startedAt, part, earlier };
  const { errors, ...end } = await sweepProject(context, sweep, projectId, start);
  if (sweep.placeOf !== undefined) {
    const { next, again } = await endPart(chain, part, { ...end, failed: errors.any() });
    if (next !== undefined) await publishPart(context, message, projectId, next);
    // What failed is tried again once all the rest was seen; the state bucket remembers that.
    if (next !== undefined && context.state !== undefined) return;
    errors.throwIfAny(projectId);
    if (again)
      throw new Error(
        `Cannot finish the sweep of "${projectId}": something failed in an earlier part; it begins again`,
      );
  }
  errors.throwIfAny(projectId);
}

async function publishPart(
  context: EventContext,
  message: Message,
  projectId: string,
  next: SweepPart,
): Promise<void> {
  const { runtime, api, log } = context;
  const topic = topicOf(context, message);
  await api.call('pubsub.topics.publish', () =>
    runtime.clients.publish(topic, continueTick(projectId, next)),
  );
  log('INFO', `Goes on with "${projectId}" in another event: part ${next.part}, after "${next.after}"`);
}

/** One message per project on the tick's own topic: Pub/Sub and autoscaling then work through them side by side. */
async function fanOut<Config, Facts>(
  context: EventContext,
  { tellsOfAll }: Sweep<Config, Facts>,
  message: Message,
  projects: readonly string[],
): Promise<void> {
  const { runtime, api, log } = context;
  const topic = topicOf(context, message);
  await Promise.all(
    projects.map((project, index) => {
      const first =
        tellsOfAll === true && index < MAX_TELLERS ? { first: index === 0 || projects.slice(0, index) } : {};
      const text = JSON.stringify({ project, ...first });
      return api.call('pubsub.topics.publish', () => runtime.clients.publish(topic, text));
    }),
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

function topicOf({ runtime }: EventContext, message: Message): string {
  const topic = runtime.environment['TICK_TOPIC'] ?? message.topic;
  if (topic !== undefined) return topic;
  throw new PermanentError(
    'Cannot fan out the tick: its topic is unknown; set TICK_TOPIC to projects/P/topics/T',
  );
}
