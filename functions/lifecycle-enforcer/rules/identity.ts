import { createHash } from 'node:crypto';
import type { StoredRule } from '../../../shared/google/buckets.ts';

/** The lists of a condition mean a set: their order and repetitions say nothing. */
const SETS = new Set(['matchesPrefix', 'matchesSuffix', 'matchesStorageClass']);
const DATES = new Set(['createdBefore', 'customTimeBefore', 'noncurrentTimeBefore']);

/** What was made of a rule before. */
interface Identity {
  readonly canonical: string;
  readonly digest: string;
}

/**
 * Rules are never changed once they are read, and the same few stand in most buckets: making their canonical form and digest
 * again and again was half of what the function allocated.
 */
const byRule = new WeakMap<StoredRule, Identity>();
const bySpelling = new Map<string, Identity>();
const MAX_SPELLINGS = 5_000;

function identityOf(rule: StoredRule): Identity {
  const known = byRule.get(rule);
  if (known !== undefined) return known;
  const spelling = JSON.stringify(rule);
  let identity = bySpelling.get(spelling);
  if (identity === undefined) {
    const canonical = makeCanonical(rule);
    identity = { canonical, digest: digestOf(canonical) };
    if (bySpelling.size >= MAX_SPELLINGS) bySpelling.clear();
    bySpelling.set(spelling, identity);
  }
  byRule.set(rule, identity);
  return identity;
}

/**
 * One text for each meaning of a rule: keys in order, lists as sets, no keys that restrict nothing. `age: 0` and
 * `isLive: false` do restrict (or match at once) and stay. What this code does not know is compared as it stands.
 */
export function canonicalRule(rule: StoredRule): string {
  return identityOf(rule).canonical;
}

function makeCanonical({ action, condition = {}, ...rest }: StoredRule): string {
  const { type, storageClass, ...more } = action;
  const conditions = Object.entries(condition)
    .map(([key, value]): [string, unknown] => [key, canonicalValue(key, value)])
    .filter(([, value]) => value !== undefined && value !== null);
  return JSON.stringify(
    sorted({
      ...rest,
      action: { ...more, type, ...(type === 'SetStorageClass' ? { storageClass } : {}) },
      condition: Object.fromEntries(conditions),
    }),
  );
}

/** Sixteen hexadecimal digits that stand for a rule's meaning. */
export function ruleDigest(rule: StoredRule): string {
  return identityOf(rule).digest;
}

/** The same for a list of rules, in whatever order; a rule that is there twice counts twice. */
export function rulesDigest(rules: readonly StoredRule[]): string {
  return digestOf(rules.map(canonicalRule).sort().join('\n'));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Undefined for what restricts nothing. */
function canonicalValue(key: string, value: unknown): unknown {
  if (SETS.has(key) && Array.isArray(value)) return canonicalSet(key, value.map(String));
  // Some clients send a date with a time of midnight, or a count as text.
  if (DATES.has(key) && typeof value === 'string') return value.replace(/T00:00:00(?:\.0+)?Z$/, '');
  if (typeof value === 'string' && /^\d{1,9}$/.test(value) && key !== 'matchesPattern') return Number(value);
  return value;
}

function canonicalSet(key: string, values: readonly string[]): readonly string[] | undefined {
  const all = [...new Set(values)].sort();
  const distinct = all.filter((one) => !all.some((other) => other !== one && covers(key, other, one)));
  // Every name begins and ends with nothing.
  return distinct.length === 0 || (key !== 'matchesStorageClass' && distinct[0] === '')
    ? undefined
    : distinct;
}

function covers(key: string, general: string, special: string): boolean {
  if (key === 'matchesPrefix') return special.startsWith(general);
  return key === 'matchesSuffix' && special.endsWith(general);
}

/** With the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
