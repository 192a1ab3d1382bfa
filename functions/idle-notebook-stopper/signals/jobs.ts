import { messageOf } from '../../../shared/errors.ts';
import { describeGap, listRunningJobs } from '../../../shared/google/vertex/running-jobs.ts';
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
    return first === undefined ? { kind: 'read', jobs } : { kind: 'unreadable', why: describeGap(first) };
  } catch (error) {
    run.gap({ where: `projects/${run.projectId} Vertex AI jobs`, why: messageOf(error), cause: error });
    return { kind: 'unreadable', why: messageOf(error) };
  }
}
