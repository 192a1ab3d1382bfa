import type { ProjectSeed } from '../../scenario.ts';
import type { Store, Stored } from '../stored/store.ts';
import { tasksOf } from './collections.ts';
import type { Vertex } from './state.ts';

/**
 * Ties pipelines to the custom jobs of their tasks: cancelling a pipeline cancels them, and a pipeline that runs submits a
 * task again that was cancelled beneath it.
 */
export function linkPipelines({
  vertex,
  store,
  projects,
}: {
  readonly vertex: Vertex;
  readonly store: Store;
  readonly projects: readonly ProjectSeed[];
}): { readonly cancelTasks: (pipeline: Stored) => void } {
  const pipelines = (): readonly Stored[] =>
    projects.flatMap(({ id }) => store.list(id, 'aiplatform', 'locations/-', 'pipelineJobs'));
  vertex.onCancelled((name) => {
    const pipeline = pipelines().find((one) => tasksOf(one).includes(name));
    if (pipeline?.body['state'] !== 'PIPELINE_STATE_RUNNING') return;
    const again = vertex.resubmit(name);
    pipeline.body['jobDetail'] = {
      taskDetails: tasksOf(pipeline).map((job) => ({
        executorDetail: { containerDetail: { mainJob: job === name ? again : job } },
      })),
    };
  });
  return {
    cancelTasks(pipeline) {
      for (const name of tasksOf(pipeline))
        if (/_(?:QUEUED|PENDING|RUNNING)$/.test(vertex.jobs.get(name)?.state ?? '')) vertex.cancel(name);
    },
  };
}
