import * as z from 'zod/mini';
import type { Api, ApiAnswer } from '../google/api.ts';
import { GoogleApiError } from '../google/google-api-error.ts';
import { parseAnswer } from '../google/parse-answer.ts';
import type { RungAction } from '../policy/policy.ts';
import { rungKinds } from '../state/rung-kinds.ts';

/** What the switch's account needs to look at what a rung covers, and to stop it. A budget names its projects by number. */
function permissionsOf(action: RungAction): readonly string[] {
  if (action === 'notify') return [];
  const kinds = rungKinds(action).map(({ permissions }) => permissions);
  const own =
    action === 'unlink-billing'
      ? // What goes down with the project's billing is written into the restore manifest first.
        ['resourcemanager.projects.deleteBillingAssignment']
      : kinds.flatMap(({ stop }) => stop);
  return [...new Set(['resourcemanager.projects.get', ...kinds.flatMap(({ list }) => list), ...own])];
}

/**
 * What the kill switch's account needs on a project for each rung. All rungs together are
 * deploy/functions/budget-kill-switch/role.yaml.
 */
export const rungPermissions: Readonly<Record<RungAction, readonly string[]>> = {
  notify: permissionsOf('notify'),
  'stop-notebooks': permissionsOf('stop-notebooks'),
  'stop-compute': permissionsOf('stop-compute'),
  'unlink-billing': permissionsOf('unlink-billing'),
};

/** What it needs on the billing account; with `unlinkOnAccount` and `lookAtAccount`: deploy/functions/budget-kill-switch/billing-account-role.yaml. */
export const accountPermissions: readonly string[] = ['billing.budgets.get'];

/**
 * What unlinking may take on the billing account beside the project's right. Google's pages disagree: the one on custom roles for
 * billing lists it, the API reference does not. Of the predefined roles roles/billing.admin alone has it.
 * Source: https://cloud.google.com/billing/docs/how-to/custom-roles
 */
export const unlinkOnAccount = 'billing.resourceAssociations.delete';

/** Where a rung unlinks, whether another account that pays for a project is a subaccount of the budget's. */
export const lookAtAccount = 'billing.accounts.get';

/** What it needs on the whole state bucket: deploy/functions/state-read-role.yaml. Writing is bound to its folders. */
export const statePermissions: readonly string[] = ['storage.objects.get', 'storage.objects.list'];

const answerSchema = z.looseObject({ permissions: z.optional(z.array(z.string())) });

/** Those of `permissions` that the caller lacks on the project. At most 100 can be tested at once. Throws `GoogleApiError`. */
export function missingOnProject(
  api: Api,
  projectId: string,
  permissions: readonly string[],
): Promise<string[]> {
  return missing(permissions, () =>
    api.exchangeUnpermitted('cloudresourcemanager.projects.testIamPermissions', {
      method: 'POST',
      url: `https://cloudresourcemanager.googleapis.com/v3/projects/${projectId}:testIamPermissions`,
      body: { permissions },
    }),
  );
}

/** Those of `permissions` that the caller lacks on `billingAccounts/A`. Throws `GoogleApiError`. */
export function missingOnAccount(
  api: Api,
  account: string,
  permissions: readonly string[],
): Promise<string[]> {
  return missing(permissions, () =>
    api.exchangeUnpermitted('cloudbilling.billingAccounts.testIamPermissions', {
      method: 'POST',
      url: `https://cloudbilling.googleapis.com/v1/${account}:testIamPermissions`,
      body: { permissions },
    }),
  );
}

/** Those of `permissions` that the caller lacks on a bucket. Throws `GoogleApiError`, 404 when there is no such bucket. */
export function missingOnBucket(api: Api, bucket: string, permissions: readonly string[]): Promise<string[]> {
  return missing(permissions, () =>
    api.exchangeUnpermitted('storage.buckets.testIamPermissions', {
      url: `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/iam/testPermissions`,
      query: { permissions },
    }),
  );
}

