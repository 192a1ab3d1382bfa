import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { reportCsv } from '../../../functions/egress-auditor/report/csv.ts';
import { judgeEgress } from '../../../functions/egress-auditor/decide.ts';
import type { EgressReport, Finding, Lane } from '../../../functions/egress-auditor/report/report.ts';
import {
  everyDay,
  factsOf,
  MONTHS,
  unevenDays,
  type World,
  type WorldBucket,
} from '../../support/egress-facts.ts';

/** A figure as the tables have it, compared by its digits. */
const about = (usd: number, digits: number): unknown => expect.closeTo(usd, digits);

const UNEVEN = [1, 0.2, 2.4];
const CENTRAL = 'us-central1-a';

function audit(world: World): EgressReport {
  const config = { project: 'ml-lab', window: { requested: '7d', hours: 168 }, reportAboveUsdPerMonth: 0 };
  return judgeEgress(factsOf(world), config, new Date('2026-11-18T00:04:00Z'));
}

function usdOf(report: EgressReport, id: string): readonly [number, number] {
  const usd = report.lanes.find((lane) => lane.id === id)?.usdPerMonth;
  if (usd === undefined || usd === 'unpriced') throw new Error(`${id} is ${String(usd)}`);
  return [usd.low, usd.high];
}

function only(report: EgressReport): Finding & { readonly usdPerMonth: { low: number; high: number } } {
  const [finding, ...others] = report.findings;
  if (finding === undefined || others.length > 0 || finding.usdPerMonth === 'unpriced')
    throw new Error(`Findings: ${report.findings.map(({ id }) => id).join(', ')}`);
  return { ...finding, usdPerMonth: finding.usdPerMonth };
}

/** 100 GiB a day, as the days of a week come. */
const monthlyGib = (gibPerDay: number, daily = [1]): number =>
  unevenDays(gibPerDay, daily).reduce((sum, gib) => sum + gib, 0) * MONTHS;

function readBy(bucket: WorldBucket, zone: string, gibPerDay = 100): World {
  return {
    vms: [{ id: 't', zone }],
    buckets: [bucket],
    flows: [{ from: `gs://${bucket.name}`, to: 'vm:t', gib: unevenDays(gibPerDay, UNEVEN) }],
  };
}

describe('reads from multi-regions', () => {
  const gib = monthlyGib(100, UNEVEN);

  it('E01: a VM inside the multi-region pays between regions’ price, and a copy beside it costs less', () => {
    const report = audit(readBy({ name: 'corpus-a', location: 'US', gib: 500 }, CENTRAL));
    expect(usdOf(report, 'bucket-reads:US')[0]).toBeCloseTo(gib * 0.02, 4);
    const { usdPerMonth, title, kind } = only(report);
    expect(kind).toBe('far-from-bucket');
    expect(title).toContain('multi-region');
    // 500 GiB more at 0.02 a month.
    expect(usdPerMonth.low).toBeCloseTo(gib * 0.02 - 10, 4);
  });

  it.each([
    ['EU', 'europe-west4-a', 0.02],
    ['US', 'us-west4-b', 0.02],
    ['EU', 'europe-west2-a', 0.02],
  ])('%s read in %s costs %s a GiB at the least', (location, zone, rate) => {
    const report = audit(readBy({ name: 'b', location, gib: 10 }, zone));
    expect(usdOf(report, `bucket-reads:${location}`)[0]).toBeCloseTo(gib * rate, 4);
  });

  it.each([
    [{ name: 'b', location: 'US-CENTRAL1' }, 'bucket-reads:US-CENTRAL1'],
    [{ name: 'b', location: 'NAM4' }, 'bucket-reads:NAM4'],
    [
      { name: 'b', location: 'US', dataLocations: ['US-CENTRAL1', 'US-EAST1'] },
      'bucket-reads:US:us-central1+us-east1',
    ],
  ])('%o is free in its own region', (bucket, id) => {
    const report = audit(readBy(bucket, CENTRAL));
    expect(usdOf(report, id)[0]).toBe(0);
    expect(report.findings).toEqual([]);
    expect(report.headline.likelyUsdPerMonth).toEqual({ low: 0, high: 0 });
  });

  it('says in JSON and in every row of CSV which price books are older than 90 days', () => {
    const said = /^Price books older than 90 days: network \(2026-07-30\), storage \(2026-07-30\)\./;
    const report = audit(readBy({ name: 'b', location: 'US' }, CENTRAL));
    expect(report.oldPrices).toMatch(said);
    expect(report.notes.at(-1)).toBe(report.oldPrices);
    const rows = parse<Record<string, string>>(reportCsv(report, 'lanes'), { columns: true });
    expect(rows.map(({ oldPrices }) => oldPrices)).toEqual(report.lanes.map(() => report.oldPrices));
  });

  it('a bucket that could not be listed may be a dual-region: then reads may be free', () => {
    const facts = factsOf(readBy({ name: 'b', location: 'US' }, CENTRAL));
    const config = { project: 'ml-lab', window: { requested: '7d', hours: 168 }, reportAboveUsdPerMonth: 0 };
    const report = judgeEgress({ ...facts, buckets: undefined }, config, new Date('2026-11-18T00:04:00Z'));
    expect(usdOf(report, 'bucket-reads:US')[0]).toBe(0);
  });

  it('reads to China and Australia are within the bounds', () => {
    const world: World = {
      vms: [],
      buckets: [{ name: 'b', location: 'SOUTHAMERICA-EAST1' }],
      flows: [{ from: 'gs://b', to: 'country:chn/Asia', gib: everyDay(10) }],
    };
    expect(usdOf(audit(world), 'bucket-reads:SOUTHAMERICA-EAST1')[1]).toBeGreaterThanOrEqual(
      monthlyGib(10) * 0.23 - 1e-6,
    );
  });
});

