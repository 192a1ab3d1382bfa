import type { BucketPolicy } from '../../../shared/policy/policy.ts';
import { lintRules, type Finding } from './lint.ts';
import { readRule } from '../rules/condition.ts';

/** What is odd about a policy's rules, whatever bucket they are for; prices are those of us-central1. */
export function lintPolicy({ rules }: BucketPolicy): readonly Finding[] {
  return lintRules(rules.map(readRule), {});
}
