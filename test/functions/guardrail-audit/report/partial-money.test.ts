import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { auditTable } from '../../../../deploy/commands/audit-table.ts';
import { judgeProject } from '../../../../functions/guardrail-audit/decide.ts';
import type { AuditFacts } from '../../../../functions/guardrail-audit/facts.ts';
import { whole } from '../../../../functions/guardrail-audit/reading.ts';
import { digestOf } from '../../../../functions/guardrail-audit/report/digest.ts';
import { renderAuditPage } from '../../../../functions/guardrail-audit/report/page.ts';
import { buildReport, type AuditReport } from '../../../../functions/guardrail-audit/report/report.ts';
import { scopeCsv } from '../../../../functions/guardrail-audit/report/scope-csv.ts';
import { renderScopePage } from '../../../../functions/guardrail-audit/report/scope-page.ts';
import {
  joinScope,
  reportRow,
  scopeRow,
  unreadRow,
  type ScopeRow,
} from '../../../../functions/guardrail-audit/report/scope.ts';
import { RULES } from '../../../../functions/guardrail-audit/rules/rules.ts';
import { clean, config, NOW, project, PROJECT } from '../../../support/guardrail-facts.ts';
import { CASES } from '../../../support/guardrail-mistakes.ts';

const denied = { why: 'denied' };
const offHere = { why: 'off', isOffHere: true } as const;
const allOf = (reading: object): Partial<AuditFacts> =>
  Object.fromEntries(Object.keys(clean).map((name) => [name, name === 'notebookGaps' ? [] : reading]));
const [IDLE_ENDPOINT] = CASES.filter(({ usd }) => usd?.[0] === 1200);

function reportOf(facts: Partial<AuditFacts>): AuditReport {
  return buildReport(PROJECT, judgeProject({ ...clean, ...facts }, config, NOW), NOW, undefined, {});
}

/** What every format says of the money of one project, and of a scope that has no other. */
function saidOf(facts: Partial<AuditFacts>, ...others: readonly ScopeRow[]) {
  const report = reportOf(facts);
  const about = { generatedAt: NOW.toISOString(), ownerLabel: undefined, incomplete: [] };
  const scope = joinScope([reportRow(report, project), ...others], about);
  const plain = (html: string) =>
    html.replace(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>/g, '').replace(/<[^>]*>/g, ' ');
  const [row = {}] = parse<Record<string, string>>(scopeCsv(scope), { columns: true }).filter(
    (one) => one['project'] === PROJECT,
  );
  const { title, items } = digestOf(scope, '2026-W47', 'owner');
  return {
    page: plain(renderAuditPage(report).text).replace(/\s+/g, ' '),
    scopePage: plain(renderScopePage(scope, 'now').text).replace(/\s+/g, ' '),
    table: auditTable(report),
    digest: [title, ...items.map(({ text }) => text)],
    row,
    report,
    scope,
  };
}

