import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findSecrets } from '../../../../functions/guardrail-audit/secrets/scan.ts';
import { chance, HARMLESS, SAMPLES } from '../../../support/secret-corpus.ts';

const digestOf = (value: string): string => createHmac('sha256', 'salt').update(value).digest('hex');

describe('findSecrets', () => {
  it.each(SAMPLES)('finds $title', ({ text, rules, values }) => {
    const found = findSecrets(text, undefined, digestOf);
    expect(found.map(({ rule }) => rule)).toEqual(rules);
    expect(found.map(({ length }) => length)).toEqual(values.map((value) => value.length));
    expect(found.map(({ digest }) => digest)).toEqual(values.map((value) => digestOf(value).slice(0, 8)));
  });

  it.each(SAMPLES)('tells nothing of the value of $title', ({ text, values }) => {
    const told = JSON.stringify(findSecrets(text, undefined, digestOf));
    for (const value of values) {
      expect(told).not.toContain(value);
      expect(told).not.toContain(JSON.stringify(value).slice(1, -1));
    }
  });

  it.each(HARMLESS)('passes %s', (_, text) => {
    expect(findSecrets(text, undefined, digestOf)).toEqual([]);
  });

  it('takes the name of a variable into account', () => {
    expect(findSecrets('hunter22', 'PASSWORD', digestOf).map(({ rule }) => rule)).toEqual([
      'costguard-password',
    ]);
    expect(findSecrets('hunter22', 'ANIMAL', digestOf)).toEqual([]);
  });

  it('tells the same value by the same digest, and another salt by another', () => {
    const of = (salt: string) =>
      findSecrets(`A=hf_${chance(34, 'abcdefgh')}`, undefined, (value) =>
        createHmac('sha256', salt).update(value).digest('hex'),
      )[0]?.digest;
    expect(of('one')).toBe(of('one'));
    expect(of('one')).not.toBe(of('two'));
    expect(of('one')).toMatch(/^[0-9a-f]{8}$/);
  });

  it('reads a script of a megabyte in well under a second', () => {
    const line = `echo "${chance(60)}" | key=${'a-'.repeat(20)} token: ${'e'.repeat(30)} -----BEGIN\n`;
    const started = performance.now();
    findSecrets(line.repeat(7_000), undefined, digestOf);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
