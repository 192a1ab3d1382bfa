import { percentText } from '../../shared/units.ts';
import type { Budget } from '../../shared/google/budgets.ts';
import { accountOf } from '../../shared/google/resource-name.ts';
import type { Rung } from '../../shared/policy/policy.ts';
import type { Config } from './config.ts';
import type { Estimated } from './estimate/estimated.ts';
import type { Anomaly, Notification } from './message/notification.ts';
import { periodEndMs, periodStanding } from './message/period.ts';

/** What one message calls for. */
export type Verdict =
  /** Nothing: it is not about a budget of ours, not about now, or not readable as a share. */
  | {
      readonly kind: 'ignore';
      readonly reason: string;
      readonly why: string;
      readonly severity: 'INFO' | 'WARNING';
      /** The rung that is due although no share can be told; absent: none. */
      readonly notify?: Rung;
    }
  /** All is well, or at least below the first threshold. */
  | (Judged & { readonly kind: 'heartbeat'; readonly why: string; readonly severity: 'INFO' | 'WARNING' })
  | (Judged & {
      readonly kind: 'due';
      readonly rungs: readonly Rung[];
      readonly next: Rung | undefined;
      /** What is spent by now as spend-watch has it, where that counts. */
      readonly estimated?: Estimated;
      /** Why rungs wait that the reported cost reaches and the last known one does not. */
      readonly doubt?: string;
    });

/** What a message is judged by. */
export interface Judged {
  readonly shares: Shares;
  /** The amount that the shares are of, in the message's currency. */
  readonly budgetAmount: number;
  /** What the budget may set off. */
  readonly ladder: readonly Rung[];
}

/** Shares of the budget's amount, as fractions. */
export interface Shares {
  readonly actual: number;
  /** Only what the message says for sure: the highest forecast threshold exceeded. */
  readonly forecast: number;
}

type Ignored = Extract<Verdict, { kind: 'ignore' }>;

function ignore(reason: string, why: string, severity: 'INFO' | 'WARNING' = 'WARNING'): Ignored {
  return { kind: 'ignore', reason, why, severity };
}

/** Judges what can be judged without the budget itself. Undefined: look at the budget. */
export function judgeSender(message: Notification | Anomaly, config: Config): Verdict | undefined {
  if (message.kind === 'anomaly')
    return ignore(
      'cost-anomaly',
      `it is about ${JSON.stringify(message.name)}; only budgets count here`,
      'INFO',
    );
  if (config.allow.length === 0 || config.allow.includes(message.budget)) return undefined;
  return config.allow.some((budget) => accountOf(budget) === accountOf(message.budget))
    ? ignore('not-allowed', `${message.budget} is not in budgets.allow`, 'INFO')
    : ignore(
        'foreign-budget',
        `${message.budget} belongs to a billing account that no budget in budgets.allow does`,
        'INFO',
      );
}

/** Judges a notification of a budget that may be acted on. Pure. */
export function judgeNotification(message: Notification, budget: Budget, config: Config, now: Date): Verdict {
  const unrelated = whyUnrelated(message, budget, now);
  if (unrelated !== undefined) return unrelated;
  const { amount } = budget;
  // The budget as it is now counts: an operator who raised it since the message was made did so to go on.
  const units = amount.kind === 'specified' ? amount.units : message.budgetAmount;
  if (!(units > 0)) return judgeNoAmount(message, units, config);

  const shares: Shares = {
    actual: message.costAmount / units,
    // The message's thresholds are shares of the amount that the budget had when it was made.
    forecast: ((message.forecastExceeded ?? 0) * message.budgetAmount) / units,
  };
  const ladder = units >= config.minAmount ? ladderOf(budget, config) : onlyNotify(config);
  const { thresholdExceeded } = message;
  const highest = config.ladder.findLast((rung) =>
    // A message that names no exceeded threshold is no alert, whatever its cost.
    isDue(rung, thresholdExceeded === undefined ? { ...shares, actual: 0 } : shares, config.basis),
  );
  // It is a ladder: what is below a rung that is due is due, also where that rung itself is out of this budget's reach.
  const rungs = ladder.filter((rung) => highest !== undefined && rung.at <= highest.at);
  const judged: Judged = { shares, budgetAmount: units, ladder };
  if (rungs.length > 0) return { ...judged, kind: 'due', rungs, next: ladder[rungs.length] };

  const spent = `${percentText(shares.actual)} of the budget is spent`;
  const missed = ladder.findLast((rung) => isDue(rung, shares, config.basis));
  if (missed !== undefined)
    return {
      ...judged,
      kind: 'heartbeat',
      severity: 'WARNING',
      why: `${spent}, which is over the rung ${percentText(missed.at)}, but the message names no exceeded threshold: give the budget threshold rules (npm run preflight)`,
    };
  const [first] = ladder;
  const below =
    thresholdExceeded === undefined || first === undefined
      ? 'no threshold is exceeded'
      : `the first rung is at ${percentText(first.at)}`;
  return { ...judged, kind: 'heartbeat', severity: 'INFO', why: `${spent}; ${below}` };
}

