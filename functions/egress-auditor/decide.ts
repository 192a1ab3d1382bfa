import { addUsd, scaleUsd, type UsdRange } from '../../shared/prices/money.ts';
import { oldBooksText } from '../../shared/prices/age/book-age.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import { egressBooks } from './traffic/books.ts';
import { NETWORK_PRICES, priceRow } from '../../shared/prices/network-prices.ts';
import type { Config } from './config.ts';
import { canBeSaved } from './mistakes/savings.ts';
import { findMistakes } from './mistakes/placement.ts';
import type {
  EgressReport,
  Finding,
  Headline,
  Lane,
  LaneKind,
  ReportWindow,
  Series,
  Step,
  Talker,
} from './report/report.ts';
import { notesOf } from './report/notes.ts';
import { isProcessing, perGib, sharesOf, sumSmall } from './report/small-lanes.ts';
import { describeRow } from './report/used-price.ts';
import { type EgressFacts, sum, type Window } from './traffic/facts.ts';
import { collectLanes } from './lanes/lanes.ts';
import { previousLanes, type PreviousLane } from './lanes/previous.ts';
import { type PricedLane, priceLanes } from './lanes/pricing.ts';
import { nameVm } from './traffic/resource-names.ts';

const HOUR_MS = 3_600_000;

const NOTHING: UsdRange = { low: 0, high: 0 };

const TOP_TALKERS = 5;

/** The report from what was read. Pure. */
export function judgeEgress(facts: EgressFacts, config: Config, now: Date): EgressReport {
  const oldPrices = oldBooksText(egressBooks(now));
  const { window } = facts;
  const monthFactor = HOURS_PER_MONTH / window.hours;
  const priced = priceLanes(collectLanes(facts), monthFactor);
  const findings = findMistakes(facts, priced, monthFactor, config.reportAboveUsdPerMonth);
  const previous = previousLanes(facts);
  const headline = headlineOf(priced, findings, previous);
  const lanes = sumSmall(
    priced.map((lane) => toLane(lane, headline, facts, previous)),
    config.reportAboveUsdPerMonth,
    headline,
  );
  return {
    project: facts.project,
    generatedAt: now.toISOString(),
    window: reportWindow(window),
    headline,
    lanes,
    series: seriesOf(priced, window),
    findings,
    incomplete: facts.gaps,
    notes: [...notesOf(facts, priced), ...(oldPrices === undefined ? [] : [oldPrices])],
    ...(oldPrices === undefined ? {} : { oldPrices }),
    prices: {
      asOf: NETWORK_PRICES.asOf,
      rows: usedRows(priced).map((id) => describeRow(priceRow(id))),
    },
    apiCalls: facts.apiCalls,
  };
}

export function reportWindow({ requested, hours, startMs, endMs }: Window): ReportWindow {
  return {
    requested,
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
    hours,
    monthFactor: HOURS_PER_MONTH / hours,
  };
}

function headlineOf(
  lanes: readonly PricedLane[],
  findings: readonly Finding[],
  previous: ReadonlyMap<string, PreviousLane> | undefined,
): Headline {
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
  const once = lanes.filter(({ kind }) => !isProcessing(kind));
  return {
    usdPerMonth,
    likelyUsdPerMonth,
    previousUsdPerMonth:
      previous === undefined
        ? null
        : [...previous.values()].reduce(
            (sum, { usdPerMonth: usd }) => (usd === 'unpriced' ? sum : addUsd(sum, usd)),
            NOTHING,
          ),
    canBeSaved: canBeSaved(findings, lanes, { usdPerMonth }),
    bytes: sum(once.map(({ bytes }) => bytes)),
    monthlyBytes: sum(once.map(({ monthlyBytes }) => monthlyBytes)),
    unpriced: { lanes: unpricedLanes, monthlyBytes: unpricedBytes },
  };
}

function toLane(
  lane: PricedLane,
  headline: Headline,
  facts: EgressFacts,
  previous: ReadonlyMap<string, PreviousLane> | undefined,
): Lane {
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
    usdPerGib: perGib(usdPerMonth, monthlyBytes),
    previous: previous === undefined ? null : (previous.get(id) ?? { bytes: 0, usdPerMonth: NOTHING }),
    known,
    ...sharesOf({ bytes: isProcessing(kind) ? 0 : bytes, usdPerMonth }, headline),
    pricing,
    mark,
    bounds,
    topTalkers: talkersOf(lane, facts),
    talkers: lane.talkers.size,
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

function seriesOf(lanes: readonly PricedLane[], window: Window): Series {
  const stepMs = window.stepHours * HOUR_MS;
  const steps = Array.from({ length: window.hours / window.stepHours }, (_, index): Step => {
    const bytesByKind: Partial<Record<LaneKind, number>> = {};
    let bytes = 0;
    let usd = NOTHING;
    const usdByKind: Partial<Record<LaneKind, UsdRange>> = {};
    for (const lane of lanes) {
      const here = lane.steps[index] ?? 0;
      if (here === 0) continue;
      if (!isProcessing(lane.kind)) bytes += here;
      bytesByKind[lane.kind] = (bytesByKind[lane.kind] ?? 0) + here;
      if (lane.usdPerMonth === 'unpriced') continue;
      const part = scaleUsd(lane.usdPerMonth, here / lane.monthlyBytes);
      usd = addUsd(usd, part);
      usdByKind[lane.kind] = addUsd(usdByKind[lane.kind] ?? NOTHING, part);
    }
    return {
      start: new Date(window.startMs + index * stepMs).toISOString(),
      end: new Date(window.startMs + (index + 1) * stepMs).toISOString(),
      bytes,
      bytesByKind,
      usd,
      usdByKind,
    };
  });
  return { stepHours: window.stepHours, steps };
}

function usedRows(lanes: readonly PricedLane[]): readonly string[] {
  return [...new Set(lanes.flatMap(({ price }) => price.rows.map(({ row }) => row)))].sort();
}
