import type { Mark } from '../../../shared/prices/mark.ts';
import { type Child, type Markup, tag } from '../../../shared/report/markup.ts';
import { bytesText, figure, shareText, usdRangeFigure } from '../../../shared/report/numbers.ts';
import { label } from '../../../shared/report/page-parts.ts';
import { sortableTable, type TableColumn } from '../../../shared/report/sortable-table.ts';
import { inlineText, wholeText } from '../../../shared/report/text.ts';
import type { EgressReport, Lane } from './report.ts';
import { LANE_KINDS } from './wording.ts';
import type { UsdPerMonth } from '../../../shared/prices/money.ts';

function costCell(usd: UsdPerMonth): Child {
  return usd === 'unpriced' ? label('unpriced', 'warn') : usdRangeFigure(usd);
}

function highOf(usd: UsdPerMonth): number | undefined {
  return usd === 'unpriced' ? undefined : usd.high;
}

export function laneName({ from, to, kind }: Lane): Child {
  return kind === 'small-lanes' ? inlineText(from) : [inlineText(from), ' → ', inlineText(to)];
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
    title: 'Traffic a month',
    kind: 'number',
    key: ({ monthlyBytes }) => monthlyBytes,
    cell: ({ monthlyBytes, bytesShare }) => [
      figure(monthlyBytes, bytesText(monthlyBytes)),
      tag('small', {}, figure(bytesShare, shareText(bytesShare)), ' of all'),
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
    cell: ({ pricing, mark, bounds }) => [
      wholeText(pricing),
      mark === 'memory' || mark === 'third-party' ? [' ', markLabel(mark)] : undefined,
      bounds === null ? undefined : tag('small', {}, wholeText(bounds)),
    ],
  },
];

export function laneTable({ lanes }: EgressReport): Markup {
  return sortableTable<Lane>({
    caption: 'Lanes with their cost and traffic',
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
