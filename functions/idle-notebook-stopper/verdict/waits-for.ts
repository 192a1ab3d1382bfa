import type { RunningJob } from '../../../shared/google/vertex/running-jobs.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { keep, type Verdict } from './verdict.ts';

/**
 * A kernel that called `job.run()` sleeps until the job ends, and its variables go with it. Which notebook started a job stands
 * nowhere in it, so that any that goes on may be the one, unless it is older than the notebook's own last start. Undefined
 * where there is none.
 */
export function judgeWaiting(facts: NotebookFacts, config: Config): Verdict | undefined {
  const { jobs, vm } = facts;
  if (!config.keepWhileJobsRun) return undefined;
  if (jobs.kind === 'unreadable')
    return keep('not-evaluable', { why: `whether it waits for a job cannot be told: ${jobs.why}` });
  if (jobs.kind === 'not-read')
    return keep('not-evaluable', { why: 'whether it waits for a job was not read' });
  const startMs = vm.kind === 'found' ? vm.lastStartMs : undefined;
  const possible = jobs.jobs.filter(
    ({ createdMs }) => createdMs === undefined || startMs === undefined || createdMs >= startMs,
  );
  // Its own account is the best hint there is.
  const own = possible.find(
    ({ serviceAccount }) => serviceAccount !== undefined && facts.serviceAccounts.includes(serviceAccount),
  );
  const job = own ?? possible[0];
  if (job === undefined) return undefined;
  return keep('waits-for', {
    job: nameOf(job),
    resource: job.resource,
    runsAs: job.serviceAccount ?? 'the default account of Vertex AI',
    jobs: possible.length,
    why: `it may wait for the job ${nameOf(job)}${possible.length > 1 ? ` or ${possible.length - 1} others` : ''}, which goes on`,
  });
}

function nameOf({ displayName, resource }: RunningJob): string {
  return displayName === '' ? resource : JSON.stringify(displayName);
}
