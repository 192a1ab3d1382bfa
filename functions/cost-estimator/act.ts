import { isPriced } from '../../shared/prices/price.ts';
import { policyDigest } from '../../shared/policy/policy.ts';
import { deliverReceipt, newRunId } from '../../shared/run/deliver-receipt.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { startReceipt } from '../../shared/run/receipt.ts';
import type { Report } from './decide.ts';

/** Ends the run in its receipt: one decision that says what was requested and answered. It changes nothing else. */
export async function fileReceipt(context: EventContext, report: Report, startedAt: Date): Promise<void> {
  const { runtime, policy } = context;
  const runId = newRunId(startedAt, runtime.newId());
  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: 'observe',
      startedAt,
      policyDigest: policyDigest(policy),
      projects: [],
      books: report.books,
    },
    () => false,
  );
  receipt.add({ action: 'report', outcome: 'planned', ...decisionOf(report) });
  await deliverReceipt(context, { runId, startedAt, title: titleOf(report) }, receipt, () => undefined);
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
