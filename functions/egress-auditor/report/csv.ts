import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { writeCsv, type CsvColumn, type CsvValue } from '../../../shared/report/csv.ts';
import {
  laneKinds,
  type EgressReport,
  type Finding,
  type Headline,
  type Known,
  type Lane,
  type Step,
  type Talker,
} from './report.ts';
import type { UsdPerMonth } from '../../../shared/prices/money.ts';

/** A report is several tables, a CSV file one. */
export const csvTables = ['lanes', 'talkers', 'findings', 'steps', 'summary'] as const;

export type CsvTable = (typeof csvTables)[number];

/**
 * The table that a request names; the lanes when it names none.
 * @throws BadParameter for any other value.
 */
export function chooseTable(parameter: unknown): CsvTable {
  if (parameter === undefined) return 'lanes';
  const table = csvTables.find((name) => name === parameter);
  if (table === undefined) throw new BadParameter('table', parameter, csvTables.join(', '));
  return table;
}

/**
 * One table of the report as CSV. Numbers are those of the JSON answer. What has no price has empty amounts and
 * `unpriced` in the column beside them. What could not be read is a row too, of kind `not-read`, in every table: a file that
 * goes from hand to hand must not look complete when it is not. So does each row say which price books are old.
 */
export function reportCsv(report: CsvReport, table: CsvTable): string {
  switch (table) {
    case 'lanes':
      return tableCsv(laneColumns, report.lanes, report);
    case 'talkers':
      return tableCsv(
        talkerColumns,
        report.lanes.flatMap((lane) => lane.topTalkers.map((talker) => ({ talker, lane }))),
        report,
      );
    case 'findings':
      return tableCsv(findingColumns, report.findings, report);
    case 'steps':
      return tableCsv(stepColumns, report.series.steps, report);
    case 'summary':
      return tableCsv(summaryColumns, report.headline === undefined ? [] : [report.headline], report);
  }
}

/** What the tables are made of; a project without a report has none of it but what is incomplete. */
export type CsvReport = Pick<
  EgressReport,
  'project' | 'lanes' | 'findings' | 'series' | 'incomplete' | 'oldPrices'
> & { readonly headline?: EgressReport['headline'] };

/** The rows alone, for a file of several reports that has its header line already. */
export function csvRows(report: CsvReport, table: CsvTable): string {
  const text = reportCsv(report, table);
  return text.slice(text.indexOf('\r\n') + 2);
}

/** The header line alone. */
export function csvHeader(table: CsvTable): string {
  return reportCsv({ ...NOTHING, project: '' }, table);
}

/** A project that could not be reported on, as a row of every table. */
export function csvFailure(project: string, why: string, table: CsvTable): string {
  return csvRows({ ...NOTHING, project, incomplete: [{ where: `projects/${project}`, why }] }, table);
}

const NOTHING = { lanes: [], findings: [], series: { stepHours: 24, steps: [] }, incomplete: [] } as const;

/** A column, and what a part that could not be read has in it. */
interface Column<Row> extends CsvColumn<Row> {
  readonly ofGap?: 'kind' | 'where' | 'why';
}

function tableCsv<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { project, incomplete, oldPrices }: CsvReport,
): string {
  const lines = [
    ...rows.map((row) => columns.map(({ value }) => value(row))),
    ...incomplete.map((gap) =>
      columns.map(({ ofGap }) => (ofGap === undefined ? null : ofGap === 'kind' ? 'not-read' : gap[ofGap])),
    ),
  ];
  return writeCsv<readonly CsvValue[]>(
    [
      { name: 'project', value: () => project },
      ...columns.map(({ name }, at) => ({ name, value: (line: readonly CsvValue[]) => line[at] ?? null })),
      { name: 'oldPrices', value: () => oldPrices ?? null },
    ],
    lines,
  );
}

function boundOf(usd: UsdPerMonth | null | undefined, which: 'low' | 'high'): CsvValue {
  return usd === undefined || usd === null || usd === 'unpriced' ? null : usd[which];
}

function usdColumns<Row>(usdOf: (row: Row) => UsdPerMonth): readonly Column<Row>[] {
  return [
    { name: 'usdPerMonthLow', value: (row) => boundOf(usdOf(row), 'low') },
    { name: 'usdPerMonthHigh', value: (row) => boundOf(usdOf(row), 'high') },
    { name: 'priced', value: (row) => (usdOf(row) === 'unpriced' ? 'unpriced' : 'priced') },
  ];
}

/** A part of a lane: its monthly bytes and what they cost at the least and at the most; empty without a price. */
function knownColumns(part: keyof Known): readonly Column<Lane>[] {
  return [
    { name: `${part}MonthlyBytes`, value: ({ known }) => known[part].monthlyBytes },
    { name: `${part}UsdLow`, value: ({ known }) => boundOf(known[part].usdPerMonth, 'low') },
    { name: `${part}UsdHigh`, value: ({ known }) => boundOf(known[part].usdPerMonth, 'high') },
  ];
}

