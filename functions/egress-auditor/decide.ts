import { addUsd, scaleUsd, sumUsd, type UsdPerMonth, type UsdRange } from '../../shared/prices/money.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import { NETWORK_PRICES, priceRow } from '../../shared/prices/network-prices.ts';
import type { Config } from './config.ts';
import { canBeSaved } from './mistakes/savings.ts';
import { findMistakes } from './mistakes/placement.ts';
import type {
  EgressReport,
  Finding,
  Headline,
  Known,
  Lane,
  LaneKind,
  Part,
  Series,
  Step,
  Talker,
} from './report/report.ts';
import { describeRow } from './report/used-price.ts';
import { type EgressFacts, sum, type Window } from './traffic/facts.ts';
import { collectLanes } from './traffic/lanes.ts';
import { type PricedLane, priceLanes } from './traffic/pricing.ts';
import { nameVm } from './traffic/resource-names.ts';

const HOUR_MS = 3_600_000;

const NOTHING: UsdRange = { low: 0, high: 0 };

const TOP_TALKERS = 5;

/** The report from what was read. Pure. */
export function judgeEgress(facts: EgressFacts, config: Config, now: Date): EgressReport {
  const { window } = facts;
  const monthFactor = HOURS_PER_MONTH / window.hours;
  const priced = priceLanes(collectLanes(facts), monthFactor);
  const findings = findMistakes(facts, priced, monthFactor, config.reportAboveUsdPerMonth);
  const headline = headlineOf(priced, findings);
  const lanes = sumSmall(
    priced.map((lane) => toLane(lane, headline, facts)),
    config.reportAboveUsdPerMonth,
    headline,
  );
  return {
    project: facts.project,
    generatedAt: now.toISOString(),
    window: {
      requested: window.requested,
      start: new Date(window.startMs).toISOString(),
      end: new Date(window.endMs).toISOString(),
      hours: window.hours,
      monthFactor,
    },
    headline,
    lanes,
    series: seriesOf(priced, window),
    findings,
    incomplete: facts.gaps,
    notes: notesOf(facts, priced),
    prices: {
      asOf: NETWORK_PRICES.asOf,
      rows: usedRows(priced).map((id) => describeRow(priceRow(id))),
    },
    apiCalls: facts.apiCalls,
  };
}

function headlineOf(lanes: readonly PricedLane[], findings: readonly Finding[]): Headline {
  let usdPerMonth = NOTHING;
  let likelyUsdPerMonth = NOTHING;
  let [unpricedLanes, unpricedBytes] = [0, 0];
  for (const lane of lanes)
    if (lane.usdPerMonth === 'unpriced') {
      unpricedLanes += 1;
      unpricedBytes += lane.monthlyBytes;
    } else {
      usdPerMonth = addUsd(usdPerMonth, lane.usdPerMonth);
      const likely = lane.likelyUsdPerMonth === 'unpriced' ? lane.usdPerMonth : lane.likelyUsdPerMonth;
      likelyUsdPerMonth = addUsd(likelyUsdPerMonth, likely);
    }
  const once = lanes.filter(({ kind }) => kind !== 'nat');
  return {
    usdPerMonth,
    likelyUsdPerMonth,
    canBeSaved: canBeSaved(findings, lanes, { usdPerMonth }),
    bytes: sum(once.map(({ bytes }) => bytes)),
    monthlyBytes: sum(once.map(({ monthlyBytes }) => monthlyBytes)),
    unpriced: { lanes: unpricedLanes, monthlyBytes: unpricedBytes },
  };
}

function toLane(lane: PricedLane, headline: Headline, facts: EgressFacts): Lane {
  const { id, kind, from, to, tier, bytes, monthlyBytes, usdPerMonth, pricing, mark, bounds, known } = lane;
  return {
    id,
    kind,
    from,
    to,
    tier,
    bytes,
    monthlyBytes,
    usdPerMonth,
    known,
    ...sharesOf({ bytes, usdPerMonth }, headline),
    pricing,
    mark,
    bounds,
    topTalkers: talkersOf(lane, facts),
    talkers: lane.talkers.size,
  };
}

function sharesOf(
  { bytes, usdPerMonth }: { readonly bytes: number; readonly usdPerMonth: UsdPerMonth },
  headline: Headline,
): Pick<Lane, 'bytesShare' | 'costShare'> {
  const total = headline.usdPerMonth.high;
  return {
    bytesShare: headline.bytes === 0 ? 0 : bytes / headline.bytes,
    costShare: usdPerMonth === 'unpriced' ? null : total === 0 ? 0 : usdPerMonth.high / total,
  };
}

function talkersOf({ talkers, bytes }: PricedLane, facts: EgressFacts): readonly Talker[] {
  return [...talkers]
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .slice(0, TOP_TALKERS)
    .map(([who, sent]) => ({
      resource: who.startsWith('gs://') ? who : nameVm(facts, who).resource,
      bytes: sent,
      share: bytes === 0 ? 0 : Math.min(1, sent / bytes),
    }));
}

