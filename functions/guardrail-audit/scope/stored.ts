import pMap from 'p-map';
import { formatHeaders, type AnswerFormat } from '../../../shared/report/formats.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { HttpAnswer } from '../../../shared/run/handle-request.ts';
import { requireSection } from '../../../shared/policy/policy.ts';
import { readProject } from '../gather/projects.ts';
import { readReceipt } from '../gather/receipts.ts';
import { isRead } from '../reading.ts';
import { joinScope, scopeRow, type ScopeReport } from '../report/scope.ts';
import { scopeCsv } from '../report/scope-csv.ts';
import { listScope } from './projects.ts';
import { trendSince } from './trend-since.ts';

const PROJECTS_AT_ONCE = 8;

/** Answers with {@link readScope}. */
export async function reportScope(context: EventContext, format: AnswerFormat): Promise<HttpAnswer> {
  return answer(await readScope(context), format);
}

export interface ScopeQuery {
  /** Receipts of runs before it do not count, in milliseconds since the epoch; absent for none. */
  readonly sinceMs?: number;
  /** Changes are told since the last audit before it, also where a later one was compared with, in milliseconds since the epoch. */
  readonly changesSinceMs?: number;
  /** Told of every reading that failed; the row of its project says so in any case. */
  readonly failed?: (error: unknown) => void;
}

/** The newest audit of every project in scope, from receipts: nothing is looked at anew. */
export async function readScope(
  context: EventContext,
  { sinceMs, changesSinceMs, failed = () => undefined }: ScopeQuery = {},
): Promise<ScopeReport> {
  const { runtime, api, policy, state } = context;
  const { projects, incomplete } = await listScope(context);
  const now = runtime.now();
  const maxAgeDays = requireSection(policy, 'audit').maxReceiptAgeDays;
  const rows = await pMap(
    projects,
    async (projectId) => {
      const look = { api, projectId, now, digestOf: String, failed };
      const source = {
        functionName: runtime.functionName,
        maxAgeDays,
        sinceMs,
        remedy: `npm run audit -- --project ${projectId}`,
      };
      const receipt = await readReceipt(look, state, source);
      const row = scopeRow(projectId, await readProject(look), receipt);
      if (row.audit === null || !isRead(receipt) || changesSinceMs === undefined) return row;
      const trend = await trendSince(look, state, receipt.value, {
        functionName: source.functionName,
        changesSinceMs,
      });
      return trend === undefined ? row : { ...row, audit: { ...row.audit, trend } };
    },
    { concurrency: PROJECTS_AT_ONCE },
  );
  return joinScope(rows, {
    generatedAt: now.toISOString(),
    ownerLabel: policy.notify?.ownerLabel,
    incomplete,
  });
}

async function answer(report: ScopeReport, format: AnswerFormat): Promise<HttpAnswer> {
  if (format === 'csv') return { body: scopeCsv(report), headers: formatHeaders(format) };
  if (format !== 'html') return { body: report, headers: formatHeaders('json') };
  const { renderScopePage } = await import('../report/scope-page.ts');
  const { text, headers } = renderScopePage(report, 'receipts');
  return { body: text, headers };
}
