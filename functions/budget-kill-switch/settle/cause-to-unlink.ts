import type { Rung } from '../../../shared/policy/policy.ts';
import { burnOf } from '../../../shared/resources/inventory.ts';
import { burnText, leftText } from '../../../shared/resources/left-burning.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { ProjectLease } from '../../../shared/state/lease.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import { isAhead, percentText } from '../../../shared/units.ts';
import type { Firing } from '../ladder/fire.ts';
import { reportedOf } from '../ladder/hold.ts';
import { isOpen } from '../ladder/items.ts';
import type { FreshPlan } from '../ladder/plan-now.ts';
import { decisionOn } from '../ladder/report-rung.ts';
import { effectiveSince, mayHaveRunSince } from './in-effect.ts';
import {
  judgeGrowth,
  judgeSettling,
  mayBurn,
  RENT_A_DAY,
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
    now: run.runtime.now(),
  };
  const judged = judgeSettling(settled);
  const settling = judged.kind === 'settled' ? await growthOf(firing, settled, judged.sinceMs) : judged;
  if (settling.kind === 'unlinks') return settling.why;
  if (settling.kind === 'no-reason' && settling.after !== undefined)
    await remember(lease, settling.after, { sinceMs: settling.sinceMs, amount });
  sayWaiting(firing, rung, settling, fresh.running);
  return undefined;
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

/** Nothing above a rung is ever silent: that unlinking waits is said with each message. */
function sayWaiting(
  { run, due, receipt }: Firing,
  rung: Rung,
  settling: Exclude<Settling, { kind: 'unlinks' }>,
  running: readonly RunningResource[],
): void {
  const inEffect =
    due.config.mode === 'observe' && running.length > 0
      ? `stop-compute would take effect first, on what runs at ${burnText(burnOf(running))}`
      : `stop-compute has been in effect since ${new Date(settling.sinceMs).toISOString()} and ${nothingBurns(mayBurn(running, due.config, run.runtime.now()))}`;
  const { reason, until, why, then } = settling.kind === 'waits' ? untilSettled(rung, settling.untilMs) : standing(settling.why);
  const because = `${inEffect}; ${why}`;
  run.log('WARNING', `${rung.do} waits on ${run.projectId}${until === '' ? '' : ` until ${until} (budgets.settle)`}: ${because}. ${then}`, {
    budget: due.budget.name,
    rung: rung.do,
    runId: run.runId,
  });
  receipt.keep(decisionOn(`projects/${run.projectId}`, 'keep', reason, { rung: rung.do, why: because, ...(until === '' ? {} : { until }) }));
} // prettier-ignore

/** What may have no instances is named: that it bills nothing is not known either. */
function nothingBurns(unknown: readonly RunningResource[]): string {
  const text = leftText(unknown);
  return text === ''
    ? 'nothing that burns is running'
    : `nothing that is known to burn is running; whether these bill now is not known, ${text}`;
}

/** How waiting is told. */
interface Waiting {
  readonly reason: string;
  readonly until: string;
  readonly why: string;
  readonly then: string;
}

function untilSettled(rung: Rung, untilMs: number): Waiting {
  return {
    reason: 'settling',
    until: new Date(untilMs).toISOString(),
    why: 'cost of before arrives for up to a day',
    then: `It does not wait where something burns that no rung stops. After that billing is unlinked if the share is ${percentText(rung.at)} or more and the cost still grows`,
  };
}

function standing(why: string): Waiting {
  return {
    reason: 'no-reason-to-unlink',
    until: '',
    why,
    then: `Billing is unlinked where the cost grows by more than ${percentText(RENT_A_DAY)} of the budget a day, or something burns that no rung stops`,
  };
}
