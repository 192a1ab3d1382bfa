import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../../functions/guardrail-audit/decide.ts';
import type { AuditFacts } from '../../../../functions/guardrail-audit/facts.ts';
import { MISTAKES } from '../../../../functions/guardrail-audit/rules/mistakes.ts';
import { buildReport } from '../../../../functions/guardrail-audit/report/report.ts';
import { RULES } from '../../../../functions/guardrail-audit/rules/rules.ts';
import { clean, config, NOW, PROJECT } from '../../../support/guardrail-facts.ts';
import { CASES } from '../../../support/guardrail-mistakes.ts';
import { isReport, reportSchema } from '../../../support/guardrail-schemas.ts';

interface Schema {
  readonly definitions: Readonly<Record<'rule' | 'mistakeId', { readonly enum: readonly string[] }>>;
}

const schema = reportSchema as Schema;

/** As the answer has it: what is undefined is left out. */
function answerOf(facts: Partial<AuditFacts>, earlier?: Parameters<typeof buildReport>[3]): unknown {
  const outcomes = judgeProject({ ...clean, ...facts }, config, NOW);
  return JSON.parse(JSON.stringify(buildReport(PROJECT, outcomes, NOW, earlier, { 'a.list': 3 })));
}

describe('the JSON schema of the report', () => {
  it('takes the report of every case', () => {
    for (const { title, facts } of CASES)
      expect(isReport(answerOf(facts)), `${title}: ${JSON.stringify(isReport.errors)}`).toBe(true);
  });

  it('takes a report with a trend, and one in which nothing could be evaluated', () => {
    const earlier = {
      runId: 'r',
      at: '2026-11-11T05:00:00.000Z',
      points: 50,
      findings: new Map([
        [
          '0123456789abcdef',
          { rule: 'basic-role', severity: 'high', resource: 'projects/x', place: null, detail: 'x' },
        ],
      ]),
    };
    expect(isReport(answerOf({}, earlier)), JSON.stringify(isReport.errors)).toBe(true);
    const unread = Object.fromEntries(Object.keys(clean).map((name) => [name, { why: 'denied' }]));
    expect(isReport(answerOf(unread)), JSON.stringify(isReport.errors)).toBe(true);
  });

  it.each([
    ['a field that it does not know', (report: object) => ({ ...report, secret: 'x' })],
    ['a report without findings', (report: object) => ({ ...report, findings: undefined })],
    ['a grade that is none', (report: object) => ({ ...report, score: { grade: 'E' } })],
  ])('refuses %s', (_, change) => {
    const changed: unknown = JSON.parse(JSON.stringify(change(answerOf({}) as object)));
    expect(isReport(changed)).toBe(false);
  });

  it('names all rules and mistakes, and no others', () => {
    expect(schema.definitions.rule.enum).toEqual(Object.keys(RULES));
    expect(schema.definitions.mistakeId.enum).toEqual(MISTAKES.map(({ id }) => id));
  });
});
