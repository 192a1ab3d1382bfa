import { type Markup, tag } from '../../../shared/report/markup.ts';
import {
  bytesText,
  countText,
  figure,
  momentText,
  shareText,
  usdRangeFigure,
} from '../../../shared/report/numbers.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { resourceText } from '../../../shared/report/console-link.ts';
import { wholeText } from '../../../shared/report/text.ts';
import { laneName, markLabel } from './lane-table.ts';
import type { EgressReport, Lane, Talker } from './report.ts';
import { LANE_KINDS } from './wording.ts';

interface TalkerRow {
  readonly talker: Talker;
  readonly lane: Lane;
}

export function talkerTable({ lanes }: EgressReport): Markup {
  return sortableTable<TalkerRow>({
    caption: 'The machines and buckets that send most on each lane',
    rows: lanes
      .flatMap((lane) => lane.topTalkers.map((talker) => ({ talker, lane })))
      .sort((a, b) => b.talker.bytes - a.talker.bytes),
    sortedBy: 'Metered',
    empty: 'No machine or bucket sent anything.',
    columns: [
      {
        title: 'Resource',
        kind: 'text',
        key: ({ talker }) => talker.resource,
        cell: ({ talker }) => resourceText(talker.resource),
      },
      {
        title: 'Metered',
        kind: 'number',
        key: ({ talker }) => talker.bytes,
        cell: ({ talker }) => figure(talker.bytes, bytesText(talker.bytes)),
      },
      {
        title: 'Of its lane',
        kind: 'number',
        key: ({ talker }) => talker.share,
        cell: ({ talker }) => figure(talker.share, shareText(talker.share)),
      },
      {
        title: 'Lane',
        kind: 'text',
        wide: true,
        key: ({ lane }) => `${lane.from} ${lane.to}`,
        cell: ({ lane }) => [
          laneName(lane),
          tag(
            'small',
            {},
            LANE_KINDS[lane.kind].text,
            lane.talkers > lane.topTalkers.length ? `, ${countText(lane.talkers)} in all` : undefined,
          ),
        ],
      },
    ],
  });
}

export function stepTable({ series }: EgressReport): Markup {
  return tag(
    'details',
    {},
    tag('summary', {}, 'These charts as a table'),
    sortableTable({
      caption: 'Cost and traffic of each step',
      rows: series.steps,
      id: ({ start }) => start,
      empty: 'There are no steps.',
      columns: [
        { title: 'From', kind: 'text', key: ({ start }) => start, cell: ({ start }) => momentText(start) },
        { title: 'To', kind: 'text', key: ({ end }) => end, cell: ({ end }) => momentText(end) },
        { title: 'USD', kind: 'number', key: ({ usd }) => usd.high, cell: ({ usd }) => usdRangeFigure(usd) },
        {
          title: 'Traffic',
          kind: 'number',
          key: ({ bytes }) => bytes,
          cell: ({ bytes }) => figure(bytes, bytesText(bytes)),
        },
      ],
    }),
  );
}

export function priceTable({ prices }: EgressReport): Markup {
  return sortableTable({
    caption: 'Rows of the price book that this report used',
    rows: prices.rows,
    id: ({ id }) => id,
    empty: 'No price was used.',
    columns: [
      { title: 'What', kind: 'text', cell: ({ what }) => wholeText(what) },
      { title: 'USD a GiB', kind: 'text', cell: ({ usdPerGib }) => usdPerGib },
      {
        title: 'How far verified',
        kind: 'text',
        key: ({ mark }) => mark,
        cell: ({ mark }) => markLabel(mark),
      },
      { title: 'Source', kind: 'text', wide: true, cell: ({ source }) => wholeText(source) },
    ],
  });
}
