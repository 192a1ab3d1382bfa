import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { jobKind, RUN_LABEL } from './job.ts';

const taskDetails = z.array(
  z.looseObject({
    executorDetail: z.optional(
      z.looseObject({
        containerDetail: z.optional(z.looseObject({ mainJob: z.optional(z.string()) })),
        customJobDetail: z.optional(z.looseObject({ job: z.optional(z.string()) })),
      }),
    ),
  }),
);

/** Runs of Vertex AI Pipelines. They submit jobs again that end beneath them: cancelled before those. */
export const PIPELINE_JOBS = jobKind({
  kind: 'pipeline-job',
  title: 'pipeline jobs',
  collection: 'pipelineJobs',
  states: 'PIPELINE_STATE',
  order: 11,
  fields: {
    templateUri: z.optional(z.string()),
    scheduleName: z.optional(z.string()),
    jobDetail: z.optional(z.looseObject({ taskDetails: z.optional(taskDetails) })),
  },
  // A pipeline's specification may have megabytes.
  mask: [
    'templateUri',
    'scheduleName',
    'jobDetail/taskDetails/executorDetail(containerDetail/mainJob,customJobDetail/job)',
  ],
  describe({ name, displayName = '', templateUri = '', scheduleName, labels = {}, jobDetail }) {
    const jobs = (jobDetail?.taskDetails ?? []).flatMap(({ executorDetail }) => [
      executorDetail?.containerDetail?.mainJob,
      executorDetail?.customJobDetail?.job,
    ]);
    const run = labels[RUN_LABEL];
    return {
      description: `pipeline ${displayName === '' ? name : displayName}`,
      cost: unpriced('what its tasks run on was not seen'),
      source: templateUri === '' ? `the specification that ${name} still shows` : templateUri,
      startedBy: scheduleName === undefined ? undefined : `schedule ${scheduleName}`,
      memberKeys: [
        ...jobs.flatMap((job) => (job === undefined || job === '' ? [] : [`job/${job}`])),
        ...(run === undefined ? [] : [`run/${run}`]),
      ],
    };
  },
});
