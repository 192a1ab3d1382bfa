import type { BucketPolicy } from '../../../shared/policy/policy.ts';
import type { PolicyProblem } from '../../../shared/policy/problems.ts';
import { deletesEverything } from '../rules/at-once.ts';
import { lintRules, type Finding } from './lint.ts';
import { readRule } from '../rules/condition.ts';

/** What is odd about a policy's rules, whatever bucket they are for; prices are those of us-central1. */
export function lintPolicy({ rules }: BucketPolicy, now: Date): readonly Finding[] {
  return lintRules(rules.map(readRule), { now });
}

/**
 * Rules that delete every object at once in policies that do not say `allowDeleteAll: true`. Not part of the schema's checks: a
 * date in a rule must not make the file unusable for the functions that run, the kill switch among them.
 */
export function deleteAllProblems(policies: readonly BucketPolicy[], now: Date): readonly PolicyProblem[] {
  return policies.flatMap(({ rules, allowDeleteAll }, p) =>
    allowDeleteAll
      ? []
      : rules.flatMap((rule, r): PolicyProblem[] => {
          const why = deletesEverything(readRule(rule), now, undefined);
          if (why === undefined) return [];
          const path = `lifecycle.policies[${p}].rules[${r}]`;
          return [
            { path, message: `${why}; expected a condition that makes it wait, or allowDeleteAll: true` },
          ];
        }),
  );
}
