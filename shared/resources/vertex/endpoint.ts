import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { noteStrange, readItems } from '../../google/read-items.ts';
import { stringMap, type StringMap } from '../../google/string-map.ts';
import { getEndpoint, urlOf } from '../../google/vertex/vertex.ts';
import { sumPrices, unpriced, type Price } from '../../prices/price.ts';
import { gpuCount, machineCount, nothingBilled, type Machines } from '../cost.ts';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { Standing, Step } from '../kind.ts';
import type { Look } from '../look.ts';
import {
  dedicatedResources,
  machinesOf,
  replicasOf,
  scaledPrice,
  vertexCost,
  type Replicas,
} from './machine-spec.ts';
import { getVertex, listRegional } from './regional.ts';

const endpointSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  labels: z.optional(stringMap),
  deployedModels: z.optional(z.unknown()),
  trafficSplit: z.optional(z.record(z.string(), z.number())),
});
type Endpoint = z.infer<typeof endpointSchema>;

const modelSchema = z.looseObject({
  id: z.string(),
  dedicatedResources: z.optional(dedicatedResources),
  sharedResources: z.optional(z.string()),
  status: z.optional(z.looseObject({ availableReplicaCount: z.optional(z.number()) })),
});
type Model = z.infer<typeof modelSchema>;

const record = z.object({
  /** As the API shows them, with all that deploying them again takes. */
  models: z.array(z.looseObject({ id: z.string() })),
  trafficSplit: z.record(z.string(), z.number()),
});

/** Endpoints with models: they bill for machines also without traffic. Undeployed, one model after the other. */
export const ENDPOINTS = stoppableKind({
  kind: 'endpoint',
  title: 'endpoints',
  area: 'Vertex AI',
  permissions: {
    list: ['aiplatform.locations.list', 'aiplatform.endpoints.list'],
    stop: ['aiplatform.endpoints.get', 'aiplatform.endpoints.undeploy'],
    bringBack: ['aiplatform.endpoints.get', 'aiplatform.endpoints.deploy', 'aiplatform.models.get'],
  },
  order: 48,
  record,
  async list(look) {
    const endpoints = await listRegional(look, { collection: 'endpoints', schema: endpointSchema });
    return endpoints.flatMap((endpoint) => listed(look, endpoint));
  },
  stop: (resource, { models }) => models.map(({ id }) => undeploy(resource, id)),
  bringBack: () => ({
    kind: 'own',
    why: 'budget-restore deploys its models itself: generated ids are not taken again, and traffic goes to the new ones',
  }),
});

function listed(
  look: Look,
  { name, displayName = '', labels = {}, deployedModels, trafficSplit = {} }: Endpoint,
): Listed[] {
  const { items: models, strange } = readItems(deployedModels, modelSchema, 'deployedModels');
  noteStrange(look.gap, name, strange);
  const [first, ...rest] = models;
  if (first === undefined) return [];
  return [
    {
      resource: name,
      state: `${models.length} deployed`,
      labels,
      description: `endpoint ${displayName} with ${models.length} deployed`,
      ...costOf(name, [first, ...rest], look.now),
      ...gpuCount(models.flatMap((model) => machinesOfModel(name, model, 'least') ?? [])),
      machines: machineCount(models.flatMap((model) => machinesOfModel(name, model, 'most') ?? [])),
      fate: { kind: 'stoppable', record: { models, trafficSplit } },
      command: commandOf(look.projectId, name, [first, ...rest]),
    },
  ];
}

/** By the replicas now where the API tells them, else from the least that there are to the most; the least are expected. */
function costOf(
  endpoint: string,
  [first, ...rest]: readonly [Model, ...Model[]],
  now: Date,
): Pick<Listed, 'cost' | 'expectedUsd'> {
  const sum = (bound: keyof Replicas): Price =>
    sumPrices([
      modelCost(endpoint, first, bound, now),
      ...rest.map((model) => modelCost(endpoint, model, bound, now)),
    ]);
  return scaledPrice(sum('least'), sum('most'));
}

function modelCost(endpoint: string, model: Model, bound: keyof Replicas, now: Date): Price {
  // Counted with the pool.
  if (model.sharedResources !== undefined) return nothingBilled(`on ${model.sharedResources}`);
  const machines = machinesOfModel(endpoint, model, bound);
  return machines === undefined
    ? unpriced('it is on machines that Vertex AI chooses')
    : vertexCost([machines], now);
}

/** Its own; undefined where Vertex AI chooses them, or they are a pool's. */
function machinesOfModel(
  endpoint: string,
  { dedicatedResources: resources, sharedResources, status }: Model,
  bound: keyof Replicas,
): Machines | undefined {
  if (sharedResources !== undefined || resources?.machineSpec === undefined) return undefined;
  const replicas = status?.availableReplicaCount ?? replicasOf(resources)[bound];
  return machinesOf(endpoint, resources.machineSpec, replicas, resources.spot === true);
}

/** One after the other: a model that has traffic comes off only where that goes to one that stays. */
function commandOf(project: string, endpoint: string, models: readonly Pick<Model, 'id'>[]): string {
  const [, , , region = '', , id = ''] = endpoint.split('/');
  return models
    .map(({ id: model }, index) => {
      const next = models[index + 1];
      const traffic = next === undefined ? '' : ` --traffic-split=${next.id}=100`;
      return `gcloud ai endpoints undeploy-model ${id} --deployed-model-id=${model}${traffic} --region=${region} --project=${project}`;
    })
    .join(' && ');
}

function undeploy(resource: string, model: string): Step {
  return {
    name: `undeploy-${model}`,
    async look(api) {
      const [ids, labels] = await Promise.all([idsOf(api, resource, model), labelsOf(api, resource)]);
      return { state: `${ids.length} deployed`, labels, standing: judgeUndeploy(resource, model, ids) };
    },
  };
}

async function idsOf(api: Api, resource: string, model: string): Promise<readonly string[]> {
  return (await getEndpoint(api, resource, model)).models.map(({ id }) => id);
}

async function labelsOf(api: Api, resource: string): Promise<StringMap> {
  return (await getVertex(api, resource, endpointSchema, 'name,labels')).labels ?? {};
}

/** Whether a model is still to be taken off its endpoint: its traffic goes to one that stays, until only one is left. */
export function judgeUndeploy(resource: string, model: string, ids: readonly string[]): Standing {
  if (!ids.includes(model)) return { kind: 'done' };
  const remaining = ids.find((id) => id !== model);
  return {
    kind: 'ready',
    request: {
      call: 'aiplatform.endpoints.undeployModel',
      method: 'POST',
      url: `${urlOf(resource)}:undeployModel`,
      body: {
        deployedModelId: model,
        ...(remaining === undefined ? {} : { trafficSplit: { [remaining]: 100 } }),
      },
    },
  };
}
