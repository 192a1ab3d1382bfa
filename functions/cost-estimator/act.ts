import { isPriced } from '../../shared/prices/price.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { fileReportReceipt } from '../../shared/run/http/report-receipt.ts';
import type { Report } from './decide.ts';

/** Ends the run in its receipt: one decision that says what was requested and answered. It changes nothing else. */
export async function fileReceipt(context: EventContext, report: Report, startedAt: Date): Promise<void> {
  const about = { title: titleOf(report), startedAt, projects: [], books: report.books };
  await fileReportReceipt(context, about, (receipt) => {
    receipt.add({ action: 'report', outcome: 'planned', ...decisionOf(report) });
  });
}

function decisionOf(report: Report) {
  if (report.kind === 'fit') {
    const [first] = report.fits;
    const usd = first?.usdPerHour;
    return {
      resource: first?.machineType ?? 'no machine',
      reason: 'fit',
      evidence: { region: report.region, upperBytes: report.memory.upperBytes, seedRule: report.seedRule },
      usdPerHour: usd !== undefined && isPriced(usd) ? usd.usd.low : ('unpriced' as const),
    };
  }
  const { perHour, perRun } = report.chosen.totals;
  return {
    resource: report.wish.resources.map(({ name }) => name).join(', '),
    reason: 'estimate',
    evidence: { region: report.region, usage: report.chosen.usage, perRun },
    usdPerHour: isPriced(perHour) ? perHour.usd.low : ('unpriced' as const),
  };
}

const titleOf = ({ kind, region }: Report): string => `${kind} for ${region}`;
