import type { Mark } from '../../../shared/prices/mark.ts';
import { type Child, type Markup, tag } from '../../../shared/report/markup.ts';
import {
  bytesText,
  countText,
  figure,
  shareText,
  usdRangeFigure,
  usdRangeText,
} from '../../../shared/report/numbers.ts';
import { label } from '../../../shared/report/page-parts.ts';
import { sortableTable, type TableColumn } from '../../../shared/report/sortable-table.ts';
import { inlineText, wholeText } from '../../../shared/report/text.ts';
import type { EgressReport, Known, Lane } from './report.ts';
import { LANE_KINDS } from './wording.ts';
import type { UsdPerMonth, UsdRange } from '../../../shared/prices/money.ts';
import { GIB } from '../../../shared/prices/quantities.ts';

function costCell(usd: UsdPerMonth): Child {
  return usd === 'unpriced' ? label('unpriced', 'warn') : usdRangeFigure(usd);
}

function highOf(usd: UsdPerMonth): number | undefined {
  return usd === 'unpriced' ? undefined : usd.high;
}

export function laneName({ from, to, kind }: Lane): Child {
  return kind === 'small-lanes' ? inlineText(from) : [inlineText(from), ' → ', inlineText(to)];
}

/** The price times the quantity that make the cost. */
function productText(monthlyBytes: number, { low, high }: UsdRange): string {
  const rate = low === high ? rateText(high) : `${rateText(low)} to ${rateText(high)}`;
  return `${countText(Number((monthlyBytes / GIB).toPrecision(4)))} GiB × ${rate} USD`;
}

/** How far the cost of a lane is known, where it is not all certain. */
function knownText(known: Known): Child {
  const parts = (['certain', 'likely', 'unknown'] as const).flatMap((name) => {
    const { monthlyBytes, usdPerMonth } = known[name];
    if (monthlyBytes < 1) return [];
    const cost = usdPerMonth === 'unpriced' ? usdPerMonth : usdRangeText(usdPerMonth);
    return [`${name}: ${cost} for ${bytesText(monthlyBytes)}`];
  });
  return known.likely.monthlyBytes < 1 ? undefined : tag('small', { class: 'known' }, parts.join('; '));
}

function rateText(usd: number): string {
  return String(Number(usd.toPrecision(3)));
}

const LANE_COLUMNS: readonly TableColumn<Lane>[] = [
  {
    title: 'Lane',
    kind: 'text',
    key: ({ from, to }) => `${from} ${to}`,
    cell: (lane) => [
      laneName(lane),
      tag('small', {}, LANE_KINDS[lane.kind].text, lane.tier === null ? undefined : `, ${lane.tier} tier`),
    ],
  },
  {
    title: 'USD a month',
    kind: 'number',
    key: ({ usdPerMonth }) => highOf(usdPerMonth),
    cell: ({ usdPerMonth, costShare }) => [
      costCell(usdPerMonth),
      costShare === null ? undefined : tag('small', {}, figure(costShare, shareText(costShare)), ' of all'),
    ],
  },
  {
    title: 'The period before',
    kind: 'number',
    key: ({ previous }) => (previous === null ? undefined : highOf(previous.usdPerMonth)),
    cell: ({ previous }) =>
      previous === null
        ? 'not kept'
        : [
            costCell(previous.usdPerMonth),
            tag('small', {}, figure(previous.bytes, bytesText(previous.bytes))),
          ],
  },
  {
    title: 'Traffic a month',
    kind: 'number',
    key: ({ monthlyBytes }) => monthlyBytes,
    cell: ({ monthlyBytes, bytesShare }) => [
      figure(monthlyBytes, bytesText(monthlyBytes)),
      bytesShare === 0
        ? tag('small', {}, 'counted in other lanes')
        : tag('small', {}, figure(bytesShare, shareText(bytesShare)), ' of all'),
    ],
  },
  {
    title: 'Metered',
    kind: 'number',
    key: ({ bytes }) => bytes,
    cell: ({ bytes }) => figure(bytes, bytesText(bytes)),
  },
  {
    title: 'How it is priced',
    kind: 'text',
    wide: true,
    cell: ({ pricing, mark, bounds, monthlyBytes, usdPerGib, known }) => [
      usdPerGib === null ? undefined : tag('p', { class: 'product' }, productText(monthlyBytes, usdPerGib)),
      wholeText(pricing),
      mark === 'memory' || mark === 'third-party' ? [' ', markLabel(mark)] : undefined,
      bounds === null ? undefined : tag('small', {}, wholeText(bounds)),
      knownText(known),
    ],
  },
];

export function laneTable({ lanes }: EgressReport, caption = 'Lanes with their cost and traffic'): Markup {
  return sortableTable<Lane>({
    caption,
    rows: lanes,
    id: ({ id }) => id,
    sortedBy: 'USD a month',
    empty: 'No lane carried traffic.',
    columns: LANE_COLUMNS,
  });
}

export function markLabel(mark: Mark): Markup {
  if (mark === 'memory') return label('not verified', 'warn');
  return label(mark === 'third-party' ? 'third-party source' : mark);
}
