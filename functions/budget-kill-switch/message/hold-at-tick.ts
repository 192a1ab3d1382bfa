import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { RungAction } from '../../../shared/policy/policy.ts';
import type { Message } from '../../../shared/run/message.ts';
import { isStale } from '../../../shared/run/tick.ts';
import { readMessages } from '../../../shared/state/spend-books.ts';
import type { Config } from '../config.ts';
import { judgeNotification, type Judged, type Verdict } from '../decide.ts';
import type { Due } from '../ladder/hold.ts';
import { countsEstimates, withEstimate } from '../estimate/with-estimate.ts';
import { holdingRung, holdsCompute, NOT_KNOWN, noteHeld, type HeldSince } from '../settle/held-since.ts';
import { recallInForce, type InForce } from './in-force.ts';
import type { Notification } from './notification.ts';
import { releaseProjects } from './release.ts';
import { tellSilence } from './silence.ts';
import { presentRate } from './spend-rate.ts';

/** What a tick does with a budget whose rungs are in force. */
export interface AtTick {
  readonly lookUp: (notification: Notification) => Promise<Budget | undefined>;
  readonly fire: (
    due: Pick<Due, 'notification' | 'budget' | 'verdict' | 'rate' | 'asOfMs'> & HeldSince,
  ) => Promise<void>;
}

const ATTRIBUTES = ['billingAccountId', 'budgetId', 'schemaVersion', 'SchemaVersion'];

/** Whether a message is the switch's own tick and not one of Cloud Billing's. */
export function isTick({ text, attributes }: Message): boolean {
  return text.trim() === '{}' && ATTRIBUTES.every((name) => attributes[name] === undefined);
}

/**
 * Holds what is in force between two messages: each budget's latest message is judged once more, against the budget as it is now. A
 * rung that no message has reached fires by spend-watch's estimate alone, where that counts, and observing plans with messages
 * alone. Silence is told in both modes. A failure keeps neither the other budgets from being looked at nor a silent one from being told.
 */
export async function holdAtTick(
  context: EventContext,
  config: Config,
  message: Message,
  atTick: AtTick,
): Promise<void> {
  if (isStale(message.publishedMs, context.runtime.now().getTime())) return;
  const holds = config.mode === 'enforce' || countsEstimates(config, context.policy);
  const failures: unknown[] = [];
  const attempt = async (what: string, step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      context.log('ERROR', `Cannot ${what} at this tick: ${messageOf(error)}`);
      failures.push(error);
    }
  };
  for (const budget of fromNext(config.allow, context.runtime.now().getTime())) {
    if (holds)
      await attempt(`hold the rungs of ${budget}`, () => holdBudget(context, config, budget, atTick));
    await attempt(`tell the silence of ${budget}`, () => tellSilence(context, config, budget));
  }
  if (failures.length > 0) throw failures[0];
}

/** How often the tick comes, by deploy/functions/budget-kill-switch/function.yaml. */
const TICK_MS = 5 * 60_000;

/** Each tick begins with another one: where a tick is not enough for all, the last have their turn, too. */
function fromNext(budgets: readonly string[], nowMs: number): readonly string[] {
  const start = budgets.length === 0 ? 0 : Math.floor(nowMs / TICK_MS) % budgets.length;
  return [...budgets.slice(start), ...budgets.slice(0, start)];
}

async function holdBudget(
  context: EventContext,
  config: Config,
  name: string,
  { lookUp, fire }: AtTick,
): Promise<void> {
  const atMs = context.runtime.now().getTime();
  const inForce = await recallInForce(context, name);
  const known = inForce ?? (await latestMessage(context, config, name));
  if (known === undefined) {
    sayNoMessage(context, config, name);
    return;
  }
  const { notification, rate } = known;
  const budget = await lookUp(notification);
  if (budget === undefined) return;
  // What it exceeded was a threshold of the budget when it came; that the rules were edited since releases nothing.
  const asHeard = { ...budget, thresholds: [] };
  const told = judgeNotification(notification, asHeard, config, context.runtime.now());
  if (told.kind === 'ignore') {
    sayWaits(context, config, notification, told);
    return;
  }
  const held = holdReached(told, inForce?.reached ?? []);
  const { verdict, releases } = await withEstimate(context, config, { ...notification, budget }, held);
  const lostBreaks: unknown[] = [];
  const heldSince = isKnown(config, told, inForce, verdict)
    ? await noteHeld(context, config, budget, verdict, inForce ?? {}, (error) => lostBreaks.push(error))
    : NOT_KNOWN;
  // While observing a tick only keeps the estimate, so that the next message can tell two looks running.
  if (verdict.kind === 'due' && verdict.rungs.length > 0 && config.mode === 'enforce')
    await fire({ notification, budget, verdict, rate, ...heldSince, asOfMs: inForce?.publishedMs });
  else if (inForce !== undefined || releases) await releaseProjects(context, config, budget, verdict, atMs);
  if (lostBreaks.length > 0) throw lostBreaks[0];
}

/** Whether it is known that what burns is held or not: what the tick has no message for may be in force by one that cannot be read. */
function isKnown(
  { ladder }: Config,
  { shares }: Judged,
  inForce: InForce | undefined,
  verdict: Verdict,
): boolean {
  if (inForce !== undefined || holdsCompute(ladder, verdict)) return true;
  const holding = holdingRung(ladder);
  return holding === undefined || shares.actual < holding.at;
}

/** Nothing is held, and nothing fires by the estimate, until a message comes that counts: each tick says so. */
function sayWaits(
  { log, policy }: EventContext,
  config: Config,
  { displayName }: Notification,
  { reason, why }: Extract<Verdict, { kind: 'ignore' }>,
): void {
  const what = reason === 'period-over' ? 'the first message of its present period' : 'a message that counts';
  const until = countsEstimates(config, policy)
    ? 'no rung is held and none fires by the estimate'
    : 'no rung is held';
  log('INFO', `Budget "${displayName}" waits for ${what}: ${why}; until one comes ${until}`, {
    reason: `waits-${reason}`,
  });
}

/** Where estimates do not count there is nothing to hold before a message has come. */
function sayNoMessage({ log, policy }: EventContext, config: Config, budget: string): void {
  if (!countsEstimates(config, policy)) return;
  log(
    'INFO',
    `Budget ${budget} waits for a first message: none is known; until one comes no rung fires by the estimate`,
    { reason: 'waits-no-message' },
  );
}

function holdReached(verdict: Verdict, reached: readonly RungAction[]): Verdict {
  if (verdict.kind !== 'due') return verdict;
  return { ...verdict, rungs: verdict.rungs.filter((rung) => reached.includes(rung.do)) };
}

/** The latest message where estimates count, as one that reached nothing; undefined where none is known. */
async function latestMessage(
  { state, policy, runtime }: EventContext,
  config: Config,
  budget: string,
): Promise<Pick<InForce, 'notification' | 'rate'> | undefined> {
  if (state === undefined || !countsEstimates(config, policy)) return undefined;
  const messages = await readMessages(state, budget);
  if (messages === undefined) return undefined;
  const { displayName, currencyCode, amount, period, lastMs } = messages;
  const { cost = 0 } = period.points.at(-1) ?? {};
  const notification: Notification = {
    ...{ kind: 'budget', budget, displayName, currencyCode, periodStartMs: period.startMs },
    costAmount: cost,
    budgetAmount: amount,
    budgetAmountType: '',
    thresholdExceeded: undefined,
    forecastExceeded: undefined,
    topic: undefined,
  };
  const latest = { atMs: lastMs, cost };
  return { notification, rate: presentRate(period.points, latest, runtime.now().getTime()) };
}
