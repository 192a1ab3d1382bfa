import { expect, it } from 'vitest';
import { firstInstallation } from './start.ts';

/** As much time at Google as 50,000 buckets at 100 ms a call, which the bench measures. */
const TASK = { buckets: 10_000, latencyMs: 500 };
const MEMORY_BYTES = 256 * 2 ** 20;

it(
  'a first installation that takes longer than an event comes to its end: each bucket written once, and in one receipt',
  { timeout: 600_000 },
  async () => {
    const figures = await firstInstallation(TASK);
    expect(figures).toMatchObject({
      written: { 1: TASK.buckets },
      inReceipts: { 1: TASK.buckets },
      refused: 0,
    });
    expect(figures.events).toBeGreaterThan(1);
    expect(figures.receipts).toBe(figures.events);
    expect(figures.tookMs).toBeGreaterThan(600_000);
    expect(figures.peakBytes).toBeLessThan(MEMORY_BYTES);
  },
);
