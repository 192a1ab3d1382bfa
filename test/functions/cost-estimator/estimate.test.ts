import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { reportCsv } from '../../../functions/cost-estimator/report/csv.ts';
import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { isPriced } from '../../../shared/prices/price.ts';
import { answer, estimate, fit, NOW, usd } from '../../support/request-estimate.ts';

const perHour = (query: Readonly<Record<string, string>>): number =>
  usd(estimate({ hours: '1', ...query }).chosen.totals.perHour);

describe('an estimate', () => {
  const cents: readonly (readonly [title: string, query: Readonly<Record<string, string>>, usd: number])[] = [
    ['a2-highgpu-1g', { machineType: 'a2-highgpu-1g' }, 3.673385],
    ['g2-standard-4', { machineType: 'g2-standard-4' }, 0.706832],
    ['its L4 named as well', { machineType: 'g2-standard-4', gpuType: 'nvidia-l4', gpuCount: '1' }, 0.706832],
    [
      '2 T4 on n1-standard-8',
      { machineType: 'n1-standard-8', gpuType: 'NVIDIA_TESLA_T4', gpuCount: '2' },
      1.079998,
    ],
    ['a3-highgpu-8g', { machineType: 'a3-highgpu-8g' }, 88.49],
    ['a3-highgpu-8g in us-east4', { machineType: 'a3-highgpu-8g', region: 'us-east4' }, 88.5558],
    ['a2-ultragpu-1g', { machineType: 'a2-ultragpu-1g' }, 5.0688],
    ['a2-highgpu-1g in Tokyo', { machineType: 'a2-highgpu-1g', region: 'asia-northeast1' }, 4.04959],
    ['t2a-standard-1', { machineType: 't2a-standard-1', region: 'europe-west4' }, 0.04044409],
    ['custom n1 with extended memory', { machineType: 'n1-custom-2-15360-ext' }, 0.1432811],
    [
      'Vertex AI training with a boot disk of 2,000 GB, as on a bill',
      { machineType: 'a3-highgpu-8g', where: 'training', diskGb: '2000', diskType: 'pd-ssd' },
      101.54297,
    ],
    ['Vertex AI prediction, as on a bill', { machineType: 'a3-highgpu-1g', where: 'prediction' }, 12.625919],
    ['Vertex AI training on n1', { machineType: 'n1-standard-4', where: 'training' }, 0.21849885],
    ['four workers', { machineType: 'n1-standard-4', count: '4' }, 4 * 0.189999],
  ];
  it.each(cents)('prices %s', (_, query, wanted) => {
    expect(perHour(query)).toBeCloseTo(wanted, 4);
  });

  it('counts an L4 that is named beside g2-standard-4 once: 515.99 a month', () => {
    const named = estimate({ machineType: 'g2-standard-4', gpuType: 'nvidia-l4', gpuCount: '1' });
    expect(usd(named.chosen.totals.perMonth)).toBeCloseTo(515.99, 2);
  });

  it('adds run, day and month line by line, and counts bytes once', () => {
    const { chosen } = estimate({
      hours: '24',
      machineType: 'n1-standard-8',
      gpuType: 'nvidia-tesla-t4',
      gpuCount: '2',
      storageGb: '500',
      egressGb: '100',
      diskGb: '100',
      region: 'us-central1',
      spot: 'false',
    });
    const hourly = 1.079998 + (500 * 0.02 + 100 * 0.1) / 730;
    const bytes = 100 * 0.12;
    expect(usd(chosen.totals.perHour)).toBeCloseTo(hourly, 6);
    expect(usd(chosen.totals.perRun)).toBeCloseTo(24 * hourly + bytes, 6);
    expect(usd(chosen.totals.perDay)).toBeCloseTo(24 * hourly + bytes, 6);
    expect(usd(chosen.totals.perMonth)).toBeCloseTo(730 * hourly + bytes, 6);
    expect(chosen.lines.map(({ kind }) => kind)).toEqual(['machine', 'gpu', 'disk', 'storage', 'egress']);
    for (const line of chosen.lines) expect(line.formula).toMatch(/\d/);
  });

  it('takes a list of resources, each with its own hours', () => {
    const { chosen } = estimate(
      {},
      {
        hours: 10,
        resources: [
          { name: 'workers', machineType: 'g2-standard-4', count: 4 },
          { name: 'servers', machineType: 'n2-standard-8', count: 2, hours: 20 },
          { kind: 'disk', diskType: 'pd-ssd', sizeGb: 200, count: 4 },
          { kind: 'storage', sizeGb: 1000, storageClass: 'NEARLINE', location: 'EU', hours: 730 },
          { kind: 'egress', sizeGb: 50, to: 'europe-west4' },
        ],
      },
    );
    const wanted = 40 * 0.706832255 + 40 * 0.388472 + (10 * 4 * 200 * 0.17) / 730 + 1000 * 0.015; // with egress of 0.05 or 0.08 USD a GiB: sources disagree
    const { perRun } = chosen.totals;
    expect(isPriced(perRun) && perRun.usd.low).toBeCloseTo(wanted + 50 * 0.05, 5);
    expect(isPriced(perRun) && perRun.usd.high).toBeCloseTo(wanted + 50 * 0.08, 5);
    expect(chosen.lines.map(({ resource }) => resource)).toContain('workers');
  });

  it('says with Spot its date, its bounds and what a preemption costs', () => {
    const report = estimate({ machineType: 'a2-highgpu-1g', spot: 'true', hours: '10', restartShare: '0.2' });
    const { perHour: price } = report.chosen.totals;
    if (!isPriced(price)) throw new Error('unpriced');
    expect(price.asOf).toBe('2026-07-30');
    expect(price.usd.low).toBeLessThan(1.92802);
    expect(price.usd.high).toBeGreaterThan(1.92802);
    expect(price.usd.high).toBeLessThanOrEqual(3.673385);
    const { perRun, restartShare } = report.preempted;
    expect(restartShare).toBe(0.2);
    expect(isPriced(perRun) && perRun.usd.high).toBeCloseTo(12 * price.usd.high, 9);
  });

  it('gives a fresh Spot price as it is', () => {
    const { chosen } = estimate(
      { machineType: 'a2-highgpu-1g', spot: 'true', hours: '1' },
      undefined,
      new Date('2026-08-20'),
    );
    expect(usd(chosen.totals.perHour)).toBe(1.92802);
  });

  it('takes sustained use off n1 and its GPUs, not off g2', () => {
    const n1 = estimate({
      machineType: 'n1-standard-8',
      gpuType: 'nvidia-tesla-t4',
      gpuCount: '1',
      hours: '730',
    });
    if (n1.sustainedUse === undefined) throw new Error('nothing taken off');
    expect(usd(n1.sustainedUse.perMonth)).toBeCloseTo(0.7 * 730 * 0.729998, 6);
    expect(usd(n1.sustainedUse.perRun)).toBeCloseTo(0.7 * 730 * 0.729998, 6);
    const short = estimate({ machineType: 'n1-standard-8', hours: '100' });
    expect(short.sustainedUse && usd(short.sustainedUse.perRun)).toBeCloseTo(38, 3);
    expect(estimate({ machineType: 'g2-standard-4' }).sustainedUse).toBeUndefined();
    expect(estimate({ machineType: 'n1-standard-4', where: 'training' }).sustainedUse).toBeUndefined();
  });

  it('finds the cheapest region that offers it, with the way of the data', () => {
    const anywhere = estimate({ machineType: 'g2-standard-4', region: 'any', hours: '10' });
    expect(anywhere.region).toBe('us-east4');
    expect(anywhere.offeredIn).toHaveLength(18);
    const near = estimate({
      machineType: 'g2-standard-4',
      region: 'any',
      hours: '10',
      dataRegion: 'europe-west4',
      dataGb: '1000',
    });
    expect(near.region).toBe('europe-west4');
    const there = near.regions.find(({ region }) => region === 'us-east4');
    expect(there && isPriced(there.perRun) && there.perRun.usd.low).toBeCloseTo(7.04517808 + 50, 4);
  });

  it('compares with the nearest machines of AWS and Azure, dated, and says where a table has none', () => {
    const t4 = estimate({
      machineType: 'n1-standard-4',
      gpuType: 'nvidia-tesla-t4',
      gpuCount: '1',
      hours: '1',
    });
    expect(t4.clouds.map(({ instance, region }) => [instance, region])).toEqual([
      ['g4dn.xlarge', 'us-east-1'],
      ['Standard_NC4as_T4_v3', 'eastus'],
    ]);
    expect(t4.clouds.map(({ perRun }) => usd(perRun))).toEqual([0.526, 0.526]);
    const [aws, azure] = estimate({ machineType: 'g2-standard-4', hours: '1' }).clouds;
    expect(aws?.instance).toBe('g6.xlarge');
    expect(azure?.usdPerHour).toMatchObject({ usd: 'unpriced' });
  });

  it('says at least what the rest costs where a part has no price', () => {
    const { chosen, notes } = estimate({ machineType: 'a4-highgpu-8g', hours: '2', storageGb: '730' });
    expect(chosen.totals.perRun).toMatchObject({
      usd: 'unpriced',
      why: expect.stringContaining('a4-highgpu-8g') as string,
    });
    const { perRun } = chosen.totals;
    expect(!isPriced(perRun) && perRun.atLeastUsd).toBeCloseTo(2 * 8 * 4.0758 + (2 * 730 * 0.02) / 730, 6);
    expect(notes.join()).toMatch(/Not sold on demand: a4-highgpu-8g/);
  });

  it('names books that are older than 90 days', () => {
    const old = (now: Date): readonly string[] =>
      estimate({ machineType: 'e2-medium' }, undefined, now)
        .books.filter((book) => book.old)
        .map(({ book }) => book);
    expect(old(NOW)).toContain('machines');
    expect(old(new Date('2026-08-20'))).not.toContain('machines');
  });

  it('says it in every JSON answer and in every row of CSV, and nothing where none is old', () => {
    const said = /^Price books older than 90 days: .*machines \(2026-07-30\).*AWS \(2026-01-21\)/;
    const requested = { machineType: 'e2-medium' };
    const run = estimate(requested);
    expect(run.oldPrices).toMatch(said);
    const model = fit({ parameters: '8e9' });
    expect(model.oldPrices).toMatch(said);
    const csvs = [reportCsv(run, 'lines'), reportCsv(run, 'comparison'), reportCsv(model, 'tiers')];
    for (const text of csvs) {
      const rows = parse<Record<string, string>>(text, { columns: true });
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row['oldPrices']).toMatch(said);
    }
    const all = estimate(requested, undefined, new Date('2025-09-01'));
    expect(all.oldPrices).toBeUndefined();
    expect(reportCsv(all, 'lines')).toMatch(/,oldPrices\r?\n[^\n]*,\r?\n/);
  });
});

