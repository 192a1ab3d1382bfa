import type { Manifest } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';

/** Whether the owner of what a rung took had a free hand with it since. */
export type HadFreeHand = (item: ManifestItem) => boolean;

/**
 * An owner has a free hand with what a rung took while that rung is not in force: under a raised amount, and in the grace of a restore.
 * `freeHandUntilMs`: since when it is in force without a break, milliseconds since the epoch; where that is not known it was all the time.
 * What a restore has begun and not brought back whole is no owner's doing. Pure.
 */
export function freeHandSince(
  { grace, starts = {} }: Pick<Manifest, 'grace' | 'starts'>,
  freeHandUntilMs = 0,
): HadFreeHand {
  const restoredMs = grace?.sinceMs ?? 0;
  return ({ kind, resource, atMs = Infinity }) => {
    // Which of its models a restore could not deploy is not known.
    if (kind === 'endpoint') return freeHandUntilMs > atMs && restoredMs <= atMs;
    const isOnItsWay = Object.entries(starts).some(
      ([key, start]) => key.startsWith(`${resource} `) && start.atMs > atMs,
    );
    return Math.max(freeHandUntilMs, restoredMs) > atMs && !isOnItsWay;
  };
}
