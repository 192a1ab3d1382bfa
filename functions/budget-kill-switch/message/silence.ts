import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import { isAhead } from '../../../shared/units.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { sendNotice } from '../../../shared/notify/send.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { Config } from '../config.ts';
import type { Notification } from './notification.ts';

const HOUR_MS = 3_600_000;

/** Messages come every 20 to 30 minutes: one in a while is enough to have heard of a budget. */
const NOTE_AFTER_MS = 15 * 60_000;

const heardSchema = z.object({
  version: z.literal(1),
  /** When the latest message was published, or the first tick looked for one. */
  heardMs: z.number(),
  /** When its silence was last told. */
  saidMs: z.nullable(z.number()),
  /** What its latest message called it; absent in what an older version kept. */
  displayName: z.optional(z.string()),
  /** When the latest message of a period that is over was published; absent where none came since `heardMs`. */
  overMs: z.optional(z.number()),
});

type Heard = z.infer<typeof heardSchema>;
type Place = Pick<EventContext, 'state' | 'runtime' | 'log'>;

/** Notes that a budget was heard of. When that cannot be kept, nothing else suffers. */
export async function noteHeard(
  { state, runtime, log }: Place,
  { budget, displayName }: Pick<Notification, 'budget' | 'displayName'>,
  publishedMs: number,
): Promise<void> {
  if (state === undefined) return;
  const nowMs = Math.max(runtime.now().getTime(), publishedMs);
  try {
    await updateStateObject(state, runtime, memoryOf(budget), (before): Heard => {
      const isKnown = before !== undefined && !isAhead(before.heardMs, nowMs);
      const isRecent =
        isKnown &&
        publishedMs - before.heardMs < NOTE_AFTER_MS &&
        // One that comes late may be of before it was renamed.
        (before.displayName === displayName || publishedMs < before.heardMs);
      return isRecent && before.saidMs === null
        ? before
        : { version: 1, heardMs: publishedMs, saidMs: null, displayName };
    });
  } catch (error) {
    log('WARNING', `Cannot note that ${budget} was heard of: ${messageOf(error)}`);
  }
}

/** Notes that a message of a period that is over came: by it no rung is held, so that the budget is as silent as before. */
export async function noteOver(
  { state, runtime, log }: Place,
  { budget }: Pick<Notification, 'budget'>,
  publishedMs: number,
): Promise<void> {
  if (state === undefined) return;
  const first: Heard = { version: 1, heardMs: runtime.now().getTime(), saidMs: null };
  try {
    await updateStateObject(state, runtime, memoryOf(budget), (before = first) => {
      const isLater = publishedMs > before.heardMs && publishedMs - (before.overMs ?? 0) >= NOTE_AFTER_MS;
      return isLater ? { ...before, overMs: publishedMs } : before;
    });
  } catch (error) {
    log('WARNING', `Cannot note that a message of a past period of ${budget} came: ${messageOf(error)}`);
  }
}

/** What a budget was called when it was last heard of; undefined where that is not known. Throws `GoogleApiError`. */
export async function rememberedName(
  state: EventContext['state'],
  budget: string,
): Promise<string | undefined> {
  const memory = memoryOf(budget);
  return memory.parse((await state?.read(memory.name))?.text)?.displayName;
}

/** Tells of a budget that has not been heard of for `budgets.silence`, and again each time that as much has passed. */
export async function tellSilence(
  context: EventContext,
  { silenceHours }: Pick<Config, 'silenceHours'>,
  budget: string,
): Promise<void> {
  const { state, runtime, log, policy } = context;
  if (state === undefined || silenceHours === 0) return;
  const nowMs = runtime.now().getTime();
  const silenceMs = silenceHours * HOUR_MS;
  const first: Heard = { version: 1, heardMs: nowMs, saidMs: null };
  let told: Heard | undefined;
  await updateStateObject(state, runtime, memoryOf(budget), (stored = first) => {
    const before = withoutFuture(stored, nowMs);
    const sinceMs = Math.max(before.heardMs, before.saidMs ?? 0);
    told = nowMs - sinceMs >= silenceMs ? before : undefined;
    return told === undefined ? before : { ...before, saidMs: nowMs };
  });
  if (told === undefined) return;
  const text = silenceText(budget, told, nowMs, silenceHours);
  log('ERROR', text, { alert: 'budget-silence', budget });
  const channels = policy.notify?.channels ?? [];
  if (channels.length > 0)
    await sendNotice(context, channels, {
      id: `budget-kill-switch/silence/${budget}/${nowMs}`,
      functionName: 'budget-kill-switch',
      title: 'A budget is silent',
      items: [{ resource: budget, action: 'notify', owner: undefined, text }],
    });
}

/** What a clock that was wrong has noted would mute a budget until then. */
function withoutFuture({ heardMs, saidMs, ...rest }: Heard, nowMs: number): Heard {
  return {
    ...rest,
    heardMs: isAhead(heardMs, nowMs) ? nowMs : heardMs,
    saidMs: saidMs !== null && isAhead(saidMs, nowMs) ? null : saidMs,
  };
}

function silenceText(
  budget: string,
  { heardMs, overMs }: Heard,
  nowMs: number,
  silenceHours: number,
): string {
  const since = `for ${Math.floor((nowMs - heardMs) / HOUR_MS)} h (budgets.silence: ${silenceHours} h)`;
  if (overMs !== undefined && nowMs - overMs < silenceHours * HOUR_MS)
    return `No message of the present period of ${budget} ${since}: those that come are of a period that is over, and hold no rung: nothing guards it now. See the budget's period in Cloud Billing, and whether its cost is reported`;
  return `No message of ${budget} ${since}, and Cloud Billing sends one every 20 to 30 minutes or so: nothing guards it now. See whether it exists and notifies this function's topic, whether Cloud Billing may publish there (npm run preflight), and what the log says at WARNING of messages that do not count`;
}

const storedSchema = z.optional(heardSchema);

/** A damaged one begins anew: else a silent budget would never be told. */
function memoryOf(budget: string): StateObject<Heard | undefined> {
  return expendableObject(`spend/${budgetPath(budget)}/heard.json`, storedSchema, undefined);
}
