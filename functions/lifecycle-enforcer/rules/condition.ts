import * as z from 'zod/mini';
import type { StoredRule } from '../../../shared/google/buckets.ts';

const count = z.optional(z.int());
const texts = z.optional(z.array(z.string()));

/** The conditions that costguard understands; all of them must hold. */
const conditionSchema = z.object({
  age: count,
  createdBefore: z.optional(z.string()),
  customTimeBefore: z.optional(z.string()),
  daysSinceCustomTime: count,
  daysSinceNoncurrentTime: count,
  noncurrentTimeBefore: z.optional(z.string()),
  isLive: z.optional(z.boolean()),
  matchesStorageClass: texts,
  matchesPrefix: texts,
  matchesSuffix: texts,
  numNewerVersions: count,
});
export type Condition = z.infer<typeof conditionSchema>;

/** A rule with its condition read. `unknown` names what this code cannot evaluate, e.g. `matchesPattern`. */
export interface ReadRule {
  readonly rule: StoredRule;
  readonly type: string;
  /** Of SetStorageClass. */
  readonly to: string;
  readonly condition: Condition;
  readonly unknown: readonly string[];
}

/** Reads a rule as far as it can be understood; lists that restrict nothing are left out. */
export function readRule(rule: StoredRule): ReadRule {
  const entries = Object.entries(rule.condition ?? {})
    .filter(
      ([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
    )
    .map(([key, value]): [string, unknown] => [key, isCount(value) ? Number(value) : value]);
  const known = entries.filter(([key]) => Object.hasOwn(conditionSchema.shape, key));
  const read = conditionSchema.safeParse(Object.fromEntries(known));
  const unknown = entries.filter(([key]) => !Object.hasOwn(conditionSchema.shape, key)).map(([key]) => key);
  return {
    rule,
    type: rule.action.type,
    to: rule.action.storageClass ?? '',
    condition: read.success ? read.data : {},
    unknown: read.success ? unknown : [...unknown, 'condition'],
  };
}

/** Some clients send counts as text. */
function isCount(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,9}$/.test(value);
}

/** Whether only versions that are not live any more can match. */
export function noncurrentOnly(condition: Condition): boolean {
  return (
    condition.isLive === false ||
    condition.daysSinceNoncurrentTime !== undefined ||
    condition.noncurrentTimeBefore !== undefined ||
    (condition.numNewerVersions ?? 0) > 0
  );
}

/** A rule in words, e.g. `Delete: age 365, matchesPrefix experiments/`. */
export function describeRule({ action, condition = {} }: StoredRule): string {
  const to = action.storageClass === undefined ? '' : ` ${action.storageClass}`;
  const parts = Object.entries(condition).map(([key, value]) => `${key} ${wordsOf(value)}`);
  return `${action.type}${to}: ${parts.length === 0 ? 'always' : parts.join(', ')}`;
}

function wordsOf(value: unknown): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const shown = value.slice(0, 3).map(String);
  return shown.join(' or ') + (value.length > 3 ? ` or ${value.length - 3} more` : '');
}
