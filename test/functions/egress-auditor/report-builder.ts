import { canBeSaved } from '../../../functions/egress-auditor/mistakes/savings.ts';
import type {
  EgressReport,
  Finding,
  Lane,
  LaneKind,
  Step,
  Talker,
} from '../../../functions/egress-auditor/report/report.ts';

const GIB = 2 ** 30;
const WINDOWS_A_MONTH = 730 / 168;

const cents = (usd: number): number => Math.round(usd * 100) / 100;

function talkersOf(gib: number, resources: readonly string[]): readonly Talker[] {
  const weight = resources.reduce((sum, _, at) => sum + 1 / (at + 1), 0);
  return resources.map((resource, at) => {
    const share = 1 / (at + 1) / weight;
    return { resource, bytes: Math.round(gib * GIB * share), share };
  });
}

/** One lane of {@link sampleReport}: GiB in the window and what a GiB costs; shares are filled in later. */
function lane(
  kind: LaneKind,
  from: string,
  to: string,
  gib: number,
  usdPerGib: readonly [low: number, high: number] | undefined,
  more: Partial<Lane> & { readonly resources: readonly string[] },
): Lane {
  const { resources, ...rest } = more;
  const monthlyGib = gib * WINDOWS_A_MONTH;
  const usdPerMonth: Lane['usdPerMonth'] =
    usdPerGib === undefined
      ? 'unpriced'
      : { low: cents(monthlyGib * usdPerGib[0]), high: cents(monthlyGib * usdPerGib[1]) };
  const whole = { monthlyBytes: Math.round(monthlyGib * GIB), usdPerMonth };
  const none = { monthlyBytes: 0, usdPerMonth: { low: 0, high: 0 } };
  const sure = usdPerGib !== undefined && usdPerGib[0] === usdPerGib[1];
  return {
    id: `${kind}:${from}:${to}`,
    kind,
    from,
    to,
    tier: null,
    bytes: Math.round(gib * GIB),
    monthlyBytes: Math.round(monthlyGib * GIB),
    usdPerMonth,
    usdPerGib:
      usdPerMonth === 'unpriced' || gib === 0
        ? null
        : { low: usdPerMonth.low / monthlyGib, high: usdPerMonth.high / monthlyGib },
    previous: {
      bytes: Math.round(gib * GIB * 0.8),
      usdPerMonth:
        usdPerMonth === 'unpriced'
          ? usdPerMonth
          : { low: cents(usdPerMonth.low * 0.8), high: cents(usdPerMonth.high * 0.8) },
    },
    known: { certain: sure ? whole : none, likely: none, unknown: sure ? none : whole },
    bytesShare: 0,
    costShare: null,
    pricing:
      usdPerGib === undefined ? 'no price is known for this pair of places' : `${usdPerGib[1]} USD/GiB`,
    mark: usdPerGib === undefined ? null : 'verified',
    bounds: null,
    topTalkers: talkersOf(gib, resources),
    talkers: resources.length,
    ...rest,
  };
}

const vm = (zone: string, name: string): string => `projects/ml-research/zones/${zone}/instances/${name}`;

