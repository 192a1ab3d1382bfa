import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../../functions/guardrail-audit/decide.ts';
import { liveJson, type LiveResult } from '../../../../functions/guardrail-audit/report/live-scope.ts';
import { buildReport, type AuditReport } from '../../../../functions/guardrail-audit/report/report.ts';
import {
  joinScope,
  reportRow,
  scopeRow,
  unreadRow,
} from '../../../../functions/guardrail-audit/report/scope.ts';
import { whole } from '../../../../functions/guardrail-audit/reading.ts';
import { clean, config, NOW, project, PROJECT } from '../../../support/guardrail-facts.ts';
import { CASES } from '../../../support/guardrail-mistakes.ts';
import { isScope, problemsOf } from '../../../support/guardrail-schemas.ts';

const EARLIER = {
  runId: 'r',
  at: '2026-11-11T05:00:00.000Z',
  points: 50,
  findings: new Map<string, never>(),
};
const INCOMPLETE = [{ where: 'folders/1', why: 'two of its projects have another form than documented' }];

const reports: readonly AuditReport[] = CASES.map(({ facts, config: more }, at) => {
  const outcomes = judgeProject({ ...clean, ...facts }, { ...config, ...more }, NOW);
  return buildReport(`${PROJECT}-${at}`, outcomes, NOW, at % 2 === 0 ? EARLIER : undefined, { 'a.list': 3 });
});

async function liveAnswer(results: readonly LiveResult[]): Promise<unknown> {
  async function* each(): AsyncGenerator<LiveResult> {
    await Promise.resolve();
    yield* results;
  }
  const head = {
    generatedAt: NOW.toISOString(),
    scope: results.map(({ row }) => row.project),
    incomplete: INCOMPLETE,
    ownerLabel: undefined,
  };
  let text = '';
  for await (const part of liveJson(head, each())) text += part;
  return JSON.parse(text);
}

const audited: readonly LiveResult[] = reports.map((report) => ({ row: reportRow(report, project), report }));
const late: LiveResult = { row: unreadRow('ml-late', undefined, 'no time'), why: 'no time' };

describe('the JSON schema of a whole scope', () => {
  it.each([
    ['of projects with every finding, one of which was not audited', [...audited, late]],
    ['without a project', []],
  ])('takes the live answer %s', async (_, results) => {
    expect(problemsOf(isScope, await liveAnswer(results))).toEqual([]);
  });

  it('takes the answer from receipts: whole, too old, and damaged in every field', () => {
    const receipt = (evidence: Record<string, unknown>) =>
      whole({
        runId: 'r',
        startedAtMs: NOW.getTime(),
        incomplete: [],
        decisions: [{ resource: 'p', action: 'keep', reason: 'score', evidence, usdPerHour: 0 }],
      });
    const score = {
      ...{ points: 70, grade: 'C', findings: 3, unpriced: 0, usdPerMonth: { low: 1, high: 2 } },
      mistakes: { egress: 'fail' },
      trend: { added: 1, fixed: 0, change: null },
    };
    const damaged = [
      {},
      { ...score, points: 1e9 },
      { ...score, grade: 'E' },
      { ...score, findings: -1 },
      { ...score, unpriced: 1.5 },
      { ...score, usdPerMonth: { low: 'x', high: 1 } },
      { ...score, mistakes: { egress: 'maybe' } },
    ].map((one) => scopeRow('ml-damaged', whole(project), receipt(one)));
    expect(damaged.map(({ audit, why }) => [audit, why])).toEqual(
      damaged.map(() => [null, 'the score in the receipt of run r is damaged']),
    );
    const rows = [
      scopeRow('ml-whole', whole(project), receipt(score)),
      scopeRow('ml-trend', whole(project), receipt({ ...score, trend: 7 })),
      scopeRow('ml-old', { why: 'denied' }, { why: 'no receipt' }),
      ...damaged,
      ...reports.map((report) => reportRow(report, project)),
    ];
    expect(rows[0]?.audit).toMatchObject({ points: 70, trend: { added: 1, changes: [] } });
    const answer: unknown = JSON.parse(
      JSON.stringify(
        joinScope(rows, { generatedAt: NOW.toISOString(), ownerLabel: undefined, incomplete: INCOMPLETE }),
      ),
    );
    expect(problemsOf(isScope, answer)).toEqual([]);
  });

  it.each([
    ['a project that says neither what was found nor why nothing was', { projects: [{ project: 'x' }] }],
    ['a field that it does not know', { secret: 'x' }],
    ['no totals', { total: undefined }],
  ])('refuses %s', async (_, change) => {
    const answer = { ...((await liveAnswer(audited.slice(0, 1))) as object), ...change };
    expect(problemsOf(isScope, JSON.parse(JSON.stringify(answer)))).not.toEqual([]);
  });
});
