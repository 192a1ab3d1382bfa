import type { ReceiptFacts } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';
import type { EarlierAudit, EarlierFinding } from './trend.ts';

/** The audit before, from its receipt; undefined where there is none. */
export function earlierAudit(receipt: Reading<ReceiptFacts>): EarlierAudit | undefined {
  if (!isRead(receipt)) return undefined;
  const { runId, startedAtMs, decisions } = receipt.value;
  const findings = new Map<string, EarlierFinding>();
  let points: number | undefined;
  for (const { resource, reason, evidence } of decisions) {
    const { fingerprint, points: scored, severity, place, detail } = evidence;
    if (typeof fingerprint === 'string')
      findings.set(fingerprint, {
        rule: reason,
        severity: typeof severity === 'string' ? severity : 'low',
        resource,
        place: typeof place === 'string' ? place : null,
        detail: typeof detail === 'string' ? detail : reason,
      });
    if (reason === 'score' && typeof scored === 'number') points = scored;
  }
  return { runId, at: new Date(startedAtMs).toISOString(), points, findings };
}
