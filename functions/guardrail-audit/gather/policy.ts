import * as z from 'zod/mini';
import type { Api } from '../../../shared/google/api.ts';
import { parseAnswer } from '../../../shared/google/parse-answer.ts';
import { readItems } from '../../../shared/google/read-items.ts';
import type { Binding } from '../facts.ts';
import type { Read, Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';

const policySchema = z.looseObject({ bindings: z.optional(z.unknown()) });
const bindingSchema = z.looseObject({
  role: z.string(),
  members: z.optional(z.array(z.string())),
  condition: z.optional(z.unknown()),
});

const ancestrySchema = z.looseObject({
  ancestor: z.array(z.looseObject({ resourceId: z.looseObject({ type: z.string(), id: z.string() }) })),
});

/** Roles that folders and the organization hand down are not in it. Needs resourcemanager.projects.getIamPolicy. */
export function readProjectPolicy(look: Look): Promise<Reading<readonly Binding[]>> {
  return attempt(look, 'the allow policy of the project', () =>
    getAllowPolicy(look.api, `projects/${encodeURIComponent(look.projectId)}`),
  );
}

/** Of a project, folder or organization. Needs resourcemanager.COLLECTION.getIamPolicy there. Throws `GoogleApiError`. */
export async function getAllowPolicy(api: Api, resource: string): Promise<Read<readonly Binding[]>> {
  const call = `cloudresourcemanager.${resource.split('/')[0] ?? ''}.getIamPolicy`;
  const { data } = await api.exchangeUnpermitted(call, {
    method: 'POST',
    url: `https://cloudresourcemanager.googleapis.com/v3/${resource}:getIamPolicy`,
    // Without version 3 the API leaves conditions out of the answer and renames the roles.
    body: { options: { requestedPolicyVersion: 3 } },
  });
  return bindingsOf(call, data);
}

/**
 * The folders and the organization above a project, the nearest first. It takes no right on any of them:
 * https://cloud.google.com/resource-manager/reference/rest/v1/projects/getAncestry. Needs resourcemanager.projects.get.
 */
export async function listAbove(api: Api, projectId: string): Promise<readonly string[]> {
  const call = 'cloudresourcemanager.projects.getAncestry';
  const { data } = await api.exchangeUnpermitted(call, {
    method: 'POST',
    url: `https://cloudresourcemanager.googleapis.com/v1/projects/${encodeURIComponent(projectId)}:getAncestry`,
    body: {},
  });
  return parseAnswer(call, ancestrySchema, data)
    .ancestor.map(({ resourceId: { type, id } }) => `${type}s/${id}`)
    .filter((resource) => !resource.startsWith('projects/'));
}

/** Needs storage.buckets.getIamPolicy. Throws `GoogleApiError`. */
export async function getBucketPolicy(api: Api, bucket: string): Promise<Read<readonly Binding[]>> {
  const call = 'storage.buckets.getIamPolicy';
  const url = `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/iam`;
  return bindingsOf(call, await api.request(call, { url, query: { optionsRequestedPolicyVersion: 3 } }));
}

function bindingsOf(call: string, answer: unknown): Read<readonly Binding[]> {
  const { bindings } = parseAnswer(call, policySchema, answer);
  const { items, strange } = readItems(bindings, bindingSchema, 'bindings');
  return {
    value: items.map(({ role, members = [], condition }) => ({
      role,
      members,
      conditional: condition !== undefined,
    })),
    gaps: strangeGaps('bindings', strange),
  };
}
