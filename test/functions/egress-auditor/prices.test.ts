import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { groupLabel, priceGroups } from '../../../functions/egress-auditor/traffic/countries.ts';
import {
  bucketPlace,
  bucketPriceId,
  continentOf,
  isIn,
  regionOf,
} from '../../../functions/egress-auditor/traffic/geography.ts';
import { vmPriceId } from '../../../shared/prices/planning/areas.ts';
import type { RawLane } from '../../../functions/egress-auditor/lanes/lane.ts';
import { priceLanes } from '../../../functions/egress-auditor/lanes/pricing.ts';
import { priceGib, priceRow, NETWORK_PRICES } from '../../../shared/prices/network-prices.ts';

const cents = (usd: number): number => Math.round(usd * 1e4) / 1e4;

describe('priceGib: tiers and their edges', () => {
  const cases: readonly [row: string, gib: number, low: number, high: number][] = [
    ['premium-worldwide:us-central1', 0, 0, 0],
    ['premium-worldwide:us-central1', 0.5, 0, 0],
    ['premium-worldwide:us-central1', 1, 0, 0],
    ['premium-worldwide:us-central1', 2, 0.12, 0.12],
    ['premium-worldwide:us-central1', 1_024, 122.76, 122.76],
    ['premium-worldwide:us-central1', 1_025, 122.87, 122.87],
    ['premium-worldwide:us-central1', 10_240, 1_136.52, 1_136.52],
    ['premium-worldwide:us-central1', 10_241, 1_136.6, 1_136.6],
    ['premium-china:us-central1', 1_025, 235.74, 235.74],
    ['standard-us-europe', 200, 0, 0],
    ['standard-us-europe', 201, 0.085, 0.085],
    ['standard-us-europe', 10_241, 853.465, 853.465],
    ['standard-asia', 300, 11, 11],
    ['bucket-internet', 1_024, 122.88, 235.52],
    ['bucket-internet', 10_241, 1_136.72, 2_355.42],
    ['vm-na-europe', 100, 5, 8],
    ['vm-cross-zone', 100, 1, 1],
  ];
  for (const [row, gib, low, high] of cases)
    test(`${gib} GiB of ${row}: ${low} to ${high}`, () => {
      const { usd } = priceGib(priceRow(row), gib);
      assert.notEqual(usd, 'unpriced');
      if (usd !== 'unpriced') assert.deepEqual([cents(usd.low), cents(usd.high)], [low, high]);
    });

  test('beyond what has a list price there is none', () => {
    assert.equal(priceGib(priceRow('standard-asia'), 512_001).usd, 'unpriced');
    assert.notEqual(priceGib(priceRow('standard-asia'), 512_000).usd, 'unpriced');
  });

  test('the mark is the weakest of the tiers that count', () => {
    assert.equal(priceGib(priceRow('premium-oceania'), 1_024).mark, 'third-party');
    assert.equal(priceGib(priceRow('premium-oceania'), 1_025).mark, 'memory');
  });

  test('every row has a known source, ascending tiers, and bounds in order', () => {
    for (const { id, source, tiers } of NETWORK_PRICES.rows) {
      assert.ok(source in NETWORK_PRICES.sources, id);
      assert.equal(tiers[0]?.fromGib, 0, id);
      for (const [index, { fromGib, low, high }] of tiers.entries()) {
        assert.ok(index === 0 || fromGib > (tiers[index - 1]?.fromGib ?? Infinity), id);
        assert.ok((low ?? 0) <= (high ?? 0), id);
      }
    }
  });
});

function rawLane(id: string, gib: number, rows: readonly string[]): RawLane {
  return {
    id,
    kind: 'internet',
    from: 'us-central1',
    to: 'x',
    tier: null,
    price: { rows: rows.map((row) => ({ row, pool: row })), doubt: rows.length > 1 ? 'unknown' : undefined },
    steps: [gib * 2 ** 30],
    talkers: new Map(),
    likely: [],
  };
}

