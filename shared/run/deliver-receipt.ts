import { messageOf } from '../errors.ts';
import type { EventContext } from './handle-event.ts';
import { publishReceipt } from './publish-receipt.ts';
import { decisionLines, logSummary } from './receipt-lines.ts';
import { aboutProjects, receiptObject } from '../state/receipts.ts';
import type { ReceiptBuilder } from './receipt.ts';

/** What a receipt is about. */
export interface DeliveredRun {
  readonly runId: string;
  readonly startedAt: Date;
  /** Names what the run was about. */
  readonly title: string;
}

/** Brings a receipt to the log, the state bucket and its topic, as the run goes. */
export interface Delivery {
  /** `gs://…`, where the receipt will be; undefined without a state bucket. */
  readonly stored: string | undefined;
  /** Hands on what was decided since, so that a long run needs no more memory than a short one. */
  flush(): Promise<void>;
  /** Hands on the rest and publishes the receipt. `onError` is told of failures. */
  finish(onError: (error: unknown) => void): Promise<void>;
}

/**
 * Starts to hand on a run's receipt. Each decision is logged before it is stored: what is logged survives whatever comes after,
 * also the end of the process. The stored receipt exists once it is whole. Where one way fails the others are still tried.
 */
export function startDelivery(context: EventContext, run: DeliveredRun, receipt: ReceiptBuilder): Delivery {
  const { runtime, api, policy, state } = context;
  const name = receiptObject(runtime.functionName, run.runId, run.startedAt.getTime());
  const place = state === undefined ? undefined : `gs://${state.bucket}/${name}`;
  const upload = state?.upload(name, aboutProjects(receipt.rest(run.startedAt, {}).projects));
  let isFirst = true;
  let stored = Promise.resolve();
  const store = (pieces: readonly string[]): void => {
    stored = stored.then(() => upload?.write(pieces));
  };
  const handOn = async (): Promise<void> => {
    for (let taken = receipt.take(LOGGED_AT_ONCE); taken.length > 0; taken = receipt.take(LOGGED_AT_ONCE)) {
      const lines = decisionLines(runtime.functionName, run.runId, taken);
      if (lines.length > 0) runtime.write(lines.join('\n'));
      store(taken.map(({ text }, index) => `${isFirst && index === 0 ? '{"decisions":[' : ',\n'}${text}`));
      isFirst = false;
      // What was logged before is stored meanwhile.
      await api.nextTurn();
    }
  };
  return {
    stored: place,
    async flush() {
      await handOn();
      await stored;
    },
    async finish(onError) {
      api.startClosing();
      const finishedAt = runtime.now();
      const calls = { ...api.calls };
      await handOn();
      logSummary(context.log, run, receipt.summary(finishedAt, calls, MAX_LOGGED_BYTES));
      // What was not stored is nowhere, and what reads the topic is not to look for it.
      let kept: string | undefined;
      const whole = async (): Promise<void> => {
        const rest = JSON.stringify(receipt.rest(finishedAt, calls)).slice(1);
        store([`${isFirst ? '{"decisions":[' : ''}],${rest}\n`]);
        await stored;
        await upload?.finish();
        kept = place;
      };
      const published = async (): Promise<void> => {
        if (policy.receiptsTopic !== undefined)
          await publishReceipt(context, policy.receiptsTopic, receipt.summary(finishedAt, calls), kept);
      };
      for (const [what, way] of [
        ['store', whole],
        ['publish', published],
      ] as const)
        // prettier-ignore
        try {
          await way();
        } catch (error) {
          const where = what === 'publish' && kept !== undefined ? `, which is at ${kept}` : '';
          context.log('ERROR', `Cannot ${what} the receipt of run ${run.runId}${where}: ${messageOf(error)}`);
          onError(error);
        }
    },
  };
}

/** Hands on a receipt that is finished: logs, stores and publishes it. `onError` is told of failures. */
export async function deliverReceipt(
  context: EventContext,
  run: DeliveredRun,
  receipt: ReceiptBuilder,
  onError: (error: unknown) => void,
): Promise<void> {
  await startDelivery(context, run, receipt).finish(onError);
}

/** Decisions that are logged without a pause, some 2 KB each: a text of more than 128 KiB is memory of its own, which takes milliseconds. */
const LOGGED_AT_ONCE = 60;

/** Of each of the three lists in the summary line; Cloud Logging takes 256 KiB in all. */
const MAX_LOGGED_BYTES = 40_000;

/** `20261118T214000Z-eb46402f`: sorts by time, unique by its end. */
export function newRunId(startedAt: Date, id: string): string {
  return `${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}-${id.slice(0, 8)}`;
}
