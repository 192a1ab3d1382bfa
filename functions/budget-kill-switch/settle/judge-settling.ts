import type { Manifest } from '../../../shared/state/manifest.ts';
import { isKnownToBurn, leftBurning, leftText } from '../../../shared/resources/left-burning.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { isAhead } from '../../../shared/units.ts';
import type { Config } from '../config.ts';
import { planRung, type ProjectPlan } from '../ladder/plan-rung.ts';
import { effectiveSince, isInEffect, keepsFromEffect } from './in-effect.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * For how long unlinking waits for what a retry may show. A fault of one request passes within minutes, and an hour has twelve ticks:
 * what none of these shows is no such fault. What burns unseen costs an hour at the most.
 */
const MAX_UNSEEN_MS = HOUR_MS;

/**
 * Share of the budget's amount that may come a day while nothing runs: disks, buckets and addresses go on costing, and what unlinking
 * does to those is delete them.
 */
export const RENT_A_DAY = 0.01;

/** A reported cost, and when it was looked at. */
export type Figure = NonNullable<NonNullable<Manifest['settling']>['after']>;

/** Whether unlinking a project waits, and until when or why not. */
export type Settling =
  | { readonly kind: 'waits'; readonly sinceMs: number; readonly untilMs: number }
  /** Something could not be looked at, or its stop does not show, that a retry may show. `sinceMs`: since the first look that missed it. */
  | { readonly kind: 'unseen'; readonly sinceMs: number; readonly untilMs: number; readonly why: string }
  /** The time is over, and nothing gives a reason to unlink. `after`: the figure that later ones are compared with. */
  | { readonly kind: 'no-reason'; readonly sinceMs: number; readonly after: Figure | undefined; readonly why: string }
  | { readonly kind: 'unlinks'; readonly why: string }; // prettier-ignore

/** Since when the budget's other projects run nothing, or why their cost goes on. */
export type Others =
  { readonly kind: 'quiet'; readonly sinceMs: number } | { readonly kind: 'goes-on'; readonly why: string };

/** The time is over for the project itself: whether the cost still grows decides. */
export interface SettledSince {
  readonly kind: 'settled';
  readonly sinceMs: number;
}

/** What the decision to unlink goes by. */
export interface Settled {
  readonly config: Pick<Config, 'ladder' | 'keepLabel' | 'settleHours' | 'mode'>;
  readonly manifest: Manifest | undefined;
  /** What the budget's last message reports, and the budget's amount. */
  readonly cost: number;
  readonly amount: number;
  readonly currency: string;
  /** What runs in the project, and whether all of it could be looked at. */
  readonly running: readonly RunningResource[];
  readonly complete: boolean;
  /** What could not, where a retry may help with all of it. */
  readonly mayShow?: string | undefined;
  readonly now: Date;
}

/**
 * What a run costs is reported up to a day later. After stop-compute has taken effect unlinking waits that long where nothing that
 * burns is running: the cost that arrives meanwhile was caused before. What may have no instances is not known to burn. What arrives later has another cause that no look shows, and is
 * the reason to unlink; cost that stands still is none. Where something burns that no rung stops, or what burns, or that it is stopped, is
 * not known and no retry shows it, it does not wait. `settled`: {@link judgeGrowth} decides. Pure.
 */
export function judgeSettling(settled: Settled): Settling | SettledSince {
  const { config, manifest, running, complete, mayShow, now } = settled;
  const { settleHours, ladder, mode } = config;
  const unlinks = (why: string): Settling => ({ kind: 'unlinks', why });
  if (settleHours === 0) return unlinks('budgets.settle is 0');
  const stop = ladder.find((rung) => rung.do === 'stop-compute');
  if (stop === undefined) return unlinks('the ladder has no stop-compute that could take effect');
  if (!complete && mayShow === undefined)
    return unlinks(
      'not all of the project could be looked at, for another reason than an outage that may pass, so that something may burn there',
    );
  // What may have no instances is no reason: that it burns is not known. Neither is storage, which unlinking deletes.
  const burning = outlasting(running, config, now).filter(isKnownToBurn);
  if (leftBurning(burning).length > 0)
    return unlinks(`something burns that no rung stops: ${leftText(burning)}`);
  const hasTakenEffect = manifest !== undefined && isInEffect(manifest);
  // Observing stops nothing: there it takes effect when it would be fired, on what can be seen.
  const takesEffect = hasTakenEffect || mode === 'observe';
  const missed = takesEffect ? unseenNow(mayShow) : missedByStop(manifest, stop, mayShow);
  if (missed !== undefined) return judgeMissed(manifest, missed, now.getTime());
  if (!takesEffect) return unlinks('stop-compute has not taken effect on all of it');
  const sinceMs = (hasTakenEffect ? effectiveSince(manifest) : undefined) ?? now.getTime();
  const untilMs = sinceMs + settleHours * HOUR_MS;
  return now.getTime() < untilMs ? { kind: 'waits', sinceMs, untilMs } : { kind: 'settled', sinceMs };
}

