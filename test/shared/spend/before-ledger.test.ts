/** What ran before a ledger began is known by reports alone. */
import { describe, expect, it } from 'vitest';
import { accrue } from '../../../shared/spend/accrue.ts';
import { estimateSpend, type Estimate } from '../../../shared/spend/estimate.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { addMessage, type BudgetMessages } from '../../../shared/spend/messages.ts';
import { readReports } from '../../../shared/spend/reading.ts';
import { reachOf } from '../../../shared/spend/rungs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-11-01T07:00:00Z');
/** The first look. */
const SINCE = START + 100 * HOUR;
const LAG = 20 * HOUR;

/** When a machine of 100 USD an hour ran. */
interface Ran {
  readonly fromMs: number;
  readonly toMs: number;
  readonly tellsStart?: boolean;
}

function truthOf(all: readonly Ran[], atMs: number): number {
  return all.reduce(
    (usd, { fromMs, toMs }) => usd + (100 * Math.max(0, Math.min(atMs, toMs) - fromMs)) / HOUR,
    0,
  );
}

/** An estimate an hour, of looks every five minutes since `sinceMs`, and what was spent by then. */
function* estimates(
  all: readonly Ran[],
  sinceMs: number,
): Generator<{ readonly now: Estimate; readonly truth: number; readonly reportedMs: number }> {
  let ledger: Ledger | undefined;
  let messages: BudgetMessages | undefined;
  const rate = { low: 100, expected: 100, high: 100 };
  for (let atMs = START; atMs <= SINCE + 60 * HOUR; atMs += 5 * MINUTE) {
    if ((atMs - START) % (2 * HOUR) === 0)
      messages = addMessage(
        messages,
        {
          ...{ budget: 'billingAccounts/A/budgets/b', displayName: 'b', currencyCode: 'USD', amount: 1_000 },
          ...{ projects: ['p'], complete: true, publishedMs: atMs, cost: truthOf(all, atMs - LAG) },
          ...{ startMs: START, endMs: START + 720 * HOUR },
        },
        atMs,
      );
    if (atMs < sinceMs) continue;
    const resources = all.flatMap(({ fromMs, toMs, tellsStart = true }, index) =>
      fromMs <= atMs && atMs < toMs
        ? [{ resource: `vm-${index}`, kind: 'vm', rate, ...(tellsStart ? { startedMs: fromMs } : {}) }]
        : [],
    );
    ledger = accrue(ledger, { project: 'p', atMs, resources, complete: true });
    if ((atMs - START) % HOUR !== 0) continue;
    const reading = readReports([ledger], messages, START, 0);
    const now = estimateSpend([ledger], reading, atMs);
    yield { now, truth: truthOf(all, atMs), reportedMs: reading.confirmedMs ?? START };
  }
}

const WHY = 'reports do not hold all yet of what ran before the ledgers began';

const CASES: readonly (readonly [string, readonly Ran[]])[] = [
  ['stopped a minute before the first look', [{ fromMs: START, toMs: SINCE - MINUTE }]],
  ['ran for the day before it', [{ fromMs: SINCE - 25 * HOUR, toMs: SINCE - HOUR }]],
  ['stopped two days before it', [{ fromMs: START, toMs: SINCE - 48 * HOUR }]],
  ['was started a minute before it', [{ fromMs: SINCE - MINUTE, toMs: Infinity }]],
  [
    'was started a minute before it, and does not tell so',
    [{ fromMs: SINCE - MINUTE, toMs: Infinity, tellsStart: false }],
  ],
  ['runs all the time', [{ fromMs: START, toMs: Infinity }]],
  [
    'stopped before it, as another one was started',
    [
      { fromMs: START, toMs: SINCE - MINUTE },
      { fromMs: SINCE - MINUTE, toMs: Infinity },
    ],
  ],
];

describe('the spend of a budget whose ledger began within its period', () => {
  it.each(CASES)('lies in the range, which has no upper point before reports hold it: a machine that %s', (_, all) => {
    for (const { now, truth, reportedMs } of estimates(all, SINCE)) {
      const { low, expected, high } = now.spend;
      const at = `${(now.atMs - SINCE) / HOUR} h, ${JSON.stringify({ ...now.spend, truth })}`;
      expect(low, at).toBeLessThanOrEqual(truth + 0.01);
      expect(expected, at).toBeGreaterThanOrEqual(low);
      // What the latest report is sure to hold is as old as reports get.
      expect(high === null, at).toBe(reportedMs - 36 * HOUR < SINCE);
      expect(now.whyOpen, at).toBe(high === null ? WHY : undefined);
      expect(reachOf(1_000, now, undefined).why.includes(`no upper point, for ${WHY}`), at).toBe(high === null);
      if (high !== null) expect(high, at).toBeGreaterThanOrEqual(truth - 0.01);
    }
  }); // prettier-ignore

  it.each(CASES)('has an upper point at once where the ledger is as old as the period: a machine that %s', (_, all) => {
    for (const { now, truth } of estimates(all, START)) {
      const { low, high } = now.spend;
      const at = `${(now.atMs - SINCE) / HOUR} h, ${JSON.stringify({ ...now.spend, truth })}`;
      expect(low, at).toBeLessThanOrEqual(truth + 0.01);
      expect(high ?? NaN, at).toBeGreaterThanOrEqual(truth - 0.01);
    }
  }); // prettier-ignore
});
