import type { Manifest } from '../../../shared/state/manifest.ts';

/** Since when stop-compute is in effect on a project where it has fired; a manifest of an older version tells when it did last. */
export function effectiveSince({ settling, rungs }: Manifest): number | undefined {
  return settling?.sinceMs ?? rungs.find((rung) => rung.do === 'stop-compute')?.firedAtMs;
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
  const goesOn =
    settling !== undefined && amount <= settling.amount && (grace?.sinceMs ?? 0) <= settling.sinceMs;
  return goesOn ? settling : { sinceMs: nowMs, amount };
}
