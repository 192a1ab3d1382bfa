import { ACK_DEADLINE_SECONDS, RETENTION_SECONDS, RETRY_DELAY_SECONDS } from '../desired/delivery-limits.ts';
import { grant } from './grants.ts';
import { DEAD_LETTERS, jobOf, MADE_BY_TEXT, topicOf } from '../desired/names.ts';
import type { Actual, Subscription } from '../actual/actual.ts';
import type { Step } from '../desired/step.ts';
import { triggerAccountOf, type Desired, type DesiredFunction } from '../desired/desired.ts';

/** The only role that can call a Cloud Run service and nothing more. */
export const INVOKER = 'roles/run.servicesInvoker';

const RETRY_DELAYS = { min: `${RETRY_DELAY_SECONDS.min}s`, max: `${RETRY_DELAY_SECONDS.max}s` };

/** Who may call the functions, what becomes of messages that they cannot handle, and when they tick. */
export function planTriggers(desired: Desired, actual: Actual): readonly Step[] {
  return [
    ...desired.functions.flatMap((fn) => planInvokers(desired, actual, fn)),
    ...planDeadLetters(desired, actual),
    ...desired.functions.flatMap((fn) => planJob(desired, actual, fn)),
  ];
}

function planInvokers(
  desired: Desired,
  actual: Actual,
  { name, settings }: DesiredFunction,
): readonly Step[] {
  const grants = [
    ...(settings.trigger === 'http'
      ? []
      : [[`serviceAccount:${triggerAccountOf(desired)}`, `Messages may reach ${name}`] as const]),
    // What messages alone drive takes no requests from elsewhere; one that also answers people is open to the invokers.
    ...(settings.ingress === 'all'
      ? desired.invokers.map((member) => [member, `${member} may call ${name}`] as const)
      : []),
  ];
  return grants.flatMap(([member, why]) =>
    grant(actual, desired, `services/${name}`, { role: INVOKER, member }, why),
  );
}

function planDeadLetters(desired: Desired, actual: Actual): readonly Step[] {
  if (driven(desired).length === 0) return [];
  return [
    ...grant(
      actual,
      desired,
      `topics/${DEAD_LETTERS}`,
      { role: 'roles/pubsub.publisher', member: pubsubAgent(actual) },
      'Pub/Sub itself moves dead letters there',
    ),
    ...planSubscriptions(desired, actual),
  ];
}

/** The dead-letter policy of each function's own subscription, whose name is known once the function is deployed. */
export function planSubscriptions(desired: Desired, actual: Actual): readonly Step[] {
  return driven(desired).flatMap((fn) => planSubscription(desired, actual, fn));
}

/** The functions that messages drive. */
function driven({ functions }: Desired): readonly DesiredFunction[] {
  return functions.filter(({ settings }) => settings.trigger !== 'http');
}

function pubsubAgent({ projectNumber }: Actual): string {
  return `serviceAccount:service-${projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`;
}

function planSubscription(
  desired: Desired,
  actual: Actual,
  { name, settings }: DesiredFunction,
): readonly Step[] {
  const { project } = desired;
  const full = actual.functions.get(name)?.subscription;
  const unknown = full === undefined ? ({ awaits: true } as const) : {};
  const id = full?.split('/').at(-1) ?? `SUBSCRIPTION_OF_${name.toUpperCase().replaceAll('-', '_')}`;
  const known = actual.subscriptions.get(id);
  const isRight =
    known?.deadLetterTopic === `projects/${project}/topics/${DEAD_LETTERS}` &&
    known.deliveryAttempts === settings.deliveryAttempts &&
    known.ackDeadlineSeconds === ACK_DEADLINE_SECONDS &&
    known.retentionSeconds === RETENTION_SECONDS &&
    known.expiresAfter === undefined &&
    known.retryDelays === `${RETRY_DELAYS.min} to ${RETRY_DELAYS.max}`;
  const steps: Step[] = [
    ...grant(
      actual,
      desired,
      `subscriptions/${id}`,
      { role: 'roles/pubsub.subscriber', member: pubsubAgent(actual) },
      `Pub/Sub itself takes dead letters out of the subscription of ${name}`,
    ).map((step) => ({ ...step, ...unknown })),
  ];
  if (!isRight)
    steps.push({
      why: `A message that ${name} fails on ${settings.deliveryAttempts} times becomes a dead letter; until then it is kept for ${RETENTION_SECONDS / 86_400} days${retainedNow(known)}`,
      args: [
        'pubsub',
        'subscriptions',
        'update',
        id,
        `--project=${project}`,
        `--dead-letter-topic=${DEAD_LETTERS}`,
        `--max-delivery-attempts=${settings.deliveryAttempts}`,
        `--min-retry-delay=${RETRY_DELAYS.min}`,
        `--max-retry-delay=${RETRY_DELAYS.max}`,
        `--ack-deadline=${ACK_DEADLINE_SECONDS}`,
        `--message-retention-duration=${RETENTION_SECONDS}s`,
        // One that has been idle for long would otherwise be deleted.
        '--expiration-period=never',
      ],
      ...unknown,
    });
  return steps;
}

/** What it is now, where that is shorter. */
function retainedNow(known: Subscription | undefined): string {
  return known === undefined || known.retentionSeconds >= RETENTION_SECONDS
    ? ''
    : ` instead of ${Math.round(known.retentionSeconds / 3_600)} hours`;
}

function planJob(
  { project, region }: Desired,
  { jobs }: Actual,
  { name, settings }: DesiredFunction,
): readonly Step[] {
  const { schedule, timeZone } = settings;
  if (schedule === undefined) return [];
  const id = jobOf(name);
  const known = jobs.get(id);
  if (
    known?.schedule === schedule &&
    known.timeZone === timeZone &&
    known.topic === topicOf(name) &&
    known.body === TICK
  )
    return [];
  return [
    {
      why: `${name} ticks at "${schedule}" (${timeZone})`,
      args: [
        'scheduler',
        'jobs',
        known === undefined ? 'create' : 'update',
        'pubsub',
        id,
        `--project=${project}`,
        `--location=${region}`,
        `--schedule=${schedule}`,
        `--time-zone=${timeZone}`,
        `--topic=${topicOf(name)}`,
        `--message-body=${TICK}`,
        `--description=${MADE_BY_TEXT}`,
      ],
    },
  ];
}

/** A tick for the whole scope. */
const TICK = '{}';
