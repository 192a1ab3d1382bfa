import { lineChart, type LineChart } from '../../../shared/report/line-chart.ts';
import type { Child, Markup } from '../../../shared/report/markup.ts';
import {
  axisUsdText,
  figure,
  momentText,
  shortDayText,
  usdRangeFigure,
  usdText,
} from '../../../shared/report/numbers.ts';
import { factList, notice } from '../../../shared/report/page-parts.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { inlineText, visible } from '../../../shared/report/text.ts';
import { isSpentKnown, type OpenBand } from '../../../shared/spend/band.ts';
import type { BudgetReport } from './report.ts';
import { percentText } from '../../../shared/units.ts';
import { spentText } from './words.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** One budget: where it stands, its line of spend, and its rungs. */
export function budgetContent(budget: BudgetReport, nowTime: string): readonly Markup[] {
  const { notEvaluable, spendUsd, partialWhy = '', amount, reported, blocked, share = 0 } = budget;
  if (notEvaluable !== undefined || spendUsd === undefined)
    return [notice('warn', 'Not evaluable', notEvaluable ?? 'its spend is not known', [budget.budget])];
  const reportedText =
    typeof reported === 'object'
      ? `${usdText(reported.usd)}, at ${momentText(reported.at)}`
      : 'nothing in this period yet';
  const spent = spentText(spendUsd, share, amount);
  return [
    factList([
      ['Spent by now, expected', isSpentKnown(spendUsd) ? figure(spendUsd.expected, spent) : spent],
      ['At the least, at the most', rangeOf(spendUsd, partialWhy)],
      ['Reported by Cloud Billing', reportedText],
      ...(budget.ledgersFromStart === false
        ? ([['Before the ledgers began', 'known by what is reported alone']] as const)
        : []),
    ]),
    ...(blocked === undefined ? [] : [notice('warn', 'Nothing acts on this estimate', blocked, [])]),
    ...chartOf(budget, nowTime),
    rungTable(budget),
  ];
}

/** Where there may be more there is no upper point. */
function rangeOf({ low, high }: OpenBand, partialWhy: string): Child {
  return high === null
    ? [figure(low, usdText(low)), ` or more, for ${partialWhy}`]
    : usdRangeFigure({ low, high });
}

function chartOf(budget: BudgetReport, nowTime: string): readonly Markup[] {
  const { line = [], reports = [], rungs = [], periodStart, periodEnd, spendUsd } = budget;
  const nowMs = Date.parse(nowTime);
  const startMs = Date.parse(periodStart ?? nowTime);
  // What nothing is known of is no line at zero.
  if (line.length === 0 || spendUsd === undefined || !isSpentKnown(spendUsd)) return [];
  const endMs = Math.min(Date.parse(periodEnd ?? '') || Infinity, nowMs + Math.max(DAY_MS, nowMs - startMs));
  const topRung = Math.max(budget.amount, ...rungs.map(({ usd }) => usd));
  const top = 1.1 * Math.max(topRung, spendUsd.expected, Math.min(spendUsd.high ?? Infinity, 1.5 * topRung));
  return [
    lineChart({
      ...{ startMs, endMs, top },
      range: {
        tone: 'blue',
        points: line.map(({ at, low, high }) => ({ atMs: Date.parse(at), low, value: high ?? top })),
      },
      lines: [
        { tone: 'blue', points: line.map(({ at, expected }) => ({ atMs: Date.parse(at), value: expected })) },
        ...projection(budget, { nowMs, endMs, top }),
      ],
      dots: {
        tone: 'orange',
        points: reports.map(({ at, usd }) => ({
          ...{ atMs: Date.parse(at), value: usd },
          hint: `${momentText(at)}: ${usdText(usd)} reported`,
        })),
      },
      levels: rungs.map(({ at, do: action, usd }) => ({
        value: usd,
        text: `${percentText(at)}: ${action}`,
      })),
      valueText: axisUsdText,
      momentText: (atMs) => shortDayText(new Date(atMs).toISOString()),
      legend: [
        { tone: 'blue', text: 'estimated, and where it leads at the present burn (dashed)' },
        { tone: 'blue', text: 'at the least to at the most', sure: false },
        { tone: 'orange', text: 'reported by Cloud Billing' },
      ],
      summary: `Spend of budget ${visible(budget.name)} since ${momentText(periodStart ?? nowTime)}: ${usdText(spendUsd.expected)} expected by now, ${usdText(spendUsd.low)} at the least, ${spendUsd.high === null ? 'and no upper bound' : `${usdText(spendUsd.high)} at the most`}. The table of rungs has when each is reached.`,
      caption: 'Dotted lines are the rungs of the ladder. What is above the chart is drawn at its edge.',
    }),
  ];
}

/** Where the present burn leads, up to the top of the chart; a burn that is not known leads nowhere. */
function projection(
  { spendUsd, growthUsdPerHour }: BudgetReport,
  { nowMs, endMs, top }: { readonly nowMs: number; readonly endMs: number; readonly top: number },
): LineChart['lines'] {
  if (spendUsd === undefined || growthUsdPerHour === undefined) return [];
  const projected = spendUsd.expected + (growthUsdPerHour.expected * (endMs - nowMs)) / HOUR_MS;
  const reachTopMs =
    projected <= top
      ? endMs
      : nowMs + ((endMs - nowMs) * (top - spendUsd.expected)) / (projected - spendUsd.expected);
  return [
    {
      ...{ tone: 'blue', dashed: true },
      points: [
        { atMs: nowMs, value: spendUsd.expected },
        { atMs: reachTopMs, value: Math.min(projected, top) },
      ],
    },
  ];
}

function rungTable({ rungs = [] }: BudgetReport): Markup {
  return sortableTable({
    caption: 'When each rung is reached',
    rows: rungs,
    empty: 'The policy has no ladder.',
    columns: [
      {
        title: 'Rung',
        kind: 'text',
        cell: ({ at, do: action }) => inlineText(`${percentText(at)}: ${action}`),
      },
      { title: 'At', kind: 'number', cell: ({ usd }) => figure(usd, usdText(usd)), key: ({ usd }) => usd },
      { title: 'Reached, expected', kind: 'text', cell: ({ when }) => whenText(when) },
      { title: 'At the earliest', kind: 'text', cell: ({ earliest }) => whenText(earliest) },
    ],
  });
}

function whenText(when: string): string {
  return Number.isNaN(Date.parse(when)) ? when : momentText(when);
}
