import * as z from 'zod/mini';
import type { Api } from '../api.ts';
import type { Permit } from '../change/permit.ts';
import { parseAnswer, requireOperation } from '../parse-answer.ts';
import { urlOf, type DeployedModel } from './vertex.ts';

const modelSchema = z.looseObject({
  model: z.optional(z.string()),
  modelVersionId: z.optional(z.string()),
  displayName: z.optional(z.string()),
  serviceAccount: z.optional(z.string()),
});

/** Fields of a deployed model that the service sets itself (google/cloud/aiplatform/v1/endpoint.proto). */
const OUTPUT_ONLY: ReadonlySet<string> = new Set([
  'createTime',
  'modelVersionId',
  'privateEndpoints',
  'status',
]);

/** What a deployed model is, whatever its id: model and version, its name on the endpoint, and its settings. */
export interface DeployedModelFacts {
  /** `projects/P/locations/L/models/M@3`; undefined for a model of Google's own, which has a plain name. */
  readonly version: string | undefined;
  readonly displayName: string;
  /** E-mail address of the account that its container runs as. */
  readonly serviceAccount: string | undefined;
  /** What deploying it again takes. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Reads a deployed model. Its `id` is no setting: a generated one has 19 digits, and a request may name one of at most ten
 * (endpoint.proto). The version is the one that is deployed: an alias (`@golden`) may mean another one by now.
 */
export function readDeployedModel(model: DeployedModel): DeployedModelFacts {
  const {
    model: name,
    modelVersionId,
    displayName = '',
    serviceAccount,
  } = parseAnswer('aiplatform.endpoints.get', modelSchema, model);
  const version = modelVersionId === undefined ? name : name?.replace(/(?:@.*)?$/, `@${modelVersionId}`);
  const settings = Object.fromEntries(
    Object.entries(model).filter(([field]) => field !== 'id' && !OUTPUT_ONLY.has(field)),
  );
  return {
    version,
    displayName,
    // Shown empty where none was given.
    serviceAccount: serviceAccount === '' ? undefined : serviceAccount,
    settings: version === undefined ? settings : { ...settings, model: version },
  };
}

/**
 * Asks for a model to be taken off its endpoint and returns the operation's name. The service refuses while the model has
 * traffic, so `trafficSplit` gives that to the models that stay; the last model needs none. Not repeated by itself.
 */
export async function undeployModel(
  api: Api,
  permit: Permit,
  endpoint: string,
  deployedModelId: string,
  trafficSplit: Readonly<Record<string, number>>,
): Promise<string> {
  const body = { deployedModelId, ...(Object.keys(trafficSplit).length > 0 ? { trafficSplit } : {}) };
  return requestOperation(
    api,
    permit,
    'aiplatform.endpoints.undeployModel',
    `${urlOf(endpoint)}:undeployModel`,
    body,
  );
}

/**
 * Requests that a model is deployed with the settings that it had, under a new id, and returns the operation's name. In
 * `trafficSplit` the key `0` stands for this model; an empty one leaves the endpoint's as it is. Not repeated by itself: a
 * second request would deploy a second copy. Needs aiplatform.endpoints.deploy, and iam.serviceAccounts.actAs on the model's
 * service account where it has one.
 */
export async function deployModel(
  api: Api,
  permit: Permit,
  endpoint: string,
  model: DeployedModel,
  trafficSplit: Readonly<Record<string, number>>,
): Promise<string> {
  return requestOperation(api, permit, 'aiplatform.endpoints.deployModel', `${urlOf(endpoint)}:deployModel`, {
    deployedModel: readDeployedModel(model).settings,
    ...(Object.keys(trafficSplit).length > 0 ? { trafficSplit } : {}),
  });
}

const operationSchema = z.looseObject({
  name: z.optional(z.string()),
  done: z.optional(z.boolean()),
  error: z.optional(z.looseObject({ message: z.optional(z.string()) })),
});

/**
 * Whether a long-running operation on an endpoint goes on, and what it failed with. Needs aiplatform.endpoints.get
 * (https://cloud.google.com/vertex-ai/docs/general/iam-permissions). Throws `GoogleApiError`.
 */
export async function getEndpointOperation(
  api: Api,
  name: string,
): Promise<{ readonly done: boolean; readonly error: string | undefined }> {
  const call = 'aiplatform.endpoints.operations.get';
  const answer = await api.request(call, { url: urlOf(name) });
  const { name: named, done, error } = parseAnswer(call, operationSchema, answer);
  requireOperation(call, named, name);
  return { done: done === true, error: error === undefined ? undefined : (error.message ?? 'unknown error') };
}

async function requestOperation(
  api: Api,
  permit: Permit,
  name: string,
  url: string,
  body: object,
): Promise<string> {
  const answer = await api.change(name, permit, { method: 'POST', url, body });
  return parseAnswer(name, z.looseObject({ name: z.string() }), answer).name;
}