/** Any cost exceeds an amount of 0, as that of a last period may be: this is told, as it is below `budgets.minAmount`. */
function judgeNoAmount(
  { costAmount, thresholdExceeded }: Notification,
  units: number,
  config: Config,
): Ignored {
  const ignored = ignore('no-amount', `the budget's amount is ${units}: no share of it can be told`);
  const [notify] = onlyNotify(config);
  const isExceeded = units === 0 && costAmount > 0 && thresholdExceeded !== undefined;
  return isExceeded && notify !== undefined ? { ...ignored, notify } : ignored;
}

/** Why a message is not about the budget as it is now: another period, currency or budget. Undefined when it is. */
function whyUnrelated(message: Notification, budget: Budget, now: Date): Verdict | undefined {
  const startText = new Date(message.periodStartMs).toISOString();
  switch (periodStanding(budget.period, message.periodStartMs, now)) {
    case 'not-begun':
      return ignore('period-not-begun', `its period begins at ${startText}`);
    case 'over': {
      const end = new Date(periodEndMs(budget.period, message.periodStartMs) ?? 0).toISOString();
      return ignore('period-over', `its period began at ${startText} and ended at ${end}`);
    }
    case 'other':
      return ignore(
        'other-period',
        budget.period.kind === 'custom'
          ? `its period began at ${startText}; the budget has another custom period by now`
          : `its period began at ${startText}, and no ${budget.period.unit} of the budget begins then`,
      );
    case 'present':
  }

  const { amount } = budget;
  // A budget that names none counts in its account's currency, as the message does.
  if (amount.kind === 'specified' && !['', message.currencyCode].includes(amount.currencyCode))
    return ignore(
      'other-currency',
      `the message counts in ${message.currencyCode}, the budget in ${amount.currencyCode}`,
    );
  const unlike = unlikeBudget(message, budget);
  return unlike === undefined ? undefined : ignore('unlike-budget', unlike);
}

/** What in a message Google could not have written about this budget; undefined when nothing is. */
function unlikeBudget(
  { topic, thresholdExceeded, forecastExceeded }: Notification,
  budget: Budget,
): string | undefined {
  if (topic !== undefined && budget.topic !== undefined && !isSameTopic(topic, budget.topic))
    return `it came by ${topic}, and the budget notifies ${budget.topic}`;
  return (
    unlikeThresholds(thresholdExceeded, budget, 'current') ??
    unlikeThresholds(forecastExceeded, budget, 'forecast')
  );
}

/** A budget without rules may have had some when the message was made. */
function unlikeThresholds(
  exceeded: number | undefined,
  { thresholds }: Budget,
  basis: Budget['thresholds'][number]['basis'],
): string | undefined {
  const shares = thresholds.filter((one) => one.basis === basis).map(({ share }) => share);
  if (exceeded === undefined || shares.length === 0) return undefined;
  if (shares.some((share) => Math.abs(share - exceeded) < TOLERANCE)) return undefined;
  const what = basis === 'current' ? 'threshold' : 'threshold of the forecast';
  return `it names the ${what} ${percentText(exceeded)}, and the budget has ${shares.map((share) => percentText(share)).join(', ')}`;
}

/** A project may be named by its id or its number. */
function isSameTopic(one: string, other: string): boolean {
  const [[, project = '', , name = ''], [, otherProject = '', , otherName = '']] = [
    one.split('/'),
    other.split('/'),
  ];
  const isNumber = (text: string): boolean => /^\d+$/.test(text);
  return name === otherName && (project === otherProject || isNumber(project) !== isNumber(otherProject));
}

/** What this budget may set off: without projects of its own in its filter, or in no list, only messages. */
export function ladderOf(budget: Budget, config: Config): readonly Rung[] {
  const mayAct = budget.projects.length > 0 && config.allow.includes(budget.name);
  return mayAct ? config.ladder : onlyNotify(config);
}

function onlyNotify({ ladder }: Config): readonly Rung[] {
  return ladder.filter((rung) => rung.do === 'notify');
}

/** Unlinking takes money that was spent; a forecast is never enough for it. What spend-watch estimates is added by `addEstimate`. */
function isDue(rung: Rung, shares: Shares, basis: Config['basis']): boolean {
  return isReached(rung, rung.do === 'unlink-billing' ? shares.actual : countedShare(shares, basis));
}

/** The share that counts by what a message reports. Pure. */
export function countedShare({ actual, forecast }: Shares, basis: Config['basis']): number {
  if (basis === 'actual' || basis === 'live') return actual;
  return basis === 'forecast' ? forecast : Math.max(actual, forecast);
}

/** Cents over units need not give 0.8 to the last bit. */
const TOLERANCE = 1e-9;

/** Whether a share is at or above a rung. Pure. */
export function isReached(rung: Rung, share: number): boolean {
  return share + TOLERANCE >= rung.at;
}

/** Why a project of the budget is never touched; undefined when it may be. */
export function protection(projectId: string, config: Config, ownProject: string): string | undefined {
  if (projectId === ownProject) return 'costguard itself runs in it';
  return config.protect.includes(`projects/${projectId}`) ? 'budgets.protect names it' : undefined;
}
