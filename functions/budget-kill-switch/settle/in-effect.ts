import type { Manifest } from '../../../shared/state/manifest.ts';

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
 * nothing; what ran after a restore, under a raised amount or while the rung was not in force does. Pure.
 */
export function settlingAfter(
  { settling, grace }: Pick<Manifest, 'settling' | 'grace'>,
  by: HeldBy,
  nowMs: number,
): NonNullable<Manifest['settling']> {
  const goesOn = settling !== undefined && !mayHaveRunSince({ settling, grace }, settling.sinceMs, by);
  return goesOn ? settling : { sinceMs: nowMs, amount: by.amount };
}
