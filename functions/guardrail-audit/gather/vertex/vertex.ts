import * as z from 'zod/mini';
import { stringMap } from '../../../../shared/google/string-map.ts';
import { listVertexRegions } from '../../../../shared/google/vertex/vertex.ts';
import { HOURS_PER_MONTH } from '../../../../shared/prices/quantities.ts';
import { isPriced, timesPrice } from '../../../../shared/prices/price.ts';
import {
  dedicatedResources as dedicatedSchema,
  machinesOf,
  vertexCost,
} from '../../../../shared/resources/vertex/machine-spec.ts';
import type { DeployedModelFacts, EndpointFacts, ModelFacts, Workload } from '../../facts.ts';
import { isRead, joinReadings, mapReading, type Reading } from '../../reading.ts';
import { attempt, strangeGaps, type Look } from '../attempt.ts';
import { readPipelines } from './pipelines.ts';
import { readPredictions, type Predictions } from './predictions.ts';
import { jobOf } from './vertex-job.ts';
import { readEverywhere } from './vertex-regions.ts';
import { resourceId } from '../../../../shared/google/resource-name.ts';

export interface VertexReadings {
  readonly endpoints: Reading<readonly EndpointFacts[]>;
  readonly models: Reading<readonly ModelFacts[]>;
  readonly jobs: Reading<readonly Workload[]>;
}

/** Needs aiplatform.locations, endpoints, models, customJobs, hyperparameterTuningJobs and pipelineJobs .list, pipelineJobs.get, and monitoring.timeSeries.list. */
export async function readVertex(look: Look): Promise<VertexReadings> {
  const regions = await attempt(look, 'Vertex AI’s regions', async () => {
    const { items, strange } = await listVertexRegions(look.api, look.projectId);
    return { value: items, gaps: strangeGaps('regions', strange) };
  });
  if (!isRead(regions)) return { endpoints: regions, models: regions, jobs: regions };
  const [endpoints, models, custom, tuning, pipelines, predictions] = await Promise.all([
    readEverywhere(look, regions.value, 'endpoints', endpointSchema),
    readEverywhere(look, regions.value, 'models', modelSchema),
    readEverywhere(look, regions.value, 'customJobs', customJobSchema),
    readEverywhere(look, regions.value, 'hyperparameterTuningJobs', tuningJobSchema),
    readPipelines(look, regions.value),
    readPredictions(look),
  ]);
  const jobs = [
    mapReading(custom, (all) => all.map((job) => jobOf(job.name, job.jobSpec, look))),
    mapReading(tuning, (all) => all.map((job) => jobOf(job.name, job.trialJobSpec, look))),
    pipelines,
  ];
  return {
    endpoints: withGaps(
      mapReading(endpoints, (all) => all.map((one) => endpointOf(one, predictions, look.now))),
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
const tuningJobSchema = z.looseObject({ name: z.string(), trialJobSpec: z.optional(z.unknown()) });

function endpointOf(
  endpoint: z.infer<typeof endpointSchema>,
  predictions: Predictions,
  now: Date,
): EndpointFacts {
  const { name, displayName, createTime, labels = {}, deployedModels = [] } = endpoint;
  const id = resourceId(name);
  return {
    resource: name,
    displayName,
    createdMs: momentOf(createTime),
    labels,
    models: deployedModels.map((one) => deployedOf(one, name, now)),
    predictions: isRead(predictions) ? (predictions.value.get(id) ?? new Map()) : undefined,
    ...(!isRead(predictions) && predictions.isOffHere === true ? { isUncounted: true } : {}),
  };
}

function deployedOf(
  deployed: z.infer<typeof deployedSchema>,
  endpoint: string,
  now: Date,
): DeployedModelFacts {
  const { id, model, displayName, serviceAccount, dedicatedResources, automaticResources } = deployed;
  const { machineType } = dedicatedResources?.machineSpec ?? {};
  const minReplicas = dedicatedResources?.minReplicaCount ?? automaticResources?.minReplicaCount ?? 0;
  const machines = machinesOf(
    endpoint,
    dedicatedResources?.machineSpec,
    minReplicas,
    dedicatedResources?.spot === true,
  );
  const month = timesPrice(vertexCost([machines], now), HOURS_PER_MONTH);
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
