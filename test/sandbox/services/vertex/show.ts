import { textOf } from '../../http/proto-service.ts';
import type { Fields } from './filter.ts';
import {
  presentOf,
  type Vertex,
  type VertexEndpoint,
  type VertexJob,
  type VertexModel,
  type VertexOperation,
} from './state.ts';

/* Resources as the API shows them; proto3 JSON leaves empty fields out. */

const TYPE = 'type.googleapis.com/google.cloud.aiplatform.v1';

const iso = (ms: number): string => new Date(ms).toISOString();

function labelFields(labels: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [`labels.${key}`, value]));
}

export function jobFields(job: VertexJob): Fields {
  const displayName = textOf(job.shown['displayName'] ?? job.shown['tunedModelDisplayName']);
  return {
    ...{ state: job.state, display_name: displayName, displayName, create_time: iso(job.createdMs) },
    ...labelFields(job.labels),
  };
}

export function namedFields(named: VertexEndpoint): Fields {
  return {
    display_name: named.displayName,
    displayName: named.displayName,
    ...labelFields(named.labels),
  };
}

export function showJob(job: VertexJob): object {
  const started = job.state !== 'JOB_STATE_QUEUED' && job.state !== 'JOB_STATE_PENDING';
  return {
    name: job.name,
    ...job.shown,
    state: job.state,
    createTime: iso(job.createdMs),
    ...(started ? { startTime: iso(job.createdMs) } : {}),
    ...(job.endMs === undefined ? {} : { endTime: iso(job.endMs) }),
    updateTime: iso(job.updatedMs),
    ...(Object.keys(job.labels).length > 0 ? { labels: job.labels } : {}),
  };
}

export function showEndpoint(endpoint: VertexEndpoint): object {
  const deployedModels = presentOf(endpoint).map(({ model }) => model);
  return {
    name: endpoint.name,
    displayName: endpoint.displayName,
    ...(deployedModels.length > 0 ? { deployedModels } : {}),
    ...(Object.keys(endpoint.trafficSplit).length > 0 ? { trafficSplit: endpoint.trafficSplit } : {}),
    etag: `AMEw9y${endpoint.updatedMs.toString(36)}`,
    ...(Object.keys(endpoint.labels).length > 0 ? { labels: endpoint.labels } : {}),
    createTime: iso(endpoint.createdMs),
    updateTime: iso(endpoint.updatedMs),
  };
}

export function showModel(model: VertexModel, vertex: Vertex): object {
  const deployedModels = [...vertex.endpoints.values()].flatMap((endpoint) =>
    presentOf(endpoint)
      .filter((deployment) => deployment.model.model === model.name)
      .map((deployment) => ({ endpoint: endpoint.name, deployedModelId: deployment.model.id })),
  );
  return {
    name: model.name,
    displayName: model.displayName,
    versionId: '1',
    versionAliases: ['default'],
    supportedDeploymentResourcesTypes: ['DEDICATED_RESOURCES'],
    modelSourceInfo: { sourceType: 'CUSTOM', ...(model.copied ? { copy: true } : {}) },
    ...(deployedModels.length > 0 ? { deployedModels } : {}),
    createTime: iso(model.createdMs),
    updateTime: iso(model.createdMs),
    ...(Object.keys(model.labels).length > 0 ? { labels: model.labels } : {}),
  };
}

export function showOperation(operation: VertexOperation): object {
  const { verb, createdMs, endMs, deployedModel, error } = operation;
  return {
    name: operation.name,
    metadata: {
      '@type': `${TYPE}.${verb}OperationMetadata`,
      genericMetadata: { createTime: iso(createdMs), updateTime: iso(endMs ?? createdMs) },
    },
    ...(endMs === undefined
      ? {}
      : {
          done: true,
          ...(error === undefined
            ? {
                response: {
                  '@type': `${TYPE}.${verb}Response`,
                  ...(deployedModel === undefined ? {} : { deployedModel }),
                },
              }
            : { error }),
        }),
  };
}