describe('writes to Google', () => {
  const world = (location: string, zone = 'asia-southeast1-a'): World => ({
    vms: [{ id: 'w', zone }],
    buckets: [{ name: 'ckpt-a', location }],
    flows: [{ from: 'vm:w', to: 'google', gib: everyDay(200) }],
  });

  it.each(['US', 'US-CENTRAL1', 'NAM4'])(
    'E02: into a bucket in %s on another continent: 0 to 487',
    (location) => {
      const [low, high] = usdOf(audit(world(location)), 'google-apis:asia-southeast1');
      expect([low, Math.round(high)]).toEqual([0, 487]);
    },
  );

  it('into a bucket of the same region are free', () => {
    expect(usdOf(audit(world('ASIA-SOUTHEAST1')), 'google-apis:asia-southeast1')).toEqual([0, 0]);
  });

  it('into the multi-region around the VM: whether that is free no source tells', () => {
    const [low, high] = usdOf(audit(world('US', CENTRAL)), 'google-apis:us-central1');
    expect([low, high]).toEqual([0, monthlyGib(200) * 0.02]);
  });
});

describe('internet prices', () => {
  const sent = (zone: string, country: string): number => {
    const world: World = {
      vms: [{ id: 'w', zone, tier: 'PREMIUM' }],
      flows: [{ from: 'vm:w', to: `country:${country}`, gib: everyDay(10) }],
    };
    const [lane] = audit(world).lanes;
    return lane === undefined || lane.usdPerMonth === 'unpriced' ? NaN : lane.usdPerMonth.high;
  };
  const gib = monthlyGib(10);

  it.each([
    ['southamerica-east1-a', 'usa/America', 0.19],
    ['africa-south1-a', 'usa/America', 0.15],
    ['australia-southeast1-a', 'usa/America', 0.19],
    ['us-central1-a', 'chn/Asia', 0.23],
    ['us-central1-a', 'aus/Oceania', 0.19],
    ['us-central1-a', 'bra/America', 0.19],
    ['us-central1-a', 'zaf/Africa', 0.15],
  ])('from %s to %s up to %s a GiB', (zone, country, rate) => {
    expect(sent(zone, country)).toBeGreaterThanOrEqual((gib - 1) * rate - 1e-6);
    expect(sent(zone, country)).toBeLessThanOrEqual(gib * rate + 1e-6);
  });
});

