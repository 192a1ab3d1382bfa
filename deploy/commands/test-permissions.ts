import * as z from 'zod/mini';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { type Api } from '../../shared/google/api.ts';
import { parseAnswer } from '../../shared/google/parse-answer.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import { GcloudFailed, type Gcloud } from '../actual/gcloud.ts';
import type { MissingPermissions } from './preconditions.ts';
import { tokenAuth } from './sign-in.ts';

/** A user waits at the terminal. */
const TIMEOUT_MS = 60_000;

const grantedSchema = z.looseObject({ permissions: z.optional(z.array(z.string())) });

/** Tests what the account that gcloud is signed in with may do; gcloud itself has no command for that. */
export function askPermissions(gcloud: Gcloud, runtime: Runtime): MissingPermissions {
  let api: Promise<Api> | undefined;
  return async (on, permissions) => {
    api ??= openAsGcloud(gcloud, runtime);
    const host = on.startsWith('billingAccounts/')
      ? 'cloudbilling.googleapis.com/v1'
      : 'cloudresourcemanager.googleapis.com/v3';
    const url = `https://${host}/${on}:testIamPermissions`;
    const call = 'testIamPermissions';
    const request = { method: 'POST', url, body: { permissions } } as const;
    const { data } = await (await api).exchangeUnpermitted(call, request);
    const { permissions: granted = [] } = parseAnswer(call, grantedSchema, data);
    return permissions.filter((permission) => !granted.includes(permission));
  };
}

async function openAsGcloud(gcloud: Gcloud, runtime: Runtime): Promise<Api> {
  const command = ['auth', 'print-access-token'];
  const answer = await gcloud(command);
  if (answer.code !== 0) throw new GcloudFailed(command, answer);
  // No quota project: the APIs of the operations project may not be enabled yet.
  return createRuntimeApi(runtime, TIMEOUT_MS, tokenAuth(answer.stdout.trim()));
}
