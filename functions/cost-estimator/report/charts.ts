import { isPriced, type Price } from '../../../shared/prices/price.ts';
import { barChart, type Bar } from '../../../shared/report/bar-chart.ts';
import type { LegendEntry } from '../../../shared/report/chart.ts';
import { tag, type Markup } from '../../../shared/report/markup.ts';
import { axisUsdText } from '../../../shared/report/numbers.ts';
import { emptyState } from '../../../shared/report/page-parts.ts';
import type { EstimateReport } from '../decide.ts';
import type { Line } from '../estimate/lines.ts';
import { waysOf, type Way } from './comparison.ts';
import { LINE_KINDS, priceText } from './wording.ts';

/** A bar for each resource of the run, made of what is billed for it. */
export function resourceBars({ chosen, wish }: EstimateReport): Markup {
  const priced = chosen.lines.filter(({ perRun }) => isPriced(perRun) && perRun.usd.high > 0);
  if (priced.length === 0) return emptyState('Nothing with a price to draw.');
  const names = [...new Set(chosen.lines.map(({ resource }) => resource))];
  const bars = names.map((name): Bar => {
    const own = priced.filter(({ resource }) => resource === name);
    return {
      label: name.slice(0, 14),
      hint: own.map((line) => `${line.what}: ${priceText(line.perRun)}`).join(', ') || `${name}: unpriced`,
      parts: own.flatMap((line) => partsOf(line.perRun, LINE_KINDS[line.kind].tone)),
    };
  });
  const kinds = [...new Set(priced.map(({ kind }) => kind))];
  return barChart({
    bars,
    valueText: axisUsdText,
    legend: [...kinds.map(legendOf), ...(anyRange(priced.map(({ perRun }) => perRun)) ? [UPPER] : [])],
    summary: `Cost of a run by resource. ${bars.map(({ hint }) => hint).join('. ')}. The table below has each line.`,
    caption: `What a run costs, ${wish.spot ? 'Spot' : 'on demand'} in ${chosen.region}.`,
  });
}

const legendOf = (kind: Line['kind']): LegendEntry => ({
  tone: LINE_KINDS[kind].tone,
  text: LINE_KINDS[kind].text,
});

const UPPER: LegendEntry = { tone: 'grey', text: 'up to the upper bound', sure: false };

const anyRange = (prices: readonly Price[]): boolean =>
  prices.some((price) => isPriced(price) && price.usd.low !== price.usd.high);

function partsOf(price: Price, tone: LegendEntry['tone']): Bar['parts'] {
  if (!isPriced(price)) return [];
  return [
    { value: price.usd.low, tone, sure: true },
    { value: price.usd.high - price.usd.low, tone, sure: false },
  ];
}

/** The ways to run the job, each as a bar of its lower and its upper bound. */
export function wayBars(report: EstimateReport): Markup {
  const ways = waysOf(report).filter(({ perRun }) => isPriced(perRun));
  if (ways.length === 0) return emptyState('No way to run it has a price that could be drawn.');
  const bars = ways.map((way, at): Bar => ({
    label: String(at + 1),
    hint: `${at + 1}: ${nameOf(way)}: ${priceText(way.perRun)}`,
    parts: partsOf(way.perRun, toneOf(way)),
  }));
  return tag(
    'div',
    {},
    barChart({
      bars,
      valueText: axisUsdText,
      legend: [
        { tone: 'blue', text: 'Google Cloud' },
        { tone: 'orange', text: 'other clouds' },
        ...(anyRange(ways.map(({ perRun }) => perRun)) ? [UPPER] : []),
      ],
      summary: `Cost of a run, by the way it is run. ${bars.map(({ hint }) => hint).join('. ')}.`,
      caption: bars.map(({ hint }) => hint).join(' · '),
    }),
  );
}

const nameOf = ({ what, where }: Way): string => (where === '' ? what : `${what}, ${where}`);

const toneOf = ({ what }: Way): LegendEntry['tone'] => (/^(?:AWS|Azure)/.test(what) ? 'orange' : 'blue');
