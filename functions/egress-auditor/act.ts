import type { EventContext } from '../../shared/run/handle-event.ts';
import { fileReportReceipt } from '../../shared/run/http/report-receipt.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import type { EgressReport } from './report/report.ts';
import { egressBooks } from './traffic/books.ts';

/** Ends the run in its receipt: one decision per finding. It changes nothing else. */
export async function fileReceipt(
  context: EventContext,
  report: EgressReport,
  startedAt: Date,
): Promise<void> {
  const { project } = report;
  const about = {
    title: `egress of ${project}`,
    startedAt,
    projects: [project],
    books: egressBooks(startedAt),
  };
  await fileReportReceipt(context, about, (receipt) => {
    for (const { kind, resources, title, evidence, command, certainty, usdPerMonth } of report.findings)
      receipt.add({
        resource: resources[0] ?? `projects/${report.project}`,
        action: 'report',
        reason: kind,
        evidence: { title, resources, certainty, ...evidence, usdPerMonth, command },
        usdPerHour: usdPerMonth === 'unpriced' ? usdPerMonth : usdPerMonth.low / HOURS_PER_MONTH,
        outcome: 'planned',
      });
    for (const gap of report.incomplete) receipt.incomplete(gap);
  });
}
