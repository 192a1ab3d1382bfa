import { barChart, type Bar } from '../../../shared/report/bar-chart.ts';
import { flowChart } from '../../../shared/report/flow-chart.ts';
import {
  axisUsdText,
  bytesScale,
  bytesText,
  countText,
  momentText,
  shortDayText,
  shortUsdText,
  timeText,
  usdRangeText,
  usdText,
} from '../../../shared/report/numbers.ts';
import type { Markup } from '../../../shared/report/markup.ts';
import { emptyState } from '../../../shared/report/page-parts.ts';
import { laneKinds, type EgressReport, type Lane, type LaneKind, type Step } from './report.ts';
import { LANE_KINDS } from './wording.ts';
import { regionOf } from '../traffic/geography.ts';
import { addUsd, NO_USD } from '../../../shared/prices/money.ts';

/** More bands than this cannot be told apart; the table has all lanes. */
const MAX_FLOWS = 14;

/** Free lanes that the caption names. */
const MAX_FREE = 5;

/** The picture of the lanes that cost something or have no price. */
export function laneFlows({ lanes, headline }: EgressReport): Markup {
  const drawable = lanes.filter(
    ({ usdPerMonth, kind }) => kind !== 'small-lanes' && (usdPerMonth === 'unpriced' || usdPerMonth.high > 0),
  );
  const flows = drawable.slice(0, MAX_FLOWS);
  const free = lanes.filter(({ usdPerMonth }) => usdPerMonth !== 'unpriced' && usdPerMonth.high === 0);
  const freeText = free
    .slice(0, MAX_FREE)
    .map((lane) => `${lane.from} → ${lane.to} (${bytesText(lane.monthlyBytes)} a month)`)
    .join('; ');
  const freeRest = free.length > MAX_FREE ? ` and ${free.length - MAX_FREE} more` : '';
  if (flows.length === 0)
    return emptyState(
      `No lane costs anything that could be drawn.${free.length === 0 ? '' : ` Free: ${freeText}${freeRest}.`}`,
    );
  const shown = flows.reduce(
    (sum, { usdPerMonth }) => sum + (usdPerMonth === 'unpriced' ? 0 : usdPerMonth.high),
    0,
  );
  const kinds = new Set(flows.map(({ kind }) => kind));
  return flowChart({
    flows: flows.map((lane) => ({
      from: lane.from,
      to: lane.to,
      size: lane.usdPerMonth === 'unpriced' ? undefined : lane.usdPerMonth,
      tone: LANE_KINDS[lane.kind].tone,
      hint: hintOf(lane),
    })),
    groupOf: regionOf,
    sizeText: (size) => (size === undefined ? 'unpriced' : usdRangeText(size, shortUsdText)),
    legend: legendOf([...kinds]),
    summary: `Flow picture, sources at the left and destinations at the right. ${flows.slice(0, 5).map(hintOf).join('. ')}. The table of lanes has all of them.`,
    caption: [
      'The height of a band is its cost a month; its paler part lies between the lower and the upper bound, and a dashed line has no price. ',
      `${flows.length === lanes.length ? 'All' : `${flows.length} of ${lanes.length}`} lanes are drawn, ${usdText(shown)} of at most ${usdText(headline.usdPerMonth.high)} a month`,
      free.length === 0 ? '.' : `; free: ${freeText}${freeRest}.`,
    ].join(''),
  });
}

function hintOf({ from, to, kind, usdPerMonth }: Lane): string {
  const cost = usdPerMonth === 'unpriced' ? 'unpriced' : `${usdRangeText(usdPerMonth)} a month`;
  return `${from} → ${to} (${LANE_KINDS[kind].text}): ${cost}`;
}

function legendOf(kinds: readonly LaneKind[]) {
  const byTone = Map.groupBy(
    laneKinds.filter((kind) => kinds.includes(kind)),
    (kind) => LANE_KINDS[kind].tone,
  );
  return [...byTone].map(([tone, own]) => ({
    tone,
    text: own.map((kind) => LANE_KINDS[kind].text).join(', '),
  }));
}

/** What the steps of the window cost. */
export function costByStep({ series }: EgressReport): Markup {
  const { steps, stepHours } = series;
  const sum = steps.map(({ usd }) => usd).reduce(addUsd, NO_USD);
  if (sum.high === 0) return emptyState('Nothing with a price to draw over time.');
  const certain = steps.every(({ usd }) => usd.low === usd.high);
  const kinds = laneKinds.filter((kind) => steps.some(({ usdByKind }) => (usdByKind[kind]?.high ?? 0) > 0));
  return barChart({
    bars: steps.map((step) => ({
      ...stepText(step, stepHours, usdRangeText(step.usd)),
      parts: kinds.flatMap((kind) => {
        const { low, high } = step.usdByKind[kind] ?? NO_USD;
        const { tone } = LANE_KINDS[kind];
        return [
          { value: low, tone, sure: true },
          { value: high - low, tone, sure: false },
        ];
      }),
    })),
    valueText: axisUsdText,
    legend: legendOf(kinds),
    summary: `Cost by step of ${countText(stepHours)} h: ${rangeOf(
      steps.map(({ usd }) => usd.high),
      usdText,
    )}, ${usdRangeText(sum)} in all. The table below has each step.`,
    caption: `Cost of every ${countText(stepHours)} h by kind of lane, ${usdRangeText(sum)} in all${certain ? '' : '; paler parts lie between the lower and the upper bound'}.`,
  });
}

/** What the steps of the window sent, by kind of lane. */
export function trafficByStep({ series }: EgressReport): Markup {
  const { steps, stepHours } = series;
  const most = Math.max(0, ...steps.map(({ bytes }) => bytes));
  if (most === 0) return emptyState('No traffic to draw over time.');
  const { unitBytes, text } = bytesScale(most);
  const kinds = laneKinds.filter((kind) => steps.some(({ bytesByKind }) => (bytesByKind[kind] ?? 0) > 0));
  return barChart({
    bars: steps.map((step) => ({
      ...stepText(step, stepHours, bytesText(step.bytes)),
      parts: kinds.map((kind) => ({
        value: (step.bytesByKind[kind] ?? 0) / unitBytes,
        tone: LANE_KINDS[kind].tone,
        sure: true,
      })),
    })),
    valueText: text,
    legend: legendOf(kinds),
    summary: `Traffic by step of ${countText(stepHours)} h: ${rangeOf(
      steps.map(({ bytes }) => bytes),
      bytesText,
    )}. The table below has each step.`,
    caption: `Traffic of every ${countText(stepHours)} h, by kind of lane.`,
  });
}

function stepText({ start, end }: Step, stepHours: number, amount: string): Pick<Bar, 'label' | 'hint'> {
  return {
    label: stepHours >= 24 ? shortDayText(end) : timeText(end),
    hint: `${momentText(start)} to ${momentText(end)}: ${amount}`,
  };
}

function rangeOf(values: readonly number[], text: (value: number) => string): string {
  return `${text(Math.min(...values))} at least, ${text(Math.max(...values))} at most`;
}
