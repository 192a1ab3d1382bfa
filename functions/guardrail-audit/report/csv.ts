import { writeCsv, type CsvColumn } from '../../../shared/report/csv.ts';
import type { AuditReport, Finding, RuleResult } from './report.ts';

type Row =
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'not-evaluable'; readonly result: RuleResult };

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
    of(row.kind === 'finding' ? row.finding : row.result);

const COLUMNS: readonly CsvColumn<Row>[] = [
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'mistake', value: ofFinding(({ mistake }) => mistake) },
  { name: 'rule', value: ofBoth(({ rule }) => rule) },
  { name: 'cis', value: ofBoth(({ cis }) => cis) },
  { name: 'severity', value: ofBoth(({ severity }) => severity) },
  { name: 'resource', value: ofFinding(({ resource }) => resource) },
  { name: 'place', value: ofFinding(({ place }) => place) },
  {
    name: 'detail',
    value: (row) => (row.kind === 'finding' ? row.finding.detail : row.result.gaps.join('; ')),
  },
  { name: 'usd_per_month_low', value: (row) => amount(row, 'low') },
  { name: 'usd_per_month_high', value: (row) => amount(row, 'high') },
  { name: 'unpriced', value: (row) => row.kind === 'finding' && row.finding.usdPerMonth === 'unpriced' },
  {
    name: 'commands',
    value: (row) => (row.kind === 'finding' ? row.finding.commands.join('\n') : row.result.remedy),
  },
  { name: 'fingerprint', value: ofFinding(({ fingerprint }) => fingerprint) },
];

/** One line a finding, and one for each rule that could not be evaluated; each says which price books are old. */
export function auditCsv({ findings, mistakes, oldPrices }: AuditReport): string {
  const unknown = mistakes.flatMap(({ rules }) => rules.filter(({ status }) => status === 'not-evaluable'));
  return writeCsv(
    [...COLUMNS, { name: 'old_prices', value: () => oldPrices ?? null }],
    [
      ...findings.map((finding): Row => ({ kind: 'finding', finding })),
      ...unknown.map((result): Row => ({ kind: 'not-evaluable', result })),
    ],
  );
}
