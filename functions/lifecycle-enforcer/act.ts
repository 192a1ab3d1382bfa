import pMap from 'p-map';
import { replaceLifecycle } from '../../shared/google/buckets.ts';
import { BusyError, isRetryable, GoogleApiError } from '../../shared/google/google-api-error.ts';
import type { DecidedOutcome } from '../../shared/run/receipt.ts';
import type { Plan, Reporter, Run, Work } from '../../shared/run/sweep.ts';
import type { Config } from './config.ts';
import { judgeBucket, proposalFor, wantedDigests } from './decide.ts';
import type { BucketFacts, Facts } from './facts.ts';
import { gatherBucket } from './gather.ts';
import { updateRecords, type Intent } from './memory.ts';
import type { Merge } from './rules/merge.ts';
import { sameRecord, settled, tidyRecord } from './rules/ownership.ts';
import { ruleDigest, rulesDigest } from './rules/identity.ts';

/** Buckets that are written at the same time. */
const CONCURRENCY = 8;

/** How often a bucket is read and judged again that changes between reading and writing, before this event gives up for now. */
const MAX_ATTEMPTS = 6;

/** A bucket takes about one change of its settings a second. */
const PAUSE_MS = 1_000;

/**
 * Carries out the plans of one page. Before a rule is written it is noted that we are about to, and afterwards what came
 * of it, so that a run that is killed in between leaves a trace by which the next one knows its own rules.
 */
export async function actOnBuckets(
  run: Run,
  config: Config,
  work: Work<Facts>,
  report: Reporter<Facts>,
): Promise<void> {
  await tidyUp(run, config, work.watched);
  const writes = new Map<string, Write>();
  for (const { facts, decision } of work.plans)
    if (decision.action === 'patch' && facts.kind === 'bucket')
      writes.set(facts.bucket.name, writeOf(facts, config, run.startedAt));
  await noteIntents(run, writes);

  const settlements = new Map<string, Settlement>();
  await pMap(
    work.plans,
    async (plan) => {
      const { decision, facts } = plan;
      if (decision.action !== 'patch' || facts.kind !== 'bucket') {
        report.outcome(plan, { ...decision, outcome: 'done' });
        return;
      }
      const { name } = facts.bucket;
      try {
        const { outcome, wrote } = await patchBucket(run, config, { ...plan, facts }, writes.get(name));
        report.outcome(plan, outcome);
        settlements.set(name, wrote ?? 'given-up');
      } catch (error) {
        report.failure(plan, error);
        // What may have got through stays noted: the next run sees by the bucket whether it did.
        if (!isRetryable(error)) settlements.set(name, 'given-up');
      }
    },
    { concurrency: CONCURRENCY },
  );
  await settle(run, settlements);
}

/** The rules that a bucket is to get, and the trace that this leaves. */
interface Write {
  readonly createdMs: number;
  readonly merge: Merge;
  readonly intent: Intent;
}

/** What became of a write that was noted. */
type Settlement = 'given-up' | Write;

function writeOf(facts: BucketFacts, config: Config, now: Date): Write {
  const { bucket } = facts;
  const proposal = proposalFor(facts, config, now);
  if (proposal.kind !== 'change') throw new Error(`Cannot write "${bucket.name}": ${proposal.kind}`);
  const { merge } = proposal;
  return {
    createdMs: bucket.createdMs,
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

interface Patched {
  readonly outcome: DecidedOutcome;
  /** Absent when this run wrote nothing. */
  readonly wrote?: Write;
}

/**
 * Writes one bucket's rules under the metageneration at which they were judged. Where another process changed the bucket
 * meanwhile, or no answer comes, it is read and judged anew: what they wrote is part of what is merged then.
 */
async function patchBucket(
  run: Run,
  config: Config,
  plan: Plan<BucketFacts>,
  first: Write | undefined,
): Promise<Patched> {
  let { facts, decision } = plan;
  let write = first ?? writeOf(facts, config, run.startedAt);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const { merge, intent } = write;
    let unanswered = false;
    try {
      const now = await replaceLifecycle(run.api, facts.bucket.name, merge.rules, intent.metageneration);
      if (rulesDigest(now) !== intent.result)
        throw new Error(`Cannot verify "${facts.bucket.name}": its rules are not those that were written`);
      return { outcome: { ...decision, outcome: 'done' }, wrote: write };
    } catch (error) {
      unanswered = isRetryable(error);
      if (!unanswered && !isStatus(error, 412)) throw error;
    }
    await run.runtime.sleep(PAUSE_MS * (1 + run.runtime.random()) * attempt);
    const present = await orGone(gatherBucket(run, config, facts));
    if (present === undefined)
      return { outcome: { ...decision, action: 'keep', reason: 'gone', outcome: 'already' } };
    if (unanswered && present.bucket.metageneration === String(BigInt(intent.metageneration) + 1n))
      if (rulesDigest(present.bucket.rules) === intent.result)
        return { outcome: { ...decision, outcome: 'done' }, wrote: write };
    const [again] = judgeBucket(present, config, run.startedAt);
    if (again === undefined || again.action !== 'patch')
      return { outcome: { ...decision, ...again, outcome: 'already' } };
    facts = present;
    decision = again;
    write = writeOf(facts, config, run.startedAt);
    await noteIntents(run, new Map([[facts.bucket.name, write]]));
  }
  throw new BusyError(
    `Cannot patch "${facts.bucket.name}": it changed or did not answer ${MAX_ATTEMPTS} times in a row`,
  );
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof GoogleApiError && error.status === status;
}

async function orGone<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function noteIntents(run: Run, writes: ReadonlyMap<string, Write>): Promise<void> {
  await updateRecords(run, writes.keys(), (name, before) => {
    const write = writes.get(name);
    if (write === undefined) return before;
    return {
      createdMs: write.createdMs,
      rules: before?.createdMs === write.createdMs ? before.rules : [],
      intents: { ...before?.intents, [run.runId]: write.intent },
    };
  });
}

async function settle(run: Run, settlements: ReadonlyMap<string, Settlement>): Promise<void> {
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
async function tidyUp(run: Run, config: Config, watched: readonly Facts[]): Promise<void> {
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
      wantedDigests(facts, config, run.startedAt),
      run.startedAt.getTime(),
    );
  });
}
