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
import { judgeBucket } from './decide.ts';
import type { BucketFacts, Facts } from './facts.ts';
import { gatherBucket } from './gather.ts';
import { gotThrough } from './rules/ownership.ts';
import { rulesDigest } from './rules/identity.ts';
import { noteIntents, settle, tidyUp, withIntent, writeOf, type Settlement, type Write } from './write.ts';

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
  let requested: Requested | undefined;
  let looks = 0;
  const changed = await changeBucket(
    {
      resource: name,
      async look() {
        if (looks++ > 0) judged = await judgeAgain(run, config, judged.facts, requested);
        return judged;
      },
      isThere: ({ facts, write }) =>
        requested !== undefined && write === undefined && gotThrough(requested.write.intent, facts.bucket),
      blocker: ({ write }) => (write === undefined ? 'nothing is to be written any more' : undefined),
      async intend({ write }) {
        if (write !== undefined && write !== first) await noteIntents(run, new Map([[name, write]]));
      },
      async request(permit, { write }) {
        if (write === undefined) throw new Error(`Cannot write "${name}": there is nothing to write`);
        requested = { write, decision: judged.decision };
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

/** A write that left, and the decision behind it. */
interface Requested {
  readonly write: Write;
  readonly decision: Judged['decision'];
}

function outcomeOf(
  changed: Changed<readonly StoredRule[]>,
  decision: Judged['decision'],
  requested: Requested | undefined,
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
      const { write, decision: carriedOut } = requested;
      if (answer !== undefined && rulesDigest(answer) !== write.intent.result)
        throw new Error(`Cannot verify "${decision.resource}": its rules are not those that were written`);
      return { outcome: { ...carriedOut, outcome: 'done' }, settlement: write };
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

/** Reads and judges a bucket anew. A write that left may have been carried out meanwhile: then its rules are ours. */
async function judgeAgain(
  run: Run,
  config: Config,
  before: BucketFacts,
  requested: Requested | undefined,
): Promise<Judged> {
  const record = requested === undefined ? before.record : withIntent(run, before.record, requested.write);
  const facts = await gatherBucket(run, config, { ...before, record });
  const [decision] = judgeBucket(facts, config, run.startedAt);
  if (decision === undefined) throw new Error(`Cannot judge "${facts.bucket.name}"`);
  const write = decision.action === 'patch' ? writeOf(facts, config, run.startedAt) : undefined;
  return { facts, decision, write };
}