const laneColumns: readonly Column<Lane>[] = [
  { name: 'id', value: ({ id }) => id },
  { name: 'kind', value: ({ kind }) => kind, ofGap: 'kind' },
  { name: 'from', value: ({ from }) => from, ofGap: 'where' },
  { name: 'to', value: ({ to }) => to },
  { name: 'tier', value: ({ tier }) => tier },
  { name: 'bytes', value: ({ bytes }) => bytes },
  { name: 'monthlyBytes', value: ({ monthlyBytes }) => monthlyBytes },
  ...usdColumns<Lane>(({ usdPerMonth }) => usdPerMonth),
  { name: 'usdPerGibLow', value: ({ usdPerGib }) => usdPerGib?.low ?? null },
  { name: 'usdPerGibHigh', value: ({ usdPerGib }) => usdPerGib?.high ?? null },
  { name: 'previousBytes', value: ({ previous }) => previous?.bytes ?? null },
  { name: 'previousUsdLow', value: ({ previous }) => boundOf(previous?.usdPerMonth, 'low') },
  { name: 'previousUsdHigh', value: ({ previous }) => boundOf(previous?.usdPerMonth, 'high') },
  ...knownColumns('certain'),
  ...knownColumns('likely'),
  ...knownColumns('unknown'),
  { name: 'bytesShare', value: ({ bytesShare }) => bytesShare },
  { name: 'costShare', value: ({ costShare }) => costShare },
  { name: 'talkers', value: ({ talkers }) => talkers },
  { name: 'mark', value: ({ mark }) => mark },
  { name: 'pricing', value: ({ pricing }) => pricing, ofGap: 'why' },
  { name: 'bounds', value: ({ bounds }) => bounds },
];

interface TalkerRow {
  readonly talker: Talker;
  readonly lane: Lane;
}

const talkerColumns: readonly Column<TalkerRow>[] = [
  { name: 'laneId', value: ({ lane }) => lane.id },
  { name: 'laneKind', value: ({ lane }) => lane.kind, ofGap: 'kind' },
  { name: 'resource', value: ({ talker }) => talker.resource, ofGap: 'where' },
  { name: 'bytes', value: ({ talker }) => talker.bytes },
  { name: 'share', value: ({ talker }) => talker.share },
  { name: 'remark', value: () => null, ofGap: 'why' },
];

const findingColumns: readonly Column<Finding>[] = [
  { name: 'id', value: ({ id }) => id },
  { name: 'kind', value: ({ kind }) => kind, ofGap: 'kind' },
  { name: 'title', value: ({ title }) => title, ofGap: 'where' },
  { name: 'certainty', value: ({ certainty }) => certainty },
  ...usdColumns<Finding>(({ usdPerMonth }) => usdPerMonth),
  { name: 'lanes', value: ({ lanes }) => lanes.join('\n') },
  { name: 'resources', value: ({ resources }) => resources.join('\n') },
  { name: 'evidence', value: ({ evidence }) => JSON.stringify(evidence), ofGap: 'why' },
  { name: 'command', value: ({ command }) => command },
];

const stepColumns: readonly Column<Step>[] = [
  { name: 'kind', value: () => 'step', ofGap: 'kind' },
  { name: 'start', value: ({ start }) => start },
  { name: 'end', value: ({ end }) => end },
  { name: 'bytes', value: ({ bytes }) => bytes },
  { name: 'usdLow', value: ({ usd }) => usd.low },
  { name: 'usdHigh', value: ({ usd }) => usd.high },
  ...laneKinds
    .filter((kind) => kind !== 'small-lanes')
    .flatMap((kind): readonly Column<Step>[] => [
      { name: `${kind}:bytes`, value: ({ bytesByKind }) => bytesByKind[kind] ?? 0 },
      { name: `${kind}:usdLow`, value: ({ usdByKind }) => usdByKind[kind]?.low ?? 0 },
      { name: `${kind}:usdHigh`, value: ({ usdByKind }) => usdByKind[kind]?.high ?? 0 },
    ]),
  { name: 'where', value: () => null, ofGap: 'where' },
  { name: 'remark', value: () => null, ofGap: 'why' },
];

const summaryColumns: readonly Column<Headline>[] = [
  { name: 'kind', value: () => 'summary', ofGap: 'kind' },
  { name: 'usdPerMonthLow', value: ({ usdPerMonth }) => usdPerMonth.low },
  { name: 'usdPerMonthHigh', value: ({ usdPerMonth }) => usdPerMonth.high },
  { name: 'likelyUsdLow', value: ({ likelyUsdPerMonth }) => likelyUsdPerMonth.low },
  { name: 'likelyUsdHigh', value: ({ likelyUsdPerMonth }) => likelyUsdPerMonth.high },
  { name: 'previousUsdLow', value: ({ previousUsdPerMonth }) => boundOf(previousUsdPerMonth, 'low') },
  { name: 'previousUsdHigh', value: ({ previousUsdPerMonth }) => boundOf(previousUsdPerMonth, 'high') },
  { name: 'canBeSavedLow', value: ({ canBeSaved }) => canBeSaved.usdPerMonth.low },
  { name: 'canBeSavedHigh', value: ({ canBeSaved }) => canBeSaved.usdPerMonth.high },
  { name: 'canBeSavedUnpriced', value: ({ canBeSaved }) => canBeSaved.unpriced },
  { name: 'bytes', value: ({ bytes }) => bytes },
  { name: 'monthlyBytes', value: ({ monthlyBytes }) => monthlyBytes },
  { name: 'unpricedLanes', value: ({ unpriced }) => unpriced.lanes },
  { name: 'unpricedMonthlyBytes', value: ({ unpriced }) => unpriced.monthlyBytes },
  { name: 'where', value: () => null, ofGap: 'where' },
  { name: 'remark', value: () => null, ofGap: 'why' },
];
