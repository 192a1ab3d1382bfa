import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');

/** Where effects are made. All else gets them as arguments. */
const WIRING = 'shared/run/runtime.ts';
/** The timer of an attempt must be cleared when the answer comes; `sleep` of the runtime cannot be. */
const ATTEMPT_TIMER = 'shared/google/api.ts';

const GLOBAL_EFFECTS = new Set([
  ...['process', 'fetch', 'console', 'performance'],
  ...['setTimeout', 'setInterval', 'setImmediate'],
]);
const TIMER_MODULES = /^(?:node:)?timers(?:\/promises)?$/;

interface Found {
  readonly line: number;
  readonly effect: string;
}

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
}

/** The effects that a source makes by itself, in the order in which they stand there. */
function effectsIn(text: string): Found[] {
  const source = parse(text);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    const effect = effectOf(node);
    if (effect !== undefined)
      found.push({ line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, effect });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function effectOf(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0)
    return 'new Date()';
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText().replace('globalThis.', '');
    if (text === 'Date.now' || text === 'Math.random') return text;
    if (node.expression.getText() === 'globalThis' && GLOBAL_EFFECTS.has(node.name.text))
      return node.name.text;
  }
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const { text } = node.moduleSpecifier;
    return TIMER_MODULES.test(text) || text === 'node:process' ? text : undefined;
  }
  if (ts.isIdentifier(node) && GLOBAL_EFFECTS.has(node.text) && namesTheGlobal(node)) return node.text;
  return undefined;
}

/** Not a property's own name (`runtime.fetch`), nor its declaration. */
function namesTheGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  const declares =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent);
  return !(declares && parent.name === node) && !ts.isImportSpecifier(parent) && !ts.isTypeQueryNode(parent);
}

const sources = globSync(['functions/**/*.ts', 'shared/**/*.ts'], { cwd: ROOT }).sort();
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('there are sources to look at', () => {
  assert.ok(sources.includes(WIRING) && sources.includes(ATTEMPT_TIMER));
  assert.ok(sources.some((file) => file.startsWith('functions/')));
});

describe('effects come in as arguments', () => {
  test(`functions/ and shared/ make none outside ${WIRING}`, () => {
    const found = sources
      .filter((file) => file !== WIRING)
      .flatMap((file) => effectsIn(textOf(file)).map((one) => ({ file, ...one })))
      .filter(({ file, effect }) => !(file === ATTEMPT_TIMER && effect === 'setTimeout'))
      .map(({ file, line, effect }) => `${file}:${line}: ${effect}`);
    assert.deepEqual(found, []);
  });

  test('this check sees the effects that the wiring makes', () => {
    const effects = new Set(effectsIn(textOf(WIRING)).map(({ effect }) => effect));
    for (const effect of ['new Date()', 'Math.random', 'process', 'node:timers/promises'])
      assert.ok(effects.has(effect), effect);
  });

  const seen: readonly [string, string][] = [
    ['const now = new Date();', 'new Date()'],
    ['const now = new Date;', 'new Date()'],
    ['const now = Date.now();', 'Date.now'],
    ['const clock = Date.now;', 'Date.now'],
    ["const home = process.env['HOME'];", 'process'],
    ["import { env } from 'node:process';", 'node:process'],
    ["await fetch('https://example.com');", 'fetch'],
    ["await globalThis.fetch('https://example.com');", 'fetch'],
    ["console.log('x');", 'console'],
    ['const draw = Math.random;', 'Math.random'],
    ['setTimeout(() => undefined, 1);', 'setTimeout'],
    ['const wait = { setTimeout };', 'setTimeout'],
    ['setInterval(() => undefined, 1);', 'setInterval'],
    ["import { setTimeout as sleep } from 'node:timers/promises';", 'node:timers/promises'],
  ];
  for (const [code, effect] of seen)
    test(`found: ${code}`, () => {
      assert.deepEqual(effectsIn(code), [{ line: 1, effect }]);
    });

  const harmless = [
    'const then = new Date(startMs);',
    'const now = runtime.now();',
    "// process.env and fetch('x') in a comment",
    "const text = 'console.log(Date.now())';",
    'const { data } = await runtime.fetch(url);',
    'const auth = { fetch: request, process: 1 };',
    'const ms = Date.parse(text);',
  ];
  for (const code of harmless)
    test(`not found: ${code}`, () => {
      assert.deepEqual(effectsIn(code), []);
    });
});
