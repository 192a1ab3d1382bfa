import { configureWatch, type Config } from '../../functions/spend-watch/config.ts';
import { budgetEvidence } from '../../functions/spend-watch/evidence/budget.ts';
import {
  buildReport,
  projectPart,
  type BudgetReport,
  type BurnReport,
} from '../../functions/spend-watch/report/report.ts';
import { spendLine } from '../../functions/spend-watch/report/spend-line.ts';
import { parsePolicy } from '../../shared/policy/policy.ts';
import { accrue, type Seen } from '../../shared/spend/accrue.ts';
import type { Ledger, ReadLedger } from '../../shared/spend/ledger.ts';
import type { BudgetMessages } from '../../shared/spend/messages.ts';

const HOUR = 3_600_000;
export const START = Date.parse('2026-11-01T07:00:00Z');
export const NOW = Date.parse('2026-11-18T21:40:00Z');

export const CONFIG: Config = configureWatch(
  parsePolicy(
    [
      'scope: [projects/ml-burn]',
      'state: gs://ml-ops-costguard',
      'notify: {channels: [{kind: topic, topic: projects/ml-ops/topics/notices}], ownerLabel: owner}',
      'budgets: {mode: observe, allow: [billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/b]}',
      'watch: {discountAtMost: 0}',
    ].join('\n'),
  ),
);

export function vm(name: string, usd: number, over: Partial<Seen> = {}): Seen {
  return {
    resource: `projects/ml-burn/zones/us-central1-a/instances/${name}`,
    kind: 'vm',
    rate: { low: usd * 0.9, expected: usd, high: usd },
    startedMs: START,
    description: '1 x n1-standard-8 with 1 x nvidia-tesla-t4',
    owner: 'ada',
    ...over,
  };
}

/** Looks every hour since the month began, every five minutes of the last day. */
export function ledgerOf(at: (atMs: number) => readonly Seen[], endMs = NOW, complete = true): Ledger {
  let ledger: Ledger | undefined;
  for (let atMs = START - HOUR; atMs <= endMs; atMs += endMs - atMs > 24 * HOUR ? HOUR : HOUR / 12)
    ledger = accrue(ledger, {
      ...{ project: 'ml-burn', atMs, resources: at(atMs), complete: complete || atMs < endMs - HOUR },
      gaps: [],
    });
  if (ledger === undefined) throw new Error('Cannot watch without a look');
  return ledger;
}

/** A runaway that began two hours before. */
export const BURNING = ledgerOf((atMs) => [
  vm('calm', 0.74),
  ...(atMs > NOW - 0.8 * HOUR
    ? [
        vm('runaway', 88.49, {
          startedMs: NOW - 0.8 * HOUR,
          description: '1 x a3-highgpu-8g',
          owner: 'grace',
        }),
      ]
    : []),
]);

export function messagesOf(over: Partial<BudgetMessages> = {}): BudgetMessages {
  const points = Array.from({ length: 60 }, (_, index) => START + 30 * HOUR + index * 6.5 * HOUR);
  return {
    version: 1,
    budget: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/b',
    displayName: 'ML, monthly',
    currencyCode: 'USD',
    amount: 600,
    projects: ['ml-burn'],
    complete: true,
    lastMs: NOW - HOUR,
    period: {
      startMs: START,
      endMs: START + 721 * HOUR,
      points: points.map((atMs) => ({ atMs, cost: Math.max(0, (atMs - START) / HOUR - 24) * 0.74 })),
    },
    ...over,
  };
}

/** As a request puts it together. */
export function reportOf(
  books: Readonly<Record<string, ReadLedger>>,
  messages: BudgetMessages | undefined,
): BurnReport {
  const parts = Object.entries(books).map(([project, read]) => projectPart(project, read, CONFIG, NOW));
  const [first] = Object.values(books);
  const budgets: BudgetReport[] = [];
  if (messages !== undefined && first?.kind === 'ledger') {
    const evidence = budgetEvidence({ messages, others: [], without: [] }, first.ledger, CONFIG, NOW);
    const { endMs = NOW, points } = messages.period;
    budgets.push({
      ...evidence,
      periodEnd: new Date(endMs).toISOString(),
      burnUsdPerHour: { low: 80, expected: 89.23, high: 89.23 },
      reports: points.map(({ atMs, cost }) => ({ at: new Date(atMs).toISOString(), usd: cost })),
      line: spendLine([first.ledger], messages, { nowMs: NOW, discountAtMost: 0, regions: [] }),
    });
  }
  return buildReport(['projects/ml-burn'], parts, budgets, [], NOW);
}

export const known = (ledger: Ledger): ReadLedger => ({ kind: 'ledger', ledger });
