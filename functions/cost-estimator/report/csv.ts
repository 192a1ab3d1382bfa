import { isPriced, type Price } from '../../../shared/prices/price.ts';
import { writeCsv, type CsvColumn, type CsvValue } from '../../../shared/report/csv.ts';
import type { CsvTable } from '../config.ts';
import type { EstimateReport, FitReport, Report } from '../decide.ts';
import type { Line } from '../estimate/lines.ts';
import type { Tier } from '../fit/tiers.ts';
import { waysOf, type Way } from './comparison.ts';
import { tiersOf } from './fit-tiers.ts';

/** One table of the answer as CSV: the numbers of the JSON. What has no price has empty bounds and says `unpriced`. */
export function reportCsv(report: Report, table: CsvTable): string {
  if (report.kind === 'fit') return tiersCsv(report);
  return table === 'comparison' ? comparisonCsv(report) : linesCsv(report);
}

function bounds<Row>(name: string, priceOf: (row: Row) => Price | undefined): readonly CsvColumn<Row>[] {
  const bound = (row: Row, which: 'low' | 'high'): CsvValue => {
    const price = priceOf(row);
    if (price === undefined) return null;
    return isPriced(price) ? price.usd[which] : which === 'low' ? (price.atLeastUsd ?? null) : null;
  };
  return [
    { name: `${name}Low`, value: (row) => bound(row, 'low') },
    { name: `${name}High`, value: (row) => bound(row, 'high') },
  ];
}

function about<Row>({ oldPrices }: Report, priceOf: (row: Row) => Price): readonly CsvColumn<Row>[] {
  const text = (row: Row, of: 'source' | 'asOf' | 'mark'): CsvValue => {
    const price = priceOf(row);
    return isPriced(price) ? price[of] : null;
  };
  return [
    { name: 'priced', value: (row) => (isPriced(priceOf(row)) ? 'priced' : 'unpriced') },
    { name: 'asOf', value: (row) => text(row, 'asOf') },
    { name: 'mark', value: (row) => text(row, 'mark') },
    { name: 'source', value: (row) => text(row, 'source') },
    {
      name: 'note',
      value: (row) => {
        const price = priceOf(row);
        return isPriced(price) ? (price.note ?? null) : price.why;
      },
    },
    // A file that goes from hand to hand says it in every row.
    { name: 'oldPrices', value: () => oldPrices ?? null },
  ];
}

function linesCsv(report: EstimateReport): string {
  const columns: readonly CsvColumn<Line>[] = [
    { name: 'resource', value: ({ resource }) => resource },
    { name: 'kind', value: ({ kind }) => kind },
    { name: 'what', value: ({ what }) => what },
    ...bounds<Line>('usdPerHour', ({ perHour }) => perHour),
    ...bounds<Line>('usdPerRun', ({ perRun }) => perRun),
    ...bounds<Line>('usdPerDay', ({ perDay }) => perDay),
    ...bounds<Line>('usdPerMonth', ({ perMonth }) => perMonth),
    { name: 'formula', value: ({ formula }) => formula },
    ...about<Line>(report, ({ perRun }) => perRun),
  ];
  return writeCsv(columns, report.chosen.lines);
}

function comparisonCsv(report: EstimateReport): string {
  const columns: readonly CsvColumn<Way>[] = [
    { name: 'what', value: ({ what }) => what },
    { name: 'where', value: ({ where }) => where },
    ...bounds<Way>('usdPerHour', ({ perHour }) => perHour),
    ...bounds<Way>('usdPerRun', ({ perRun }) => perRun),
    { name: 'about', value: ({ about: text }) => text },
    ...about<Way>(report, ({ perRun }) => perRun),
  ];
  return writeCsv(columns, waysOf(report));
}

function tiersCsv(report: FitReport): string {
  const columns: readonly CsvColumn<Tier>[] = [
    { name: 'machineType', value: ({ machineType }) => machineType },
    { name: 'gpu', value: ({ gpu }) => gpu },
    { name: 'gpusPerNode', value: ({ gpusPerNode }) => gpusPerNode },
    { name: 'nodes', value: ({ nodes }) => nodes },
    { name: 'verdict', value: ({ verdict }) => verdict },
    { name: 'soldOnDemand', value: ({ soldOnDemand }) => soldOnDemand },
    { name: 'lowBytes', value: ({ memory }) => memory.lowBytes },
    { name: 'expectedBytes', value: ({ memory }) => memory.expectedBytes },
    { name: 'upperBytes', value: ({ memory }) => memory.upperBytes },
    { name: 'usableMibPerGpu', value: ({ usableMibPerGpu }) => usableMibPerGpu },
    ...bounds<Tier>('usdPerHour', ({ usdPerHour }) => usdPerHour),
    { name: 'runHoursLow', value: ({ run }) => run?.hours.low ?? null },
    { name: 'runHoursHigh', value: ({ run }) => run?.hours.high ?? null },
    ...bounds<Tier>('usdPerRun', ({ run }) => run?.usd),
    ...about<Tier>(report, ({ usdPerHour }) => usdPerHour),
  ];
  return writeCsv(columns, tiersOf(report));
}
