import fc from 'fast-check';
import type { StoredRule } from '../../../shared/google/buckets.ts';

const days = fc.constantFrom(0, 1, 2, 7, 30, 90, 365);
const names = fc.uniqueArray(fc.constantFrom('a/', 'a/b/', 'b/', 'logs/'), { minLength: 1, maxLength: 3 });
const maybe = { requiredKeys: [] };

const condition = fc.record(
  {
    age: days,
    createdBefore: fc.constantFrom('2026-01-01', '2026-11-18', '2027-06-01'),
    customTimeBefore: fc.constantFrom('2026-01-01', '2026-11-18'),
    daysSinceCustomTime: days,
    daysSinceNoncurrentTime: days,
    noncurrentTimeBefore: fc.constantFrom('2026-01-01', '2026-11-18'),
    isLive: fc.boolean(),
    matchesStorageClass: fc.uniqueArray(fc.constantFrom('STANDARD', 'NEARLINE', 'COLDLINE'), {
      minLength: 1,
    }),
    matchesPrefix: names,
    matchesSuffix: fc.uniqueArray(fc.constantFrom('.ckpt', '.txt'), { minLength: 1 }),
    numNewerVersions: fc.constantFrom(0, 1, 2),
  },
  maybe,
);

/** At least one condition and mostly few, so that rules match something. */
const fewConditions = fc
  .tuple(condition, fc.uniqueArray(fc.nat(10), { minLength: 1, maxLength: 3 }), days)
  .map(([all, chosen, age]): Record<string, unknown> => {
    const few = Object.entries(all).filter((_, index) => chosen.includes(index));
    return few.length === 0 ? { age } : Object.fromEntries(few);
  });

const action = fc.oneof(
  fc.constant({ type: 'Delete' }),
  fc
    .constantFrom('NEARLINE', 'COLDLINE', 'ARCHIVE')
    .map((storageClass) => ({ type: 'SetStorageClass', storageClass })),
);

const abort = fc
  .record({ age: days, matchesPrefix: names }, { requiredKeys: ['age'] })
  .map((conditions) => ({ action: { type: 'AbortIncompleteMultipartUpload' }, condition: conditions }));

/** A rule that Cloud Storage takes. */
export const anyRule: fc.Arbitrary<StoredRule> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ action, condition: fewConditions }) },
  { weight: 1, arbitrary: abort },
);

/** The same rule with its keys and lists in another order, items twice, and keys that restrict nothing. */
export function respelled(rule: StoredRule, random: Iterator<number>): StoredRule {
  const draw = (): number => random.next().value as number;
  const entries = Object.entries(rule.condition ?? {}).map(([key, value]): [string, unknown] => [
    key,
    Array.isArray(value) ? (draw() % 2 === 0 ? value.toReversed() : value.concat(value[0])) : value,
  ]);
  const more = draw() % 2 === 0 ? { matchesSuffix: null } : {};
  const condition = Object.fromEntries(draw() % 2 === 0 ? entries.reverse() : entries);
  return { action: rule.action, condition: { ...more, ...condition } };
}
