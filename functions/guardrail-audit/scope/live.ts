import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { callsSince } from '../../../shared/run/http/calls-since.ts';
import { formatHeaders, type AnswerFormat } from '../../../shared/report/formats.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { HttpAnswer } from '../../../shared/run/handle-request.ts';
import { fileReceipt } from '../act.ts';
import { auditProject } from '../audit.ts';
import { policiesOnce } from '../gather/inherited.ts';
import { readNeighbours } from '../gather/projects.ts';
import { isRead } from '../reading.ts';
import { reportRow, unreadRow } from '../report/scope.ts';
import {
  liveCsv,
  liveJson,
  livePage,
  liveSarif,
  type LiveHead,
  type LiveResult,
} from '../report/live-scope.ts';
import { InDeletion } from './in-deletion.ts';
import type { ScopeProjects } from './projects.ts';

/** What one project takes at the least: none is begun that would only end as not evaluable. */
const MIN_TIME_MS = 20_000;

const LATE =
  'the time of this request was over; look at it alone (project=ID), or at its weekly audit (scope=all)';

/**
 * All projects of the scope looked at anew, one after the other, so that no more than one report is held; sent as they are done. A
 * project that cannot be read, or for which no time is left, is said in its place. Each of the others ends in a receipt of its own.
 */
export function auditScope(
  context: EventContext,
  { projects, incomplete }: ScopeProjects,
  format: AnswerFormat,
): HttpAnswer {
  const startedAt = context.runtime.now();
  const head: LiveHead = {
    generatedAt: startedAt.toISOString(),
    scope: projects,
    incomplete,
    ownerLabel: context.policy.notify?.ownerLabel,
  };
  const results = eachProject(context, projects);
  const headers = formatHeaders(format);
  const file = { ...headers, 'content-disposition': `attachment; filename="audit-scope.${format}"` };
  switch (format) {
    case 'json':
      return { body: liveJson(head, results), headers };
    case 'csv':
      return { body: liveCsv(head, results), headers: file };
    case 'sarif':
      return { body: liveSarif(head, results), headers: file };
    case 'html':
      return { body: livePage(head, results), headers };
  }
}

async function* eachProject(context: EventContext, projects: readonly string[]): AsyncGenerator<LiveResult> {
  const { runtime, api, policy } = context;
  const operationsProject = await runtime.ownProject();
  const look = { api, projectId: '', now: runtime.now(), digestOf: String, failed: () => undefined };
  // Once for all: each project is compared with the others.
  const known = await readNeighbours(look, policy.scope);
  const readAbove = policiesOnce();
  for (const project of projects) {
    const facts = isRead(known) ? known.value.find(({ id }) => id === project) : undefined;
    const fail = (why: string): LiveResult => ({ row: unreadRow(project, facts, why), why });
    if (api.timeLeftMs() < MIN_TIME_MS) {
      yield fail(LATE);
      continue;
    }
    const before = { ...api.calls };
    const startedAt = runtime.now();
    try {
      const audited = await auditProject(context, project, { operationsProject, known, readAbove });
      // What could not be read for want of time says nothing of the project.
      if (api.timeLeftMs() <= 0) {
        yield fail(LATE);
        continue;
      }
      const report = { ...audited, apiCalls: callsSince(before, audited.apiCalls) };
      await fileReceipt(context, report, startedAt);
      yield { row: reportRow(report, facts), report };
    } catch (error) {
      // What Google does not show of one project says nothing of the next one.
      if (!(error instanceof GoogleApiError) && !(error instanceof InDeletion)) throw error;
      yield fail(messageOf(error));
    }
  }
}
