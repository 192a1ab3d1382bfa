import type { Rung } from '../../../shared/policy/policy.ts';
import { burnOf } from '../../../shared/resources/inventory.ts';
import { isRetryable } from '../../../shared/google/google-api-error.ts';
import { atBurn, burnText, isFree } from '../../../shared/resources/left-burning.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { ProjectLease } from '../../../shared/state/lease.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import { isAhead, percentText } from '../../../shared/units.ts';
import type { Firing } from '../ladder/fire.ts';
import { reportedOf } from '../ladder/hold.ts';
import { isOpen } from '../ladder/items.ts';
import type { FreshPlan } from '../ladder/plan-now.ts';
import { sayLeft } from '../ladder/report-rung.ts';
import { placesText } from '../ladder/unseen.ts';
import { effectiveSince, mayHaveRunSince, withUnseenSince } from './in-effect.ts';
import {
  judgeGrowth,
  judgeSettling,
  quietText,
  RENT_A_DAY,
  stoppedByCompute,
  type Figure,
  type Settled,
  type Settling,
} from './judge-settling.ts';

/**
 * Why billing is unlinked now; undefined while that waits, which is said. Empty for another rung, and where an earlier run has cut the
 * link: then there is nothing to wait for.
 */
export async function causeToUnlink(
  firing: Firing,
  rung: Rung,
  fresh: FreshPlan,
  manifest: Manifest | undefined,
  lease?: ProjectLease,
): Promise<string | undefined> {
  if (rung.do !== 'unlink-billing' || !fresh.items.some((item) => item.kind === 'billing' && isOpen(item)))
    return '';
  const { due, run } = firing;
  const { share, amount } = reportedOf(due);
  const settled = {
    config: due.config,
    manifest: await begunAnew(
      manifest,
      lease,
      { sinceMs: run.runtime.now().getTime(), amount },
      due.heldSinceMs,
    ),
    cost: share * amount,
    amount,
    currency: due.notification.currencyCode,
    running: fresh.running,
    complete: fresh.complete,
    mayShow: mayShow(fresh),
    now: run.runtime.now(),
  };
  const judged = judgeSettling(settled);
  const settling = judged.kind === 'settled' ? await growthOf(firing, settled, judged.sinceMs) : judged;
  if (settling.kind === 'unlinks') return settling.why;
  await noteUnseen(lease, settling, { sinceMs: run.runtime.now().getTime(), amount });
  if (settling.kind === 'no-reason' && settling.after !== undefined)
    await remember(lease, settling.after, { sinceMs: settling.sinceMs, amount });
  sayWaiting(firing, rung, settling, fresh.running);
  return undefined;
}

/** What could not be looked at, where a later look may show all of it: a request failed on its way, or a place is out of reach for now. */
function mayShow({ unseen }: FreshPlan): string | undefined {
  return unseen.length > 0 && unseen.every(({ cause, mayPass = isRetryable(cause) }) => mayPass)
    ? placesText(unseen)
    : undefined;
}

/** Keeps since when looks have missed something, or that this one has not. */
async function noteUnseen(
  lease: ProjectLease | undefined,
  settling: Settling,
  first: NonNullable<Manifest['settling']>,
): Promise<void> {
  const sinceMs = settling.kind === 'unseen' ? settling.sinceMs : undefined;
  if (lease === undefined || lease.manifest().settling?.unseenSinceMs === sinceMs) return;
  await lease.update((manifest) => ({
    ...manifest,
    // Where stop-compute has never taken effect its time has not begun.
    settling: withUnseenSince(manifest.settling ?? { ...first, burns: true }, sinceMs),
  }));
}

/** What else the budget's cost comes from is looked up only where growth decides, which what is not known never does. */
async function growthOf({ due, run, others }: Firing, settled: Settled, sinceMs: number): Promise<Settling> {
  if (due.heldSinceMs === undefined)
    return {
      ...{ kind: 'no-reason', sinceMs, after: undefined },
      why: 'whether stop-compute was in force all the time since then could not be read or kept, so that what has run meanwhile may explain the cost',
    };
  return judgeGrowth(settled, sinceMs, await others(run.projectId));
}

/**
 * The settling time begins anew where something may have run since stop-compute took effect. What took effect at a moment that is
 * still to come was noted by a clock that was wrong: it would wait until then.
 */