describe('internet prices by the region that sends', () => {
  // From the Cloud Billing Catalog of 2026-07-30: the first two TiB-tiers a GiB.
  const lists: readonly [id: string, first: number, last: number][] = [
    ['premium-worldwide:us-central1', 0.12, 0.08],
    ['premium-worldwide:europe-west4', 0.12, 0.085],
    ['premium-worldwide:southamerica-east1', 0.19, 0.15],
    ['premium-worldwide:africa-south1', 0.15, 0.11],
    ['premium-worldwide:australia-southeast1', 0.19, 0.15],
    ['premium-china:europe-west4', 0.23, 0.2],
    ['premium-australia:us-central1', 0.19, 0.15],
  ];
  for (const [id, first, last] of lists)
    test(`${id}: ${first} to begin with, ${last} above 10 TiB`, () => {
      const { tiers } = priceRow(id);
      const rates = tiers.filter(({ high }) => high !== 0).map(({ high }) => high);
      assert.deepEqual([rates[0], rates.at(-1)], [first, last]);
    });

  test('a region that the list does not have lies between all of them', () => {
    const tier = priceRow('premium-worldwide:moon-east1').tiers.at(1);
    assert.deepEqual([tier?.low, tier?.high, tier?.mark], [0.085, 0.19, 'memory']);
  });
});

describe('priceLanes', () => {
  test('lanes of one price share its tiers, each by its bytes', () => {
    const lanes = priceLanes(
      [
        rawLane('a', 1_500, ['premium-worldwide:us-central1']),
        rawLane('b', 500, ['premium-worldwide:us-central1']),
      ],
      1,
    );
    const total = 122.76 + (2_000 - 1_024) * 0.11;
    const usd = lanes.map(({ usdPerMonth }) => (usdPerMonth === 'unpriced' ? NaN : cents(usdPerMonth.high)));
    assert.deepEqual(usd, [cents(total * 0.75), cents(total * 0.25)]);
  });

  test('an unknown price has the bounds of the possible ones, and says why', () => {
    const [, lane] = priceLanes(
      [
        rawLane('sure', 1_024, ['premium-worldwide:us-central1']),
        rawLane('doubt', 100, ['premium-worldwide:us-central1', 'premium-china:us-central1']),
      ],
      1,
    );
    assert.ok(lane !== undefined && lane.usdPerMonth !== 'unpriced');
    assert.equal(lane.bounds, 'unknown');
    // At least on top of the certain lane's first tier; at the most alone to China.
    assert.deepEqual([cents(lane.usdPerMonth.low), cents(lane.usdPerMonth.high)], [11, 23]);
  });

  test('what has no row is unpriced', () => {
    const [lane] = priceLanes([rawLane('a', 1, [])], 1);
    assert.equal(lane?.usdPerMonth, 'unpriced');
  });
});

