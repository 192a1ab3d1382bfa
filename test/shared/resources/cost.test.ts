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

  it('lowers what flex-start costs at the least, and leaves the price on demand', () => {
    const spot = rangeOf(costOfMachines([GPUS], after(121)));
    expect(rangeOf(costOfMachines([FLEX], after(121)))).toEqual({ low: 0.8 * spot.low, high: cost.high });
    expect(rangeOf(costOfMachines([ON_DEMAND], after(121)))).toEqual(cost);
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
