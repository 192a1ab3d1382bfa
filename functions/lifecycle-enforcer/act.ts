import pMap from 'p-map';
import { payerOf, replaceLifecycle, type StoredRule } from '../../shared/google/buckets.ts';
import { messageOf } from '../../shared/errors.ts';
import {
  changeState,
  type Changed,
  type StateChange,
  type Waits,
} from '../../shared/google/change/change-state.ts';
import type { Claim } from '../../shared/google/change/permit.ts';
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
        const { outcome, settlement } = await patchBucket(run, config, { ...plan, facts }, writes.get(name));
        report.outcome(plan, outcome);
        if (settlement !== undefined) settlements.set(name, settlement);
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
  /** What became of the write that was noted; absent where that cannot be told, so that it stays noted. */
  readonly settlement?: Settlement;
}

/** A bucket as it was judged, and what it is to get. */
interface Judged {
  readonly facts: BucketFacts;
  readonly decision: Plan<BucketFacts>['decision'];
  /** Undefined where nothing is to be written any more. */
  readonly write: Write | undefined;
}

/** The metageneration is the precondition of each write: Google itself refuses what was judged on an older bucket. */
const FENCED_AT_GOOGLE: Claim = { confirm: () => Promise.resolve(), check: () => undefined };

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
  const { runtime, api } = run;
  const { name } = plan.facts.bucket;
  let judged: Judged = { ...plan, write: first ?? writeOf(plan.facts, config, run.startedAt) };
  let requested: Write | undefined;
  let looks = 0;
  const changed = await changeBucket(
    {
      resource: name,
      async look() {
        if (looks++ > 0) judged = await judgeAgain(run, config, judged.facts);
        return judged;
      },
      isThere: ({ facts }) => requested !== undefined && isWritten(facts, requested.intent),
      blocker: ({ write }) => (write === undefined ? 'nothing is to be written any more' : undefined),
      async intend({ write }) {
        if (write !== undefined && write !== first) await noteIntents(run, new Map([[name, write]]));
      },
      async request(permit, { write }) {
        if (write === undefined) throw new Error(`Cannot write "${name}": there is nothing to write`);
        requested = write;
        const { merge, intent } = write;
        return replaceLifecycle(api, permit, name, merge.rules, {
          metageneration: intent.metageneration,
          userProject: payerOf(judged.facts.bucket, run.projectId),
        });
      },
      attempts: MAX_ATTEMPTS,
      answerSettles: true,
      fencedAtGoogle: true,
    },
    {
      sleep: (milliseconds) => runtime.sleep(PAUSE_MS + milliseconds),
      random: runtime.random,
      nowMs: () => runtime.now().getTime(),
      confirmMs: 0,
    },
  );
  return outcomeOf(changed, judged.decision, requested);
}

function outcomeOf(
  changed: Changed<readonly StoredRule[]>,
  decision: Judged['decision'],
  requested: Write | undefined,
): Patched {
  switch (changed.kind) {
    case 'gone':
      return {
        outcome: { ...decision, action: 'keep', reason: 'gone', outcome: 'already' },
        settlement: 'given-up',
      };
    case 'already':
    case 'blocked': {
      const outcome = { ...decision, outcome: 'already' } as const;
      // An earlier request may have got through, and another change after it: the next run sees whose rules there are.
      const mayBeOurs = changed.kind === 'blocked' && changed.mayBeOurs;
      return mayBeOurs ? { outcome } : { outcome, settlement: 'given-up' };
    }
    case 'done': {
      const { answer } = changed;
      if (requested === undefined)
        throw new Error(`Cannot write "${decision.resource}": nothing was requested`);
      if (answer !== undefined && rulesDigest(answer) !== requested.intent.result)
        throw new Error(`Cannot verify "${decision.resource}": its rules are not those that were written`);
      return { outcome: { ...decision, outcome: 'done' }, settlement: requested };
    }
  }
}

/** A bucket that another process changes again and again is left to the next delivery. */
async function changeBucket(
  change: StateChange<Judged, readonly StoredRule[]>,
  waits: Waits,
): Promise<Changed<readonly StoredRule[]>> {
  try {
    return await changeState(change, waits, FENCED_AT_GOOGLE);
  } catch (error) {
    if (!isRetryable(error) && !(error instanceof GoogleApiError && error.status === 412)) throw error;
    throw new BusyError(
      `Cannot patch "${change.resource}": it changed or did not answer ${MAX_ATTEMPTS} times in a row: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Whether a write got through: the bucket has the very rules, and was changed once since. */
function isWritten({ bucket }: BucketFacts, intent: Intent): boolean {
  return (
    bucket.metageneration === String(BigInt(intent.metageneration) + 1n) &&
    rulesDigest(bucket.rules) === intent.result
  );
}

async function judgeAgain(run: Run, config: Config, before: BucketFacts): Promise<Judged> {
  const facts = await gatherBucket(run, config, before);
  const [decision] = judgeBucket(facts, config, run.startedAt);
  if (decision === undefined) throw new Error(`Cannot judge "${facts.bucket.name}"`);
  const write = decision.action === 'patch' ? writeOf(facts, config, run.startedAt) : undefined;
  return { facts, decision, write };
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