async function begunAnew(
  manifest: Manifest | undefined,
  lease: ProjectLease | undefined,
  anew: NonNullable<Manifest['settling']>,
  heldSinceMs: number | undefined,
): Promise<Manifest | undefined> {
  const sinceMs = manifest === undefined ? undefined : effectiveSince(manifest);
  if (manifest === undefined || sinceMs === undefined) return manifest;
  if (!isAhead(sinceMs, anew.sinceMs) && !mayHaveRunSince(manifest, sinceMs, { ...anew, heldSinceMs }))
    return manifest;
  // Observing stops nothing: what runs meanwhile explains growth, so that no figure of that time may count as a reason to unlink.
  return lease === undefined
    ? { ...manifest, settling: anew }
    : lease.update((stored) => ({ ...stored, settling: anew }));
}

async function remember(
  lease: ProjectLease | undefined,
  after: Figure,
  first: NonNullable<Manifest['settling']>,
): Promise<void> {
  if (lease === undefined || lease.manifest().settling?.after?.atMs === after.atMs) return;
  await lease.update((manifest) => ({ ...manifest, settling: { ...first, ...manifest.settling, after } }));
}

type Waiting = Exclude<Settling, { kind: 'unlinks' }>;

/** Nothing above a rung is ever silent: that unlinking waits is said with each message. */
function sayWaiting(
  firing: Firing,
  rung: Rung,
  settling: Waiting,
  running: readonly RunningResource[],
): void {
  const { reason, until, bound, why, then } = toldOf(firing, rung, settling, running);
  const limit = until === undefined ? '' : ` until ${until} (${bound})`;
  const text = `${rung.do} waits on ${firing.run.projectId}${limit}: ${why}. ${then}`;
  sayLeft(firing, rung, { reason, why, text, ...(until === undefined ? {} : { until }) });
}

/** How waiting is told. */
interface Told {
  readonly reason: string;
  readonly until?: string;
  /** What it waits by. */
  readonly bound?: string;
  readonly why: string;
  readonly then: string;
}

function toldOf(
  { due, run }: Firing,
  rung: Rung,
  settling: Waiting,
  running: readonly RunningResource[],
): Told {
  const quiet = quietText({ running, config: due.config, now: run.runtime.now() });
  const first =
    due.config.mode === 'observe' && running.length > 0
      ? `stop-compute would take effect first, on what runs ${atBurn(burnText(burnOf(running)))}`
      : undefined;
  const open = stoppedByCompute(running, due.config, run.runtime.now()).filter(({ cost }) => !isFree(cost));
  const seen =
    open.length > 0
      ? `what runs ${atBurn(burnText(burnOf(open)))} is to be stopped first`
      : `of what was seen ${quiet}`;
  if (settling.kind === 'unseen') return untilSeen(settling, first ?? seen);
  const inEffect =
    first ?? `stop-compute has been in effect since ${new Date(settling.sinceMs).toISOString()} and ${quiet}`;
  return settling.kind === 'waits'
    ? untilSettled(rung, inEffect, settling.untilMs)
    : standing(inEffect, settling.why);
}

function untilSeen({ untilMs, why }: Extract<Settling, { kind: 'unseen' }>, seen: string): Told {
  return {
    reason: 'unseen',
    until: new Date(untilMs).toISOString(),
    bound: 'at the latest',
    why: `${why}; ${seen}`,
    then: 'The next message or tick looks again: a retry may help. It does not wait where something burns that no rung stops. What no look shows until then unlinks billing',
  };
}

function untilSettled(rung: Rung, inEffect: string, untilMs: number): Told {
  return {
    reason: 'settling',
    until: new Date(untilMs).toISOString(),
    bound: 'budgets.settle',
    why: `${inEffect}; cost of before arrives for up to a day`,
    then: `It does not wait where something burns that no rung stops. After that billing is unlinked if the share is ${percentText(rung.at)} or more and the cost still grows`,
  };
}

function standing(inEffect: string, why: string): Told {
  return {
    reason: 'no-reason-to-unlink',
    why: `${inEffect}; ${why}`,
    then: `Billing is unlinked where the cost grows by more than ${percentText(RENT_A_DAY)} of the budget a day, or something burns that no rung stops`,
  };
}
