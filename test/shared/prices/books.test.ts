import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bookSchema, readBook, type BookFile, type Usage } from '../../../shared/prices/book.ts';
import { gpuPrice } from '../../../shared/prices/gpu-price.ts';
import { localSsdPrice } from '../../../shared/prices/disk-price.ts';
import {
  allRegions,
  catalogMachine,
  catalogSchema,
  gpuModels,
  machineNames,
} from '../../../shared/prices/machine-catalog.ts';
import { machineParts, machinePrice } from '../../../shared/prices/machine-price.ts';
import { atLeast, isPriced, type Price } from '../../../shared/prices/price.ts';

const folder = join(import.meta.dirname, '../../../shared/prices/books');
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const bookNames = readdirSync(folder).filter(
  (name) => !['machine-types.json', 'vertex-prices.json'].includes(name),
);

const rowsOf = (file: string): readonly (readonly string[])[] =>
  readFileSync(join(import.meta.dirname, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));

interface Listed {
  readonly name: string;
  readonly region: string;
  readonly usage: Usage;
  readonly usd: number;
}

/** Every machine price that the Catalog API gave on 2026-07-30, with Spot, apart from how the books hold it. */
const [header = [], ...lines] = rowsOf('machine-prices.csv');
const listed = lines.flatMap(([name = '', usage = '', ...prices]): Listed[] =>
  prices.flatMap((usd, at) =>
    usd === ''
      ? []
      : [
          {
            name,
            region: header[at + 2] ?? '',
            usage: usage === 'spot' ? 'spot' : 'on-demand',
            usd: Number(usd),
          },
        ],
  ),
);

const usdOf = (price: Price): number => {
  if (!isPriced(price)) throw new Error(price.why);
  return price.usd.low;
};

describe('price books', () => {
  it.each(bookNames)('%s names source, day and mark of every part, and has no price that is none', (name) => {
    const file = read(name) as BookFile;
    const { parts } = bookSchema.parse({ what: file.what, unit: file.unit, parts: file.parts });
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) {
      expect(part.source.length).toBeGreaterThan(10);
      for (const row of part.rows) {
        const [thing = '', ...prices] = row.split(',');
        expect(thing).not.toBe('');
        expect(prices.length).toBe(part.places.length);
        for (const price of prices) if (price !== '') expect(Number(price)).toBeGreaterThan(0);
      }
    }
  });

  it('take at most 300 KiB together', () => {
    const sizes = readdirSync(folder).map((name) => readFileSync(join(folder, name)).byteLength);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(300 * 1024);
  });

  it('list 568 machine types in 43 regions, and every GPU with its memory', () => {
    expect(machineNames()).toHaveLength(568);
    expect(allRegions()).toHaveLength(43);
    expect(catalogSchema.parse(read('machine-types.json')).types).toHaveLength(568);
    for (const name of machineNames()) {
      const machine = catalogMachine(name);
      expect(machine?.regions.length, name).toBeGreaterThan(0);
      expect((machine?.vcpus ?? 0) * (machine?.memoryGib ?? 0), name).toBeGreaterThan(0);
    }
    for (const { memoryGib, usableMib } of gpuModels())
      expect(usableMib ?? memoryGib * 1024).toBeLessThanOrEqual(memoryGib * 1024);
  });

  it('answer once from a first part without doubt, and span parts that are in doubt', () => {
    const part = { usage: 'on-demand', asOf: '2026-07-30', mark: 'verified', places: ['a', 'b'] } as const;
    const book = readBook({
      what: 'w',
      unit: 'u',
      parts: [
        { ...part, source: 'one', rows: ['x,1,'] },
        { ...part, source: 'two', rows: ['x,2,3', 'y,4,'] },
        { ...part, source: 'three', asOf: '2026-01-01', doubt: 'why', rows: ['z,5,5'] },
        { ...part, source: 'four', mark: 'memory', doubt: 'why', rows: ['z,4,7'] },
      ],
    });
    expect(book.find('on-demand', 'x', 'a')).toMatchObject({ low: 1, high: 1, source: 'one' });
    expect(book.find('on-demand', 'x', 'b')).toMatchObject({ low: 3, source: 'two' });
    expect(book.find('on-demand', 'z', 'b')).toEqual({
      low: 5,
      high: 7,
      source: 'three; four',
      asOf: '2026-01-01',
      mark: 'memory',
      note: 'why',
    });
    expect(book.find('on-demand', 'y', 'b')).toBeUndefined();
    expect(book.find('spot', 'x', 'a')).toBeUndefined();
    expect(book.placesOf('on-demand', 'x')).toEqual(['a', 'b']);
  });
});

