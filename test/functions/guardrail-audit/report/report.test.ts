import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../../functions/guardrail-audit/decide.ts';
import type { AuditFacts } from '../../../../functions/guardrail-audit/facts.ts';
import { whole } from '../../../../functions/guardrail-audit/reading.ts';
import { auditCsv } from '../../../../functions/guardrail-audit/report/csv.ts';
import { renderAuditPage } from '../../../../functions/guardrail-audit/report/page.ts';
import { buildReport, type AuditReport } from '../../../../functions/guardrail-audit/report/report.ts';
import { auditSarif } from '../../../../functions/guardrail-audit/report/sarif.ts';
import { RULES } from '../../../../functions/guardrail-audit/rules/rules.ts';
import {
  account,
  bindings,
  clean,
  config,
  endpoint,
  key,
  NOW,
  PROJECT,
  secretPlace,
  SERVING,
} from '../../../support/guardrail-facts.ts';
import { CASES } from '../../../support/guardrail-mistakes.ts';

/**
 * OASIS, sarif-spec, sarif-2.1/schema/sarif-schema-2.1.0.json of 2026-03-01. It is written for draft 4 and uses nothing that
 * later drafts read otherwise.
 */
const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, 'sarif-schema-2.1.0.json'), 'utf8'),
) as Record<string, unknown>;
delete schema['$schema'];
delete schema['id'];
const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);
const isSarif = ajv.compile(schema);

function reportOf(facts: Partial<AuditFacts>, earlier?: Parameters<typeof buildReport>[3]): AuditReport {
  return buildReport(PROJECT, judgeProject({ ...clean, ...facts }, config, NOW), NOW, earlier, {
    'a.list': 3,
  });
}

const bad: Partial<AuditFacts> = {
  accounts: whole([account(SERVING, [key])]),
  scripts: whole([secretPlace('gs://lab/start up.sh')]),
  policy: bindings(['roles/editor', 'user:ada@example.com']),
  endpoints: whole([{ ...endpoint, predictions: new Map() }]),
  enforcer: { why: 'lifecycle-enforcer left no receipt', remedy: 'gcloud scheduler jobs run x' },
};

