/** Jobs of Vertex AI in the small Google Cloud of `fake-google.ts`, beside the custom jobs and pipelines that it has itself. */
import type { MachineAnswer } from './fake-machines.ts';

export interface FakeJob {
  readonly collection: keyof typeof COLLECTIONS;
  running: boolean;
}

/** How each collection spells states. Source: job_state.proto and pipeline_state.proto of google.cloud.aiplatform.v1. */
const COLLECTIONS = {
  trainingPipelines: 'PIPELINE_STATE',
  batchPredictionJobs: 'JOB_STATE',
  tuningJobs: 'JOB_STATE',
  hyperparameterTuningJobs: 'JOB_STATE',
} as const;

const REGION = 'us-central1';

/** One of each collection, with the name that it has in {@link addJobs}. */
export const JOB_NAMES = { train: 'trainingPipelines', score: 'batchPredictionJobs', tune: 'tuningJobs', search: 'hyperparameterTuningJobs' } as const; // prettier-ignore

/** Gives a project a running job of each collection. */
export function addJobs({ vertexJobs }: { readonly vertexJobs: Map<string, FakeJob> }): void {
  for (const [id, collection] of Object.entries(JOB_NAMES)) vertexJobs.set(id, { collection, running: true });
}

/** A job's answers take the project's number for its id, as Google's do. */
export interface JobsOf {
  readonly number: string;
  readonly vertexJobs: ReadonlyMap<string, FakeJob>;
}

type JobAnswer = (project: JobsOf, ...rest: Rest) => unknown;
type Rest = Parameters<MachineAnswer> extends [unknown, ...infer Others] ? Others : never;

export const JOB_ROUTES: readonly (readonly [RegExp, JobAnswer])[] = Object.keys(COLLECTIONS).flatMap(
  (collection) => {
    const path = String.raw`${REGION}-aiplatform\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/${REGION}\/${collection}`;
    return [
      [
        new RegExp(`^GET ${path}$`),
        (project) => ({
          [collection]: [...project.vertexJobs]
            .filter(([, job]) => job.collection === collection)
            .map(([id, job]) => shown(project, id, job)),
        }),
      ],
      [
        new RegExp(`^GET ${path}/([^/:]+)$`),
        (project, [, id = ''], refuse) => shown(project, id, known(project, id, refuse)),
      ],
      [
        new RegExp(`^POST ${path}/([^/:]+):cancel$`),
        (project, [, id = ''], refuse, note) => {
          note(`cancel ${id}`);
          const job = known(project, id, refuse);
          // What would change nothing is refused, so that asking twice shows.
          if (!job.running) refuse(400, `${id} has ended`);
          job.running = false;
          return {};
        },
      ],
    ] satisfies readonly (readonly [RegExp, JobAnswer])[];
  },
);

function known(
  { vertexJobs }: JobsOf,
  id: string,
  refuse: (status: number, message: string) => never,
): FakeJob {
  return vertexJobs.get(id) ?? refuse(404, `${id} was not found`);
}

function shown({ number }: JobsOf, id: string, { collection, running }: FakeJob): object {
  return {
    name: `projects/${number}/locations/${REGION}/${collection}/${id}`,
    displayName: id,
    state: `${COLLECTIONS[collection]}_${running ? 'RUNNING' : 'CANCELLED'}`,
  };
}
