import pMap from 'p-map';
import * as z from 'zod/mini';
import { listPages } from '../../../shared/google/list-pages.ts';
import { isNotOffered } from '../../../shared/google/not-offered.ts';
import { readItems } from '../../../shared/google/read-items.ts';
import { stringMap } from '../../../shared/google/string-map.ts';
import { listVertexRegions } from '../../../shared/google/vertex/vertex.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { isPriced, timesPrice } from '../../../shared/prices/price.ts';
import {
  dedicatedResources as dedicatedSchema,
  machinesOf,
  vertexCost,
} from '../../../shared/resources/vertex/machine-spec.ts';
import type { DeployedModelFacts, EndpointFacts, ModelFacts, Workload } from '../facts.ts';
import { isRead, joinReadings, mapReading, type Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';
import { readPredictions, type Predictions } from './predictions.ts';
import { jobOf, pipelineOf } from './vertex-job.ts';

const REGIONS_AT_ONCE = 4;
/** Jobs of one kind and region that are looked at, the newest first as the API lists them. */
const MAX_JOBS = 2_000;

export interface VertexReadings {
  readonly endpoints: Reading<readonly EndpointFacts[]>;
  readonly models: Reading<readonly ModelFacts[]>;
  readonly jobs: Reading<readonly Workload[]>;
}

/** Needs aiplatform.locations, endpoints, models, customJobs, hyperparameterTuningJobs and pipelineJobs .list, and monitoring.timeSeries.list. */
export async function readVertex(look: Look): Promise<VertexReadings> {
  const regions = await attempt(
    look,
    'Vertex AI’s regions',
    async () => {
      const { items, strange } = await listVertexRegions(look.api, look.projectId);
      return { value: items, gaps: strangeGaps('regions', strange) };
    },
    [],
  );
  if (!isRead(regions)) return { endpoints: regions, models: regions, jobs: regions };
  const [endpoints, models, custom, tuning, pipelines, predictions] = await Promise.all([
    readEverywhere(look, regions.value, 'endpoints', endpointSchema),
    readEverywhere(look, regions.value, 'models', modelSchema),
    readEverywhere(look, regions.value, 'customJobs', customJobSchema),
    readEverywhere(look, regions.value, 'hyperparameterTuningJobs', tuningJobSchema),
    readEverywhere(look, regions.value, 'pipelineJobs', pipelineJobSchema, PIPELINE_FIELDS),
    readPredictions(look),
  ]);
  const jobs = [
    mapReading(custom, (all) => all.map((job) => jobOf(job.name, job.jobSpec, look))),
    mapReading(tuning, (all) => all.map((job) => jobOf(job.name, job.trialJobSpec, look))),
    mapReading(pipelines, (all) => all.map((job) => pipelineOf(job.name, job.runtimeConfig, look))),
  ];
  return {
    endpoints: withGaps(
      mapReading(endpoints, (all) => all.map((one) => endpointOf(one, predictions))),
      predictions,
    ),
    models: mapReading(models, (all) => all.map(modelOf)),
    jobs: joinReadings(jobs),
  };
}

/** Calls that could not be counted are unknown for each endpoint; a partial count is a gap of all. */
function withGaps<T>(endpoints: Reading<T>, predictions: Predictions): Reading<T> {
  if (!isRead(endpoints) || !isRead(predictions)) return endpoints;
  return { ...endpoints, gaps: [...endpoints.gaps, ...predictions.gaps] };
}

/** One collection in every region; a region that does not have it is no gap as long as another one answers. */
async function readEverywhere<T>(
  look: Look,
  regions: readonly string[],
  collection: string,
  schema: z.ZodMiniType<T>,
  fields?: string,
): Promise<Reading<readonly T[]>> {
  const failures: { readonly region: string; readonly error: unknown }[] = [];
  const read = await pMap(
    regions,
    (region) =>
      attempt(
        { failed: (error) => void failures.push({ region, error }) },
        `${collection} in ${region}`,
        () => readRegion(look, region, collection, schema, fields),
        [],
      ),
    { concurrency: REGIONS_AT_ONCE },
  );
  const some = read.some((one) => isRead(one));
  const absent = new Set(
    failures.filter(({ error }) => some && isNotOffered(error)).map(({ region }) => region),
  );
  for (const { region, error } of failures) if (!absent.has(region)) look.failed(error);
  return joinReadings(read.filter((_, at) => !absent.has(regions[at] ?? '')));
}

async function readRegion<T>(
  look: Look,
  region: string,
  collection: string,
  schema: z.ZodMiniType<T>,
  fields: string | undefined,
) {
  const page = z.looseObject({ [collection]: z.optional(z.unknown()) });
  const url = `https://${region}-aiplatform.googleapis.com/v1/projects/${look.projectId}/locations/${region}/${collection}`;
  const items: T[] = [];
  const gaps: string[] = [];
  for await (const answer of listPages(
    look.api,
    `aiplatform.${collection}.list`,
    { url, query: { pageSize: 100, fields } },
    page,
  )) {
    const read = readItems(answer[collection], schema, collection);
    items.push(...read.items);
    gaps.push(...strangeGaps(`${collection} in ${region}`, read.strange));
    if (items.length < MAX_JOBS) continue;
    gaps.push(`only the first ${items.length} ${collection} in ${region} were looked at`);
    break;
  }
  return { value: items, gaps };
}

const deployedSchema = z.looseObject({
  id: z.string(),
  model: z._default(z.string(), ''),
  displayName: z._default(z.string(), ''),
  serviceAccount: z.optional(z.string()),
  dedicatedResources: z.optional(dedicatedSchema),
  automaticResources: z.optional(z.looseObject({ minReplicaCount: z.optional(z.number()) })),
});
const endpointSchema = z.looseObject({
  name: z.string(),
  displayName: z._default(z.string(), ''),
  createTime: z.optional(z.string()),
  labels: z.optional(stringMap),
  deployedModels: z.optional(z.array(deployedSchema)),
});
const modelSchema = z.looseObject({
  name: z.string(),
  displayName: z._default(z.string(), ''),
  createTime: z.optional(z.string()),
  labels: z.optional(stringMap),
  modelSourceInfo: z.optional(z.looseObject({ copy: z.optional(z.boolean()) })),
  originalModelInfo: z.optional(z.looseObject({ model: z.optional(z.string()) })),
  deployedModels: z.optional(z.array(z.unknown())),
});
const customJobSchema = z.looseObject({ name: z.string(), jobSpec: z.optional(z.unknown()) });
const pipelineJobSchema = z.looseObject({ name: z.string(), runtimeConfig: z.optional(z.unknown()) });
/** A compiled pipeline may have megabytes. */
const PIPELINE_FIELDS = 'pipelineJobs(name,runtimeConfig(parameterValues,parameters)),nextPageToken';
const tuningJobSchema = z.looseObject({ name: z.string(), trialJobSpec: z.optional(z.unknown()) });

function endpointOf(endpoint: z.infer<typeof endpointSchema>, predictions: Predictions): EndpointFacts {
  const { name, displayName, createTime, labels = {}, deployedModels = [] } = endpoint;
  const id = name.split('/').at(-1) ?? '';
  return {
    resource: name,
    displayName,
    createdMs: momentOf(createTime),
    labels,
    models: deployedModels.map((one) => deployedOf(one, name)),
    predictions: isRead(predictions) ? (predictions.value.get(id) ?? new Map()) : undefined,
  };
}

function deployedOf(deployed: z.infer<typeof deployedSchema>, endpoint: string): DeployedModelFacts {
  const { id, model, displayName, serviceAccount, dedicatedResources, automaticResources } = deployed;
  const { machineType } = dedicatedResources?.machineSpec ?? {};
  const minReplicas = dedicatedResources?.minReplicaCount ?? automaticResources?.minReplicaCount ?? 0;
  const machines = machinesOf(
    endpoint,
    dedicatedResources?.machineSpec,
    minReplicas,
    dedicatedResources?.spot === true,
  );
  const month = timesPrice(vertexCost([machines]), HOURS_PER_MONTH);
  return {
    id,
    displayName,
    model: model.replace(/@[^/]*$/, ''),
    machineType: machineType ?? 'machines of Google’s choice',
    minReplicas,
    serviceAccount,
    usdPerMonth: isPriced(month) ? month.usd : 'unpriced',
  };
}

function modelOf(model: z.infer<typeof modelSchema>): ModelFacts {
  const {
    name,
    displayName,
    createTime,
    labels = {},
    modelSourceInfo,
    originalModelInfo,
    deployedModels = [],
  } = model;
  return {
    resource: name,
    displayName,
    createdMs: momentOf(createTime),
    labels,
    copied: modelSourceInfo?.copy === true || originalModelInfo?.model !== undefined,
    deployed: deployedModels.length > 0,
  };
}

function momentOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
