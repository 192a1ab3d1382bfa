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

/** Roles that folders and the organization hand down are not in it. Needs resourcemanager.projects.getIamPolicy. */
export function readProjectPolicy(look: Look): Promise<Reading<readonly Binding[]>> {
  return attempt(look, 'the allow policy of the project', async () => {
    const call = 'cloudresourcemanager.projects.getIamPolicy';
    const { data } = await look.api.exchangeUnpermitted(call, {
      method: 'POST',
      url: `https://cloudresourcemanager.googleapis.com/v3/projects/${encodeURIComponent(look.projectId)}:getIamPolicy`,
      // Without version 3 the API leaves conditions out of the answer and renames the roles.
      body: { options: { requestedPolicyVersion: 3 } },
    });
    return bindingsOf(call, data);
  });
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
