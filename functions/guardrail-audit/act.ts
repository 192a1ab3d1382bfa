import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { fileReportReceipt } from '../../shared/run/http/report-receipt.ts';
import type { ReceiptBuilder } from '../../shared/run/receipt.ts';
import { auditBooks, type AuditReport, type Finding } from './report/report.ts';
import { shortTrend } from './report/trend.ts';

/**
 * Ends the run in its receipt: one decision a finding, one of reason `score`, and what could not be evaluated. It changes nothing
 * else. `onError` is told where the receipt could not be handed on.
 */
export async function fileReceipt(
  context: EventContext,
  report: AuditReport,
  startedAt: Date,
  onError?: (error: unknown) => void,
): Promise<void> {
  await fileReportReceipt(
    context,
    {
      title: `audit of ${report.project}`,
      startedAt,
      projects: [report.project],
      books: auditBooks(startedAt),
      ...(onError === undefined ? {} : { onError }),
    },
    (receipt) => {
      fill(receipt, report);
    },
  );
}

function fill(receipt: ReceiptBuilder, report: AuditReport): void {
  const { points = null, grade = null, evaluableWeight, failedWeight } = report.score;
  receipt.keep({
    resource: `projects/${report.project}`,
    action: 'keep',
    reason: 'score',
    evidence: {
      ...{
        points,
        grade,
        evaluableWeight,
        failedWeight,
        usdPerMonth: report.usdPerMonth,
        unpriced: report.unpriced,
        isMoneyPartial: report.isMoneyPartial,
        ...(report.oldPrices === undefined ? {} : { oldPrices: report.oldPrices }),
      },
      findings: report.findings.length,
      ...(report.digestKey === null ? {} : { digestKey: report.digestKey }),
      trend: report.trend === null ? null : shortTrend(report.trend),
      mistakes: Object.fromEntries(report.mistakes.map(({ id, status }) => [id, status])),
    },
    usdPerHour: 0,
  });
  for (const finding of report.findings) receipt.add({ ...decisionOf(finding), outcome: 'planned' });
  for (const { rules } of report.mistakes)
    for (const { rule, gaps } of rules) for (const why of gaps) receipt.incomplete({ where: rule, why });
}

function decisionOf({
  rule,
  resource,
  place,
  severity,
  detail,
  usdPerMonth,
  commands,
  fingerprint,
  evidence,
}: Finding) {
  return {
    resource,
    action: 'report',
    reason: rule,
    evidence: { ...evidence, severity, detail, place, fingerprint, usdPerMonth, commands },
    usdPerHour:
      usdPerMonth === null ? 0 : usdPerMonth === 'unpriced' ? usdPerMonth : usdPerMonth.low / HOURS_PER_MONTH,
  };
}
