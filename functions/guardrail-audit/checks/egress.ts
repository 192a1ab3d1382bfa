import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, ReceiptDecision } from '../facts.ts';
import { textOf } from './notebooks.ts';
import { judge, type Found, type Outcome } from './outcome.ts';

/** The egress auditor's findings, from its newest receipt: it needs hours of metrics and a price for every lane. */
export function checkEgress(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  return [
    judge('egress-finding', facts.egress, ({ decisions, incomplete }) => ({
      looked: decisions.length,
      gaps: incomplete,
      found: decisions.flatMap((decision) => worth(decision, config)),
    })),
  ];
}

function worth(
  { resource, action, reason, evidence, usdPerHour }: ReceiptDecision,
  config: AuditConfig,
): readonly Found[] {
  if (action === 'keep') return [];
  const low = usdPerHour === 'unpriced' ? undefined : usdPerHour * HOURS_PER_MONTH;
  const high = highOf(evidence['usdPerMonth']) ?? low;
  if (high !== undefined && high < config.reportAboveUsdPerMonth) return [];
  const command = textOf(evidence['command']);
  return [
    {
      resource,
      place: reason,
      detail: textOf(evidence['title']) ?? reason,
      evidence: { kind: reason },
      usdPerMonth: low === undefined || high === undefined ? 'unpriced' : { low, high },
      commands: command === undefined ? [] : [command],
    },
  ];
}

function highOf(range: unknown): number | undefined {
  if (typeof range !== 'object' || range === null || !('high' in range)) return undefined;
  return typeof range.high === 'number' ? range.high : undefined;
}
