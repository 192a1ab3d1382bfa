import { messageOf, PermanentError } from './errors.ts';
import { handleEvent, keepPoison, type EventContext } from './handle-event.ts';
import { quote, type Message } from './message.ts';
import type { Runtime } from './runtime.ts';
import { isInScope, listProjects } from './scope.ts';
import { sweepProject, type Sweep } from './sweep.ts';
import { isStale, parseTick, STALE_AFTER_MINUTES, type Tick } from './tick.ts';

/**
 * Handles one tick of a function that sweeps projects. A tick for a scope of several projects becomes one message per
 * project on the same topic. Resolves and rejects as `handleEvent` does.
 */
export async function runTick<Config, Facts>(
  runtime: Runtime,
  sweep: Sweep<Config, Facts>,
  event: unknown,
): Promise<void> {
  await handleEvent(runtime, event, (context, message) => handleMessage(context, sweep, message));
}

async function handleMessage<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  message: Message,
): Promise<void> {
  const { runtime, api, log, policy } = context;
  let tick: Tick;
  try {
    tick = parseTick(message.text);
  } catch (error) {
    await keepPoison(context, message, messageOf(error));
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
    await sweepProject(context, sweep, tick.projectId, message.id);
    return;
  }
  const projects = await listProjects(api, policy.scope);
  const [only, ...others] = projects;
  if (only !== undefined && others.length === 0) {
    await sweepProject(context, sweep, only, message.id);
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
