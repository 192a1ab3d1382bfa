import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import { isAhead } from '../../../shared/units.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import { rungActions, type RungAction } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import { reachedBy, type Told } from './latest.ts';
import type { Notification } from './notification.ts';
import { readReported } from './spend-rate.ts';

const inForceSchema = z.object({
  version: z.literal(1),
  /** Whose message it is: that of another budget counts for nothing. Absent in what earlier versions wrote. */
  budget: z.optional(z.string()),
  publishedMs: z.number(),
  /** The rungs above notify that this message made due. */
  reached: z.array(z.enum(rungActions)),
  message: z.object({
    displayName: z.string(),
    costAmount: z.number(),
    budgetAmount: z.number(),
    budgetAmountType: z.string(),
    currencyCode: z.string(),
    periodStartMs: z.number(),
    thresholdExceeded: z.nullable(z.number()),
    forecastExceeded: z.nullable(z.number()),
    topic: z.nullable(z.string()),
  }),
});

type Stored = z.infer<typeof inForceSchema>;

/** The latest message of a budget, by which ticks hold the rungs that it reached. */
export interface InForce {
  readonly notification: Notification;
  /** When the newest message was published by which what it reached is judged. */
  readonly publishedMs: number;
  readonly reached: readonly RungAction[];
  /** When the last message before it was published by which what burns was not held; undefined where none is known. */
  readonly unheldMs: number | undefined;
  /** Of spending, per hour at present; undefined where it is not known. */
  readonly rate: number | undefined;
}

/**
 * Keeps the latest message of a budget while it reaches a rung that takes something away, so that ticks hold that rung until the
 * next message. When it cannot be kept, the message itself still acts. Returns whether it is the first that reaches none after others
 * that did.
 */
export async function noteInForce(
  { state, runtime, log }: EventContext,
  { mode }: Pick<Config, 'mode'>,
  { notification, verdict }: Told,
  publishedMs: number,
): Promise<boolean> {
  // Observing, ticks hold nothing.
  if (state === undefined || mode === 'observe') return false;
  const { budget } = notification;
  const reached = reachedBy(verdict);
  const nowMs = Math.max(runtime.now().getTime(), publishedMs);
  let releases = false;
  try {
    await updateStateObject(state, runtime, memoryOf(budget), (before): Stored | undefined => {
      releases = false;
      if (reached.length === 0 && (before?.reached.length ?? 0) === 0) return before;
      const isLater = before !== undefined && before.publishedMs > publishedMs;
      if (isLater && !isAhead(before.publishedMs, nowMs)) return before;
      releases = reached.length === 0;
      return {
        version: 1,
        budget,
        publishedMs,
        reached,
        message: { ...notification, ...orNull(notification) },
      };
    });
  } catch (error) {
    log('WARNING', `Cannot keep the message of ${budget} for the ticks: ${messageOf(error)}`);
  }
  return releases;
}

/**
 * What a budget's latest message reached; undefined where that is nothing. Of one that was kept although a newer one is known, as two at
 * the same time may leave it, that which the newer one reaches, too. Throws `GoogleApiError`.
 */
export async function recallInForce(
  { state, runtime, log }: Pick<EventContext, 'state' | 'runtime' | 'log'>,
  budget: string,
): Promise<InForce | undefined> {
  if (state === undefined) return undefined;
  const memory = memoryOf(budget);
  const stored = memory.parse((await state.read(memory.name))?.text);
  if (stored === undefined || stored.reached.length === 0) return undefined;
  const { message, publishedMs } = stored;
  const notification: Notification = {
    ...message,
    kind: 'budget',
    budget,
    thresholdExceeded: message.thresholdExceeded ?? undefined,
    forecastExceeded: message.forecastExceeded ?? undefined,
    topic: message.topic ?? undefined,
  };
  const { isReported, latest, rate } = await readReported(state, notification, runtime.now().getTime());
  // A write of this one object makes nothing due: what its message said is kept elsewhere as well.
  if (!isReported) {
    log(
      'WARNING',
      `"${memory.name}" holds a message of ${budget} whose figures no message is known to have reported: ticks wait for the next message`,
    );
    return undefined;
  }
  const isOutdated = latest !== undefined && latest.atMs > publishedMs;
  const reached = isOutdated ? stored.reached.filter((one) => latest.reached.includes(one)) : stored.reached;
  if (reached.length === 0) return undefined;
  const judgedMs = isOutdated ? latest.atMs : publishedMs;
  const { unheldMs = judgedMs } = latest ?? {};
  return {
    ...{ notification, publishedMs: judgedMs, reached, rate },
    // Whether this message itself holds what burns is told with the estimate.
    unheldMs: unheldMs < judgedMs ? unheldMs : undefined,
  };
}

/** JSON has no undefined. */
function orNull({
  thresholdExceeded,
  forecastExceeded,
  topic,
}: Pick<Notification, Nullable>): Pick<Stored['message'], Nullable> {
  return {
    thresholdExceeded: thresholdExceeded ?? null,
    forecastExceeded: forecastExceeded ?? null,
    topic: topic ?? null,
  };
}

type Nullable = 'thresholdExceeded' | 'forecastExceeded' | 'topic';

const storedSchema = z.optional(inForceSchema);

/** A damaged one begins anew with the next message, which acts by itself. */
function memoryOf(budget: string): StateObject<Stored | undefined> {
  const name = `spend/${budgetPath(budget)}/in-force.json`;
  const memory = expendableObject(name, storedSchema, undefined);
  return {
    ...memory,
    parse(text) {
      const stored = memory.parse(text);
      return stored?.budget === undefined || stored.budget === budget ? stored : undefined;
    },
  };
}
