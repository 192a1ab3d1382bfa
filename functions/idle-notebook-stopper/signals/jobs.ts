import { messageOf } from '../../../shared/errors.ts';
import { jobKey, listMakers } from '../../../shared/google/vertex/makers.ts';
import { describeGap, listRunningJobs, type RunningJob } from '../../../shared/google/vertex/running-jobs.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { JobsFacts } from '../facts.ts';

/** The project's jobs, which notebooks may wait for. What cannot be read is noted: then they are unknown. */
export async function readJobs(run: Run): Promise<JobsFacts> {
  try {
    const { jobs, gaps } = await listRunningJobs(run.api, run.projectId);
    for (const gap of gaps)
      run.gap({
        where: `projects/${run.projectId} ${gap.where}`,
        why: messageOf(gap.error),
        cause: gap.error,
      });
    const [first] = gaps;
    if (first !== undefined) return { kind: 'unreadable', why: describeGap(first) };
    const makers = await readMakers(run, jobs);
    return {
      kind: 'read',
      jobs: jobs.map((job) => ({ ...job, startedBy: makers.get(jobKey(job.resource)) })),
    };
  } catch (error) {
    run.gap({ where: `projects/${run.projectId} Vertex AI jobs`, why: messageOf(error), cause: error });
    return { kind: 'unreadable', why: messageOf(error) };
  }
}

/** The log's clock and the job's need not agree to the second. */
const CLOCK_SKEW_MS = 60_000;

/** Who started them. Without the right to read the log, or while it cannot be read, that is unknown, and each job keeps. */
async function readMakers(run: Run, jobs: readonly RunningJob[]): Promise<ReadonlyMap<string, string>> {
  const created = jobs.flatMap(({ createdMs }) => createdMs ?? []);
  if (created.length === 0) return new Map();
  try {
    return await listMakers(run.api, run.projectId, Math.min(...created) - CLOCK_SKEW_MS);
  } catch (error) {
    run.log(
      'WARNING',
      `Cannot tell who started the jobs of "${run.projectId}", so any may keep a notebook: ${messageOf(error)}`,
    );
    return new Map();
  }
}
