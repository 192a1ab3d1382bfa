import type { Decision } from '../../../shared/run/receipt.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { workingPeriod } from '../working-hours.ts';
import { minutesSince, neverLeft, startedSince, startsSince } from './moments.ts';
import { keep, type Verdict } from './verdict.ts';

/** The reason of a stop that the opening of the working hours undoes. */
export const OUTSIDE_HOURS = 'outside-hours';

/**
 * A start shows at once: the instance leaves STOPPED. One that is STOPPED again this long after fell back, as a VM does that
 * gets no capacity (PROVISIONING, then TERMINATED), and may be tried again.
 */
export const START_SETTLE_MINUTES = 5;

/** Starts of one notebook in one working period. Who waits for capacity longer than an hour had better be told. */
export const MAX_STARTS = 6;

/** Inside working hours, what costguard stopped because of them starts again, unless a user started it since. */
export function judgeStopped(facts: NotebookFacts, config: Config, now: Date): Verdict {
  const { stop, start } = facts.memory;
  if (config.hours?.start !== true || stop === undefined || neverLeft(stop)) return keep('stopped');
  const stoppedBy = { stoppedBy: 'costguard', stoppedAt: new Date(stop.claimedAtMs).toISOString() };
  if (stop.reason !== OUTSIDE_HOURS)
    return keep('stopped', {
      ...stoppedBy,
      why: 'it was stopped because it was idle, not because of the hours',
    });
  const period = workingPeriod(now, config.hours);
  if (period === undefined || stop.claimedAtMs >= period.opensMs) return keep('stopped', stoppedBy);
  if (facts.vm.kind !== 'found' || facts.vm.lastStartMs === undefined)
    return keep('not-evaluable', {
      ...stoppedBy,
      why: 'whether it was started since cannot be told: its VM is unknown',
    });
  if (startedSince(facts, stop.claimedAtMs))
    return keep('stopped', { stoppedBy: 'someone else, after a later start' });
  if (start?.requestedAtMs !== undefined && minutesSince(start.requestedAtMs, now) < START_SETTLE_MINUTES)
    return keep('transitional', { why: 'its start was requested' });
  // None of them came up.
  if (startsSince(start, period.opensMs) >= MAX_STARTS)
    return keep('stopped', {
      ...stoppedBy,
      why: `it did not start in ${MAX_STARTS} attempts since the hours opened`,
    });
  const { rungInForce } = facts;
  if (rungInForce !== undefined)
    return keep('budget-rung', {
      ...stoppedBy,
      budget: rungInForce.budget,
      why: `${rungInForce.rung} is in force${rungInForce.byEstimate === true ? ', by spend-watch’s estimate alone,' : ''} and would stop it again: raise the budget, or ask budget-restore`,
    });
  return {
    action: 'start',
    reason: 'working-hours',
    evidence: { ...stoppedBy, opensAt: new Date(period.opensMs).toISOString() },
  };
}

/** Reports a start that did not come up, and what happens next. */
export function judgeStart(
  facts: NotebookFacts,
  config: Config,
  verdict: Verdict,
  now: Date,
): readonly Decision[] {
  const { stop, start } = facts.memory;
  const period = config.hours === null ? undefined : workingPeriod(now, config.hours);
  if (period === undefined || start?.requestedAtMs === undefined || stop === undefined) return [];
  const attempts = startsSince(start, period.opensMs);
  const settled = minutesSince(start.requestedAtMs, now) >= START_SETTLE_MINUTES;
  if (facts.state !== 'STOPPED' || attempts === 0 || !settled || startedSince(facts, stop.claimedAtMs))
    return [];
  const next = nextOf(attempts, verdict);
  return [
    {
      resource: facts.name,
      action: 'report',
      reason: 'did-not-start',
      evidence: {
        requestedAt: new Date(start.requestedAtMs).toISOString(),
        attempts,
        says: `It was started for the working hours and is STOPPED again; the operations of its VM say why. ${next.says}`,
        why: 'it was started and is STOPPED again: why is in the operations of its VM, which costguard does not read',
        next: next.text,
      },
      usdPerHour: 0,
    },
  ];
}

/** Whether it is tried again depends on the verdict, and on what else the run starts. */
function nextOf(
  attempts: number,
  { action, reason }: Verdict,
): { readonly says: string; readonly text: string } {
  if (attempts >= MAX_STARTS)
    return { says: 'It was the last attempt.', text: 'not tried again before the hours open the next time' };
  const used = `${attempts} of ${MAX_STARTS} attempts are used up`;
  return action === 'start'
    ? {
        says: 'It is tried again, as far as maxActions allows.',
        text: `tried again now, as far as maxActions allows; ${used}`,
      }
    : { says: `It is not tried again now: ${reason}.`, text: `not tried again now (${reason}); ${used}` };
}
