import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Forecast } from '../../../../functions/lifecycle-enforcer/forecast/forecast.ts';
import { forecastMetrics } from '../../../../functions/lifecycle-enforcer/forecast/metrics.ts';
import type { ObjectVersion } from '../../../../functions/lifecycle-enforcer/forecast/object-lifecycle.ts';
import { forecastObjects } from '../../../../functions/lifecycle-enforcer/forecast/objects.ts';
import type { Cell } from '../../../../functions/lifecycle-enforcer/forecast/usage.ts';
import { readRule } from '../../../../functions/lifecycle-enforcer/rules/condition.ts';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { bucketOf, deleteAfter, moveTo } from '../../../support/bucket-lab.ts';
import { cellOf, daysAgo, NOW, objectOf } from '../judge.ts';
import { anyRule } from '../rule-arbitraries.ts';
import type { Range } from '../../../../shared/units.ts';

const anyCase = fc.record({
  objects: fc.array(
    fc.record({
      days: fc.constantFrom(0, 1, 5, 29, 30, 31, 60, 89, 90, 100, 364, 365),
      storageClass: fc.constantFrom('STANDARD', 'REGIONAL', 'NEARLINE', 'COLDLINE', 'ARCHIVE'),
      bytes: fc.integer({ min: 2 ** 20, max: 2 ** 32 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  bucketDays: fc.constantFrom(365, 400, 900),
  softDeleteSeconds: fc.constantFrom(0, 604_800),
  before: fc.array(anyRule, { maxLength: 2 }),
  added: fc.array(anyRule, { minLength: 1, maxLength: 3 }),
  keepsBefore: fc.boolean(),
});

function cellsOf(objects: readonly ObjectVersion[]): readonly Cell[] {
  return [...Map.groupBy(objects, ({ storageClass }) => storageClass)].map(([storageClass, all]) =>
    cellOf({ storageClass, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), count: all.length }),
  );
}

/** Both forecasts of the same bucket, from its objects and from its metrics. */
function bothOf(
  bucket: ReturnType<typeof bucketOf>,
  objects: readonly ObjectVersion[],
  before: readonly StoredRule[],
  after: readonly StoredRule[],
): readonly [Forecast, Forecast] {
  const kept = before.map(readRule);
  const known = new Map(kept.map((read) => [read.rule, read]));
  const change = { before: kept, after: after.map((rule) => known.get(rule) ?? readRule(rule)) };
  const forecaster = forecastObjects(bucket, change, NOW);
  for (const object of objects) forecaster.add([object]);
  const metrics = forecastMetrics(bucket, change, { kind: 'measured', cells: cellsOf(objects) }, NOW);
  if (metrics === undefined) throw new Error('no forecast');
  return [forecaster.finish(), metrics];
}

function expectWithin(inner: Range | undefined, outer: Range | undefined, what: string): void {
  if (inner === undefined || outer === undefined) return;
  const slack = 1e-9 + 1e-9 * Math.abs(inner.high);
  expect(outer.low, `${what}, at least`).toBeLessThanOrEqual(inner.low + slack);
  expect(outer.high, `${what}, at most`).toBeGreaterThanOrEqual(inner.high - slack);
}

describe('the forecast from metrics', () => {
  it('contains what the objects themselves say, whatever the rules', () => {
    fc.assert(
      fc.property(anyCase, ({ objects, bucketDays, softDeleteSeconds, before, added, keepsBefore }) => {
        const bucket = bucketOf({ createdMs: daysAgo(bucketDays), softDeleteSeconds });
        const versions = objects.map(({ days, ...more }, at) => objectOf(days, { ...more, name: `a/${at}` }));
        const after = [...(keepsBefore ? before : []), ...added];
        const [exact, bounds] = bothOf(bucket, versions, before, after);
        expectWithin(exact.deletedShare, bounds.deletedShare, 'deleted share');
        for (const name of ['day', 'month', 'year'] as const) {
          const [inner, outer] = [exact.horizons[name], bounds.horizons[name]];
          expectWithin(inner.deletedBytes, outer.deletedBytes, `${name}: deleted bytes`);
          expectWithin(inner.savesUsdPerMonth, outer.savesUsdPerMonth, `${name}: saves`);
          expectWithin(inner.costsUsdOnce, outer.costsUsdOnce, `${name}: costs`);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('L05: deleting from a cold default class costs up to what is left of its minimum duration', () => {
    const bucket = bucketOf({ storageClass: 'ARCHIVE', createdMs: daysAgo(20) });
    const objects = Array.from({ length: 100 }, (_, at) =>
      objectOf(2 + (at % 17), { storageClass: 'ARCHIVE', bytes: 10 * 2 ** 30 }),
    );
    const [exact, bounds] = bothOf(bucket, objects, [], [deleteAfter(30)]);
    // 1,000 GiB at 0.0012 for the 335 days that are left of 365.
    expect(exact.horizons.month.costsUsdOnce?.high).toBeCloseTo(13.22, 1);
    expect(bounds.horizons.month.costsUsdOnce?.low).toBe(0);
    expect(bounds.horizons.month.costsUsdOnce?.high).toBeCloseTo(13.22, 1);
    expect(bounds.horizons.day.costsUsdOnce).toEqual({ low: 0, high: 0 });
  });

  it('L07: a configurable dual-region is priced by both its regions', () => {
    const bucket = bucketOf({
      location: 'US',
      locationType: 'dual-region',
      dataLocations: ['US-CENTRAL1', 'US-EAST1'],
      createdMs: daysAgo(90),
    });
    const objects = Array.from({ length: 100 }, (_, at) => objectOf(60 + (at % 20), { name: `o/${at}` }));
    const [exact] = bothOf(bucket, objects, [], [moveTo('NEARLINE', 30)]);
    // 100 GiB from 0.022 to 0.011 in each of the two.
    expect(exact.horizons.month.savesUsdPerMonth?.low).toBeCloseTo(2.2, 6);
    const [unknown] = bothOf({ ...bucket, dataLocations: undefined }, objects, [], [moveTo('NEARLINE', 30)]);
    expect(unknown.horizons.month.savesUsdPerMonth).toBeUndefined();
    const [multi] = bothOf(
      { ...bucket, dataLocations: undefined, locationType: 'multi-region' },
      objects,
      [],
      [moveTo('NEARLINE', 30)],
    );
    expect(multi.horizons.month.savesUsdPerMonth?.low).toBeCloseTo(1.1, 6);
  });

  it.each([{ defaultHold: true }, { objectRetention: true }])(
    'a deletion that %o may delay is not certain',
    (more) => {
      const objects = [objectOf(200)];
      const certain = bothOf(bucketOf({ createdMs: daysAgo(300) }), objects, [], [deleteAfter(1)])[1];
      expect(certain.horizons.month.deletedBytes.low).toBeGreaterThan(0);
      const delayed = bothOf(
        bucketOf({ createdMs: daysAgo(300), ...more }),
        objects,
        [],
        [deleteAfter(1)],
      )[1];
      expect(delayed.horizons.month.deletedBytes.low).toBe(0);
    },
  );
});
