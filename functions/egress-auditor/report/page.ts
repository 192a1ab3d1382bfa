import {
  bytesText,
  countText,
  dayText,
  figure,
  momentText,
  shareText,
  usdRangeFigure,
  usdText,
} from '../../../shared/report/numbers.ts';
import { tag, type Child, type Markup } from '../../../shared/report/markup.ts';
import {
  commandBlock,
  emptyState,
  factList,
  headline,
  label,
  notice,
  shortList,
  textList,
} from '../../../shared/report/page-parts.ts';
import { renderPage, type Html } from '../../../shared/report/page.ts';
import type { Mark } from '../../../shared/price-book.ts';
import { inlineText, sentence, wholeText } from '../../../shared/report/text.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { costByStep, laneFlows, trafficByStep } from './charts.ts';
import type { EgressReport, Finding, Lane, Talker, UsdPerMonth } from './report.ts';
import { FINDING_KINDS, LANE_KINDS } from './wording.ts';

/** The report as a page for people. */
export function renderReportPage(report: EgressReport): Html {
  const { project, window, prices, generatedAt } = report;
  return renderPage({
    kind: 'egress report',
    title: `Where the egress money of ${project} goes`,
    subtitle: `${momentText(window.start)} to ${momentText(window.end)}`,
    top: topOf(report),
    sections: [
      {
        id: 'findings',
        title: 'Findings',
        lead: 'Placement mistakes behind the cost, the most expensive first, each with the command that mends it. What two of them save may be the same money.',
        content:
          report.findings.length === 0
            ? [emptyState(noFindings(report))]
            : report.findings.map((finding) => findingCard(finding)),
      },
      { id: 'flows', title: 'From where to where', content: [laneFlows(report)] },
      {
        id: 'days',
        title: window.hours >= 48 ? 'Day by day' : 'Over time',
        content: [
          tag('div', { class: 'pair' }, costByStep(report), trafficByStep(report)),
          stepTable(report),
        ],
      },
      { id: 'lanes', title: 'Lanes', content: [laneTable(report)] },
      {
        id: 'talkers',
        title: 'Top talkers',
        lead: 'Of each lane at most five machines or buckets, the largest first.',
        content: [talkerTable(report)],
      },
      {
        id: 'prices',
        title: 'Prices used',
        lead: `From the price book of ${dayText(prices.asOf)}, in USD; discounts are not in it.`,
        content: [priceTable(report)],
      },
    ],
    footer: `Made at ${momentText(generatedAt)} from ${countText(callsOf(report))} calls to Google Cloud. The same report as JSON or CSV: ask for format=json or format=csv.`,
  });
}

function callsOf({ apiCalls }: EgressReport): number {
  return Object.values(apiCalls).reduce((sum, calls) => sum + calls, 0);
}

function topOf(report: EgressReport): readonly Markup[] {
  const { headline: sums, incomplete, notes, window, lanes, findings } = report;
  const [dearest] = findings;
  return [
    headline(amountOf(report), aboutAmount(report), [
      {
        label: 'Traffic a month',
        value: figure(sums.monthlyBytes, bytesText(sums.monthlyBytes)),
        note: [figure(sums.bytes, bytesText(sums.bytes)), ` metered in ${countText(window.hours)} h`],
      },
      {
        label: 'Lanes',
        value: figure(lanes.length, countText(lanes.length)),
        note:
          sums.unpriced.lanes === 0
            ? 'all of them priced'
            : label(`${countText(sums.unpriced.lanes)} unpriced`, 'warn'),
      },
      {
        label: 'Findings',
        value: figure(findings.length, countText(findings.length)),
        ...(dearest === undefined || dearest.usdPerMonth === 'unpriced'
          ? {}
          : { note: `the first saves up to ${usdText(dearest.usdPerMonth.high)} a month` }),
      },
    ]),
    ...(incomplete.length === 0
      ? []
      : [
          notice(
            'warn',
            'This report is partial',
            `${incomplete.length === 1 ? 'One part' : `${incomplete.length} parts`} could not be read. What is missing is not in any number below: the true traffic and cost are higher than shown, or equal.`,
            incomplete.map(({ where, why }) => `${where}: ${why}`),
          ),
        ]),
    ...(notes.length === 0 ? [] : [notice('plain', 'How to read these numbers', undefined, notes)]),
  ];
}

/** What the headline says; a sum that knows nothing is not written as zero dollars. */
function amountOf({ headline: { usdPerMonth, unpriced }, lanes, incomplete }: EgressReport): Child {
  if (usdPerMonth.high === 0 && unpriced.lanes > 0) return 'unpriced';
  if (lanes.length === 0 && incomplete.length > 0) return 'unknown';
  return usdRangeFigure(usdPerMonth);
}

