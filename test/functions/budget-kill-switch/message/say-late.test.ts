import { expect, it } from 'vitest';
import { sayLate, type Late } from '../../../../functions/budget-kill-switch/message/say-late.ts';
import type { Latest, Told } from '../../../../functions/budget-kill-switch/message/latest.ts';
import { notification } from '../builder.ts';

const NOON = Date.parse('2026-11-18T12:00:00Z');
const MINUTE_MS = 60_000;
const NEWER: Latest = { atMs: NOON + 30 * MINUTE_MS, cost: 40, amount: 100, reached: [] };
const TOLD = {
  notification: notification({ displayName: 'month', costAmount: 60, currencyCode: 'USD' }),
  verdict: { kind: 'due', rungs: [{ at: 0.5, do: 'stop-notebooks' }] },
} as unknown as Told;

function saidOf(late: Late): string {
  let said = '';
  sayLate({ log: (_, text) => void (said = text) }, TOLD, late, NEWER);
  return said;
}

it.each([
  [
    'as it was published, also where a later message confirms its figures',
    { publishedMs: NOON, asOfMs: NOON + 20 * MINUTE_MS, isDoubted: false },
    'a message published at 2026-11-18T12:00:00.000Z (60.00 USD) came after one published at 2026-11-18T12:30:00.000Z (40.00 USD), which counts',
  ],
  [
    'of a moment of its own, where its cost is doubted and the last known figures count',
    { publishedMs: NOON + 40 * MINUTE_MS, asOfMs: NOON, isDoubted: true },
    'the cost of a message published at 2026-11-18T12:40:00.000Z is doubted, and the figures of 2026-11-18T12:00:00.000Z that count instead (60.00 USD) are older than those of one published at 2026-11-18T12:30:00.000Z (40.00 USD), which counts',
  ],
])('sayLate names a message %s', (_, late, what) => {
  expect(saidOf(late)).toBe(`Budget "month": late-message: ${what}: it does not fire stop-notebooks.`);
});