const LANES: readonly Lane[] = [
  lane('inter-continent', 'us-central1', 'europe-west4', 2_150, [0.05, 0.08], {
    resources: [
      vm('us-central1-a', 'train-a100-0'),
      vm('us-central1-a', 'train-a100-1'),
      vm('us-central1-c', 'eval'),
    ],
    pricing: '0.05 to 0.08 USD/GiB between North America and Europe',
    mark: 'memory',
    bounds: 'Two price lists disagree about this pair. A row of the Cloud Billing Catalog would settle it.',
  }),
  lane('internet', 'us-central1-a', 'North America, Europe, most of Asia', 940, [0.11, 0.12], {
    tier: 'premium',
    resources: [
      vm('us-central1-a', 'api-0'),
      vm('us-central1-a', 'api-1'),
      vm('us-central1-a', 'api-2'),
      vm('us-central1-a', 'api-3'),
      vm('us-central1-a', 'api-4'),
    ],
    talkers: 18,
    pricing: 'tiers of 0.12 and 0.11 USD/GiB, the first GiB of a month free',
    bounds: 'Tiers count per billing account: other projects may have used up the first one.',
  }),
  lane('bucket-reads', 'buckets in US', 'unknown readers', 1_480, [0, 0.12], {
    resources: ['gs://ml-research-datasets ReadObject', 'gs://ml-research-checkpoints ReadObject'],
    pricing: '0 USD/GiB in the same location, up to 0.12 USD/GiB to the internet',
    bounds: 'The metric does not tell who reads. Data access logs of the bucket would.',
  }),
  lane('inter-region', 'us-central1', 'us-east4', 1_210, [0.02, 0.02], {
    resources: [vm('us-central1-b', 'etl-1'), vm('us-central1-b', 'etl-2')],
    pricing: '0.02 USD/GiB within North America',
  }),
  lane('cross-zone', 'us-central1-a', 'us-central1-b', 1_890, [0.01, 0.01], {
    resources: [vm('us-central1-a', 'feature-store'), vm('us-central1-a', 'ray-head')],
    pricing: '0.01 USD/GiB between zones of a region',
  }),
  lane('internet', 'europe-west4-a', 'Oceania, Korea, South America', 61, [0.19, 0.19], {
    tier: 'standard',
    resources: [vm('europe-west4-a', 'demo')],
    mark: 'third-party',
  }),
  lane('same-zone', 'us-central1-a', 'us-central1-a', 8_400, [0, 0], {
    resources: [vm('us-central1-a', 'train-a100-0')],
    pricing: '0 USD/GiB by internal addresses in one zone',
  }),
  lane('google-apis', 'us-central1', 'Google APIs', 655, [0, 0], {
    resources: [vm('us-central1-a', 'train-a100-0')],
    pricing: '0 USD/GiB to Google APIs in the same region',
  }),
  lane('hybrid', 'us-central1', 'on premises', 320, undefined, {
    resources: [vm('us-central1-f', 'nightly-export')],
    bounds: null,
  }),
  lane('small-lanes', '7 lanes below 1 USD a month each', 'several places', 14, [0.01, 0.19], {
    resources: [],
    talkers: 9,
    pricing: 'sum of lanes of different prices',
    bounds: 'Some of these lanes have bounds themselves.',
  }),
];

const FINDINGS: readonly Finding[] = [
  {
    id: 'far-from-bucket:train-a100-0',
    kind: 'far-from-bucket',
    lanes: ['inter-continent:us-central1:europe-west4'],
    title: 'train-a100-0 in us-central1-a most plausibly reads gs://ml-research-eu in europe-west4',
    resources: [vm('us-central1-a', 'train-a100-0'), 'gs://ml-research-eu'],
    certainty: 'likely',
    evidence: {
      'bytes read in the window': Math.round(2_150 * GIB),
      'bucket location': 'EUROPE-WEST4',
      'share of the bucket’s reads': 0.912,
      'what would settle it': 'Data access audit logs of the bucket name the caller.',
    },
    usdPerMonth: { low: 467.12, high: 747.4 },
    command:
      "gcloud storage buckets create gs://ml-research-eu-us --project='ml-research' --location=us-central1 &&\n  gcloud storage rsync --recursive gs://ml-research-eu gs://ml-research-eu-us",
  },
  {
    id: 'premium-tier:us-central1-a',
    kind: 'premium-tier',
    lanes: ['internet:us-central1-a:North America, Europe, most of Asia'],
    title: '5 machines in us-central1-a answer the internet on premium tier where standard would do',
    resources: [vm('us-central1-a', 'api-0'), vm('us-central1-a', 'api-1')],
    certainty: 'measured',
    evidence: {
      'monthly bytes': Math.round(940 * WINDOWS_A_MONTH * GIB),
      countries: ['DE', 'FR', 'US'],
      machines: 5,
    },
    usdPerMonth: { low: 122.4, high: 143.01 },
    command:
      "gcloud compute instances delete-access-config 'api-0' --project='ml-research' --zone='us-central1-a' --access-config-name='External NAT'\ngcloud compute instances add-access-config 'api-0' --project='ml-research' --zone='us-central1-a' --network-tier=STANDARD",
  },
  {
    id: 'chatty-zones:us-central1-a:us-central1-b',
    kind: 'chatty-zones',
    lanes: ['cross-zone:us-central1-a:us-central1-b'],
    title: 'feature-store in us-central1-a talks to us-central1-b all day',
    resources: [vm('us-central1-a', 'feature-store')],
    certainty: 'measured',
    evidence: { 'monthly bytes': Math.round(1_890 * WINDOWS_A_MONTH * GIB), 'usd per GiB': 0.01 },
    usdPerMonth: { low: 82.13, high: 82.13 },
    command:
      "gcloud compute instances move 'feature-store' --project='ml-research' --zone='us-central1-a' --destination-zone='us-central1-b'",
  },
  {
    id: 'bucket-read-from-several-regions:ml-research-raw',
    kind: 'bucket-read-from-several-regions',
    lanes: ['bucket-reads:buckets in US:unknown readers'],
    title: 'gs://ml-research-raw is read from us-central1 and from me-west1',
    resources: [vm('us-central1-f', 'nightly-export')],
    certainty: 'likely',
    evidence: { 'what would settle it': 'Cloud Storage usage logs.' },
    usdPerMonth: 'unpriced',
    command:
      "gcloud storage buckets create gs://ml-research-raw-copy --project='ml-research' --location=me-west1",
  },
];

