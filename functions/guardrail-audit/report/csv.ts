import { writeCsv, type CsvColumn } from '../../../shared/report/csv.ts';
import type { AuditReport, Finding, RuleResult } from './report.ts';

type Row = { readonly project: string; readonly oldPrices?: string | undefined } & (
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'not-evaluable'; readonly result: RuleResult }
  | { readonly kind: 'not-audited'; readonly why: string }
);

const amount = (row: Row, bound: 'low' | 'high'): number | null => {
  const usd = row.kind === 'finding' ? row.finding.usdPerMonth : null;
  return usd === null || usd === 'unpriced' ? null : usd[bound];
};
const ofFinding =
  (of: (finding: Finding) => string | null): CsvColumn<Row>['value'] =>
  (row) =>
    row.kind === 'finding' ? of(row.finding) : null;
const ofBoth =
  (of: (one: Finding | RuleResult) => string | null): CsvColumn<Row>['value'] =>
  (row) =>
    row.kind === 'not-audited' ? null : of(row.kind === 'finding' ? row.finding : row.result);

function detailOf(row: Row): string {
  switch (row.kind) {
    case 'finding':
      return row.finding.detail;
    case 'not-evaluable':
      return row.result.gaps.join('; ');
    case 'not-audited':
      return row.why;
  }
}

function commandsOf(row: Row): string | null {
  if (row.kind === 'not-audited') return null;
  return row.kind === 'finding' ? row.finding.commands.join('\n') : row.result.remedy;
}

const COLUMNS: readonly CsvColumn<Row>[] = [
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'project', value: ({ project }) => project },
  { name: 'mistake', value: ofFinding(({ mistake }) => mistake) },
  { name: 'rule', value: ofBoth(({ rule }) => rule) },
  { name: 'cis', value: ofBoth(({ cis }) => cis) },
  { name: 'severity', value: ofBoth(({ severity }) => severity) },
  { name: 'resource', value: ofFinding(({ resource }) => resource) },
  { name: 'place', value: ofFinding(({ place }) => place) },
  { name: 'detail', value: detailOf },
  { name: 'usd_per_month_low', value: (row) => amount(row, 'low') },
  { name: 'usd_per_month_high', value: (row) => amount(row, 'high') },
  { name: 'unpriced', value: (row) => row.kind === 'finding' && row.finding.usdPerMonth === 'unpriced' },
  { name: 'commands', value: commandsOf },
  { name: 'fingerprint', value: ofFinding(({ fingerprint }) => fingerprint) },
  { name: 'old_prices', value: ({ oldPrices }) => oldPrices ?? null },
];

/** One line a finding, and one for each rule that could not be evaluated; each says which price books are old. */
export function auditCsv(report: AuditReport): string {
  return `${csvHeader()}${csvOfReport(report)}`;
}

export function csvHeader(): string {
  return writeCsv(COLUMNS, []);
}

/** Without the header. */
export function csvOfReport({ project, findings, mistakes, oldPrices }: AuditReport): string {
  const unknown = mistakes.flatMap(({ rules }) => rules.filter(({ status }) => status === 'not-evaluable'));
  return rowsOf([
    ...findings.map((finding): Row => ({ kind: 'finding', project, oldPrices, finding })),
    ...unknown.map((result): Row => ({ kind: 'not-evaluable', project, oldPrices, result })),
  ]);
}

/** The row of a project, or of a part of the scope, that was not audited. */
export function csvOfFailure(project: string, why: string): string {
  return rowsOf([{ kind: 'not-audited', project, why }]);
}

function rowsOf(rows: readonly Row[]): string {
  return writeCsv(COLUMNS, rows).slice(csvHeader().length);
}
