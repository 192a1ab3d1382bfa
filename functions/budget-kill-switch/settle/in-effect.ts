import type { Manifest } from '../../../shared/state/manifest.ts';

/** Since when stop-compute is in effect on a project where it has fired; a manifest of an older version tells when it did last. */
export function effectiveSince({ settling, rungs }: Manifest): number | undefined {
  return settling?.sinceMs ?? rungs.find((rung) => rung.do === 'stop-compute')?.firedAtMs;
}

/**
 * Whether something may have run since a moment at which stop-compute took effect, and was stopped by hand before the switch looked:
 * after a restore, or under a raised amount. Pure.
 */
export function mayHaveRunSince(
  { settling, grace }: Pick<Manifest, 'settling' | 'grace'>,
  sinceMs: number,
  amount: number,
): boolean {
  return (grace?.sinceMs ?? 0) > sinceMs || amount > (settling?.amount ?? amount);
}

/**
 * Since when stop-compute is in effect, when it has been dealt with once more. What came back and was stopped again prolongs
 * nothing; what ran after a restore or under a raised amount does. Pure.
 */
export function settlingAfter(
  { settling, grace }: Pick<Manifest, 'settling' | 'grace'>,
  amount: number,
  nowMs: number,
): NonNullable<Manifest['settling']> {
  const goesOn = settling !== undefined && !mayHaveRunSince({ settling, grace }, settling.sinceMs, amount);
  return goesOn ? settling : { sinceMs: nowMs, amount };
}
