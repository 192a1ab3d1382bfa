import { formatUsdPerHour } from './compute-price.ts';
import { messageOf } from './errors.ts';
import type { EventContext } from './handle-event.ts';
import { createLog } from './log.ts';
import type { DecidedOutcome, Receipt, ReceiptBuilder } from './receipt.ts';

/**
 * Logs, stores and publishes a run's receipt, in this order: what is logged survives whatever comes after, and where one
 * way fails the others are still tried. `trouble` is told of failures; `title` names what the run was about.
 */
export async function handOnReceipt(
  context: EventContext,
  run: { readonly runId: string; readonly startedAt: Date; readonly title: string },
  receipt: ReceiptBuilder,
  trouble: (error: unknown) => void,
): Promise<void> {
  const { runtime, api, log, policy, state } = context;
  api.startClosing();
  const finishedAt = runtime.now();
  const summary = receipt.summary(finishedAt, { ...api.calls });
  runtime.write(linesOf(runtime.functionName, run, summary));

  const [day = ''] = run.startedAt.toISOString().split('T');
  const name = `receipts/${runtime.functionName}/${day.replaceAll('-', '/')}/${run.runId}.json`;
  const topic = policy.receiptsTopic;
  const ways = [
    () => state?.write(name, receipt.text(finishedAt, { ...api.calls })),
    () =>
      topic === undefined
        ? undefined
        : api.call('pubsub.topics.publish', () => runtime.clients.publish(topic, JSON.stringify(summary))),
  ];
  for (const way of ways)
    try {
      await way();
    } catch (error) {
      log('ERROR', `Cannot hand on the receipt of run ${run.runId}: ${messageOf(error)}`);
      trouble(error);
    }
}

/** The log of a run, to be written at once: each write by itself holds the process up. */
function linesOf(
  functionName: string,
  { runId, title }: { readonly runId: string; readonly title: string },
  receipt: Receipt,
): string {
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), { function: functionName });
  for (const decision of receipt.decisions)
    log(severityOf(decision), describe(decision), { runId, decision });
  const { decisions, ...counts } = receipt;
  const severity = receipt.failures.length > 0 ? 'ERROR' : receipt.incomplete.length > 0 ? 'WARNING' : 'INFO';
  log(severity, summarise(title, receipt), { runId, receipt: { ...counts, decisions: decisions.length } });
  return lines.join('\n');
}

/** `20261118T214000Z-eb46402f`: sorts by time, unique by its end. */
export function newRunId(startedAt: Date, id: string): string {
  return `${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}-${id.slice(0, 8)}`;
}

/** Actions that leave something for people to do. */
const NEEDS_SOMEBODY = new Set(['report', 'warn', 'refuse']);

function severityOf(outcome: DecidedOutcome): 'ERROR' | 'WARNING' | 'NOTICE' {
  if (outcome.outcome === 'failed') return 'ERROR';
  return NEEDS_SOMEBODY.has(outcome.action) ? 'WARNING' : 'NOTICE';
}

/** One decision as a sentence, e.g. `stop (done) projects/…/nb-1: idle, $0.95/h`. What changes no cost names none. */
function describe(outcome: DecidedOutcome): string {
  const price = outcome.usdPerHour === 0 ? '' : `, ${formatUsdPerHour(outcome.usdPerHour)}`;
  return `${outcome.action} (${outcome.outcome}) ${outcome.resource}: ${outcome.reason}${price}`;
}

/** The run as one sentence. */
function summarise(title: string, receipt: Receipt): string {
  const counts = new Map<string, number>();
  for (const { action, outcome } of receipt.decisions) {
    const key = `${action} ${outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const acted = [...counts].map(([key, count]) => `${key}: ${count}`);
  const kept = Object.entries(receipt.kept).map(([reason, count]) => `${reason}: ${count}`);
  const { usdPerHour, unpriced } = receipt.savings;
  const verb = receipt.mode === 'observe' ? 'would save' : 'saves';
  return [
    `${title} (${receipt.mode})`,
    acted.length > 0 ? acted.join(', ') : 'nothing to do',
    `kept ${kept.length > 0 ? kept.join(', ') : 'none'}`,
    ...(usdPerHour > 0 || unpriced > 0
      ? [`${verb} ${formatUsdPerHour(usdPerHour)}${unpriced > 0 ? ` and ${unpriced} unpriced` : ''}`]
      : []),
    ...(receipt.incomplete.length > 0
      ? [
          `INCOMPLETE: ${receipt.incomplete
            .map((gap) => `${gap.where} (${gap.why})`)
            .slice(0, 5)
            .join('; ')}`,
        ]
      : []),
    ...(receipt.failures.length > 0 ? [`${receipt.failures.length} FAILED`] : []),
  ].join('; ');
}
