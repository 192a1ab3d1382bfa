import assert from 'node:assert/strict';
import { it } from 'vitest';
import type { Config } from '../../../functions/idle-notebook-stopper/config.ts';
import { judgeNotebook } from '../../../functions/idle-notebook-stopper/decide.ts';
import type { UsdPerHour } from '../../../shared/prices/money.ts';
import type { Decision } from '../../../shared/run/receipt.ts';
import { config, deepFreeze, NAME, NOON, notebook, type FactsOverrides } from './facts-builder.ts';

export interface Case {
  readonly name: string;
  readonly facts?: FactsOverrides;
  readonly policy?: Partial<Config>;
  readonly now?: Date;
  /** Every decision in its order, as `action reason`. */
  readonly expect: readonly string[];
  /** What the evidence of the first decision has, at least. */
  readonly evidence?: object;
  /** What the reason in words says, of the first decision. */
  readonly why?: RegExp;
  readonly usdPerHour?: UsdPerHour;
  /** What the evidence of the last decision has, at least. */
  readonly lastEvidence?: object;
}

/** One test per case; each also checks that judging is pure. */
export function testVerdicts(cases: readonly Case[]): void {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'names are unique');
  for (const one of cases)
    it(one.name, () => {
      const decisions = judge(one);
      assert.deepEqual(
        decisions.map(({ action, reason }) => `${action} ${reason}`),
        one.expect,
        JSON.stringify(decisions, undefined, 1),
      );
      const [first] = decisions;
      const last = decisions.at(-1);
      assert.ok(first !== undefined && last !== undefined);
      for (const { evidence } of decisions) checkSaying(evidence['says']);
      if (one.evidence !== undefined) assert.partialDeepStrictEqual(first.evidence, one.evidence);
      if (one.why !== undefined) assert.match(String(first.evidence['why']), one.why);
      if (one.usdPerHour !== undefined) assert.equal(first.usdPerHour, one.usdPerHour);
      if (one.lastEvidence !== undefined) assert.partialDeepStrictEqual(last.evidence, one.lastEvidence);
    });
}

/** A sentence or two, in two lines at most, without what only a program would write. */
export function checkSaying(says: unknown): void {
  assert.ok(typeof says === 'string');
  assert.ok(linesAt(80, says) <= 2, `more than two lines: ${says}`);
  assert.match(says, /^[A-Z].*\.$/);
  assert.doesNotMatch(
    says,
    /undefined|NaN|null|\[object|\.\.| ,|\(\)|\d{4}-\d\d-\d\dT|\b1 (?:minutes|hours|days)\b/,
  );
}

/** Lines of a text that wraps at words. */
export function linesAt(columns: number, text: string): number {
  let [lines, column] = [1, 0];
  for (const { length } of text.split(' ')) {
    const isNew = column > 0 && column + 1 + length > columns;
    lines += isNew ? 1 : 0;
    column = isNew || column === 0 ? length : column + 1 + length;
  }
  return lines;
}

function judge({ facts = {}, policy = {}, now = NOON }: Case): readonly Decision[] {
  const wholePolicy = deepFreeze(config(policy));
  const wholeFacts = deepFreeze(notebook(facts, wholePolicy, now));
  const nowMs = now.getTime();
  const decisions = judgeNotebook(wholeFacts, wholePolicy, now);
  assert.equal(
    JSON.stringify(judgeNotebook(wholeFacts, wholePolicy, now)),
    JSON.stringify(decisions),
    'the same input gives the same bytes',
  );
  assert.equal(now.getTime(), nowMs, 'the clock is left alone');
  for (const { resource } of decisions) assert.equal(resource, facts.name ?? NAME);
  return decisions;
}