describe('machinePrice', () => {
  it('gives every one of 12,812 listed prices and 12,728 Spot prices', () => {
    expect(listed.filter(({ usage }) => usage === 'on-demand')).toHaveLength(12_812);
    const wrong = listed.filter(({ name, region, usage, usd }) => {
      const price = machinePrice(name, region, usage);
      return !isPriced(price) || Math.abs(price.usd.low - usd) > 1e-7 * usd;
    });
    expect(wrong).toEqual([]);
  });

  it('has Spot below the price on demand, and not below 9 % of it', () => {
    const onDemand = new Map(
      listed
        .filter(({ usage }) => usage === 'on-demand')
        .map((row) => [`${row.name} ${row.region}`, row.usd]),
    );
    const spot = listed.filter(({ usage }) => usage === 'spot');
    const wrong = spot.filter(({ name, region, usd }) => {
      const share = usd / (onDemand.get(`${name} ${region}`) ?? 0);
      return !(share >= 0.0899 && share < 1);
    });
    expect(wrong).toEqual([]);
  });

  it('is host, GPUs and local SSD, with the hosts of another source', () => {
    const [, ...hosts] = rowsOf('host-prices.csv');
    const checked = hosts.flatMap(([name = '', region = '', host = '']) => {
      const machine = catalogMachine(name);
      const whole = machinePrice(name, region, 'on-demand');
      if (machine?.gpu === undefined || !isPriced(whole) || whole.usd.low !== whole.usd.high) return [];
      const cards = machine.gpuCount * usdOf(gpuPrice(machine.gpu, region, 'on-demand'));
      const { localSsdGb, family } = machine;
      const ssd = localSsdGb > 0 ? usdOf(localSsdPrice(family, localSsdGb, region, 'on-demand')) : 0;
      expect(Math.abs(Number(host) + cards + ssd - whole.usd.low), `${name} ${region}`).toBeLessThan(4e-5);
      return [name];
    });
    expect(checked.length).toBeGreaterThan(25);
  });

  it('is cores, memory and GPUs in proportion over every size of a family that has one shape', () => {
    for (const region of allRegions())
      for (const family of ['g2-standard', 't2d-standard', 't2a-standard']) {
        const points = machineNames()
          .filter((name) => name.startsWith(`${family}-`))
          .flatMap((name) => {
            const machine = catalogMachine(name);
            const price = machinePrice(name, region, 'on-demand');
            return machine !== undefined && isPriced(price) ? [{ machine, usd: price.usd.low }] : [];
          });
        const [first, second] = points.filter(({ machine }) => machine.gpuCount <= 1);
        if (first === undefined || second === undefined) continue;
        const perVcpu = (second.usd - first.usd) / (second.machine.vcpus - first.machine.vcpus);
        const perGpu = first.usd - first.machine.vcpus * perVcpu;
        for (const { machine, usd } of points)
          expect(
            machine.vcpus * perVcpu + (machine.gpuCount || 0) * perGpu,
            `${machine.name} ${region}`,
          ).toBeCloseTo(usd, 5);
      }
  });

  it('takes apart what it adds up', () => {
    for (const name of [
      'a3-highgpu-8g',
      'a2-ultragpu-2g',
      'g2-standard-48',
      'n2-standard-8',
      'c3-standard-8-lssd',
    ])
      for (const region of ['us-central1', 'europe-west4']) {
        const { host, gpus, localSsd } = machineParts(name, region, 'on-demand');
        const sum = [host, gpus, localSsd].reduce(
          (usd, part) => usd + (part === undefined ? 0 : usdOf(part)),
          0,
        );
        expect(sum).toBeCloseTo(usdOf(machinePrice(name, region, 'on-demand')), 9);
      }
  });

  const cents: readonly (readonly [name: string, region: string, usd: number])[] = [
    ['a2-highgpu-1g', 'us-central1', 3.673385],
    ['g2-standard-4', 'us-central1', 0.706832],
    ['a3-highgpu-8g', 'us-central1', 88.49],
    ['a3-highgpu-8g', 'us-east4', 88.5558],
    ['a2-ultragpu-1g', 'us-central1', 5.0688],
    ['a2-highgpu-1g', 'asia-northeast1', 4.04959],
    ['t2a-standard-1', 'europe-west4', 0.04044409],
    ['n1-custom-2-15360-ext', 'us-central1', 2 * 0.03319155 + 13 * 0.004446 + 2 * 0.00955],
    ['custom-4-8192', 'us-central1', 4 * 0.03319155 + 8 * 0.004446],
    ['n2-custom-8-16384', 'us-central1', (8 * 0.031611 + 16 * 0.004237) * 1.05],
    ['ct5lp-hightpu-4t', 'us-central1', 4 * 1.2],
    ['a3-megagpu-8g', 'us-central1', 92.87185],
  ];
  it.each(cents)('prices %s in %s at %f', (name, region, usd) => {
    expect(usdOf(machinePrice(name, region, 'on-demand'))).toBeCloseTo(usd, 4);
  });

  const ranges: readonly (readonly [name: string, low: number, high: number])[] = [
    ['g4-standard-6', 0.55955625, 1.518],
    ['g4-standard-24', 2.249965, 2.796],
    ['a3-ultragpu-8g', 84.8069, 88.07499],
    ['e2-custom-4-8192', 0.11063462, 0.11616635],
  ];
  it.each(ranges)('spans what the sources say of %s: %f to %f', (name, low, high) => {
    const price = machinePrice(name, 'us-central1', 'on-demand');
    expect(isPriced(price) && price.usd.low).toBeCloseTo(low, 4);
    expect(isPriced(price) && price.usd.high).toBeCloseTo(high, 3);
    expect(isPriced(price) && price.note).toMatch(/disagree|no source confirms/);
  });

  it('says of what has no price why, and what it costs at the least: never zero', () => {
    for (const name of machineNames())
      for (const region of catalogMachine(name)?.regions ?? [])
        for (const usage of ['on-demand', 'spot'] as const) {
          const price = machinePrice(name, region, usage);
          expect(atLeast(price) > 0 || (!isPriced(price) && price.atLeastUsd === undefined)).toBe(true);
          if (!isPriced(price)) expect(price.why).toContain(region);
        }
    expect(machinePrice('a4-highgpu-8g', 'us-central1', 'on-demand')).toMatchObject({
      usd: 'unpriced',
      atLeastUsd: 8 * 4.0758,
    });
  });

  it('answers in less than a millisecond', () => {
    const from = performance.now();
    for (const { name, region, usage } of listed.slice(0, 2_000)) machinePrice(name, region, usage);
    expect((performance.now() - from) / 2_000).toBeLessThan(1);
  });
});
