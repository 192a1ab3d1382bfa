import { describe, expect, it } from 'vitest';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import { RULES } from '../../../functions/guardrail-audit/rules/rules.ts';
import { clean, config, NOW } from '../../support/guardrail-facts.ts';
import { CASES } from '../../support/guardrail-mistakes.ts';

describe('judgeProject', () => {
  it('finds nothing wrong with a clean project', () => {
    const outcomes = judgeProject(clean, config, NOW);
    expect(outcomes.filter(({ status }) => status !== 'pass')).toEqual([]);
  });

  it('judges every rule once, in the order of the mistakes', () => {
    expect(judgeProject(clean, config, NOW).map(({ rule }) => rule)).toEqual(Object.keys(RULES));
  });

  it('has a table of at least 60 cases in which each rule fails once', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(60);
    const failing = new Set<string>(CASES.flatMap(({ fails }) => fails));
    expect(Object.keys(RULES).filter((rule) => !failing.has(rule))).toEqual([]);
  });

  it.each(CASES)('$title', ({ facts, fails, unknown = [], usd, config: more }) => {
    const outcomes = judgeProject({ ...clean, ...facts }, { ...config, ...more }, NOW);
    const having = (status: string) =>
      outcomes.filter((one) => one.status === status).map(({ rule }) => rule);
    expect({ fails: having('fail'), unknown: having('not-evaluable') }).toEqual({ fails, unknown });
    const amounts = outcomes.flatMap(({ found }) => found.flatMap(({ usdPerMonth }) => usdPerMonth ?? []));
    if (usd !== undefined)
      expect(amounts.map((one) => (one === 'unpriced' ? one : Math.round(one.low)))).toEqual(usd);
    for (const { found } of outcomes)
      for (const { commands, detail } of found) {
        expect(commands.length, detail).toBeGreaterThan(0);
        expect(detail).not.toMatch(/undefined|NaN|\[object/);
      }
  });

  it('is the same for the same facts, whatever their order', () => {
    const policy = clean.policy;
    const reversed = 'value' in policy ? { ...policy, value: [...policy.value].reverse() } : policy;
    expect(judgeProject({ ...clean, policy: reversed }, config, NOW)).toEqual(
      judgeProject(clean, config, NOW),
    );
  });
});