/** What the caller's right to write does not reach, by how the names of objects begin. */
export interface ClosedFolders {
  /** Where it cannot add an object. */
  readonly add: readonly string[];
  /** Where it can add one, and cannot replace it: that takes storage.objects.delete as well. */
  readonly replace: readonly string[];
}

/**
 * The folders, of `add`, to which the caller cannot add an object, and of `replace`, in which it cannot replace one.
 * `testIamPermissions` sees no right that a condition binds to objects, so that both are tried: an upload is begun and left, which
 * stores nothing and is forgotten after a week, and an object that is not there is deleted, under a precondition that none fulfils.
 * Throws `GoogleApiError`, 404 when there is no such bucket.
 * Sources: https://cloud.google.com/storage/docs/performing-resumable-uploads, https://cloud.google.com/storage/docs/access-control/iam-json
 */
export async function closedFolders(
  api: Api,
  bucket: string,
  folders: { readonly add: readonly string[]; readonly replace: readonly string[] },
): Promise<ClosedFolders> {
  const add: string[] = [];
  for (const folder of folders.add) if (!(await canAdd(api, bucket, folder))) add.push(folder);
  const replace: string[] = [];
  for (const folder of folders.replace)
    if (!add.includes(folder) && !(await canReplace(api, bucket, folder))) replace.push(folder);
  return { add, replace };
}

async function canAdd(api: Api, bucket: string, folder: string): Promise<boolean> {
  try {
    await api.exchangeUnpermitted('storage.objects.insert', {
      method: 'POST',
      url: `https://storage.googleapis.com/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`,
      query: { uploadType: 'resumable', name: `${folder}${PROBE}`, ifGenerationMatch: '0' },
      body: { contentType: 'application/json' },
    });
    return true;
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 403) return false;
    throw error;
  }
}

/** A caller that may delete objects of that name is told that there is none, or that it is of another generation. */
async function canReplace(api: Api, bucket: string, folder: string): Promise<boolean> {
  const name = encodeURIComponent(`${folder}${PROBE}`);
  try {
    await api.exchangeUnpermitted('storage.objects.delete', {
      method: 'DELETE',
      url: `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o/${name}`,
      query: { ifGenerationMatch: IMPOSSIBLE_GENERATION },
    });
    return true;
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (error.status === 403) return false;
    if (error.status === 404 || error.status === 412) return true;
    throw error;
  }
}

/** Nothing writes an object of this name. */
const PROBE = 'costguard-preflight';

/** Generations are microseconds since 1970. */
const IMPOSSIBLE_GENERATION = '1';

/** Those of `permissions` that the caller lacks on `projects/P/topics/T`. Throws `GoogleApiError`. */
export function missingOnTopic(api: Api, topic: string, permissions: readonly string[]): Promise<string[]> {
  return missing(permissions, () =>
    api.exchangeUnpermitted('pubsub.topics.testIamPermissions', {
      method: 'POST',
      url: `https://pubsub.googleapis.com/v1/${topic}:testIamPermissions`,
      body: { permissions },
    }),
  );
}

/**
 * Those of `permissions` that the caller lacks on a service account, by e-mail address. Throws `GoogleApiError`, 404 when there
 * is no such account.
 */
export function missingOnServiceAccount(
  api: Api,
  account: string,
  permissions: readonly string[],
): Promise<string[]> {
  return missing(permissions, () =>
    api.exchangeUnpermitted('iam.serviceAccounts.testIamPermissions', {
      method: 'POST',
      url: `https://iam.googleapis.com/v1/projects/-/serviceAccounts/${account}:testIamPermissions`,
      body: { permissions },
    }),
  );
}

async function missing(permissions: readonly string[], test: () => Promise<ApiAnswer>): Promise<string[]> {
  const { data } = await test();
  const granted = parseAnswer('testIamPermissions', answerSchema, data).permissions ?? [];
  return permissions.filter((permission) => !granted.includes(permission));
}