describe('findings are net', () => {
  it('E03: a copy that costs more than the transfers is said so, and the reader offered to move', () => {
    const { usdPerMonth, title, evidence, command } = only(
      audit(readBy({ name: 'corpus-b', location: 'EUROPE-WEST4', gib: 51_200 }, CENTRAL, 30)),
    );
    const gib = monthlyGib(30, UNEVEN);
    expect(title).toContain('moving to europe-west4 costs less');
    expect(evidence['a copy in us-central1 a month']).toBe('1024.00 USD');
    expect(usdPerMonth.low).toBeCloseTo(gib * 0.05, 4);
    expect(usdPerMonth.high).toBeCloseTo(gib * 0.08, 4);
    expect(command).toContain('--zone=europe-west4');
  });

  it('says nothing where neither a copy nor a move saves', () => {
    const world = readBy({ name: 'corpus-b', location: 'EUROPE-WEST4', gib: 51_200 }, CENTRAL, 30);
    const report = audit({
      vms: [...world.vms, { id: 'ps', zone: CENTRAL }],
      ...(world.buckets === undefined ? {} : { buckets: world.buckets }),
      flows: [...world.flows, { from: 'vm:t', to: 'vm:ps', gib: everyDay(900) }],
    });
    expect(report.findings).toEqual([]);
  });

  it('tells what copying costs once', () => {
    const { evidence } = only(audit(readBy({ name: 'b', location: 'EUROPE-WEST4', gib: 100 }, CENTRAL)));
    expect(evidence['copying it once']).toBe('5.00 to 8.00 USD');
    expect(evidence['a copy in us-central1 a month']).toBe('2.00 USD');
  });

  it('E08: the machine that moves is the one whose other traffic does not cost more', () => {
    const report = audit({
      vms: [
        { id: 't', zone: CENTRAL },
        { id: 'ps', zone: CENTRAL },
        { id: 'log', zone: 'us-central1-b' },
      ],
      flows: [
        { from: 'vm:t', to: 'vm:log', gib: everyDay(100) },
        { from: 'vm:t', to: 'vm:ps', gib: everyDay(900) },
        { from: 'vm:ps', to: 'vm:t', gib: everyDay(900) },
      ],
    });
    const { resources, usdPerMonth, command } = only(report);
    expect(resources).toEqual(['projects/ml-lab/zones/us-central1-b/instances/log']);
    expect(usdPerMonth.low).toBeCloseTo(monthlyGib(100) * 0.01, 4);
    expect(command).toContain('machine-images create log-move');
  });

  it('claims nothing where moving any one machine costs more', () => {
    const report = audit({
      vms: [
        { id: 'a', zone: CENTRAL },
        { id: 'a2', zone: CENTRAL },
        { id: 'b', zone: 'us-central1-b' },
        { id: 'b2', zone: 'us-central1-b' },
      ],
      flows: [
        { from: 'vm:a', to: 'vm:b', gib: everyDay(100) },
        { from: 'vm:a', to: 'vm:a2', gib: everyDay(300) },
        { from: 'vm:b2', to: 'vm:b', gib: everyDay(300) },
      ],
    });
    expect(report.findings).toEqual([]);
  });

  it('E06: Cloud NAT itself puts Private Google Access in effect: no claim', () => {
    const report = audit({
      vms: [{ id: 'n', zone: CENTRAL }],
      flows: [
        { from: 'country:usa/America', to: 'vm:n', gib: everyDay(100), nat: true },
        { from: 'vm:n', to: 'country:usa/America', gib: everyDay(0.1), nat: true },
      ],
    });
    expect(report.findings).toEqual([]);
  });
});

describe('Cloud NAT', () => {
  it('E05: what it processes in either direction is a lane, and no traffic of its own', () => {
    const report = audit({
      vms: [{ id: 'g', zone: CENTRAL }],
      flows: [
        { from: 'country:usa/America', to: 'vm:g', gib: everyDay(500), nat: true },
        { from: 'vm:g', to: 'country:usa/America', gib: everyDay(1), nat: true },
      ],
    });
    const [low, high] = usdOf(report, 'nat:us-central1');
    expect([Math.round(low), Math.round(high)]).toEqual([686, 686]);
    expect(report.headline.usdPerMonth.low).toBeGreaterThanOrEqual(685);
    expect(report.headline.bytes).toBe(7 * 2 ** 30);
    expect(report.series.steps[0]?.bytes).toBe(2 ** 30);
  });
});

