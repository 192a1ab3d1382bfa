import { formatUsdPerHour } from '../prices/money.ts';
import { createLog, type Log } from './log.ts';
import type { DecidedOutcome, HandedOn, ReceiptSummary } from './receipt.ts';

/** One line per decision that is not to keep, to be written at once: each write by itself holds the process up. */
export function decisionLines(
  functionName: string,
  runId: string,
  decided: readonly HandedOn[],
): readonly string[] {
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), { function: functionName });
  for (const { outcome, text, kept } of decided)
    if (!kept) log(severityOf(outcome), describe(outcome), { runId }, { decision: text });
  return lines;
}

/** The run in one line. `title` names what it was about. */
export function logSummary(
  log: Log,
  { runId, title }: { readonly runId: string; readonly title: string },
  summary: ReceiptSummary,
): void {
  const { outcomes } = summary;
  const total = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const severity =
    countOf(summary, 'failures') > 0 ? 'ERROR' : countOf(summary, 'incomplete') > 0 ? 'WARNING' : 'INFO';
  log(severity, summarise(title, summary), {
    runId,
    receipt: { ...summary, decisions: total },
  });
}

/** How many there are, listed or left out. */
function countOf(summary: ReceiptSummary, list: 'failures' | 'incomplete'): number {
  return summary[list].length + (summary.omitted?.[list] ?? 0);
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
  return `${outcome.action} (${outcome.outcome}) ${outcome.resource}: ${outcome.reason}${price}${saidOf(outcome)}`;
}

/** What a function says of its decision in words, where it does. */
function saidOf({ evidence }: DecidedOutcome): string {
  const says = evidence['says'];
  return typeof says === 'string' ? `. ${says}` : '';
}

/** The run as one sentence. */
function summarise(title: string, receipt: ReceiptSummary): string {
  const failed = countOf(receipt, 'failures');
  const acted = Object.entries(receipt.outcomes).map(([key, count]) => `${key}: ${count}`);
  const kept = Object.entries(receipt.kept).map(([reason, count]) => `${reason}: ${count}`);
  const { usdPerHour, unpriced } = receipt.savings;
  const { oldPrices = [] } = receipt;
  const verb = receipt.mode === 'observe' ? 'would save' : 'saves';
  return [
    `${title} (${receipt.mode})`,
    acted.length > 0 ? acted.join(', ') : 'nothing to do',
    `kept ${kept.length > 0 ? kept.join(', ') : 'none'}`,
    ...(usdPerHour > 0 || unpriced > 0
      ? [`${verb} ${formatUsdPerHour(usdPerHour)}${unpriced > 0 ? ` and ${unpriced} unpriced` : ''}`]
      : []),
    ...(countOf(receipt, 'incomplete') > 0
      ? [
          `INCOMPLETE: ${receipt.incomplete
            .map((gap) => `${gap.where} (${gap.why})`)
            .slice(0, 5)
            .join('; ')}`,
        ]
      : []),
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(oldPrices.length > 0
      ? [`prices older than 90 days: ${oldPrices.map(({ book, asOf }) => `${book} ${asOf}`).join(', ')}`]
      : []),
  ].join('; ');
}