/** Lanes by cost; those that cannot reach `reportAbove` become one line. What has no price is never small. */
function sumSmall(lanes: readonly Lane[], reportAbove: number, headline: Headline): readonly Lane[] {
  const small: (Lane & { readonly usdPerMonth: UsdRange })[] = [];
  const shown: Lane[] = [];
  for (const lane of lanes) {
    const { usdPerMonth } = lane;
    if (usdPerMonth !== 'unpriced' && usdPerMonth.high < reportAbove) small.push({ ...lane, usdPerMonth });
    else shown.push(lane);
  }
  shown.sort((a, b) => costOf(b) - costOf(a) || b.bytes - a.bytes || (a.id < b.id ? -1 : 1));
  if (small.length === 0) return shown;
  const usdPerMonth = small.reduce((total, lane) => addUsd(total, lane.usdPerMonth), NOTHING);
  const bytes = sum(small.map((lane) => lane.bytes));
  return [
    ...shown,
    {
      id: 'small-lanes',
      kind: 'small-lanes',
      from: `${small.length} small ${small.length === 1 ? 'lane' : 'lanes'}`,
      to: `below ${reportAbove} USD a month each`,
      tier: null,
      bytes,
      monthlyBytes: sum(small.map((lane) => lane.monthlyBytes)),
      usdPerMonth,
      known: sumKnown(small),
      ...sharesOf({ bytes, usdPerMonth }, headline),
      pricing: 'the sum of their prices',
      mark: null,
      bounds: usdPerMonth.low === usdPerMonth.high ? null : 'some of them have bounds of their own',
      topTalkers: [],
      talkers: 0,
    },
  ];
}

function sumKnown(lanes: readonly Lane[]): Known {
  const part = (name: keyof Known): Part => ({
    monthlyBytes: sum(lanes.map(({ known }) => known[name].monthlyBytes)),
    usdPerMonth: sumUsd(lanes.map(({ known }) => known[name].usdPerMonth)),
  });
  return { certain: part('certain'), likely: part('likely'), unknown: part('unknown') };
}

/** For sorting: what has no price comes last. */
export function costOf({ usdPerMonth }: { readonly usdPerMonth: UsdPerMonth }): number {
  return usdPerMonth === 'unpriced' ? -1 : usdPerMonth.high;
}

function seriesOf(lanes: readonly PricedLane[], window: Window): Series {
  const stepMs = window.stepHours * HOUR_MS;
  const steps = Array.from({ length: window.hours / window.stepHours }, (_, index): Step => {
    const bytesByKind: Partial<Record<LaneKind, number>> = {};
    let bytes = 0;
    let usd = NOTHING;
    for (const lane of lanes) {
      const here = lane.steps[index] ?? 0;
      if (here === 0) continue;
      // What Cloud NAT processes takes another lane as well.
      if (lane.kind !== 'nat') bytes += here;
      bytesByKind[lane.kind] = (bytesByKind[lane.kind] ?? 0) + here;
      if (lane.usdPerMonth !== 'unpriced')
        usd = addUsd(usd, scaleUsd(lane.usdPerMonth, here / lane.monthlyBytes));
    }
    return {
      start: new Date(window.startMs + index * stepMs).toISOString(),
      end: new Date(window.startMs + (index + 1) * stepMs).toISOString(),
      bytes,
      bytesByKind,
      usd,
    };
  });
  return { stepHours: window.stepHours, steps };
}

function usedRows(lanes: readonly PricedLane[]): readonly string[] {
  return [...new Set(lanes.flatMap(({ price }) => price.rows.map(({ row }) => row)))].sort();
}

function notesOf({ window, reads, flows }: EgressFacts, lanes: readonly PricedLane[]): readonly string[] {
  return [
    `A month is ${HOURS_PER_MONTH} hours at the rate of the window: bytes × ${HOURS_PER_MONTH} / ${window.hours}. A window of whole weeks counts weekdays and weekends as they come.`,
    'The window ends 4 minutes ago: metrics become visible up to 210 seconds after they were sampled.',
    ...(flows === undefined
      ? []
      : [
          'VM traffic does not count packet headers: what is billed is some 3 to 5 % more.',
          'It covers Compute Engine VMs (notebooks and GKE nodes among them), not Cloud Run, load balancers or other services.',
        ]),
    ...(reads === undefined
      ? []
      : [
          'Bucket reads have no destination: at the least they are free, or cost what reads inside a multi-region do; at the most they went to the internet in China. What fits VMs that were seen to read is called likely.',
        ]),
    'List prices without discounts. Tiers and free amounts are counted as if this project were alone on its billing account.',
    ...(lanes.some(({ mark }) => mark === 'memory')
      ? [
          'Prices marked "memory" are confirmed by no source that was read; check them before you rely on them.',
        ]
      : []),
  ];
}
