import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Config } from '../../../../functions/lifecycle-enforcer/config.ts';
import { propose } from '../../../../functions/lifecycle-enforcer/proposal/propose.ts';
import type { Bucket, StoredRule } from '../../../../shared/google/buckets.ts';
import { ABORT, bucketOf, deleteAfter, moveTo } from '../../../support/bucket-lab.ts';

const NOW = new Date('2026-11-18T21:40:00Z');
const DAY = 86_400;

interface Case {
  readonly name: string;
  readonly bucket?: Partial<Bucket>;
  readonly rules: readonly StoredRule[];
  readonly terraformManaged?: 'enforce' | 'report';
  /** `change` when nothing speaks against it. */
  readonly expected: string;
}

const del = (condition: Record<string, unknown>): StoredRule => ({ action: { type: 'Delete' }, condition });
const TERRAFORM = { labels: { 'goog-terraform-provisioned': 'true' } };
const many = (count: number): StoredRule[] => Array.from({ length: count }, (_, age) => deleteAfter(age + 1));
const prefixes = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}/`);

const CASES: readonly Case[] = [
  { name: 'Autoclass and SetStorageClass', bucket: { autoclass: true }, rules: [moveTo('NEARLINE', 30)], expected: 'autoclass' },
  { name: 'Autoclass and a condition on the class', bucket: { autoclass: true }, rules: [deleteAfter(30, { matchesStorageClass: ['NEARLINE'] })], expected: 'autoclass' },
  { name: 'Autoclass and a plain Delete', bucket: { autoclass: true }, rules: [deleteAfter(30)], expected: 'change' },
  { name: 'from COLDLINE to NEARLINE', rules: [moveTo('NEARLINE', 30, { matchesStorageClass: ['STANDARD', 'COLDLINE'] })], expected: 'warmer-class' },
  { name: 'to STANDARD from wherever', rules: [moveTo('STANDARD', 30)], expected: 'warmer-class' },
  { name: 'to STANDARD from a class of old', rules: [moveTo('STANDARD', 30, { matchesStorageClass: ['REGIONAL'] })], expected: 'change' },
  { name: 'Delete at age 0', rules: [deleteAfter(0)], expected: 'deletes-at-once' },
  { name: 'Delete at age 0 below a prefix', rules: [deleteAfter(0, { matchesPrefix: ['tmp/'] })], expected: 'deletes-at-once' },
  { name: 'Delete with nothing but a prefix', rules: [del({ matchesPrefix: ['tmp/'] })], expected: 'deletes-at-once' },
  { name: 'Delete of noncurrent versions at once', rules: [del({ numNewerVersions: 3 })], expected: 'change' },
  { name: 'numNewerVersions 0 makes nothing wait', rules: [del({ numNewerVersions: 0 })], expected: 'deletes-at-once' },
  { name: 'Delete at age 1', rules: [deleteAfter(1)], expected: 'change' },
  { name: 'move at age 0', rules: [moveTo('NEARLINE', 0)], expected: 'change' },
  { name: 'abort with a condition of others', rules: [{ action: ABORT.action, condition: { age: 7, isLive: true } }], expected: 'condition-not-allowed' },
  { name: 'locked retention longer than the age', bucket: { retention: { seconds: 31 * DAY, locked: true } }, rules: [deleteAfter(30)], expected: 'locked-retention' },
  { name: 'locked retention as long as the age', bucket: { retention: { seconds: 30 * DAY, locked: true } }, rules: [deleteAfter(30)], expected: 'change' },
  { name: 'unlocked retention', bucket: { retention: { seconds: 31 * DAY, locked: false } }, rules: [deleteAfter(30)], expected: 'change' },
  { name: 'Terraform, to be reported', bucket: TERRAFORM, rules: [ABORT], terraformManaged: 'report', expected: 'terraform-managed' },
  { name: 'Terraform, to be enforced', bucket: TERRAFORM, rules: [ABORT], expected: 'change' },
  { name: 'Terraform, with everything there', bucket: { ...TERRAFORM, rules: [ABORT] }, rules: [ABORT], terraformManaged: 'report', expected: 'in-force' },
  { name: '100 rules', bucket: { rules: many(99) }, rules: [ABORT], expected: 'change' },
  { name: '101 rules', bucket: { rules: many(100) }, rules: [ABORT], expected: 'too-many-rules' },
  { name: '1,001 prefixes and suffixes', bucket: { rules: [deleteAfter(9, { matchesPrefix: prefixes(1_000) })] }, rules: [deleteAfter(30, { matchesSuffix: ['.x'] })], expected: 'too-many-prefixes' },
  { name: 'a foreign bad rule is no reason', bucket: { rules: [deleteAfter(0)] }, rules: [ABORT], expected: 'change' },
  { name: 'the state bucket', bucket: { name: 'state' }, rules: [ABORT], expected: 'state-bucket' },
  { name: 'exempt', bucket: { labels: { 'costguard-exempt': 'true' } }, rules: [ABORT], expected: 'exempt' },
  { name: 'exempt until a day that is over', bucket: { labels: { 'costguard-exempt': '2026-11-01' } }, rules: [ABORT], expected: 'change' },
  { name: 'exempt: false', bucket: { labels: { 'costguard-exempt': 'false' } }, rules: [ABORT], expected: 'change' },
  { name: 'a name that no policy matches', bucket: { name: 'other' }, rules: [ABORT], expected: 'no-policy' },
  { name: 'a location that no policy matches', bucket: { location: 'EU' }, rules: [ABORT], expected: 'no-policy' },
]; // prettier-ignore

describe('propose', () => {
  for (const { name, bucket, rules, terraformManaged = 'enforce', expected } of CASES)
    it(name, () => {
      const config: Config = {
        mode: 'enforce',
        simulate: 'metrics',
        terraformManaged,
        policies: [
          {
            name: 'data',
            match: { name: '*at*', labels: {}, location: 'us-*' },
            // The policy's schema would refuse some of these; this is the second line.
            rules: rules as Config['policies'][number]['rules'],
            foreignRules: 'keep',
            allowDeleteAll: false,
          },
        ],
        exemptLabel: 'costguard-exempt',
        maxDeletedShare: 0.5,
        maxPatches: 1_000,
        stateBucket: 'state',
      };
      const proposal = propose(bucketOf(bucket), undefined, config, NOW);
      assert.equal(proposal.kind === 'refused' ? proposal.refusal.reason : proposal.kind, expected);
    });
});
