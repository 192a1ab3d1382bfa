import { sendNotice } from '../../../shared/notify/send.ts';
import type { Reporter, Run, Work } from '../../../shared/run/sweep.ts';
import { actOnNotebooks } from '../act.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { isTold, noticeOf, type Told } from './notice.ts';

/**
 * Acts, and then tells what was done on the policy's channels: when every stop was requested, so that no message delays one,
 * and only what this very run did, so that no second delivery tells it again.
 */
export async function actAndTell(
  run: Run,
  config: Config,
  work: Work<NotebookFacts>,
  report: Reporter<NotebookFacts>,
): Promise<void> {
  const told: Told[] = [];
  await actOnNotebooks(run, config, work, {
    ...report,
    outcome(plan, outcome) {
      report.outcome(plan, outcome);
      const one = { facts: plan.facts, outcome };
      if (isTold(one)) told.push(one);
    },
  });
  const channels = run.policy.notify?.channels ?? [];
  const notice = channels.length === 0 ? undefined : noticeOf(run, config, told);
  if (notice !== undefined) await sendNotice(run, channels, notice);
}