describe('what there is not', () => {
  const bad: readonly (readonly [
    query: Readonly<Record<string, string>>,
    parameter: string,
    allowed: RegExp,
  ])[] = [
    [
      { machineType: 'n1-standard-8', gpuType: 'nvidia-tesla-a100', gpuCount: '1' },
      'machineType',
      /a2-highgpu-1g \(1\)/,
    ],
    [
      { machineType: 'n1-standard-8', gpuType: 'nvidia-tesla-t4', gpuCount: '3' },
      'gpuCount',
      /1, 2, 4 of nvidia-tesla-t4/,
    ],
    [
      { machineType: 'g2-standard-4', gpuType: 'nvidia-l4', gpuCount: '2' },
      'gpuCount',
      /g2-standard-24 \(2\)/,
    ],
    [{ machineType: 'g2-standard-4', gpuCount: '3' }, 'gpuCount', /1, which g2-standard-4 has/],
    [{ machineType: 'g2-standard-4', gpuType: 'nvidia-tesla-t4' }, 'gpuType', /nvidia-l4.*n1-standard-8/],
    [{ machineType: 'e2-standard-4', gpuType: 'nvidia-tesla-t4' }, 'machineType', /attached to n1/],
    [{ machineType: 'n1-standard-4', gpuType: 'nvidia-k80' }, 'gpuType', /nvidia-tesla-t4/],
    [{ machineType: 'n1-standard-4', gpuCount: '2' }, 'gpuType', /nvidia-tesla-t4/],
    [{ machineType: 'a2-highgpu-1g', region: 'europe-west1' }, 'region', /europe-west4.*us-central1/],
    [
      { machineType: 'n1-standard-4', gpuType: 'nvidia-tesla-v100', region: 'europe-west1' },
      'region',
      /europe-west4/,
    ],
    [{ machineType: 'n1-standard-4', region: 'us-centrl1' }, 'region', /us-central1/],
    [
      { machineType: 'n1-standard-64', gpuType: 'nvidia-tesla-t4', gpuCount: '1' },
      'machineType',
      /at most 48 vCPUs.*4 of them/,
    ],
    [
      { machineType: 'n1-highmem-16', gpuType: 'nvidia-tesla-v100', gpuCount: '1' },
      'machineType',
      /at most 12 vCPUs and 78 GiB/,
    ],
    [
      { machineType: 'n1-custom-2-20480' },
      'machineType',
      /at most 6.5 GiB a vCPU: 13312 MiB, or extended memory/,
    ],
    [{ machineType: 'e2-custom-2-20480' }, 'machineType', /at most 8 GiB a vCPU: 16384 MiB$/],
    [{ machineType: 'n1-custom-3-4096' }, 'machineType', /even number of vCPUs/],
    [{ machineType: 'n1-custom-2-4000' }, 'machineType', /multiple of 256/],
    [{ machineType: 'g2-custom-4-16384' }, 'machineType', /custom type of n1/],
    [{ machineType: 'n1-standard-7' }, 'machineType', /n1-standard-[1-9]/],
    [{ machineType: 'n1-standard-4', hours: '-1' }, 'hours', /0.01 to/],
    [{ machineType: 'n1-standard-4', hours: 'NaN' }, 'hours', /0.01 to/],
    [{ machineType: 'n1-standard-4', spot: 'yes' }, 'spot', /true or false/],
    [{ machineType: 'n1-standard-4', where: 'moon' }, 'where', /compute, workbench/],
    [{ machineType: 'n1-standard-4', diskGb: '10', diskType: 'pd-fast' }, 'diskType', /pd-balanced/],
    [{ machineType: 'n1-standard-4', egressGb: '10', egressTo: 'mars' }, 'egressTo', /a region/],
    [{ machine: 'n1-standard-4' }, 'the parameter', /machineType/],
    [{}, 'machineType', /storageGb/],
  ];
  it.each(bad)('%o is a 400 for %s, with what is possible nearby', (query, parameter, allowed) => {
    let thrown: unknown;
    try {
      estimate(query);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof BadParameter)) throw new Error(`no 400: ${String(thrown)}`);
    expect(thrown.parameter).toBe(parameter);
    expect(thrown.allowed).toMatch(allowed);
  });

  it('names the resource of a list that is wrong', () => {
    const body = { resources: [{ machineType: 'e2-medium' }, { machineType: 'a2-highgpu-1g', gpuCount: 7 }] };
    expect(() => answer('/', {}, body)).toThrow(/resources\[1\]\.gpuCount "7"/);
    expect(() => answer('/', {}, { resources: [] })).toThrow(/list of 1 to 50/);
    expect(() => answer('/', {}, [])).toThrow(/a JSON object/);
    const twice = {
      resources: [
        { name: 'a', machineType: 'e2-medium' },
        { name: 'a', machineType: 'e2-micro' },
      ],
    };
    expect(() => answer('/', {}, twice)).toThrow(/resources\[1\]\.name/);
  });
});