/** What a later look may show, and since when that is so has a name. */
interface Missed {
  readonly state: string;
  readonly what: string;
}

function unseenNow(what: string | undefined): Missed | undefined {
  return what === undefined ? undefined : { state: 'not all of the project could be looked at', what };
}

/**
 * What keeps stop-compute from having taken effect, where that is only that it did not see all, or that what it requested does not show
 * yet: by now it does, or a retry may show it. Undefined where another reason does, as a stop that was refused.
 */
function missedByStop(
  manifest: Manifest | undefined,
  stop: Rung,
  mayShow: string | undefined,
): Missed | undefined {
  const known = manifest?.rungs.find((rung) => rung.do === stop.do);
  const open = known?.items?.filter(keepsFromEffect) ?? [];
  if (known?.items === undefined || open.some(({ status }) => status === 'failed')) return undefined;
  const [first] = open;
  if (first !== undefined) {
    const more = open.length > 1 ? ` (and ${open.length - 1} more)` : '';
    return {
      state: 'stop-compute has not taken effect on all of it',
      what: `it does not show yet on ${first.resource}${more}`,
    };
  }
  return known.complete === false
    ? unseenNow(mayShow ?? 'what stop-compute missed was seen after it, and is dealt with at the next look')
    : undefined;
}

/** It waits, but not for ever. */
function judgeMissed(manifest: Manifest | undefined, { state, what }: Missed, nowMs: number): Settling {
  const known = manifest?.settling?.unseenSinceMs;
  const sinceMs = known === undefined || isAhead(known, nowMs) ? nowMs : known;
  const untilMs = sinceMs + MAX_UNSEEN_MS;
  const why = `${state} since ${new Date(sinceMs).toISOString()}`;
  return nowMs < untilMs
    ? { kind: 'unseen', sinceMs, untilMs, why: `${why}: ${what}` }
    : {
        kind: 'unlinks',
        why: `${why}, for ${MAX_UNSEEN_MS / HOUR_MS} h or more, so that something may burn there: ${what}`,
      };
}

/** The settling time is over: whether the reported cost grows although nothing runs that could explain it. Pure. */
export function judgeGrowth(settled: Settled, sinceMs: number, others: Others): Settling {
  const { config, manifest, cost, amount, currency, now } = settled;
  const text = (units: number): string => `${Math.max(0, units).toFixed(2)} ${currency}`;
  const none = (why: string, after?: Figure): Settling => ({ kind: 'no-reason', sinceMs, after, why });
  if (others.kind === 'goes-on') return none(others.why);
  const nowMs = now.getTime();
  const overMs = Math.max(sinceMs, others.sinceMs) + config.settleHours * HOUR_MS;
  if (nowMs < overMs) return { kind: 'waits', sinceMs, untilMs: overMs };
  const known = manifest?.settling?.after;
  if (known === undefined || known.atMs < overMs)
    return none('this is the first figure after budgets.settle, with which later ones are compared', {
      atMs: nowMs,
      cost,
    });
  const growth = cost - known.cost;
  const rent = RENT_A_DAY * amount * Math.max(1, (nowMs - known.atMs) / DAY_MS);
  const since = `${text(growth)} since ${new Date(known.atMs).toISOString()}, after budgets.settle (${config.settleHours} h)`;
  return growth > rent
    ? {
        kind: 'unlinks',
        why: `the reported cost has grown by ${since}, more than storage costs (${text(rent)}), although ${quietText(settled)}`,
      }
    : none(
        `the reported cost has grown by ${since}, no more than storage costs (up to ${text(rent)})`,
        known,
      );
}

/** What stop-compute leaves of which nothing tells whether it bills now. Pure. */
export function mayBurn(
  running: readonly RunningResource[],
  config: Pick<Config, 'keepLabel'>,
  now: Date,
): readonly RunningResource[] {
  return outlasting(running, config, now).filter((one) => one.isStorage !== true && !isKnownToBurn(one));
}

/** That nothing burns, as far as it is known: what may have no instances is named, for that it bills nothing is not known either. Pure. */
export function quietText({ running, config, now }: Pick<Settled, 'running' | 'config' | 'now'>): string {
  const unknown = leftText(mayBurn(running, config, now));
  return unknown === ''
    ? 'nothing that burns is running'
    : `nothing that is known to burn is running; whether these bill now is not known, ${unknown}`;
}

/** What goes on costing money when stop-compute has stopped all that it can. */
function outlasting(...by: PlannedBy): readonly RunningResource[] {
  return planCompute(...by).burning;
}

/** What stop-compute stops of what runs: nothing that a keep label keeps. Pure. */
export function stoppedByCompute(...by: PlannedBy): readonly RunningResource[] {
  return planCompute(...by).running;
}

type PlannedBy = Parameters<typeof planCompute>;

function planCompute(
  resources: readonly RunningResource[],
  config: Pick<Config, 'keepLabel'>,
  now: Date,
): ProjectPlan {
  const inventory = { projectId: '', resources, notOffered: [], account: undefined };
  return planRung('stop-compute', inventory, config, now);
}
