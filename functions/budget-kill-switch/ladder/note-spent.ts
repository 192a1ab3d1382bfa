import { messageOf } from '../../../shared/errors.ts';
import { updateUnheld } from '../../../shared/state/lease.ts';
import type { Grace, Manifest } from '../../../shared/state/manifest.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { graceOf } from './grace.ts';
import { keyOf, spentOf, type Due, type Spent } from './hold.ts';
import { isFired } from './ladder.ts';
import type { SwitchRun } from '../run.ts';
import { withUnseenSince } from '../settle/in-effect.ts';

/**
 * Keeps in the manifest what is spent by now, also where nothing is left to take away: cost of before arrives for up to a day, and the
 * grace of a restore counts from there. When it cannot be kept, that grace is shorter. Observing keeps it too: it is what was reported, and
 * a restore counts by it whatever the mode was.
 */
export async function noteSpent(due: Due, run: SwitchRun, manifest: Manifest): Promise<void> {
  const spent = spentOf(due);
  const isKept = (stored: Manifest): boolean => isSame(stored.spent, spent) && !isUnseenOver(due, stored);
  if (manifest.rungs.length === 0 || isKept(manifest)) return;
  await note(due, run, `what is spent for ${run.projectId}`, (stored) => {
    // A restore may have opened a grace since.
    const isInGrace = graceOf(stored, spent, run.runtime.now().getTime()) !== undefined;
    if (isInGrace || isKept(stored)) return undefined;
    const { settling } = stored;
    return settling !== undefined && isUnseenOver(due, stored)
      ? { ...stored, spent, settling: withUnseenSince(settling, undefined) }
      : { ...stored, spent };
  });
}

/** What looks at unlinking missed counts no more once unlinking is not due: what a later one misses is another fault. */
function isUnseenOver({ verdict }: Due, { settling }: Manifest): boolean {
  return settling?.unseenSinceMs !== undefined && !verdict.rungs.some((rung) => rung.do === 'unlink-billing');
}

/**
 * Keeps the amount that the budget has when a grace is first seen: from then on a raise ends it. When it cannot be kept, a raise before
 * the next look does not end it. Observing keeps it too: otherwise a raise would not end a grace that only observing has looked at.
 */
export async function noteGrace(
  due: Due,
  run: SwitchRun,
  known: Grace | undefined,
  seen: Grace,
): Promise<void> {
  if (known?.amount !== undefined) return;
  await note(due, run, `the amount of the budget in the grace of ${run.projectId}`, (stored) => {
    const { grace } = stored;
    const isSeen = grace?.runId === seen.runId && grace.sinceMs === seen.sinceMs;
    return isSeen && grace.amount === undefined ? { ...stored, grace: seen } : undefined;
  });
}

/**
 * Keeps in the budget's own record the most by which `notify` was reached since it was told: what a raise brings below the rung is armed
 * again. When it cannot be kept, and the budget is raised before the next message, it may be told once more.
 */
export async function noteReached(due: Due, run: SwitchRun, rung: Rung, reached: Spent): Promise<void> {
  const costOf = ({ share, amount }: Spent): number => share * amount;
  await note(due, run, `how far notify was reached by ${due.budget.name}`, (stored) => {
    const { spent } = stored;
    const isMore = spent === undefined || costOf(reached) > costOf(spent);
    return isFired(stored, rung) && isMore ? { ...stored, spent: reached } : undefined;
  });
}

async function note(
  due: Due,
  run: SwitchRun,
  what: string,
  change: (stored: Manifest) => Manifest | undefined,
): Promise<void> {
  const { state, runtime, log } = run;
  if (state === undefined) return;
  try {
    await updateUnheld(state, keyOf(due, run), runtime, change);
  } catch (error) {
    log('WARNING', `Cannot note ${what}: ${messageOf(error)}`);
  }
}

function isSame(one: Spent | undefined, other: Spent): boolean {
  return one?.share === other.share && one.amount === other.amount;
}
