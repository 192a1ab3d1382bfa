import { PermanentError } from '../../shared/errors.ts';
import { sendNotice } from '../../shared/notify/send.ts';
import { ledgerObject, parseLedger, printLedger, type Ledger } from '../../shared/spend/ledger.ts';
import type { Reporter, Run, Work } from '../../shared/run/sweep.ts';
import { updateStateObject, type StateObject } from '../../shared/state/compare-and-swap.ts';
import { judgeAnomalies, type Anomaly } from './anomalies/judge.ts';
import { chooseNews, noticeOf } from './anomalies/tell.ts';
import type { Config } from './config.ts';
import type { ProjectFacts } from './facts.ts';
import { ledgerAfter } from './ledger-after.ts';
import { pointsOf } from './metrics/points.ts';
import { writePoints } from './metrics/write.ts';

/**
 * Writes the look into the ledger, and tells what is unusual. Two runs at a time both count; a look that is older than the ledger's
 * last one does not. Only the run that wrote down an anomaly tells it, so that no second delivery does again.
 */
export async function recordLook(
  run: Run,
  config: Config,
  work: Work<ProjectFacts>,
  report: Reporter<ProjectFacts>,
): Promise<void> {
  const { state, runtime, projectId } = run;
  if (state === undefined) throw new PermanentError('Cannot keep a ledger: the policy has no state bucket');
  for (const plan of work.plans) {
    let news: readonly Anomaly[] = [];
    let ledger: Ledger | undefined;
    const { seen, budgets } = plan.facts;
    await updateStateObject(state, runtime, ledgerOf(projectId, seen.atMs), (before) => {
      // This very look is there: its write came through and the answer did not. What it found is still to be told.
      if (before?.lookedMs === seen.atMs) return (ledger = before);
      const next = nextLedger(before, plan.facts, config);
      ({ news, ledger } = next);
      return ledger;
    });
    report.outcome(plan, { ...plan.decision, outcome: 'done' });
    const channels = run.policy.notify?.channels ?? [];
    if (news.length > 0 && channels.length > 0) await sendNotice(run, channels, noticeOf(run, news));
    // Last, so that it holds nothing up. A look that is older than the ledger's is not told of again.
    if (config.metrics && ledger?.lookedMs === seen.atMs)
      await writePoints(run, pointsOf(ledger, budgets, config), seen.atMs);
  }
}

/** The ledger after a look, and what people are to be told of it. Pure. */
function nextLedger(
  before: Ledger | undefined,
  facts: ProjectFacts,
  { anomalies }: Config,
): ReturnType<typeof chooseNews> {
  const ledger = ledgerAfter(before, facts);
  return chooseNews(ledger, judgeAnomalies(before, ledger, facts.gpus.idle, anomalies));
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
