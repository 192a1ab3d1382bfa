import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allRegions, gpuModels, machineNames } from '../../../shared/prices/machine-catalog.ts';
import { isPriced, type Price } from '../../../shared/prices/price.ts';
import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { answer } from '../../support/request-estimate.ts';

const RUNS = 20_000;

const pick = <T>(values: readonly T[]) => fc.constantFrom(...values);
const amount = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 1, max: 2_000 }).map(String) },
  fc.constantFrom('0', '-1', '1e9', '0.5', '', 'x', 'NaN', '1e400', '99999999999999999999'),
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** For what makes most combinations impossible. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });

const machine = fc.oneof(
  { weight: 3, arbitrary: pick(machineNames()) },
  { weight: 3, arbitrary: pick(machineNames().filter((name) => /^(?:n1|g2|a2|a3|g4|e2)-/.test(name))) },
  fc
    .tuple(
      pick(['n1', 'n2', 'e2', 'n4', 'c3']),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 900 }),
      pick(['', '-ext']),
    )
    .map(([family, vcpus, quarters, ext]) => `${family}-custom-${vcpus}-${quarters * 256}${ext}`),
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);
const estimateQuery = fc.record({
  machineType: machine,
  gpuType: rarely(pick(gpuModels().map(({ gpu }) => gpu))),
  gpuCount: rarely(pick(['1', '2', '3', '4', '8', '0'])),
  hours: optional(amount),
  region: optional(
    pick(['us-central1', 'europe-west4', 'us-east4', ...allRegions().slice(0, 3), 'any', 'nowhere1']),
  ),
  spot: optional(pick(['true', 'false'])),
  where: optional(pick(['compute', 'workbench', 'training', 'prediction'])),
  storageGb: optional(amount),
  diskGb: optional(amount),
  diskType: optional(pick(['pd-ssd', 'pd-extreme', 'hyperdisk-balanced'])),
  egressGb: optional(amount),
  egressTo: optional(pick(['internet', 'china', 'asia-east1', 'northamerica-south1'])),
  dataRegion: optional(pick(['us-central1', 'northamerica-south1', 'europe-west4'])),
});
const fitQuery = fc.record({
  parameters: optional(pick(['124e6', '1e8', '8e9', '70e9', '1e12', '1e14', '0', 'x'])),
  sizeGb: optional(amount),
  layers: rarely(amount),
  hidden: rarely(pick(['512', '4096', '1'])),
  heads: rarely(pick(['8', '32', '5'])),
  kvHeads: rarely(pick(['1', '8', '9'])),
  vocabulary: optional(amount),
  task: optional(pick(['full', 'lora', 'qlora', 'pretrain', 'inference'])),
  precision: optional(pick(['fp32', 'bf16', 'bf16'])),
  batch: optional(amount),
  context: optional(amount),
  sharding: optional(pick(['none', 'none', 'tensor', 'zero3'])),
  recompute: optional(pick(['none', 'selective', 'full'])),
  tokens: optional(amount),
  region: optional(pick(['us-central1', 'europe-west4', 'africa-south1'])),
});

/** Every number of an answer, deep inside. */
function everyNumber(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(everyNumber) : [];
}

/** What is wrong with a price; undefined for a number, a range or an `unpriced` with its reason. */
function wrongPrice(price: Price): string | undefined {
  if (!isPriced(price)) return price.why.length > 5 ? undefined : 'no reason';
  const { low, high } = price.usd;
  return low >= 0 && low <= high && Number.isFinite(high) ? undefined : `${low} to ${high}`;
}

const given = (query: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));

describe('any parameters', () => {
  it('give finite numbers, a range, unpriced with a reason, or a 400 that says what is allowed', () => {
    const wrong: unknown[] = [];
    const seen = { estimate: 0, fit: 0, refused: 0 };
    const ask = (path: string, query: Readonly<Record<string, unknown>>): void => {
      try {
        const report = answer(path, given(query));
        seen[report.kind] += 1;
        if (report.kind === 'fit') {
          const { lowBytes, expectedBytes, upperBytes } = report.memory;
          if (!(lowBytes > 0 && expectedBytes >= lowBytes && upperBytes >= expectedBytes)) wrong.push(query);
          if (!everyNumber(report).every(Number.isFinite)) wrong.push(query);
          return;
        }
        const { chosen, onDemand, spot } = report;
        const prices = [chosen, spot].flatMap(({ totals, lines }) => [
          totals.perHour,
          totals.perMonth,
          ...lines.map(({ perRun }) => perRun),
        ]);
        if (prices.some((price) => wrongPrice(price) !== undefined)) wrong.push(query);
        const [a, b] = [spot.totals.perRun, onDemand.totals.perRun];
        if (isPriced(a) && isPriced(b) && a.usd.low > b.usd.high * 1.000001) wrong.push(query);
      } catch (error) {
        if (!(error instanceof BadParameter)) throw error;
        seen.refused += 1;
        if (error.allowed.length <= 3) wrong.push(query);
      }
    };
    fc.assert(
      fc.property(estimateQuery, fitQuery, (one, other) => {
        ask('/', one);
        ask('/fit', other);
      }),
      { numRuns: RUNS / 2, seed: 18 },
    );
    expect(wrong).toEqual([]);
    expect(Math.min(seen.estimate, seen.fit)).toBeGreaterThan(2_000);
    expect(seen.estimate + seen.fit + seen.refused).toBe(RUNS);
  });
});
