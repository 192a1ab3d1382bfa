import type { Manifest } from '../../../shared/state/manifest.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { leftBurning } from '../../../shared/resources/left-burning.ts';
import { isOutermost, type ManifestItem } from '../../../shared/state/manifest-item.ts';
import { isOpen } from '../ladder/items.ts';
import type { FreshPlan } from '../ladder/plan-now.ts';

type Settling = NonNullable<Manifest['settling']>;

/**
 * Whether an item keeps stop-compute from being in effect. What only makes others, as a cluster's node auto-provisioning does, bills nothing
 * by itself, and does not; what it makes does.
 */
export function keepsFromEffect(item: ManifestItem): boolean {
  return isOpen(item) && !isOutermost(item);
}

/** Whether stop-compute has taken effect on all of a project that bills. Pure. */
export function isInEffect({ rungs }: Pick<Manifest, 'rungs'>): boolean {
  const { status, items = [], complete } = rungs.find((rung) => rung.do === 'stop-compute') ?? {};
  return status === 'done' || (complete !== false && items.some(isOpen) && !items.some(keepsFromEffect));
}

/** Since when stop-compute is in effect on a project where it has fired; a manifest of an older version tells when it did last. */
export function effectiveSince({ settling, rungs }: Manifest): number | undefined {
  return settling?.sinceMs ?? rungs.find((rung) => rung.do === 'stop-compute')?.firedAtMs;
}

/** By what is known whether something may have run. */
export interface HeldBy {
  /** The budget's present amount. */
  readonly amount: number;
  /** Since when the rung is in force without a break, milliseconds since the epoch; where that is not known, the next look tells. */
  readonly heldSinceMs: number | undefined;
}

/**
 * Whether something may have run since a moment at which stop-compute took effect, and was stopped by hand before the switch looked:
 * after a restore, under a raised amount, or while the rung was not in force. Pure.
 */
export function mayHaveRunSince(
  { settling, grace }: Pick<Manifest, 'settling' | 'grace'>,
  sinceMs: number,
  { amount, heldSinceMs }: HeldBy,
): boolean {
  return (
    (grace?.sinceMs ?? 0) > sinceMs || (heldSinceMs ?? 0) > sinceMs || amount > (settling?.amount ?? amount)
  );
}

/**
 * Since when stop-compute is in effect, when it has been dealt with once more. What came back and was stopped again prolongs
 * nothing; what ran after a restore, under a raised amount or while the rung was not in force does, and what burnt that the rung does
 * not stop. `burns`: it does now. Pure.
 */
export function settlingAfter(
  { settling, grace }: Pick<Manifest, 'settling' | 'grace'>,
  by: HeldBy,
  nowMs: number,
  burns = false,
): Settling {
  const known =
    settling === undefined || mayHaveRunSince({ settling, grace }, settling.sinceMs, by)
      ? undefined
      : settling;
  const anew = { sinceMs: nowMs, amount: by.amount };
  const after =
    known !== undefined && known.burns !== true ? known : withUnseenSince(anew, known?.unseenSinceMs);
  return burns ? { ...after, burns } : after;
}

/** The same with the moment since which looks at unlinking missed something, or without one. Pure. */
export function withUnseenSince(settling: Settling, unseenSinceMs: number | undefined): Settling {
  const after = { ...settling };
  delete after.unseenSinceMs;
  return unseenSinceMs === undefined ? after : { ...after, unseenSinceMs };
}

/** Whether a look at what stop-compute covers shows something that burns and that the rung does not stop, or does not show all. Pure. */
export function mayBurnOn(
  rung: Rung,
  { complete, burning }: Pick<FreshPlan, 'complete' | 'burning'>,
): boolean {
  const machines = burning.filter(({ isStorage }) => isStorage !== true);
  return rung.do === 'stop-compute' && (!complete || leftBurning(machines).length > 0);
}

/** Whether that is otherwise than the manifest says. Pure. */
export function isBurnNew(
  { settling }: Pick<Manifest, 'settling'>,
  rung: Rung,
  fresh: Pick<FreshPlan, 'complete' | 'burning'>,
): boolean {
  return rung.do === 'stop-compute' && mayBurnOn(rung, fresh) !== (settling?.burns === true);
}
