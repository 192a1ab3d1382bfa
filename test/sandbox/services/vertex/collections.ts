import { z } from 'zod';
import type { Collection } from '../stored/collection.ts';
import type { Stored } from '../stored/store.ts';
import { transition } from '../stored/verbs.ts';

const LIST_QUERY = ['filter', 'orderBy', 'readMask'];

/** Collections of Vertex AI that are kept as the API shows them; jobs and endpoints that cost money have a model of their own. */
export function vertexCollections(options: {
  /** Cancels the jobs that a pipeline has submitted. */
  readonly cancelTasks: (pipeline: Stored) => void;
}): readonly Collection[] {
  const collection = (name: string, rest: Partial<Collection> = {}): Collection => ({
    service: 'aiplatform',
    id: `aiplatform.projects.locations.${name}`,
    version: 'v1',
    path: `locations/${name}`,
    permission: `aiplatform.${name}`,
    named: 'number',
    wildcard: false,
    query: LIST_QUERY.filter((one) => one !== 'readMask' || name === 'pipelineJobs'),
    ...rest,
  });
  const cancellable = (name: string, states: 'PIPELINE_STATE' | 'JOB_STATE'): Collection =>
    collection(name, {
      verbs: [
        transition({
          name: 'cancel',
          permission: `aiplatform.${name}.cancel`,
          field: 'state',
          from: ['QUEUED', 'PENDING', 'RUNNING', 'PAUSED'].map((state) => `${states}_${state}`),
          via: `${states}_CANCELLING`,
          to: `${states}_CANCELLED`,
          empty: true,
          require(resource) {
            if (name === 'pipelineJobs') options.cancelTasks(resource);
          },
        }),
      ],
    });
  return [
    cancellable('pipelineJobs', 'PIPELINE_STATE'),
    cancellable('trainingPipelines', 'PIPELINE_STATE'),
    cancellable('batchPredictionJobs', 'JOB_STATE'),
    collection('schedules', {
      verbs: [
        transition({
          name: 'pause',
          permission: 'aiplatform.schedules.update',
          field: 'state',
          from: ['ACTIVE'],
          via: 'PAUSED',
          to: 'PAUSED',
          empty: true,
        }),
        transition({
          name: 'resume',
          permission: 'aiplatform.schedules.update',
          field: 'state',
          from: ['PAUSED'],
          via: 'ACTIVE',
          to: 'ACTIVE',
          body: z.strictObject({ catchUp: z.boolean().optional() }),
          empty: true,
        }),
      ],
    }),
    collection('notebookRuntimes', {
      verbs: [
        transition({
          name: 'stop',
          permission: 'aiplatform.notebookRuntimes.update',
          field: 'runtimeState',
          from: ['RUNNING'],
          via: 'BEING_STOPPED',
          to: 'STOPPED',
        }),
        transition({
          name: 'start',
          permission: 'aiplatform.notebookRuntimes.start',
          field: 'runtimeState',
          from: ['STOPPED'],
          via: 'BEING_STARTED',
          to: 'RUNNING',
          needsBilling: true,
        }),
      ],
    }),
    collection('notebookExecutionJobs', {
      query: ['filter', 'orderBy', 'view'],
      orders: { display_name: 'displayName', create_time: 'createTime', update_time: 'updateTime' },
    }),
    collection('notebookRuntimeTemplates', { query: ['filter', 'orderBy', 'readMask'] }),
    ...[
      'deploymentResourcePools',
      'persistentResources',
      'indexEndpoints',
      'featurestores',
      'featureOnlineStores',
      'reasoningEngines',
    ].map((name) => collection(name, { query: name === 'deploymentResourcePools' || name === 'persistentResources' ? [] : ['filter'] })), // prettier-ignore
  ];
}

/** The custom jobs that a pipeline names as its tasks', by their ids. */
export function tasksOf(pipeline: Stored): readonly string[] {
  const parsed = z
    .looseObject({
      jobDetail: z.looseObject({
        taskDetails: z.array(
          z.looseObject({
            executorDetail: z
              .looseObject({ containerDetail: z.looseObject({ mainJob: z.string() }).optional() })
              .optional(),
          }),
        ),
      }),
    })
    .safeParse(pipeline.body);
  if (!parsed.success) return [];
  return parsed.data.jobDetail.taskDetails.flatMap(({ executorDetail }) => {
    const job = executorDetail?.containerDetail?.mainJob;
    return job === undefined ? [] : [job];
  });
}