describe('Cloud NAT between regions', () => {
  const carried = (more: World['flows'] = []): EgressReport =>
    audit({
      vms: [
        { id: 'g', zone: CENTRAL },
        { id: 'far', zone: 'europe-west4-a' },
      ],
      flows: [{ from: 'vm:g', to: 'vm:far', gib: everyDay(100), nat: true }, ...more],
    });

  it('is a lane of its own, on top of the transfer between the regions', () => {
    const report = carried();
    expect(usdOf(report, 'nat:us-central1:europe-west4')[0]).toBeCloseTo(monthlyGib(100) * 0.045, 4);
    expect(usdOf(report, 'inter-continent:us-central1:europe-west4')[0]).toBeCloseTo(
      monthlyGib(100) * 0.05,
      4,
    );
    expect(report.lanes.some(({ id }) => id === 'nat:us-central1')).toBe(false);
    expect(report.headline.bytes).toBe(700 * 2 ** 30);
  });

  it('is told from what the VM exchanges with the internet', () => {
    const report = carried([{ from: 'country:usa/America', to: 'vm:g', gib: everyDay(60), nat: true }]);
    const [between, outside] = [
      usdOf(report, 'nat:us-central1:europe-west4')[0],
      usdOf(report, 'nat:us-central1')[0],
    ];
    expect(between + outside).toBeCloseTo(monthlyGib(160) * 0.045, 4);
    // Some of what counts as internet may be headers of the other part.
    expect(between).toBeGreaterThan(monthlyGib(90) * 0.045);
    expect(between).toBeLessThanOrEqual(monthlyGib(100) * 0.045);
  });

  it('is not claimed where the internet explains all of it', () => {
    const report = audit({
      vms: [
        { id: 'g', zone: CENTRAL },
        { id: 'far', zone: 'europe-west4-a' },
      ],
      flows: [
        { from: 'vm:g', to: 'vm:far', gib: everyDay(100) },
        { from: 'country:usa/America', to: 'vm:g', gib: everyDay(60), nat: true },
      ],
    });
    expect(usdOf(report, 'nat:us-central1')[0]).toBeCloseTo(monthlyGib(60) * 0.045, 4);
    expect(report.lanes.filter(({ kind }) => kind === 'inter-region-nat')).toEqual([]);
  });
});

describe('load balancer processing', () => {
  const through = (path: string): EgressReport =>
    audit({
      vms: [],
      flows: [
        { from: 'country:usa/America', to: `lb:${path}:web`, gib: everyDay(10) },
        { from: `lb:${path}:web`, to: 'country:usa/America', gib: everyDay(90) },
      ],
    });

  it.each(['https', 'https/internal', 'l4_proxy'])('of %s is charged both ways', (path) => {
    const report = through(path);
    const [low, high] = usdOf(report, `load-balancer:${path}`);
    expect(low).toBeCloseTo(monthlyGib(100) * 0.008, 4);
    expect(high).toBeCloseTo(monthlyGib(100) * 0.012, 4);
    expect(report.headline.bytes).toBe(0);
    expect(report.lanes[0]?.topTalkers[0]?.resource).toBe('projects/ml-lab/forwardingRules/web');
  });

  it.each(['l3/external', 'l3/internal'])('of %s is charged for requests, and may be for answers', (path) => {
    const report = through(path);
    expect(usdOf(report, `load-balancer:${path}`)[0]).toBeCloseTo(monthlyGib(10) * 0.008, 4);
    expect(usdOf(report, `load-balancer:${path}:answers`)).toEqual([0, monthlyGib(90) * 0.012]);
  });
});

