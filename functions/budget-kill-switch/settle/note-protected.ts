import { updateUnheld } from '../../../shared/state/lease.ts';
import { readManifest, type Manifest } from '../../../shared/state/manifest.ts';
import { keyOf, type Due } from '../ladder/hold.ts';
import { effectiveSince, withUnseenSince } from './in-effect.ts';

/**
 * Notes that no rung holds a project which the policy protects and stop-compute stopped before: what runs there meanwhile explains cost, so
 * that its settling time begins anew once the rung holds it again. Throws `GoogleApiError`, `BusyError`.
 */
export async function noteProtected(due: Due, projectId: string): Promise<void> {
  const { state, runtime } = due.context;
  if (state === undefined || due.config.mode === 'observe') return;
  const key = keyOf(due, { projectId });
  if (asNotHeld((await readManifest(state, key)).manifest, due) === undefined) return;
  await updateUnheld(state, key, runtime, (manifest) => asNotHeld(manifest, due));
}

/** Undefined where it has not taken effect, or that is noted. What looks before missed is looked for anew, too. Pure. */
function asNotHeld(manifest: Manifest, { verdict }: Pick<Due, 'verdict'>): Manifest | undefined {
  const sinceMs = effectiveSince(manifest);
  if (sinceMs === undefined) return undefined;
  const settling = manifest.settling ?? { sinceMs, amount: verdict.budgetAmount };
  if (settling.burns === true && settling.unseenSinceMs === undefined) return undefined;
  return { ...manifest, settling: withUnseenSince({ ...settling, burns: true }, undefined) };
}
