import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import fc from 'fast-check';
import { policyCommand } from '../../deploy/commands/policy.ts';
import {
  lifecycleEvents,
  type ObjectVersion,
} from '../../functions/lifecycle-enforcer/forecast/object-lifecycle.ts';
import { readRule } from '../../functions/lifecycle-enforcer/rules/condition.ts';
import { parsePolicy } from '../../shared/policy/policy.ts';

const FILE = new URL('../../deploy/ml-layout.costguard.yaml', import.meta.url);
const START_MS = Date.parse('2026-11-18T00:00:00Z');
const DAY_MS = 86_400_000;

const FOLDERS = [
  'data/raw/',
  'data/processed/',
  'data/features/',
  'models/experiments/',
  'models/production/',
  'artifacts/metrics/',
  'artifacts/visualizations/',
  'pipelines/',
] as const;

const policy = parsePolicy(readFileSync(FILE, 'utf8')).lifecycle?.policies[0];
const rules = (policy?.rules ?? []).map(readRule);

const ages = fc.uniqueArray(fc.nat(3_000), { minLength: 1, maxLength: 4 });

/** What ten years do to an object with versions of these ages. */
function kindsOf(name: string, agesInDays: readonly number[], versioned: boolean): readonly string[] {
  const sorted = agesInDays.toSorted((a, b) => a - b);
  const versions = sorted.map((age, index): ObjectVersion => ({
    name,
    generation: String(index),
    bytes: 1,
    storageClass: 'STANDARD',
    createdMs: START_MS - age * DAY_MS,
    noncurrentMs: index === 0 ? undefined : START_MS - (sorted[index - 1] ?? 0) * DAY_MS,
    held: false,
  }));
  const events = lifecycleEvents(
    versions,
    rules,
    { versioned, autoclass: false },
    START_MS,
    START_MS + 3_650 * DAY_MS,
  );
  return events.map(({ kind }) => kind);
}

test('the ready policy is usable as it stands, without a hint', async () => {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  assert.equal(await policyCommand([FILE.pathname], { out: write, err: write }), 0);
  assert.ok(!lines.join('').includes('hint'), lines.join(''));
});

test('the ready policy never touches production models, and never deletes raw data', () => {
  fc.assert(
    fc.property(ages, fc.boolean(), fc.string({ maxLength: 20 }), (agesInDays, versioned, rest) => {
      assert.deepEqual(kindsOf(`models/production/${rest}`, agesInDays, versioned), []);
      assert.ok(kindsOf(`data/raw/${rest}`, agesInDays, versioned).every((kind) => kind === 'move'));
    }),
  );
});

test('the ready policy does something in every other folder, and nothing outside', () => {
  for (const folder of FOLDERS)
    assert.equal(kindsOf(`${folder}x`, [10], false).length > 0, folder !== 'models/production/', folder);
  assert.deepEqual(kindsOf('elsewhere/x', [10], true), []);
});

test('a policy file’s lifecycle rules are linted', async () => {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);
  const file = new URL('fixtures/shadowed.costguard.yaml', import.meta.url).pathname;
  assert.equal(await policyCommand([file], { out: write, err: write }), 0);
  assert.match(lines.join(''), /hint +lifecycle policy "odd": shadowed: SetStorageClass COLDLINE/);
});
