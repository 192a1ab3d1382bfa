import { describe, expect, it } from 'vitest';
import { catalogMachine } from '../../../shared/prices/machine-catalog.ts';
import { cheaperMachine, type Used } from '../../../shared/prices/planning/cheaper-machine.ts';
import { sustainedUseShare } from '../../../shared/prices/planning/sustained-use.ts';
import { transferPrice } from '../../../shared/prices/planning/transfer.ts';
import { internetPrice } from '../../../shared/prices/network-rates.ts';
import { agedSpot } from '../../../shared/prices/spot.ts';
import { isPriced, sumPrices, unpriced, type Price, type Priced } from '../../../shared/prices/price.ts';

const priced = (usd: number, asOf = '2026-07-30'): Priced => ({
  usd: { low: usd, high: usd },
  source: 's',
  asOf,
  mark: 'verified',
  note: undefined,
});
const bounds = (price: Price): readonly number[] => (isPriced(price) ? [price.usd.low, price.usd.high] : []);

describe('agedSpot', () => {
  const cases: readonly (readonly [days: number, low: number, high: number])[] = [
    [30, 4, 4],
    [31, 4 / 2.2, 8.8],
    [120, 4 / 2.2, 8.8],
    [121, 0.9, 10],
  ];
  it.each(cases)('after %d days of a price of 4 on 10: %d to %d', (days, low, high) => {
    const now = new Date(Date.parse('2026-07-30') + days * 86_400_000);
    const aged = agedSpot(priced(4), priced(10), now);
    expect(bounds(aged)[0]).toBeCloseTo(low, 9);
    expect(bounds(aged)[1]).toBeCloseTo(high, 9);
    expect(aged).toMatchObject({ lastKnownUsd: 4 });
  });

  it('leaves what has no price as it is', () => {
    expect(agedSpot(unpriced('why'), priced(1), new Date())).toEqual(unpriced('why'));
  });
});

describe('sumPrices', () => {
  it('is unpriced once a part is, and at least what the others cost', () => {
    expect(sumPrices([priced(2), unpriced('no price for x', 3), unpriced('no price for y')])).toEqual(
      unpriced('no price for x; no price for y', 5),
    );
    expect(sumPrices([priced(2), { ...priced(3, '2026-01-01'), mark: 'memory' }])).toMatchObject({
      usd: { low: 5, high: 5 },
      asOf: '2026-01-01',
      mark: 'memory',
    });
  });
});

describe('sustainedUseShare', () => {
  it('ends at 70 % for n1 and 80 % for n2, starts at all, and is none for others', () => {
    expect(sustainedUseShare('n1', 730)).toBeCloseTo(0.7, 9);
    expect(sustainedUseShare('n2', 730)).toBeCloseTo(0.8, 3);
    expect(sustainedUseShare('n1', 182.5)).toBe(1);
    expect(sustainedUseShare('n1', 365)).toBeCloseTo(0.9, 9);
    for (const family of ['e2', 'g2', 'a2', 'a3', 't2d']) expect(sustainedUseShare(family, 730)).toBe(1);
  });
});

describe('transfers and egress', () => {
  it('are free inside a region, priced between areas, and unpriced where no source has a price', () => {
    expect(bounds(transferPrice(100, 'us-central1', 'us-central1'))).toEqual([0, 0]);
    expect(bounds(transferPrice(100, 'us-central1', 'us-east1'))).toEqual([2, 2]);
    expect(bounds(transferPrice(100, 'europe-west4', 'us-east1'))).toEqual([5, 8]);
    expect(isPriced(transferPrice(1, 'northamerica-south1', 'us-east1'))).toBe(false);
    // Two continents, as the auditor prices them.
    expect(bounds(transferPrice(100, 'me-west1', 'africa-south1'))).toEqual([8, 11]);
  });

  it('go through the tiers of a month, and are a range where the tiers of a list do not fall', () => {
    expect(bounds(internetPrice(2_000, 'us-central1'))[0]).toBeCloseTo(1_024 * 0.12 + 976 * 0.11, 9);
    const [low = 0, high = 0] = bounds(internetPrice(100, 'asia-northeast1'));
    expect([low, high].map((usd) => Number(usd.toFixed(6)))).toEqual([8.5, 12]);
  });
});

describe('cheaperMachine', () => {
  const used = (more: Omit<Partial<Used>, 'peaks'> & { peaks?: Partial<Used['peaks']> } = {}): Used => ({
    machineType: 'a2-highgpu-1g',
    gpu: { type: 'nvidia-tesla-a100', count: 1 },
    region: 'us-central1',
    ...more,
    peaks: { cpu: 0.2, memoryGib: 10, gpu: 0.1, gpuMemoryMib: 9_000, ...more.peaks },
  });

  it('finds a smaller GPU whose speed and memory are enough, with what it saves', () => {
    const found = cheaperMachine(used());
    expect(found?.gpu?.type).toBe('nvidia-tesla-t4');
    expect(found?.savesUsdPerHour).toBeCloseTo(3.673385 - (found?.usdPerHour ?? 0), 9);
    expect(cheaperMachine(used({ peaks: { gpuMemoryMib: 16_000 } }))?.gpu?.type).toBe('nvidia-l4');
  });

  it('keeps a GPU that is busy, full, or not measured: unknown is never unused', () => {
    expect(cheaperMachine(used({ peaks: { gpu: 0.95 } }))).toBeUndefined();
    expect(cheaperMachine(used({ peaks: { gpuMemoryMib: 39_000 } }))).toBeUndefined();
    for (const peak of ['cpu', 'gpu', 'gpuMemoryMib'] as const)
      expect(cheaperMachine(used({ peaks: { [peak]: undefined } })), peak).toBeUndefined();
  });

  it('takes no less memory than there is where no agent measured it', () => {
    const found = cheaperMachine(used({ peaks: { memoryGib: undefined } }));
    expect(found).toBeDefined();
    expect(catalogMachine(found?.machineType ?? '')?.memoryGib).toBeGreaterThanOrEqual(85);
    expect(found?.usdPerHour).toBeGreaterThan(cheaperMachine(used())?.usdPerHour ?? Infinity);
  });

  it('takes fewer cores where a machine without GPU is idle, and none that it would not fit', () => {
    const cpu = { machineType: 'n1-standard-16', gpu: undefined };
    expect(cheaperMachine(used({ ...cpu, peaks: { cpu: 0.1, memoryGib: 5 } }))?.machineType).toMatch(
      /^(?:e2|n2d|n4)-/,
    );
    const full = cheaperMachine(used({ ...cpu, peaks: { cpu: 0.79, memoryGib: 47 } }));
    expect(full === undefined || full.usdPerHour < 0.76).toBe(true);
    expect(cheaperMachine(used({ ...cpu, machineType: 'q9-standard-4' }))).toBeUndefined();
  });
});
