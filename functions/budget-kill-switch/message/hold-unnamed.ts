import type { Budget } from '../../../shared/google/budgets.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { percentText } from '../../../shared/units.ts';
import type { Config } from '../config.ts';
import { judgeNotification } from '../decide.ts';
import { latestOf, reachedBy, type Latest, type Told } from './latest.ts';
import type { Notification } from './notification.ts';
import type { Late } from './say-late.ts';

/** A message as it is taken; `why` where it names no threshold for a rung that its figures reach. */
export interface HeldTold extends Told {
  readonly why?: string;
}

/** What a message is judged against. */
export interface Against {
  readonly budget: Budget;
  readonly config: Config;
  readonly now: Date;
}

/**
 * What stays in force under a message that names no threshold for it: that rules of the budget were deleted says nothing of what is
 * spent. A rung that the message before reached stays in force while the share is at or above it: that of the cost, and of the last
 * known forecast while the budget has no threshold by which a message could say that it fell. What was not reached before does not fire
 * by such a message. Pure.
 */
export function holdUnnamed(
  told: Told,
  known: Latest | undefined,
  against: Against,
  subject = 'the message',
): HeldTold {
  const { budget, config, now } = against;
  const { notification, verdict } = told;
  const asBefore: Notification = {
    ...notification,
    thresholdExceeded: notification.thresholdExceeded ?? known?.threshold ?? 1,
    forecastExceeded: forecastOf(notification, known, budget),
  };
  // Its thresholds need not be the budget's any more.
  const judged = judgeNotification(asBefore, { ...budget, thresholds: [] }, config, now);
  if (judged.kind !== 'due') return told;
  const due = verdict.kind === 'due' ? verdict.rungs : [];
  const others = judged.rungs.filter((rung) => rung.do !== 'notify' && !isAmong(due, rung));
  const held = others.filter((rung) => known?.reached.includes(rung.do) === true);
  const unfired = others.filter((rung) => !held.includes(rung));
  // A heartbeat says by itself what it does not fire.
  if (held.length === 0 && (verdict.kind === 'heartbeat' || unfired.length === 0)) return told;
  const why = `${subject} ${whyText(held, unfired, config)}`;
  if (held.length === 0) return { ...told, why };
  const rungs = judged.rungs.filter((rung) => isAmong(due, rung) || held.includes(rung));
  const next = judged.ladder.find((rung) => rungs.every((one) => one.at < rung.at));
  const doubt = verdict.kind === 'due' && verdict.doubt !== undefined ? { doubt: verdict.doubt } : {};
  return { notification: asBefore, verdict: { ...judged, rungs, next, ...doubt }, why };
}

/**
 * What stays in force by a message that came after a newer one which names no threshold: what it would have been had they come in order,
 * by the newer one's figures. Undefined where it adds nothing to what the newer one reaches. Pure.
 */
export function holdLate(
  late: Told,
  { asOfMs, publishedMs }: Pick<Late, 'asOfMs' | 'publishedMs'>,
  newer: Latest,
  against: Against,
): HeldTold | undefined {
  const { notification, verdict } = late;
  if (verdict.kind !== 'due') return undefined;
  const figures: Notification = {
    ...notification,
    ...{ costAmount: newer.cost, budgetAmount: newer.amount },
    ...{ thresholdExceeded: newer.threshold, forecastExceeded: newer.forecast },
  };
  const known = (rung: Rung): boolean =>
    rung.do === 'notify' ? isAmong(verdict.rungs, rung) : newer.reached.includes(rung.do);
  const noted = { ...verdict, rungs: verdict.ladder.filter(known) };
  const held = holdUnnamed(
    { notification: figures, verdict: noted },
    latestOf(late, asOfMs),
    against,
    'that one',
  );
  // Delivered again, it does the same once more.
  const isTaken = newer.byMs === asOfMs;
  if (!isTaken && reachedBy(held.verdict).every((action) => newer.reached.includes(action))) return undefined;
  const at = (ms: number): string => new Date(ms).toISOString();
  const why = `a message published at ${at(publishedMs)} came after one published at ${at(newer.atMs)}, whose figures count`;
  return { ...held, why: held.why === undefined ? why : `${why}: ${held.why}` };
}

function isAmong(rungs: readonly Rung[], rung: Rung): boolean {
  return rungs.some((one) => one.do === rung.do);
}

/** Thresholds are fractions with few digits. */
const TOLERANCE = 1e-9;

/** The forecast threshold that a message names, or the last known one where the budget has none by which it could say less. */
function forecastOf(
  { forecastExceeded, budgetAmount }: Notification,
  known: Latest | undefined,
  { thresholds }: Budget,
): number | undefined {
  if (known?.forecast === undefined || !(budgetAmount > 0)) return forecastExceeded;
  const [now, before] = [forecastExceeded ?? 0, (known.forecast * known.amount) / budgetAmount];
  const isBetween = (share: number): boolean => share > now + TOLERANCE && share <= before + TOLERANCE;
  const saysLess = thresholds.some(({ basis, share }) => basis === 'forecast' && isBetween(share));
  return before <= now || saysLess ? forecastExceeded : before;
}

function whyText(held: readonly Rung[], unfired: readonly Rung[], { basis }: Pick<Config, 'basis'>): string {
  const figure = basis === 'forecast' || basis === 'either' ? 'cost or the last known forecast' : 'cost';
  const named = (rungs: readonly Rung[]): string =>
    rungs.map((rung) => `${rung.do} (${percentText(rung.at)})`).join(', ');
  const clauses = [
    ...(held.length > 0
      ? [`in force until the share is lower, as by a raise, or a restore opens a grace: ${named(held)}`]
      : []),
    ...(unfired.length > 0 ? [`not fired by such a message: ${named(unfired)}`] : []),
  ];
  return `names no exceeded threshold for what its ${figure} reaches, as where rules of the budget were deleted; ${clauses.join('; ')}. Give the budget its threshold rules again (npm run preflight)`;
}
