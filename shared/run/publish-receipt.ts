import type { EventContext } from './handle-event.ts';
import { GoogleApiError } from '../google/google-api-error.ts';
import type { ReceiptSummary } from './receipt.ts';

/** Publishes a receipt with a pointer to the stored one. One that is refused as it is goes once more without its lists. */
export async function publishReceipt(
  { runtime, api, log }: EventContext,
  topic: string,
  summary: ReceiptSummary,
  stored: string | undefined,
): Promise<void> {
  const publish = (what: ReceiptSummary): Promise<void> =>
    api.call('pubsub.topics.publish', () =>
      runtime.clients.publish(
        topic,
        JSON.stringify({ ...what, ...(stored === undefined ? {} : { stored }) }),
      ),
    );
  try {
    await publish(summary);
  } catch (error) {
    if (!(error instanceof GoogleApiError) || (error.status !== 400 && error.status !== 413)) throw error;
    log(
      'WARNING',
      `The receipt of run ${summary.runId} was refused by ${topic}: ${error.message}; publishing its counts`,
    );
    const { decisions, incomplete, failures, omitted } = summary;
    await publish({
      ...summary,
      decisions: [],
      incomplete: [],
      failures: [],
      omitted: {
        decisions: decisions.length + (omitted?.decisions ?? 0),
        incomplete: incomplete.length + (omitted?.incomplete ?? 0),
        failures: failures.length + (omitted?.failures ?? 0),
      },
    });
  }
}
