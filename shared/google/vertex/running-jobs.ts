import pMap from 'p-map';
import * as z from 'zod/mini';
import { messageOf } from '../../errors.ts';
import type { Api } from '../api.ts';
import { GoogleApiError } from '../google-api-error.ts';
import { listPages } from '../list-pages.ts';
import { isNotOffered, isUnknownHost } from '../not-offered.ts';
import { requireListed } from '../parse-answer.ts';
import { readItems, type Items } from '../read-items.ts';
import { ofProject, type OfProject } from '../resource-name.ts';
import { stringMap } from '../string-map.ts';
import { listVertexRegions, urlOf } from './vertex.ts';

/** A job of Vertex AI that goes on: what a kernel that called `job.run()` waits for. */
export interface RunningJob {
  /** projects/P/locations/R/pipelineJobs/ID */
  readonly resource: string;
  readonly displayName: string;
  /** Milliseconds since the epoch; undefined where the answer does not say. */
  readonly createdMs: number | undefined;
  /** The account that it runs as, where one was given. Who started it stands nowhere in it. */
  readonly serviceAccount: string | undefined;
}

export interface RunningJobs {
  readonly jobs: readonly RunningJob[];
  /** What could not be looked at: jobs there are unknown. */
  readonly gaps: readonly { readonly where: string; readonly error: unknown }[];
}

const COLLECTIONS = [
  'customJobs',
  'hyperparameterTuningJobs',
  'pipelineJobs',
  'batchPredictionJobs',
  'tuningJobs',
] as const;

/** Listings side by side. Some forty regions have five each. */
const LISTINGS_AT_ONCE = 32;

const account = z.optional(z.looseObject({ serviceAccount: z.optional(z.string()) }));
const jobSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  tunedModelDisplayName: z.optional(z.string()),
  state: z.optional(z.string()),
  createTime: z.optional(z.string()),
  labels: z.optional(stringMap),
  serviceAccount: z.optional(z.string()),
  scheduleName: z.optional(z.string()),
  jobSpec: account,
  trialJobSpec: account,
});

/** Ends of the enums JobState and PipelineState; whatever else they have, or will have, may go on. */
const ENDED = /_STATE_(?:SUCCEEDED|FAILED|CANCELLED|CANCELLING|EXPIRED|PARTIALLY_SUCCEEDED)$/;

/**
 * All jobs of a project that go on: custom, tuning, pipeline and batch prediction jobs, in every region that Google names for
 * it. Those that a schedule or a pipeline made are left out: no kernel called them. Needs aiplatform.locations.list and the
 * `list` of each collection. Throws `GoogleApiError` where the regions cannot be listed.
 */
export async function listRunningJobs(api: Api, projectId: string): Promise<RunningJobs> {
  let regions: Items<string>;
  try {
    regions = await listVertexRegions(api, projectId);
  } catch (error) {
    // What a disabled API offers cannot run.
    if (isOff(error)) return { jobs: [], gaps: [] };
    throw error;
  }
  const isOf = ofProject(projectId);
  const looks = await pMap(
    regions.items.flatMap((region) => COLLECTIONS.map((collection) => ({ region, collection }))),
    async ({ region, collection }) => {
      try {
        return {
          collection,
          region,
          jobs: await listJobs(api, isOf, `projects/${projectId}/locations/${region}`, collection),
        };
      } catch (error) {
        return { collection, region, jobs: [], error };
      }
    },
    { concurrency: LISTINGS_AT_ONCE },
  );
  const seen = new Set(looks.filter(({ error }) => error === undefined).map(({ collection }) => collection));
  return {
    jobs: looks.flatMap(({ jobs }) => jobs),
    gaps: [
      ...regions.strange.map(({ path, why }) => ({
        where: 'Vertex AI locations',
        error: new Error(`another form than documented at ${path}: ${why}`),
      })),
      ...looks
        .filter(
          ({ error, collection }) =>
            error !== undefined && !isAbsent(error, seen.has(collection), seen.size > 0),
        )
        .map(({ region, collection, error }) => ({ where: `Vertex AI ${collection} in ${region}`, error })),
    ],
  };
}

/** Not offered, or off: the same call must have worked in another region of the project. */
function isAbsent(error: unknown, listedElsewhere: boolean, anyListed: boolean): boolean {
  return isOff(error) || (isUnknownHost(error) ? anyListed : listedElsewhere && isNotOffered(error));
}

function isOff(error: unknown): boolean {
  return error instanceof GoogleApiError && error.reason === 'SERVICE_DISABLED';
}

async function listJobs(
  api: Api,
  isOf: OfProject,
  parent: string,
  collection: (typeof COLLECTIONS)[number],
): Promise<readonly RunningJob[]> {
  const call = `aiplatform.${collection}.list`;
  const url = urlOf(`${parent}/${collection}`);
  const page = z.looseObject({ [collection]: z.optional(z.unknown()) });
  const jobs: RunningJob[] = [];
  for await (const answer of listPages(api, call, { url, query: { pageSize: 100 } }, page)) {
    const { items, strange } = readItems(answer[collection], jobSchema, collection);
    for (const { name } of items) requireListed(call, isOf, name, `${parent}/${collection}/-`);
    if (strange[0] !== undefined)
      throw new Error(`another form than documented at ${strange[0].path}: ${strange[0].why}`);
    jobs.push(...items.filter(goesOn).map(toRunningJob));
  }
  return jobs;
}

function goesOn({ state, scheduleName, labels = {} }: z.infer<typeof jobSchema>): boolean {
  if (ENDED.test(state ?? '')) return false;
  // A pipeline labels the jobs that it makes (seen in answers to `customJobs.list`); it is listed itself.
  return scheduleName === undefined && labels['vertex-ai-pipelines-run-billing-id'] === undefined;
}

function toRunningJob(job: z.infer<typeof jobSchema>): RunningJob {
  const createdMs = Date.parse(job.createTime ?? '');
  return {
    resource: job.name,
    displayName: job.displayName ?? job.tunedModelDisplayName ?? '',
    createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
    serviceAccount:
      job.serviceAccount ?? job.jobSpec?.serviceAccount ?? job.trialJobSpec?.serviceAccount ?? undefined,
  };
}

/** One line for a gap. */
export function describeGap({ where, error }: RunningJobs['gaps'][number]): string {
  return `${where}: ${messageOf(error)}`;
}
