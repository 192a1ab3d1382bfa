import { messageOf } from '../../../shared/errors.ts';
import { updateManifest, type Manifest } from '../../../shared/state/manifest.ts';
import { graceOf } from './grace.ts';
import { keyOf, spentOf, type Due, type Spent } from './hold.ts';
import type { SwitchRun } from '../run.ts';

/**
 * Keeps in the manifest what is spent by now, also where nothing is left to take away: cost of before arrives for up to a day, and the
 * grace of a restore counts from there. When it cannot be kept, that grace is shorter.
 */
export async function noteSpent(due: Due, run: SwitchRun, manifest: Manifest): Promise<void> {
  const { state, runtime, log, projectId } = run;
  const spent = spentOf(due);
  if (state === undefined || manifest.rungs.length === 0 || isSame(manifest.spent, spent)) return;
  try {
    await updateManifest(state, keyOf(due, run), runtime, (stored) => {
      // A restore may have opened a grace since; and a write would prolong the lease of a run that died.
      const isInGrace = graceOf(stored, spent, runtime.now().getTime()) !== undefined;
      return stored.lease === undefined && !isInGrace && !isSame(stored.spent, spent)
        ? { ...stored, spent }
        : undefined;
    });
  } catch (error) {
    log('WARNING', `Cannot note what is spent for ${projectId}: ${messageOf(error)}`);
  }
}

function isSame(one: Spent | undefined, other: Spent): boolean {
  return one?.share === other.share && one.amount === other.amount;
}
