import { messageOf } from '../../shared/errors.ts';
import { callsSince } from '../../shared/run/http/calls-since.ts';
import { oldBooksText } from '../../shared/prices/age/book-age.ts';
import { GoogleApiError } from '../../shared/google/google-api-error.ts';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { formatHeaders } from '../../shared/report/formats.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import type { HttpAnswer } from '../../shared/run/handle-request.ts';
import { fileReceipt } from './act.ts';
import { configure, type Targets, type Requested } from './config.ts';
import { judgeEgress, reportWindow } from './decide.ts';
import { gatherEgress } from './gather.ts';
import { scopeCsv, scopeJson, type ProjectResult, type ScopeHead } from './report/scope.ts';
import { egressBooks } from './traffic/books.ts';
import { othersOf, readNeighbours } from './traffic/other-projects.ts';
import { windowOf } from './traffic/window.ts';

/**
 * All projects of the scope in one answer, sent as they are done: one after the other, so that no more than one is held. A project
 * that cannot be read is said in its place, and each that could ends in a receipt of its own.
 */
export async function reportScope(
  context: EventContext,
  requested: Requested,
  { scope, incomplete }: Targets,
): Promise<HttpAnswer> {
  const startedAt = context.runtime.now();
  const window = windowOf(configure(context.policy, requested, ''), startedAt);
  const head = scopeHead({ scope, incomplete }, reportWindow(window), startedAt);
  const results = eachProject(context, requested, scope, startedAt);
  const headers = formatHeaders(requested.format);
  switch (requested.format) {
    case 'json':
      return { body: scopeJson(head, results), headers };
    case 'csv': {
      const file = `attachment; filename="egress-scope-${requested.table}.csv"`;
      return {
        body: scopeCsv(head, results, requested.table),
        headers: { ...headers, 'content-disposition': file },
      };
    }
    case 'html': {
      const { renderScopePage } = await import('./report/scope-page.ts');
      const { parts, headers: ofPage } = renderScopePage(head, results);
      return { body: parts, headers: ofPage };
    }
  }
}

/** What is said before the first project is looked at. */
export function scopeHead(
  { scope, incomplete }: Pick<Targets, 'scope' | 'incomplete'>,
  window: ScopeHead['window'],
  now: Date,
): ScopeHead {
  const oldPrices = oldBooksText(egressBooks(now));
  return {
    generatedAt: now.toISOString(),
    window,
    scope,
    incomplete,
    ...(oldPrices === undefined ? {} : { oldPrices }),
  };
}

async function* eachProject(
  context: EventContext,
  requested: Requested,
  scope: readonly string[],
  startedAt: Date,
): AsyncGenerator<ProjectResult> {
  const { api, policy } = context;
  const neighbours = await readNeighbours(api, scope, windowOf(configure(policy, requested, ''), startedAt));
  for (const project of scope) {
    try {
      const config = configure(policy, requested, project);
      const before = { ...api.calls };
      const facts = await gatherEgress(api, config, startedAt, othersOf(neighbours, project));
      const report = judgeEgress(
        { ...facts, apiCalls: callsSince(before, facts.apiCalls) },
        config,
        startedAt,
      );
      await fileReceipt(context, report, startedAt);
      yield { project, report };
    } catch (error) {
      // What Google does not show of one project says nothing of the next one.
      if (!(error instanceof GoogleApiError || error instanceof BadParameter)) throw error;
      yield { project, report: undefined, why: messageOf(error) };
    }
  }
}
