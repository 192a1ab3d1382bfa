import { addUsd, NO_USD, type UsdRange } from '../../../shared/prices/money.ts';
import type { BodyParts } from '../../../shared/run/http/stream-body.ts';
import type { Gap } from '../../../shared/run/receipt.ts';
import { csvFailure, csvHeader, csvRows, type CsvTable } from './csv.ts';
import type { EgressReport, Headline } from './report.ts';

/** One project of the scope: its report, or why there is none. */
export type ProjectResult =
  | { readonly project: string; readonly report: EgressReport }
  | { readonly project: string; readonly report: undefined; readonly why: string };

/** What is known of a scope report before any of its projects is. */
export interface ScopeHead {
  readonly generatedAt: string;
  readonly window: EgressReport['window'];
  /** The projects, in the order in which they come. */
  readonly scope: readonly string[];
  /** Of the scope, what could not be listed. */
  readonly incomplete: readonly Gap[];
  /** Says which price books are older than 90 days; absent where none is. */
  readonly oldPrices?: string;
}

/** All projects that have a report together. */
export interface ScopeTotal extends Headline {
  readonly projects: number;
  readonly reported: number;
  readonly findings: number;
  readonly failed: readonly { readonly project: string; readonly why: string }[];
}

export const NO_TOTAL: ScopeTotal = {
  projects: 0,
  reported: 0,
  findings: 0,
  failed: [],
  usdPerMonth: NO_USD,
  likelyUsdPerMonth: NO_USD,
  previousUsdPerMonth: NO_USD,
  canBeSaved: { usdPerMonth: NO_USD, unpriced: 0 },
  bytes: 0,
  monthlyBytes: 0,
  unpriced: { lanes: 0, monthlyBytes: 0 },
};

/** The total with one more project. */
export function addProject(total: ScopeTotal, result: ProjectResult): ScopeTotal {
  const projects = total.projects + 1;
  if (result.report === undefined)
    return { ...total, projects, failed: [...total.failed, { project: result.project, why: result.why }] };
  const { headline, findings } = result.report;
  const usd = (of: (one: Headline) => UsdRange): UsdRange => addUsd(of(total), of(headline));
  return {
    projects,
    reported: total.reported + 1,
    findings: total.findings + findings.length,
    failed: total.failed,
    usdPerMonth: usd((one) => one.usdPerMonth),
    likelyUsdPerMonth: usd((one) => one.likelyUsdPerMonth),
    previousUsdPerMonth:
      total.previousUsdPerMonth === null || headline.previousUsdPerMonth === null
        ? null
        : addUsd(total.previousUsdPerMonth, headline.previousUsdPerMonth),
    canBeSaved: {
      usdPerMonth: usd((one) => one.canBeSaved.usdPerMonth),
      unpriced: total.canBeSaved.unpriced + headline.canBeSaved.unpriced,
    },
    bytes: total.bytes + headline.bytes,
    monthlyBytes: total.monthlyBytes + headline.monthlyBytes,
    unpriced: {
      lanes: total.unpriced.lanes + headline.unpriced.lanes,
      monthlyBytes: total.unpriced.monthlyBytes + headline.unpriced.monthlyBytes,
    },
  };
}

/** One JSON object: what is known at the start, `projects` as they come, `total` in the end. */
export async function* scopeJson(head: ScopeHead, results: AsyncIterable<ProjectResult>): BodyParts {
  yield `${JSON.stringify(head).slice(0, -1)},"projects":[`;
  let total = NO_TOTAL;
  for await (const result of results) {
    const { report } = result;
    yield `${total.projects === 0 ? '' : ','}\n${JSON.stringify(report ?? { project: result.project, why: result.why })}`;
    total = addProject(total, result);
  }
  yield `\n],"total":${JSON.stringify(total)}}\n`;
}

/** One table over all projects; a project that could not be read is a row of kind `not-read`. */
export async function* scopeCsv(
  { incomplete }: ScopeHead,
  results: AsyncIterable<ProjectResult>,
  table: CsvTable,
): BodyParts {
  yield csvHeader(table);
  for (const { where, why } of incomplete) yield csvFailure(where, why, table);
  for await (const result of results)
    yield result.report === undefined
      ? csvFailure(result.project, result.why, table)
      : csvRows(result.report, table);
}
