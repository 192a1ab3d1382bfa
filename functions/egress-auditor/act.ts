import type { EventContext } from '../../shared/run/handle-event.ts';
import { deliverReceipt, newRunId } from '../../shared/run/deliver-receipt.ts';
import { policyDigest } from '../../shared/policy/policy.ts';
import { startReceipt } from '../../shared/run/receipt.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import type { EgressReport } from './report/report.ts';
import { egressBooks } from './traffic/books.ts';

/** Ends the run in its receipt: one decision per finding. It changes nothing else. */
export async function fileReceipt(
  context: EventContext,
  report: EgressReport,
  startedAt: Date,
): Promise<void> {
  const { runtime, policy } = context;
  const runId = newRunId(startedAt, runtime.newId());
  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: 'observe',
      startedAt,
      policyDigest: policyDigest(policy),
      projects: [report.project],
      books: egressBooks(startedAt),
    },
    () => false,
  );
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
  // Where it cannot be stored, the log says so, and the answer is worth giving all the same.
  await deliverReceipt(
    context,
    { runId, startedAt, title: `egress of ${report.project}` },
    receipt,
    () => undefined,
  );
}