/** Fills in what depends on all lanes: shares and the headline. */
function summedUp(report: Omit<EgressReport, 'headline'>): EgressReport {
  const bytes = report.lanes.reduce((sum, one) => sum + one.bytes, 0);
  const priced = report.lanes.flatMap(({ usdPerMonth }) => (usdPerMonth === 'unpriced' ? [] : [usdPerMonth]));
  const low = cents(priced.reduce((sum, usd) => sum + usd.low, 0));
  const high = cents(priced.reduce((sum, usd) => sum + usd.high, 0));
  const unpriced = report.lanes.filter(({ usdPerMonth }) => usdPerMonth === 'unpriced');
  return {
    ...report,
    headline: {
      usdPerMonth: { low, high },
      likelyUsdPerMonth: { low, high },
      previousUsdPerMonth: { low: cents(low * 0.8), high: cents(high * 0.8) },
      canBeSaved: canBeSaved(report.findings, report.lanes, { usdPerMonth: { low, high } }),
      bytes,
      monthlyBytes: report.lanes.reduce((sum, one) => sum + one.monthlyBytes, 0),
      unpriced: {
        lanes: unpriced.length,
        monthlyBytes: unpriced.reduce((sum, one) => sum + one.monthlyBytes, 0),
      },
    },
    lanes: report.lanes
      .map((one) => ({
        ...one,
        bytesShare: bytes === 0 ? 0 : one.bytes / bytes,
        costShare: one.usdPerMonth === 'unpriced' || high === 0 ? null : one.usdPerMonth.high / high,
      }))
      .toSorted((a, b) => rank(b) - rank(a)),
  };
}

function rank({ kind, usdPerMonth }: Lane): number {
  if (kind === 'small-lanes') return -2;
  return usdPerMonth === 'unpriced' ? -1 : usdPerMonth.high;
}

const END_MS = Date.parse('2026-11-24T17:40:00Z');
const DAY_MS = 86_400_000;

function stepsOf(lanes: readonly Lane[], count: number): readonly Step[] {
  const weights = Array.from(
    { length: count },
    (_, at) => 1 + 0.45 * Math.sin(at * 1.7) + (at % 7 > 4 ? -0.35 : 0),
  );
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, at) => {
    const part = weight / weightSum;
    const bytesByKind: Partial<Record<LaneKind, number>> = {};
    for (const { kind, bytes } of lanes)
      if (kind !== 'small-lanes') bytesByKind[kind] = (bytesByKind[kind] ?? 0) + Math.round(bytes * part);
    const usd = lanes.flatMap(({ usdPerMonth }) => (usdPerMonth === 'unpriced' ? [] : [usdPerMonth]));
    const usdByKind: Partial<Record<LaneKind, { low: number; high: number }>> = {};
    for (const { kind, usdPerMonth } of lanes) {
      if (kind === 'small-lanes' || usdPerMonth === 'unpriced') continue;
      const known = usdByKind[kind] ?? { low: 0, high: 0 };
      usdByKind[kind] = {
        low: known.low + (usdPerMonth.low / WINDOWS_A_MONTH) * part,
        high: known.high + (usdPerMonth.high / WINDOWS_A_MONTH) * part,
      };
    }
    return {
      start: new Date(END_MS - (count - at) * DAY_MS).toISOString(),
      end: new Date(END_MS - (count - at - 1) * DAY_MS).toISOString(),
      bytes: Object.values(bytesByKind).reduce((sum, bytes) => sum + bytes, 0),
      bytesByKind,
      usdByKind,
      usd: {
        low: cents((usd.reduce((sum, one) => sum + one.low, 0) / WINDOWS_A_MONTH) * part),
        high: cents((usd.reduce((sum, one) => sum + one.high, 0) / WINDOWS_A_MONTH) * part),
      },
    };
  });
}

