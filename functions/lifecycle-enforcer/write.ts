import type { Bucket } from '../../shared/google/buckets.ts';
import type { Run } from '../../shared/run/sweep.ts';
import type { Config } from './config.ts';
import { proposalFor, desiredDigests } from './decide.ts';
import type { BucketFacts, Facts } from './facts.ts';
import { updateRecords, type BucketRecord, type Intent } from './memory.ts';
import { ruleDigest, rulesDigest } from './rules/identity.ts';
import type { Merge } from './rules/merge.ts';
import { gotThrough, sameRecord, settled, tidyRecord } from './rules/ownership.ts';

/** The rules that a bucket is to get, and the trace that this leaves. */
export interface Write {
  /** As it was judged. */
  readonly bucket: Bucket;
  readonly merge: Merge;
  readonly intent: Intent;
}

/** What became of a write that was noted. */
export type Settlement = 'given-up' | Write;

export function writeOf(facts: BucketFacts, config: Config, now: Date): Write {
  const { bucket } = facts;
  const proposal = proposalFor(facts, config, now);
  if (proposal.kind !== 'change') throw new Error(`Cannot write "${bucket.name}": ${proposal.kind}`);
  const { merge } = proposal;
  return {
    bucket,
    merge,
    intent: {
      atMs: now.getTime(),
      metageneration: bucket.metageneration,
      added: merge.added.map(ruleDigest),
      removed: merge.removed.map(ruleDigest),
      result: rulesDigest(merge.rules),
    },
  };
}

export async function noteIntents(run: Run, writes: ReadonlyMap<string, Write>): Promise<void> {
  await updateRecords(run, writes.keys(), (name, before) => {
    const write = writes.get(name);
    return write === undefined ? before : withIntent(run, before, write);
  });
}

/** A record with what is about to be written. An earlier write of this run that was carried out is settled with it. */
export function withIntent(
  run: Run,
  before: BucketRecord | undefined,
  { bucket, intent }: Write,
): BucketRecord {
  const known = before?.createdMs === bucket.createdMs ? before : undefined;
  const earlier = known?.intents[run.runId];
  const rules = known?.rules ?? [];
  return {
    createdMs: bucket.createdMs,
    rules: earlier !== undefined && gotThrough(earlier, bucket) ? settled(rules, earlier) : rules,
    intents: { ...before?.intents, [run.runId]: intent },
  };
}

export async function settle(run: Run, settlements: ReadonlyMap<string, Settlement>): Promise<void> {
  await updateRecords(run, settlements.keys(), (name, before) => {
    const settlement = settlements.get(name);
    if (before === undefined || settlement === undefined) return before;
    const intents = Object.fromEntries(
      Object.entries(before.intents).filter(([runId]) => runId !== run.runId),
    );
    const rules = settlement === 'given-up' ? before.rules : settled(before.rules, settlement.intent);
    return rules.length === 0 && Object.keys(intents).length === 0
      ? undefined
      : { ...before, rules, intents };
  });
}

/** Forgets rules of ours that are gone, buckets that are gone, and traces of runs that died. */
export async function tidyUp(run: Run, config: Config, watched: readonly Facts[]): Promise<void> {
  const byName = new Map(
    watched.map((facts) => [facts.kind === 'gone' ? facts.name : facts.bucket.name, facts]),
  );
  await updateRecords(run, byName.keys(), (name, before) => {
    const facts = byName.get(name);
    // Another run has been here since: what it remembers is newer than what we saw.
    if (facts === undefined || before === undefined || !sameRecord(before, facts.record)) return before;
    if (facts.kind === 'gone') return undefined;
    return tidyRecord(
      before,
      facts.bucket,
      desiredDigests(facts, config, run.startedAt),
      run.startedAt.getTime(),
    );
  });
}