describe('the period before', () => {
  it('stands beside each lane and the headline, priced by the same rules', () => {
    const report = audit({
      vms: [
        { id: 'a', zone: CENTRAL },
        { id: 'b', zone: 'us-east4-a' },
      ],
      flows: [{ from: 'vm:a', to: 'vm:b', gib: everyDay(100), before: 0.25 }],
    });
    const usd = monthlyGib(25) * 0.02;
    expect(report.lanes[0]?.previous).toEqual({
      bytes: 175 * 2 ** 30,
      usdPerMonth: { low: about(usd, 4), high: about(usd, 4) },
    });
    expect(report.headline.previousUsdPerMonth?.high).toBeCloseTo(usd, 4);
    expect(report.lanes[0]?.usdPerGib).toEqual({
      low: about(0.02, 6),
      high: about(0.02, 6),
    });
  });

  it('is unknown, and not zero, where Monitoring no longer has it', () => {
    const facts = factsOf(readBy({ name: 'b', location: 'US' }, CENTRAL));
    const config = {
      project: 'ml-lab',
      window: { requested: '42d', hours: 1_008 },
      reportAboveUsdPerMonth: 0,
    };
    const window = { ...facts.window, hours: 1_008, stepHours: 144 };
    const report = judgeEgress({ ...facts, window }, config, new Date('2026-11-18T00:04:00Z'));
    expect([report.headline.previousUsdPerMonth, report.lanes[0]?.previous]).toEqual([null, null]);
  });
});

describe('what can be saved', () => {
  const lane = (id: string, high: number): Pick<Lane, 'id' | 'usdPerMonth'> => ({
    id,
    usdPerMonth: { low: 0, high },
  });

  it('is never more than the headline, a finding never more than its lanes, and no money counts twice', () => {
    // The same traffic is Premium and goes between own VMs over external addresses.
    const report = audit({
      vms: [
        { id: 'a', zone: CENTRAL, tier: 'PREMIUM' },
        { id: 'b', zone: CENTRAL, tier: 'PREMIUM' },
      ],
      flows: [
        { from: 'vm:a', to: 'country:usa/America', gib: unevenDays(100, UNEVEN) },
        { from: 'country:usa/America', to: 'vm:b', gib: unevenDays(100, UNEVEN) },
      ],
    });
    const [cost] = report.lanes;
    expect(report.findings.map(({ kind }) => kind).sort()).toEqual([
      'external-address-between-own-vms',
      'premium-tier',
    ]);
    const { canBeSaved, usdPerMonth } = report.headline;
    expect(canBeSaved.usdPerMonth.high).toBeLessThanOrEqual(usdPerMonth.high);
    for (const finding of report.findings) {
      expect(finding.lanes).toEqual([cost?.id]);
      expect(finding.usdPerMonth === 'unpriced' ? 0 : finding.usdPerMonth.high).toBeLessThanOrEqual(
        lane('', usdPerMonth.high).usdPerMonth === 'unpriced' ? 0 : usdPerMonth.high,
      );
    }
    const lows = report.findings.map((one) => (one.usdPerMonth === 'unpriced' ? 0 : one.usdPerMonth.low));
    expect(canBeSaved.usdPerMonth.low).toBe(Math.max(...lows));
  });
});