export type ReportParts = Partial<Omit<EgressReport, 'headline'>>;

/** A report as a team of some size would get it; `parts` replace its own, and sums follow. */
export function sampleReport(parts: ReportParts = {}): EgressReport {
  const lanes = parts.lanes ?? LANES;
  return summedUp({
    project: 'ml-research',
    generatedAt: '2026-11-24T17:54:29Z',
    window: {
      requested: '7d',
      start: '2026-11-17T17:40:00Z',
      end: '2026-11-24T17:40:00Z',
      hours: 168,
      monthFactor: WINDOWS_A_MONTH,
    },
    series: { stepHours: 24, steps: stepsOf(lanes, 7) },
    findings: FINDINGS,
    incomplete: [
      {
        where: 'projects/ml-research: networking.googleapis.com/vm_flow/egress_bytes_count',
        why: 'Monitoring answered with executionErrors: DEADLINE_EXCEEDED in us-east4',
      },
      { where: 'buckets of ml-research', why: 'storage.buckets.list: 403 permission denied' },
    ],
    notes: [
      'A month is 730 hours of the window’s traffic; the month itself may be different.',
      'The metrics leave out packet headers: traffic that is charged is about 3 to 5 % more than shown.',
      'Metrics come up to 4 minutes late; the window ends before that.',
      'List prices, tiers counted for this project alone.',
    ],
    prices: {
      asOf: '2026-11-23',
      rows: [
        {
          id: 'inter-zone',
          what: 'between zones of a region',
          usdPerGib: '0.01',
          source: 'vpc/network-pricing',
          mark: 'verified',
        },
        {
          id: 'inter-continent',
          what: 'between North America and Europe',
          usdPerGib: '0.05 to 0.08',
          source: 'infracost golden file and memory',
          mark: 'memory',
        },
        {
          id: 'internet-worldwide',
          what: 'internet, premium tier, worldwide',
          usdPerGib: '0.12 / 0.11 / 0.08',
          source: 'Cloud Billing Catalog sample 02EE-77CE-ACCD',
          mark: 'verified',
        },
      ],
    },
    apiCalls: { 'monitoring.projects.timeSeries.list': 14, 'compute.instances.aggregatedList': 2 },
    ...parts,
    lanes,
  });
}

/** A report of a project without any traffic. */
export function emptyReport(parts: ReportParts = {}): EgressReport {
  return sampleReport({ lanes: [], findings: [], incomplete: [], notes: [], ...parts });
}

/** Names that try to be more than names. */
export const HOSTILE_NAMES: readonly string[] = [
  `<script>document.title = 'owned'</script>`,
  `"><img src=x onerror="document.title='owned'">`,
  `' onmouseover='document.title=1' x='`,
  `</style></script></title><h1>owned</h1>`,
  'long-'.repeat(2_000),
  'מחברת של דנה',
  'evil\u202Egnp.exe',
  '👩‍🔬🧪 laboratory',
  'two\nlines\tand\u0000nothing',
  '=HYPERLINK("https://example.com","click")',
];

/** The sample with a hostile name in every text that another user can choose. */
export function hostileReport(): EgressReport {
  const nameAt = (at: number): string => HOSTILE_NAMES[at % HOSTILE_NAMES.length] ?? '';
  const lanes = HOSTILE_NAMES.map((name, at) =>
    lane('inter-region', name, nameAt(at + 1), 500 - 30 * at, [0.02, 0.04], {
      resources: [nameAt(at + 2)],
      bounds: name,
    }),
  );
  const findings = HOSTILE_NAMES.map((name, at): Finding => ({
    id: `hostile-${at}`,
    kind: 'chatty-zones',
    title: `${name} talks`,
    resources: [name, nameAt(at + 1)],
    lanes: [],
    certainty: 'measured',
    evidence: { [name]: nameAt(at + 3), names: [name] },
    usdPerMonth: { low: 10, high: 100 - at },
    command: `gcloud compute instances describe '${name.replaceAll("'", `'\\''`)}'`,
  }));
  return sampleReport({
    project: HOSTILE_NAMES[0] ?? '',
    lanes,
    findings,
    incomplete: HOSTILE_NAMES.map((name) => ({ where: name, why: name })),
    notes: HOSTILE_NAMES,
  });
}
