import type { UsedBook } from '../../prices/age/book-age.ts';
import { policyDigest } from '../../policy/policy.ts';
import { deliverReceipt, newRunId } from '../deliver-receipt.ts';
import type { EventContext } from '../handle-event.ts';
import { startReceipt, type ReceiptBuilder } from '../receipt.ts';

export interface ReportReceipt {
  readonly title: string;
  readonly startedAt: Date;
  readonly projects: readonly string[];
  /** The price books behind the report, with their age. */
  readonly books: readonly UsedBook[];
  /** Told where the receipt could not be stored or published: the log says so, and the answer is worth giving all the same. */
  readonly onError?: (error: unknown) => void;
}

/** Ends the run of a function that only reports in its receipt, which `fill` gives what was found. */
export async function fileReportReceipt(
  context: EventContext,
  { title, startedAt, projects, books, onError = () => undefined }: ReportReceipt,
  fill: (receipt: ReceiptBuilder) => void,
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
      projects,
      books,
    },
    () => false,
  );
  fill(receipt);
  await deliverReceipt(context, { runId, startedAt, title }, receipt, onError);
}