describe('SARIF', () => {
  it.each([
    ['with findings of every kind', bad],
    ['without findings', {}],
  ])('is valid 2.1.0 %s', (_, facts) => {
    expect(isSarif(auditSarif(reportOf(facts))), JSON.stringify(isSarif.errors)).toBe(true);
  });

  it.each(['a b?#%/;$(rm).sh', '=HYPERLINK("http://x","y")', 'имя\u202e', '\ud800half', '../..//x', 'a\nb'])(
    'has an address for what is called %j',
    (called) => {
      const log = auditSarif(reportOf({ scripts: whole([secretPlace(`gs://lab/${called}`)]) }));
      expect(isSarif(log), JSON.stringify(isSarif.errors)).toBe(true);
      const [, uri = ''] = /"uri":"(projects[^"]*)"/.exec(JSON.stringify(log)) ?? [];
      expect(uri).toMatch(/^projects(?:\/[\w.~!*'()%-]*)+$/);
    },
  );

  it('is refused by the same schema when it is not', () => {
    expect(isSarif({ ...auditSarif(reportOf({})), version: '2.0.0' })).toBe(false);
  });

  it('names rules, levels, stable fingerprints and what could not be evaluated', () => {
    const text = JSON.stringify(auditSarif(reportOf(bad)));
    const again = JSON.stringify(auditSarif(reportOf(bad)));
    expect(again).toBe(text);
    expect(text).toContain('"partialFingerprints":{"costguardFinding/v1":"');
    expect(text).toContain(
      'lifecycle-missing could not be evaluated: lifecycle-enforcer left no receipt; run: gcloud scheduler',
    );
    const rules = (JSON.parse(text) as { runs: { tool: { driver: { rules: { id: string }[] } } }[] }).runs[0]
      ?.tool.driver.rules;
    expect(rules?.map(({ id }) => id)).toEqual(Object.keys(RULES));
  });
});

describe('a fingerprint', () => {
  const token = { rule: 'github-pat', title: 'GitHub token', length: 40, digest: '0123abcd' };
  const password = { ...token, rule: 'costguard-password', digest: '4567cdef' };
  const another = { ...password, digest: '89ab0123' };
  const of = (secrets: readonly (typeof token)[], digestsLast = true) =>
    reportOf({ scripts: whole([secretPlace('gs://lab/start.sh', { secrets })]), digestsLast }).findings.map(
      ({ evidence, fingerprint }) => [evidence['digest'], fingerprint] as const,
    );

  it('of a secret stays when another one leaves its place, or comes before it', () => {
    const all = new Map(of([token, password, another]));
    expect(new Set(all.values()).size).toBe(3);
    for (const secrets of [[password, another], [another], [another, password, token]])
      for (const [digest, fingerprint] of of(secrets)) expect(fingerprint).toBe(all.get(digest));
  });

  it('is no other where digests change from run to run: by the place, and the order in it', () => {
    const today = of([token, password], false).map(([, fingerprint]) => fingerprint);
    const digests = ['77777777', '88888888'];
    const tomorrow = of(
      [token, password].map((one, at) => ({ ...one, digest: digests[at] ?? '' })),
      false,
    );
    expect(new Set(today).size).toBe(2);
    expect(tomorrow.map(([, fingerprint]) => fingerprint).sort()).toEqual(today.sort());
  });

  it.each(CASES)('is of one finding alone: $title', ({ facts }) => {
    const all = reportOf(facts).findings.map(({ fingerprint }) => fingerprint);
    expect(new Set(all).size).toBe(all.length);
  });

  it('tells two findings at one place apart', () => {
    const all = reportOf({ scripts: whole([secretPlace('gs://a'), secretPlace('gs://a')]) }).findings;
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  });
});

describe('the report', () => {
  it('puts the most money first, then the most severe', () => {
    const { findings, usdPerMonth } = reportOf(bad);
    expect(findings[0]?.rule).toBe('endpoint-idle');
    expect(findings[1]?.severity).toBe('critical');
    expect(usdPerMonth).toEqual({ low: 1200, high: 1300 });
  });

  it('caps the grade while rules cannot be evaluated, and takes no points for them', () => {
    const { score } = reportOf({ enforcer: { why: 'none' } });
    expect(score).toMatchObject({ points: 100, grade: 'B', cappedFrom: 'A' });
    expect(score.how).toContain('at most B while 2 of');
  });

  it('tells fixed, new and unknown findings from the audit before', () => {
    const before = reportOf(bad);
    const earlier = {
      runId: 'r',
      at: '2026-11-11T05:00:00.000Z',
      points: before.score.points,
      findings: new Map(before.findings.map((one) => [one.fingerprint, one])),
    };
    const same = reportOf(bad, earlier);
    expect(same.trend).toMatchObject({ added: 0, fixed: 0, unknown: 0, change: 0 });
    // The key is gone; whether the role is cannot be told.
    const now = reportOf({ ...bad, accounts: clean.accounts, policy: { why: 'denied' } }, earlier);
    expect(now.trend).toMatchObject({ added: 0, fixed: 1, unknown: 1, open: before.findings.length - 2 });
    expect(now.trend?.changes.map(({ change, rule }) => `${change} ${rule}`)).toEqual([
      'fixed account-key',
      'unknown basic-role',
      ...now.findings.map(({ rule }) => `open ${rule}`),
    ]);
    const { text } = renderAuditPage(now);
    expect(text).toContain('1 fixed, 2 still open, 1 whose rule could not be evaluated this time.');
    expect(text).toContain('What changed since');
    const worse = reportOf(
      { ...bad, accounts: whole([account(SERVING, [key, { ...key, id: 'b'.repeat(40) }])]) },
      earlier,
    );
    expect(worse.trend).toMatchObject({ added: 1, fixed: 0 });
    expect(worse.findings.filter(({ isNew }) => isNew === true)).toHaveLength(1);
    expect(worse.trend?.changes[0]).toMatchObject({
      change: 'new',
      rule: 'account-key',
      place: `keys/${'b'.repeat(40)}`,
    });
  });

  it.each([
    ['another', 'bbbbbbbb', 'open 2, new 1, fixed 1'],
    ['the same', 'aaaaaaaa', 'open 0, new 3, fixed 3'],
  ])('compares secrets under %s key of digests', (_, digestKey, expected) => {
    const of = (lengths: readonly number[], digit: string, key: string, earlier?: AuditReport) => {
      const secrets = lengths.map((length, at) => ({
        ...{ rule: 'github-pat', title: 'GitHub token' },
        ...{ length, digest: `${digit}${at}000000` },
      }));
      const scripts = whole([secretPlace('gs://lab/start.sh', { secrets })]);
      return buildReport(
        PROJECT,
        judgeProject({ ...clean, scripts }, config, NOW),
        NOW,
        earlier === undefined
          ? undefined
          : {
              ...{ runId: 'r', at: '2026-11-11T05:00:00.000Z', points: 50 },
              findings: new Map(
                earlier.findings.map((one) => [
                  one.fingerprint,
                  { ...one, shape: `${String(one.evidence['pattern'])}/${String(one.evidence['length'])}` },
                ]),
              ),
              digestKey: earlier.digestKey ?? undefined,
            },
        {},
        key,
      );
    };
    const before = of([40, 40, 50], '1', 'aaaaaaaa');
    const { trend, findings } = of([40, 40, 60], '2', digestKey, before);
    expect(`open ${trend?.open ?? ''}, new ${trend?.added ?? ''}, fixed ${trend?.fixed ?? ''}`).toBe(
      expected,
    );
    expect(findings.filter(({ isNew }) => isNew === true)).toHaveLength(trend?.added ?? -1);
  });

  it('is the same as CSV: one row a finding and one for each rule that could not be evaluated', () => {
    const report = reportOf(bad);
    const rows = parse<Record<string, string>>(auditCsv(report), { columns: true });
    expect(rows.filter(({ kind }) => kind === 'finding').map(({ fingerprint }) => fingerprint)).toEqual(
      report.findings.map(({ fingerprint }) => fingerprint),
    );
    expect(rows.filter(({ kind }) => kind === 'not-evaluable').map(({ rule }) => rule)).toEqual([
      'lifecycle-missing',
      'lifecycle-ineffective',
    ]);
  });

  it('is a page with the rule of its score, each mistake, and the same bytes each time', () => {
    const { text } = renderAuditPage(reportOf(bad));
    expect(renderAuditPage(reportOf(bad)).text).toBe(text);
    expect(text).toContain('100 × (1 − ');
    for (const { title } of reportOf(bad).mistakes) expect(text).toContain(title);
    expect(text).toContain('Not everything could be evaluated');
  });
});
