import { messageOf, PermanentError } from '../../shared/errors.ts';
import { sendNotice } from '../../shared/notify/send.ts';
import type { Channel } from '../../shared/policy/policy.ts';
import {
  ledgerObject,
  parseLedger,
  printLedger,
  type Ledger,
  type Untold,
} from '../../shared/spend/ledger.ts';
import type { Reporter, Run, Work } from '../../shared/run/sweep.ts';
import { updateStateObject, type StateObject } from '../../shared/state/compare-and-swap.ts';
import type { State } from '../../shared/state/state.ts';
import { judgeAnomalies } from './anomalies/judge.ts';
import { afterTelling, chooseNews, noticeOf, withUntold, type News } from './anomalies/tell.ts';
import type { Config } from './config.ts';
import type { ProjectFacts } from './facts.ts';
import { ledgerAfter } from './ledger-after.ts';
import { pointsOf } from './metrics/points.ts';
import { writePoints } from './metrics/write.ts';

/**
 * Writes the look into the ledger, and tells what is unusual. Two runs at a time both count; a look that is older than the ledger's
 * last one does not.
 */
export async function recordLook(
  run: Run,
  config: Config,
  work: Work<ProjectFacts>,
  report: Reporter<ProjectFacts>,
): Promise<void> {
  const { state } = run;
  if (state === undefined) throw new PermanentError('Cannot keep a ledger: the policy has no state bucket');
  for (const plan of work.plans) {
    const { facts, decision } = plan;
    const { news, lost, ledger } = await writeLook(run, state, facts, config);
    const notTold = (await tellNews(run, state, news)) ? lost : [...lost, ...news];
    const evidence = {
      ...decision.evidence,
      ...(notTold.length === 0 ? {} : { notTold: notTold.map(({ says }) => says) }),
    };
    report.outcome(plan, { ...decision, evidence, outcome: 'done' });
    // Last, so that it holds nothing up. A look that is older than the ledger's is not told of again.
    const { budgets, unestimated, seen } = facts;
    if (config.metrics && ledger?.lookedMs === seen.atMs)
      await writePoints(run, pointsOf(ledger, budgets, config, unestimated), seen.atMs);
  }
}

interface Written extends Omit<News, 'ledger'> {
  readonly ledger: Ledger | undefined;
}

/** Writes the ledger after a look. Only the run that wrote down what is to be told tells it, so that no second delivery does again. */
async function writeLook(
  { runtime, policy, log, runId, projectId }: Run,
  state: State,
  facts: ProjectFacts,
  config: Config,
): Promise<Written> {
  const { atMs } = facts.seen;
  const channels = policy.notify?.channels ?? [];
  let written: Written = { news: [], lost: [], ledger: undefined };
  await updateStateObject(state, runtime, ledgerOf(projectId, atMs), (before) => {
    // This very look is there: its write came through and the answer did not. What it found is still to be told.
    written =
      before?.lookedMs === atMs
        ? { ...written, ledger: before }
        : nextLedger(before, facts, config, channels);
    return written.ledger;
  });
  for (const { says } of written.lost)
    log(
      'WARNING',
      `Gives up telling what no channel of the policy's notify took, or was too much to keep: ${says}`,
      { runId },
    );
  return written;
}

/** The ledger after a look, and what people are to be told of it. Pure. */
function nextLedger(
  before: Ledger | undefined,
  facts: ProjectFacts,
  { anomalies }: Config,
  channels: readonly Channel[],
): News {
  const ledger = ledgerAfter(before, facts);
  if (channels.length === 0) return { news: [], lost: [], ledger: withUntold(ledger, []) };
  return chooseNews(ledger, judgeAnomalies(before, ledger, facts.gpus.idle, anomalies));
}

/**
 * Tells the news, and then remembers that they were told: a run that dies in between has them told again by a later look, with the same
 * id. Whether at least one channel took them; where none did the next look tells them, and the log says why.
 */
async function tellNews(run: Run, state: State, news: readonly Untold[]): Promise<boolean> {
  if (news.length === 0) return true;
  const { runtime, policy, log, runId, projectId } = run;
  const told = await sendNotice(run, policy.notify?.channels ?? [], noticeOf(projectId, news));
  try {
    await updateStateObject(state, runtime, ledgerOf(projectId, runtime.now().getTime()), (before) =>
      before === undefined ? undefined : afterTelling(before, news, told > 0),
    );
  } catch (error) {
    log(
      'WARNING',
      `Cannot remember what of "${projectId}" was told, and may tell it again: ${messageOf(error)}`,
      { runId },
    );
  }
  return told > 0;
}

function ledgerOf(projectId: string, nowMs: number): StateObject<Ledger | undefined> {
  return {
    name: ledgerObject(projectId),
    parse(text) {
      const read = parseLedger(projectId, text, nowMs);
      if (read.kind === 'newer')
        throw new PermanentError(`Cannot use "${ledgerObject(projectId)}": ${read.why}`);
      return read.kind === 'ledger' ? read.ledger : undefined;
    },
    print: (ledger) => (ledger === undefined ? '' : printLedger(ledger)),
  };
}