describe('how far a lane is known', () => {
  const reads = (world: World, id = 'bucket-reads:US-CENTRAL1'): Lane['known'] => {
    const lane = audit(world).lanes.find((one) => one.id === id);
    if (lane === undefined) throw new Error(`No lane ${id}`);
    return lane.known;
  };

  it('a reader in another project of the scope is found and named', () => {
    const world: World = {
      vms: [{ id: 't', zone: 'us-east4-a', project: 'ml-other' }],
      buckets: [{ name: 'b', location: 'US-CENTRAL1', gib: 10 }],
      flows: [{ from: 'gs://b', to: 'vm:t', gib: unevenDays(100, UNEVEN) }],
    };
    const { likely } = reads(world);
    const usd = monthlyGib(100, UNEVEN) * 0.02;
    expect(likely.usdPerMonth).toEqual({ low: about(usd, 4), high: about(usd, 4) });
    const { resources, title } = only(audit(world));
    expect(resources).toContain('projects/ml-other/zones/us-east4-a/instances/t');
    expect(title).toContain('ml-other');
  });

  it('a bucket of another project may have been what a VM read: nothing is claimed of that VM', () => {
    const facts = factsOf({
      vms: [{ id: 't', zone: 'us-east4-a' }],
      buckets: [{ name: 'b', location: 'US-CENTRAL1', gib: 10 }],
      flows: [{ from: 'gs://b', to: 'vm:t', gib: everyDay(100) }],
    });
    const other = { project: 'ml-other', bucket: 'c', steps: everyDay(100 * 2 ** 30) };
    const config = { project: 'ml-lab', window: { requested: '7d', hours: 168 }, reportAboveUsdPerMonth: 0 };
    const now = new Date('2026-11-18T00:04:00Z');
    expect(judgeEgress(facts, config, now).findings).toHaveLength(1);
    const joined = judgeEgress({ ...facts, others: { ...facts.others, reads: [other] } }, config, now);
    expect(joined.findings).toEqual([]);
  });

  it('where no single reader fits, what VMs received bounds what they can have read', () => {
    const known = reads({
      vms: [
        { id: 't', zone: 'us-east4-a' },
        { id: 'u', zone: 'us-east4-b' },
      ],
      buckets: [
        { name: 'a', location: 'US-CENTRAL1', gib: 10 },
        { name: 'b', location: 'US-CENTRAL1', gib: 10 },
      ],
      flows: [
        ...['vm:t', 'vm:u'].flatMap((to) =>
          ['gs://a', 'gs://b'].map((from) => ({ from, to, gib: everyDay(20) })),
        ),
        { from: 'gs://a', to: 'country:fra/Europe', gib: everyDay(30) },
      ],
    });
    expect(known.likely.monthlyBytes / 2 ** 30).toBeCloseTo(monthlyGib(80), 1);
    expect(known.likely.usdPerMonth).toEqual({
      low: about(monthlyGib(80) * 0.02, 4),
      high: about(monthlyGib(80) * 0.02, 4),
    });
    expect(known.unknown.monthlyBytes / 2 ** 30).toBeCloseTo(monthlyGib(30), 1);
  });

  it('what buckets elsewhere received is what was written to them; the rest of it was free', () => {
    const known = reads(
      {
        vms: [{ id: 'w', zone: 'asia-southeast1-a' }],
        buckets: [{ name: 'b', location: 'US' }],
        flows: [
          { from: 'vm:w', to: 'gs://b', gib: everyDay(50) },
          { from: 'vm:w', to: 'google', gib: everyDay(150) },
        ],
      },
      'google-apis:asia-southeast1',
    );
    const usd = monthlyGib(50) * 0.08;
    expect(known.likely.usdPerMonth).toEqual({ low: about(usd, 4), high: about(usd, 4) });
    expect(known.unknown.monthlyBytes).toBeCloseTo(0, 0);
  });

  it('splits reads into those of readers that fit and the rest', () => {
    const report = audit({
      vms: [{ id: 't', zone: 'us-east4-a' }],
      buckets: [
        { name: 'fits', location: 'US-CENTRAL1', gib: 10 },
        { name: 'other', location: 'US-CENTRAL1', gib: 10 },
      ],
      flows: [
        { from: 'gs://fits', to: 'vm:t', gib: unevenDays(100, UNEVEN) },
        { from: 'gs://other', to: 'country:fra/Europe', gib: everyDay(5) },
      ],
    });
    const known = report.lanes.find(({ id }) => id === 'bucket-reads:US-CENTRAL1')?.known;
    const gib = (bytes: number | undefined): number => Math.round((bytes ?? 0) / 2 ** 30);
    expect(gib(known?.likely.monthlyBytes)).toBe(Math.round(monthlyGib(100, UNEVEN)));
    expect(gib(known?.unknown.monthlyBytes)).toBe(Math.round(monthlyGib(5)));
    const likely = known?.likely.usdPerMonth;
    expect(likely === undefined || likely === 'unpriced' ? 0 : likely.low).toBeCloseTo(
      monthlyGib(100, UNEVEN) * 0.02,
      4,
    );
    expect(report.headline.likelyUsdPerMonth.low).toBeGreaterThan(report.headline.usdPerMonth.low);
    expect(report.headline.likelyUsdPerMonth.high).toBeLessThan(report.headline.usdPerMonth.high);
  });
});
