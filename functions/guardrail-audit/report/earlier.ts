import type { ReceiptFacts } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';
import type { EarlierAudit } from './trend.ts';

/** The audit before, from its receipt; undefined where there is none. */
export function earlierAudit(receipt: Reading<ReceiptFacts>): EarlierAudit | undefined {
  if (!isRead(receipt)) return undefined;
  const { runId, startedAtMs, decisions } = receipt.value;
  const rules = new Map<string, string>();
  let points: number | undefined;
  for (const { reason, evidence } of decisions) {
    const { fingerprint, points: scored } = evidence;
    if (typeof fingerprint === 'string') rules.set(fingerprint, reason);
    if (reason === 'score' && typeof scored === 'number') points = scored;
  }
  return { runId, at: new Date(startedAtMs).toISOString(), points, fingerprints: [...rules.keys()], rules };
}