function aboutAmount(report: EgressReport): Child {
  const { window, lanes, incomplete, headline: sums } = report;
  if (lanes.length === 0)
    return incomplete.length > 0
      ? 'No traffic could be read.'
      : `No traffic was metered in the ${window.asked} of this report.`;
  const left =
    sums.unpriced.lanes === 0
      ? ''
      : ` ${sums.unpriced.lanes === 1 ? 'One lane has' : `${sums.unpriced.lanes} lanes have`} no price and ${sums.unpriced.lanes === 1 ? 'is' : 'are'} not in it: ${bytesText(sums.unpriced.monthlyBytes)} a month.`;
  return `a month at list prices, projected from ${window.asked} (× ${countText(window.monthFactor)}).${left}`;
}

function noFindings({ incomplete }: EgressReport): string {
  return incomplete.length === 0
    ? 'No placement mistake was found.'
    : 'No placement mistake was found in what could be read. There may be some in the rest.';
}

function findingCard(finding: Finding): Markup {
  const { id, kind, title, certainty, resources, evidence, command } = finding;
  return tag(
    'article',
    { class: 'card finding', 'data-id': id },
    tag(
      'header',
      {},
      tag(
        'div',
        {},
        tag(
          'p',
          { class: 'tags' },
          label(FINDING_KINDS[kind]),
          certainty === 'likely' ? label('likely', 'warn') : label('measured'),
        ),
        tag('h3', {}, sentence(title)),
      ),
      savingOf(finding),
    ),
    factList([
      ...Object.entries(evidence).map(([name, value]) => [name, evidenceOf(name, value)] as const),
      [resources.length === 1 ? 'resource' : 'resources', textList(resources)],
    ]),
    commandBlock(command, `mends "${FINDING_KINDS[kind]}"`),
  );
}

function savingOf({ usdPerMonth }: Finding): Markup {
  if (usdPerMonth === 'unpriced')
    return tag('p', { class: 'saving none' }, 'unpriced', tag('small', {}, 'what mending it saves'));
  return tag('p', { class: 'saving' }, usdRangeFigure(usdPerMonth), tag('small', {}, 'saved a month'));
}

function evidenceOf(name: string, value: Finding['evidence'][string]): Child {
  if (typeof value === 'string') return wholeText(value);
  if (typeof value !== 'number') return shortList(value);
  if (/bytes/i.test(name)) return figure(value, bytesText(value));
  if (/usd/i.test(name)) return figure(value, usdText(value));
  if (/share/i.test(name)) return figure(value, shareText(value));
  return figure(value, countText(value));
}

function costCell(usd: UsdPerMonth): Child {
  return usd === 'unpriced' ? label('unpriced', 'warn') : usdRangeFigure(usd);
}

function highOf(usd: UsdPerMonth): number | undefined {
  return usd === 'unpriced' ? undefined : usd.high;
}

function laneName({ from, to, kind }: Lane): Child {
  return kind === 'small-lanes' ? inlineText(from) : [inlineText(from), ' → ', inlineText(to)];
}

function laneTable({ lanes }: EgressReport): Markup {
  return sortableTable<Lane>({
    caption: 'Lanes with their cost and traffic',
    rows: lanes,
    id: ({ id }) => id,
    sortedBy: 'USD a month',
    empty: 'No lane carried traffic.',
    columns: [
      {
        title: 'Lane',
        kind: 'text',
        key: ({ from, to }) => `${from} ${to}`,
        cell: (lane) => [
          laneName(lane),
          tag(
            'small',
            {},
            LANE_KINDS[lane.kind].text,
            lane.tier === null ? undefined : `, ${lane.tier} tier`,
          ),
        ],
      },
      {
        title: 'USD a month',
        kind: 'number',
        key: ({ usdPerMonth }) => highOf(usdPerMonth),
        cell: ({ usdPerMonth, costShare }) => [
          costCell(usdPerMonth),
          costShare === null
            ? undefined
            : tag('small', {}, figure(costShare, shareText(costShare)), ' of all'),
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
    ],
  });
}

function markLabel(mark: Mark): Markup {
  if (mark === 'memory') return label('not verified', 'warn');
  return label(mark === 'third-party' ? 'third-party source' : mark);
}

interface TalkerRow {
  readonly talker: Talker;
  readonly lane: Lane;
}

function talkerTable({ lanes }: EgressReport): Markup {
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
        cell: ({ talker }) => wholeText(talker.resource),
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

function stepTable({ series }: EgressReport): Markup {
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

function priceTable({ prices }: EgressReport): Markup {
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