describe('the money at stake of a project', () => {
  it.each<[string, Partial<AuditFacts>]>([
    ['of which nothing may be read', allOf(denied)],
    ['in which every API is off', allOf(offHere)],
    ['whose machines may not be read', { machines: denied }],
    ['whose endpoints may not be read', { endpoints: denied }],
    [
      'whose TPUs may be read in part',
      { tpus: { value: { nodes: [], workers: [] }, gaps: ['a zone did not answer'] } },
    ],
    ['without a receipt of the enforcer', { enforcer: denied }],
    ['without a receipt of the egress auditor', { egress: denied }],
  ])('(%s) is unknown, and never $0.00', (_, facts) => {
    const { page, scopePage, table, digest, row, report, scope } = saidOf(facts);
    expect(report).toMatchObject({ isMoneyPartial: true, usdPerMonth: { high: 0 } });
    expect(page).toMatch(/Money at stake a month unknown/);
    for (const text of [page, scopePage, table, ...digest]) expect(text).not.toContain('$0.00');
    expect(table).toContain(', money at stake unknown');
    expect(digest[0]).toContain(', money at stake unknown');
    expect(digest[1]).toContain('; money at stake unknown');
    expect(row).toMatchObject({ usd_per_month_low: '', usd_per_month_high: '', usd_is_partial: 'true' });
    expect(scope).toMatchObject({ total: { isMoneyPartial: true }, byOwner: [{ isMoneyPartial: true }] });
  });

  it.each<[string, Partial<AuditFacts>]>([
    ['where another rule about money could not be evaluated', { egress: denied }],
    [
      'where its own rule could not be evaluated in full',
      { endpoints: { value: value(IDLE_ENDPOINT?.facts.endpoints), gaps: ['a region did not answer'] } },
    ],
  ])('is at least what was found, %s', (_, facts) => {
    const { page, scopePage, table, digest, row } = saidOf({ ...IDLE_ENDPOINT?.facts, ...facts });
    expect(page).toContain('Money at stake a month at least $1,200.00 – $1,300.00');
    expect(scopePage).toContain('at least $1,200.00 – $1,300.00 a month at stake');
    expect(table).toContain('at least $1,200.00 – $1,300.00 a month at stake');
    for (const line of digest) expect(line).toContain('at least $1,200.00 – $1,300.00 a month at stake');
    expect(row).toMatchObject({ usd_per_month_low: '1200', usd_is_partial: 'true' });
  });

  it('is marked in the line of the mistake, which stays within 80 columns', () => {
    const facts = {
      endpoints: { value: value(IDLE_ENDPOINT?.facts.endpoints), gaps: ['a region did not answer'] },
    };
    const line = auditTable(reportOf(facts))
      .split('\n')
      .find((one) => one.includes('$1,300.00+'));
    expect(line?.length).toBeLessThanOrEqual(80);
    expect(auditTable(reportOf({ egress: denied }))).toMatch(/\? {4}5\. .* unknown\n/);
  });

  it.each<[string, Partial<AuditFacts>]>([
    ['everything was looked at', {}],
    ['what could not be read costs nothing', { accounts: denied, policy: denied }],
    ['an API is off there, which the score leaves out as well', { tpus: offHere }],
  ])('is $0.00 where %s', (_, facts) => {
    const { page, table, digest, row, report } = saidOf(facts);
    expect(report.isMoneyPartial).toBe(false);
    expect(page).toMatch(/Money at stake a month \$0\.00/);
    for (const text of [table, ...digest]) expect(text).not.toMatch(/at stake/);
    expect(row).toMatchObject({ usd_per_month_high: '0', usd_is_partial: 'false' });
  });

  it('is no total of a scope of which one was not audited, or may not be listed', () => {
    const unread = unreadRow('ml-unseen', undefined, 'denied');
    expect(saidOf({}, unread).scopePage).toContain('unknown a month at stake');
    expect(saidOf({}, unread).digest[0]).toContain('money at stake unknown, 1 not audited');
    expect(saidOf(IDLE_ENDPOINT?.facts ?? {}, unread).scopePage).toContain('at least $1,200.00');
    const about = { generatedAt: NOW.toISOString(), ownerLabel: undefined };
    const rows = [reportRow(reportOf({}), project)];
    const incomplete = [{ where: 'folders/1', why: 'denied' }];
    expect(joinScope(rows, { ...about, incomplete: [] }).total.isMoneyPartial).toBe(false);
    expect(joinScope(rows, { ...about, incomplete }).total.isMoneyPartial).toBe(true);
  });

  it.each<[string, object, readonly string[], boolean]>([
    ['that says so', { isMoneyPartial: true }, [], true],
    ['that says no, whatever it could not evaluate', { isMoneyPartial: false }, ['tpu-idle: off'], false],
    ['of before, with a rule about money', {}, ['tpu-idle: denied'], true],
    ['of before, with another rule', {}, ['basic-role: denied', 'tpu-idle-else: x'], false],
  ])('is read from a receipt %s', (_, more, incomplete, expected) => {
    const evidence = {
      ...{ points: 100, grade: 'A', findings: 0, usdPerMonth: { low: 0, high: 0 }, unpriced: 0 },
      ...{ mistakes: {}, ...more },
    };
    const decisions = [{ resource: 'p', action: 'keep', reason: 'score', evidence, usdPerHour: 0 }];
    const receipt = whole({ runId: 'r', startedAtMs: NOW.getTime(), decisions, incomplete });
    expect(scopeRow(PROJECT, whole(project), receipt).audit?.isMoneyPartial).toBe(expected);
  });

  it('is of the rules whose findings have a cost, and of no others', () => {
    const costs = CASES.flatMap(({ facts, config: more }) =>
      judgeProject({ ...clean, ...facts }, { ...config, ...more }, NOW).filter(({ found }) =>
        found.some(({ usdPerMonth }) => usdPerMonth !== undefined),
      ),
    );
    const named = Object.entries(RULES).filter(([, rule]) => 'hasCost' in rule);
    expect([...new Set(costs.map(({ rule }) => rule))].sort()).toEqual(named.map(([id]) => id).sort());
  });
});

function value<T>(reading: { readonly value: T } | object | undefined): T {
  if (reading === undefined || !('value' in reading)) throw new Error('the case has no endpoints');
  return reading.value;
}
