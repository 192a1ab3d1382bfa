import type { ReceiptFacts } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';
import type { AuditedNow, EarlierAudit, EarlierFinding } from './trend.ts';

/** How far back an audit is looked for to compare with: a tick a week, and two that failed. */
export const TREND_DAYS = 30;

/** An audit from its receipt; undefined where there is none. */
export function earlierAudit(receipt: Reading<ReceiptFacts>): (EarlierAudit & AuditedNow) | undefined {
  if (!isRead(receipt)) return undefined;
  const { runId, startedAtMs, decisions, incomplete } = receipt.value;
  const findings = new Map<string, EarlierFinding>();
  let points: number | undefined;
  let digestKey: string | undefined;
  for (const { resource, reason, evidence } of decisions) {
    const { fingerprint, points: scored, severity, place, detail } = evidence;
    if (typeof fingerprint === 'string')
      findings.set(fingerprint, {
        rule: reason,
        severity: typeof severity === 'string' ? severity : 'low',
        resource,
        place: typeof place === 'string' ? place : null,
        detail: typeof detail === 'string' ? detail : reason,
        shape: shapeOf(evidence),
      });
    if (reason !== 'score') continue;
    if (typeof scored === 'number') points = scored;
    if (typeof evidence['digestKey'] === 'string') digestKey = evidence['digestKey'];
  }
  // As receipts have it: `rule: why`.
  const partial = new Set(incomplete.map((one) => one.split(': ', 1)[0] ?? ''));
  return { runId, at: new Date(startedAtMs).toISOString(), points, findings, partial, digestKey };
}

/** Of a secret, without its digest. */
export function shapeOf({ pattern, length }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof pattern === 'string' && typeof length === 'number' ? `${pattern}/${length}` : undefined;
}
