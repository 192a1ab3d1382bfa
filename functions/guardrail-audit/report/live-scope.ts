import type { BodyParts } from '../../../shared/run/http/stream-body.ts';
import type { Gap } from '../../../shared/run/receipt.ts';
import { csvHeader, csvOfFailure, csvOfReport } from './csv.ts';
import type { AuditReport } from './report.ts';
import { sarifHead, sarifOfFailure, sarifRun } from './sarif.ts';
import { joinScope, type ScopeReport, type ScopeRow } from './scope.ts';

/** One project of a scope that was looked at anew: its report, or why there is none. Its row is kept for the totals. */
export type LiveResult =
  | { readonly row: ScopeRow; readonly report: AuditReport }
  | { readonly row: ScopeRow; readonly report?: undefined; readonly why: string };

/** What is known before any of the projects is. */
export interface LiveHead {
  readonly generatedAt: string;
  /** In the order in which they come. */
  readonly scope: readonly string[];
  /** Of the scope, what could not be listed. */
  readonly incomplete: readonly Gap[];
  readonly ownerLabel: string | undefined;
}

/** One object: the head, `projects` as they come, each the report of one project or `{project, why}`, and the totals in the end. */
export async function* liveJson(
  { ownerLabel, ...head }: LiveHead,
  results: AsyncIterable<LiveResult>,
): BodyParts {
  yield `${JSON.stringify(head).slice(0, -1)},"projects":[`;
  const rows: ScopeRow[] = [];
  for await (const result of results) {
    const shown = result.report ?? { project: result.row.project, why: result.why };
    yield `${rows.length === 0 ? '' : ','}\n${JSON.stringify(shown)}`;
    rows.push(result.row);
  }
  const { total, byFolder, byLabel, byOwner, mistakes } = joined({ ...head, ownerLabel }, rows);
  yield `\n],${JSON.stringify({ total, byFolder, byLabel, byOwner, mistakes }).slice(1)}\n`;
}

/** One table over all projects; one that was not audited is a row of kind `not-audited`. */
export async function* liveCsv({ incomplete }: LiveHead, results: AsyncIterable<LiveResult>): BodyParts {
  yield csvHeader();
  for (const { where, why } of incomplete) yield csvOfFailure(where, why);
  for await (const result of results)
    yield result.report === undefined
      ? csvOfFailure(result.row.project, result.why)
      : csvOfReport(result.report);
}

/** One log of SARIF with a run a project; that of one that was not audited did not succeed. */
export async function* liveSarif(
  { generatedAt, incomplete }: LiveHead,
  results: AsyncIterable<LiveResult>,
): BodyParts {
  yield `${JSON.stringify(sarifHead()).slice(0, -1)},"runs":[`;
  let separator = '\n';
  for (const { where, why } of incomplete) {
    yield `${separator}${JSON.stringify(sarifOfFailure(where, why, generatedAt))}`;
    separator = ',\n';
  }
  for await (const result of results) {
    const run =
      result.report === undefined
        ? sarifOfFailure(result.row.project, result.why, generatedAt)
        : sarifRun(result.report);
    yield `${separator}${JSON.stringify(run)}`;
    separator = ',\n';
  }
  yield '\n]}\n';
}

/** The page of the scope: its totals stand first, so that it is sent when the last project is done. */
export async function* livePage(head: LiveHead, results: AsyncIterable<LiveResult>): BodyParts {
  const rows: ScopeRow[] = [];
  for await (const { row } of results) rows.push(row);
  const { renderScopePage } = await import('./scope-page.ts');
  yield renderScopePage(joined(head, rows), 'now').text;
}

function joined({ generatedAt, ownerLabel, incomplete }: LiveHead, rows: readonly ScopeRow[]): ScopeReport {
  return joinScope(rows, { generatedAt, ownerLabel, incomplete });
}
