import type { Config } from '../config.ts';
import type { NotebookFacts, StartedJob } from '../facts.ts';
import { keep, type Verdict } from './verdict.ts';

/**
 * A kernel that called `job.run()` sleeps until the job ends, and its variables go with it. One that an account of another notebook
 * or another person started is none of its; nor is one that is older than the notebook's own last start. Not the last activity: what
 * is done in a second kernel, or a minute of an update, does not end the wait of the first. Undefined where there is none.
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
    (job) =>
      (job.createdMs === undefined || startMs === undefined || job.createdMs >= startMs) &&
      maker(job, facts) !== 'another',
  );
  const own = possible.find((job) => maker(job, facts) === 'own');
  // The account that a job runs as is a hint of who started it, and no more.
  const likely = possible.find(
    ({ serviceAccount }) => serviceAccount !== undefined && facts.accounts.includes(serviceAccount),
  );
  const job = own ?? likely ?? possible[0];
  if (job === undefined) return undefined;
  const others = possible.length > 1 ? ` or ${possible.length - 1} more` : '';
  return keep('waits-for', {
    job: nameOf(job),
    resource: job.resource,
    startedBy: job.startedBy ?? 'cannot be told',
    runsAs: job.serviceAccount ?? 'the default account of Vertex AI',
    jobs: possible.length,
    why:
      own === undefined
        ? `it may wait for the job ${nameOf(job)}${others}; who started that cannot be told`
        : `it may wait for the job ${nameOf(job)}${others}, which ${job.startedBy ?? ''} started`,
  });
}

/** Without any account of the notebook, everyone's jobs may be its own. */
function maker({ startedBy }: StartedJob, { accounts }: NotebookFacts): 'own' | 'another' | 'unknown' {
  if (startedBy === undefined || accounts.length === 0) return 'unknown';
  return accounts.some((email) => email.toLowerCase() === startedBy.toLowerCase()) ? 'own' : 'another';
}

function nameOf({ displayName, resource }: StartedJob): string {
  return displayName === '' ? resource : JSON.stringify(displayName);
}
