import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsedCopy, readYaml } from '../../../shared/policy/yaml.ts';

const EXAMPLE = readFileSync(new URL('../../../deploy/costguard.example.yaml', import.meta.url), 'utf8');

/** A copy that says of a text what the text does not. */
const lying = (text: string): string =>
  (parsedCopy(text) ?? '').replace(/\n.*\n$/, '\n{"scope":["projects/copied"]}\n');

describe('the parsed copy of a policy', () => {
  it.each([
    ['the example', EXAMPLE],
    ['comments, an alias and times', 'a: &a [1, 20:00, off, null, 2026-11-27] # why\nb: *a\n'],
    ['a key that objects have', '__proto__: {mode: enforce}\nconstructor: 1\n'],
    ['one with a byte order mark', '\uFEFFscope: [projects/p]\n'],
  ])('says of %s what the text says', (_, text) => {
    const copy = parsedCopy(text);
    expect(copy).toBeDefined();
    expect(readYaml(text, copy)).toEqual(readYaml(text));
  });

  it('is believed for the text that it was made of', () => {
    expect(readYaml(EXAMPLE, lying(EXAMPLE)).value).toEqual({ scope: ['projects/copied'] });
  });

  it.each([
    ['another text', `${EXAMPLE}\n`, lying(EXAMPLE)],
    ['a file that is none', EXAMPLE, EXAMPLE],
    ['an empty file', EXAMPLE, ''],
    ['a copy that was cut off', EXAMPLE, parsedCopy(EXAMPLE)?.slice(0, -9)],
    ['a copy of nothing but the digest', EXAMPLE, parsedCopy(EXAMPLE)?.slice(0, 64)],
  ])('is not looked at for %s', (_, text, copy) => {
    expect(readYaml(text, copy)).toEqual(readYaml(text));
  });

  it.each([
    ['infinity', 'a: .inf\n'],
    ['no number', 'a: .nan\n'],
    ['a mistake in the text', 'a: [\n'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
  ])('is not made of %s', (_, text) => {
    expect(parsedCopy(text)).toBeUndefined();
  });
});
