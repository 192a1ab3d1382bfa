import { describe, expect, it } from 'vitest';
import type { UsdRange } from '../../../shared/prices/money.ts';
import { isPriced, type Price } from '../../../shared/prices/price.ts';
import { costOfMachines, type Machines } from '../../../shared/resources/cost.ts';
import { vertexCost } from '../../../shared/resources/vertex/machine-spec.ts';

const GPUS: Machines = {
  machineType: 'a3-highgpu-8g',
  accelerators: [],
  zone: 'us-central1-a',
  count: 1,
  spot: true,
};
const ON_DEMAND: Machines = { ...GPUS, spot: false };
const FLEX: Machines = { ...ON_DEMAND, bought: 'flex-start' };

function rangeOf(price: Price): UsdRange {
  if (!isPriced(price)) throw new Error(price.why);
  return price.usd;
}

const cost = rangeOf(costOfMachines([ON_DEMAND], new Date('2026-07-30')));
const seen = rangeOf(costOfMachines([GPUS], new Date('2026-07-30')));
const after = (days: number): Date => new Date(Date.parse('2026-07-30') + days * 86_400_000);

describe('costOfMachines', () => {
  it('is the Spot price itself while that is fresh', () => {
    expect(seen.low).toBe(seen.high);
    expect(rangeOf(costOfMachines([GPUS], after(30)))).toEqual(seen);
  });

  it.each([
    [31, seen.low / 2.2],
    [120, seen.low / 2.2],
    [121, 0.09 * cost.low],
  ])('is what Spot may cost by now after %d days, and not more than on demand', (days, low) => {
    const range = rangeOf(costOfMachines([GPUS], after(days)));
    expect(range.low).toBeCloseTo(low, 6);
    expect(range.low).toBeLessThan(seen.low);
    expect(range.high).toBeCloseTo(Math.min(cost.high, days > 120 ? Infinity : seen.high * 2.2), 6);
  });

  it.each([0, 121])('is from a quarter of the price on demand to all of it for flex-start, whatever Spot costs (%d days old)', (days) => {
    const flex = rangeOf(costOfMachines([FLEX], after(days)));
    expect(flex).toEqual({ low: 0.25 * cost.low, high: cost.high });
    // As on a bill of August 2025: 8 GPUs, 208 vCPUs, 1,872 GiB and 6,000 GB of local SSD.
    const billed = 8 * 4.200761 + 208 * 0.010934 + 1872 * 0.000952 + (6000 * 0.08) / 730;
    expect([flex.low < billed, billed < flex.high]).toEqual([true, true]);
    // Spot of the day costs more.
    expect(billed).toBeLessThan(0.8 * seen.low);
  }); // prettier-ignore

  it('is not known for flex-start where the price on demand is not, and at the least a part of that', () => {
    const b200 = { ...FLEX, machineType: 'a4-highgpu-8g' };
    const [flex, onDemand] = [b200, { ...b200, bought: undefined }].map(({ bought, ...one }) =>
      costOfMachines([bought === undefined ? one : { ...one, bought }], after(0)),
    );
    expect(flex).toMatchObject({ usd: 'unpriced', why: 'no price for a4-highgpu-8g in us-central1' });
    if (flex === undefined || onDemand === undefined || isPriced(flex) || isPriced(onDemand))
      throw new Error('a price of B200');
    expect(flex.atLeastUsd).toBeCloseTo(0.25 * (onDemand.atLeastUsd ?? NaN), 9);
  });
});

describe('vertexCost', () => {
  it('adds its fee to what Spot may cost by now', () => {
    const [fresh, old] = [after(0), after(121)].map((now) => rangeOf(vertexCost([GPUS], now)));
    const spot = rangeOf(costOfMachines([GPUS], after(121)));
    expect(fresh?.low).toBe(fresh?.high);
    expect((fresh?.low ?? NaN) - (old?.low ?? NaN)).toBeCloseTo(seen.low - spot.low, 6);
    expect(old?.low).toBeLessThan(old?.high ?? NaN);
  });
});