describe('geography', () => {
  const paths: readonly [string, string, string | undefined][] = [
    ['us-central1', 'northamerica-northeast1', 'vm-us-canada'],
    ['us-central1', 'northamerica-south1', undefined],
    ['europe-west4', 'europe-west2', 'vm-europe'],
    ['asia-east1', 'asia-northeast1', 'vm-asia'],
    ['asia-east1', 'asia-southeast2', 'vm-oceania'],
    ['australia-southeast1', 'australia-southeast2', 'vm-oceania'],
    ['us-central1', 'australia-southeast1', 'vm-oceania'],
    ['southamerica-east1', 'southamerica-west1', 'vm-south-america'],
    ['us-central1', 'southamerica-east1', 'vm-to-south-america'],
    ['us-central1', 'europe-west4', 'vm-na-europe'],
    ['us-central1', 'asia-east1', 'vm-continents'],
    ['europe-west4', 'asia-east1', 'vm-continents'],
    ['europe-west4', 'me-west1', 'vm-to-middle-east-africa'],
    ['me-west1', 'me-central1', undefined],
    ['southamerica-east1', 'africa-south1', undefined],
    ['us-central1', 'moon-east1', undefined],
  ];
  for (const [a, b, row] of paths)
    test(`${a} and ${b}: ${row ?? 'unpriced'}, both ways`, () => {
      assert.equal(vmPriceId(a, b), row);
      assert.equal(vmPriceId(b, a), row);
    });

  const zones: readonly [string, string | undefined][] = [
    ['us-central1-a', 'us-central1'],
    ['northamerica-northeast1-c', 'northamerica-northeast1'],
    ['global', undefined],
    ['REMOTE_IS_EXTERNAL', undefined],
    ['', undefined],
  ];
  for (const [zone, region] of zones)
    test(`regionOf("${zone}"): ${region ?? 'none'}`, () => {
      assert.equal(regionOf(zone), region);
    });

  test('Indonesia is in Asia, Mexico in North America', () => {
    assert.equal(continentOf('asia-southeast2'), 'Asia');
    assert.equal(continentOf('northamerica-south1'), 'North America');
  });

  const inside: readonly [string, string, boolean | undefined][] = [
    ['US-CENTRAL1', 'us-central1', true],
    ['US-CENTRAL1', 'us-east1', false],
    ['US', 'us-west4', true],
    ['US', 'northamerica-northeast1', false],
    ['EU', 'europe-west4', true],
    ['EU', 'europe-west2', false],
    ['EU', 'europe-west6', false],
    ['EU', 'europe-west12', true],
    ['ASIA', 'asia-east1', true],
    ['NAM4', 'us-east1', true],
    ['NAM4', 'us-east4', false],
    ['EUR4', 'europe-north1', true],
    ['XYZ9', 'us-central1', undefined],
  ];
  for (const [location, region, wanted] of inside)
    test(`${region} in ${location}: ${String(wanted)}`, () => {
      assert.equal(isIn(bucketPlace(location), region), wanted);
    });

  test('a dual-region of the owner’s choice', () => {
    const place = bucketPlace('US', ['US-EAST4', 'US-WEST1']);
    assert.deepEqual([isIn(place, 'us-east4'), isIn(place, 'us-central1')], [true, false]);
  });

  const reads: readonly [string, string, string | undefined][] = [
    ['US-CENTRAL1', 'us-east4', 'bucket-us-canada'],
    ['EU', 'europe-west2', 'bucket-europe'],
    ['ASIA1', 'asia-east1', 'bucket-asia'],
    ['US', 'europe-west4', 'vm-na-europe'],
    ['US', 'australia-southeast1', 'vm-oceania'],
    ['XYZ9', 'us-central1', undefined],
  ];
  for (const [location, region, row] of reads)
    test(`${location} read from ${region}: ${row ?? 'unpriced'}`, () => {
      assert.equal(bucketPriceId(bucketPlace(location), region), row);
    });
});

describe('priceGroups', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['usa', 'America', ['worldwide']],
    ['US', 'America', ['worldwide']],
    ['United States', 'America', ['worldwide']],
    ['hkg', 'Asia', ['worldwide']],
    ['chn', 'Asia', ['china']],
    ['KOR', 'Asia', ['oceania']],
    ['Brazil', 'America', ['oceania']],
    ['sau', 'Asia', ['oceania']],
    ['are', 'Asia', ['middle-east-africa']],
    ['kaz', 'Asia', ['worldwide', 'oceania', 'middle-east-africa', 'china']],
    ['cub', 'America', ['worldwide', 'oceania']],
    ['', 'Europe', ['worldwide']],
    ['', 'NOT_APPLICABLE', ['worldwide', 'australia', 'oceania', 'middle-east-africa', 'china']],
  ];
  for (const [country, continent, wanted] of cases)
    test(`"${country}" in ${continent}: ${wanted.join(' or ')}`, () => {
      assert.deepEqual(priceGroups(country, continent), wanted);
    });

  test('countries that cannot be told apart are called so', () => {
    assert.equal(groupLabel(['worldwide', 'oceania'], 'America'), 'internet: unknown country in America');
    assert.equal(groupLabel(['china'], 'Asia'), 'internet: China');
  });
});
