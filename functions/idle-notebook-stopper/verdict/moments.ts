import type { NotebookFacts } from '../facts.ts';

export const MINUTE_MS = 60_000;

/** Whether the VM was started after a moment: then the start of a user is to be respected. */
export function startedSince(facts: NotebookFacts, momentMs: number): boolean {
  return facts.vm.kind === 'found' && facts.vm.lastStartMs !== undefined && facts.vm.lastStartMs > momentMs;
}

export function minutesSince(momentMs: number, now: Date): number {
  return (now.getTime() - momentMs) / MINUTE_MS;
}

export function isoAfter(momentMs: number, minutes: number): string {
  return new Date(momentMs + minutes * MINUTE_MS).toISOString();
}

interface Claimed {
  readonly sent?: boolean | undefined;
  readonly requestedAtMs?: number | undefined;
}

/** Whether a claim's request never left: what came about since is another's doing. */
export function neverLeft(claim: Claimed): boolean {
  return claim.sent === false && claim.requestedAtMs === undefined;
}

/** Starts of a notebook that may have left since a moment, by its record. */
export function startsSince(
  start: (Claimed & { readonly claimedAtMs: number; readonly attempts?: number | undefined }) | undefined,
  momentMs: number,
): number {
  if (start === undefined || start.claimedAtMs < momentMs) return 0;
  return (start.attempts ?? 1) - (neverLeft(start) ? 1 : 0);
}
