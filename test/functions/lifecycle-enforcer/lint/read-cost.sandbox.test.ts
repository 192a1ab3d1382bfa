import { describe, expect, it } from 'vitest';
import { ABORT, moveTo } from '../../../support/bucket-lab.ts';
import { cellOf, daysAgo, judge, objectOf, type Situation } from '../judge.ts';

const GIB = 2 ** 30;
/** 100 GiB of STANDARD, all old enough to move. */
const HUNDRED = Array.from({ length: 100 }, (_, at) => objectOf(60 + (at % 20), { name: `o/${at}` }));

async function lintOf(situation: Omit<Situation, 'rules'>, rules = [moveTo('NEARLINE', 30), ABORT]) {
  const { evidence } = await judge({ bucket: { createdMs: daysAgo(400) }, ...situation, rules });
  return (evidence['lint'] ?? []) as readonly { code: string; why: string }[];
}

const has = (lint: readonly { code: string }[]): boolean =>
  lint.some(({ code }) => code === 'reads-cost-more');

describe('moves against what is read', () => {
  it('says both figures where retrieval costs more than the move saves, and offers Autoclass', async () => {
    const [first] = await lintOf({
      objects: HUNDRED,
      cells: [cellOf({ bytes: 100 * GIB, count: 100_000 })],
      readBytes: 200 * GIB,
    });
    // 100 GiB from 0.02 to 0.01 a month; 200 GiB read at 0.01.
    expect(first?.code).toBe('reads-cost-more');
    expect(first?.why).toContain('saves 1.00 USD a month');
    expect(first?.why).toContain('200.0 GiB as in the last 30 days costs 2.00 USD a month');
    expect(first?.why).toContain('up to 0.25 USD a month for 100,000 objects');
  });

  it('is silent where the move saves more, nothing was read, or it is unknown', async () => {
    expect(has(await lintOf({ objects: HUNDRED, readBytes: 90 * GIB }))).toBe(false);
    expect(has(await lintOf({ objects: HUNDRED, readBytes: 0 }))).toBe(false);
    expect(has(await lintOf({ objects: HUNDRED }))).toBe(false);
  });

  it('counts only the share of the reads that what moves has of the bucket', async () => {
    const young = Array.from({ length: 300 }, (_, at) => objectOf(-40, { name: `y/${at}` }));
    // 100 of 400 GiB move: a quarter of 300 GiB read.
    expect(has(await lintOf({ objects: [...HUNDRED, ...young], readBytes: 300 * GIB }))).toBe(false);
    expect(has(await lintOf({ objects: [...HUNDRED, ...young], readBytes: 500 * GIB }))).toBe(true);
  });

  it('weighs requests too, and says both figures', async () => {
    const archive = [moveTo('ARCHIVE', 30), ABORT];
    // 100 GiB save 1.88 a month; 10 GiB read cost 0.50, and 100,000 requests at 0.05 instead of 0.0004 a thousand 4.96 more.
    const [first] = await lintOf({ objects: HUNDRED, readBytes: 10 * GIB, readRequests: 100_000 }, archive);
    expect(first?.code).toBe('reads-cost-more');
    expect(first?.why).toContain('saves 1.88 USD a month');
    expect(first?.why).toContain('costs 0.50 USD a month in retrieval fees');
    expect(first?.why).toContain('its 100,000 requests 4.96 USD more');
    expect(has(await lintOf({ objects: HUNDRED, readBytes: 10 * GIB, readRequests: 10_000 }, archive))).toBe(
      false,
    );
  });

  it('takes the more expensive operations of a bucket with hierarchical namespace', async () => {
    const archive = [moveTo('ARCHIVE', 30), ABORT];
    const bucket = { createdMs: daysAgo(400), hierarchicalNamespace: true };
    const [first] = await lintOf(
      { bucket, objects: HUNDRED, readBytes: 10 * GIB, readRequests: 100_000 },
      archive,
    );
    expect(first?.why).toContain(`its 100,000 requests ${(4.96 * 1.3).toFixed(2)} USD more`);
  });

  it('takes the fee of the class that objects move to', async () => {
    const archive = [moveTo('ARCHIVE', 30), ABORT];
    // 0.05 a GiB read, and 0.0188 a GiB and month saved.
    expect(has(await lintOf({ objects: HUNDRED, readBytes: 30 * GIB }, archive))).toBe(false);
    expect(has(await lintOf({ objects: HUNDRED, readBytes: 40 * GIB }, archive))).toBe(true);
  });

  it('from metrics it is an interval', async () => {
    const lint = await lintOf({ cells: [cellOf({ bytes: 100 * GIB, count: 100 })], readBytes: 500 * GIB }, [
      moveTo('NEARLINE', 60),
      ABORT,
    ]);
    expect(lint.find(({ code }) => code === 'reads-cost-more')?.why).toContain(
      '0.00 to 5.00 USD a month in retrieval',
    );
  });
});
