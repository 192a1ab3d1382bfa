import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const roleSchema = z.strictObject({
  title: z.string(),
  description: z.string(),
  stage: z.enum(['ALPHA', 'BETA', 'GA']),
  includedPermissions: z.array(z.string()),
});

function fileOf(path: string): string {
  return fileURLToPath(new URL(`../../../deploy/functions/${path}`, import.meta.url));
}

const read = new Map<string, unknown>();

/** A file's YAML, read once: the files are those of the checkout. */
function parsed(file: string): unknown {
  if (!read.has(file)) read.set(file, parse(readFileSync(file, 'utf8')));
  return read.get(file);
}

/** Whether there is such a role file. `path` is relative to deploy/. */
export function hasRole(path: string): boolean {
  return existsSync(fileOf(path));
}

/** The permissions of a role file as `gcloud iam roles create --file` takes it. `path` is relative to deploy/. */
export function roleFile(path: string): readonly string[] {
  const file = fileOf(path);
  if (!existsSync(file)) throw new Error(`Cannot grant the role deploy/functions/${path}: no such file`);
  return roleSchema.parse(parsed(file)).includedPermissions;
}

const settingsSchema = z.object({
  state: z.enum(['all', 'reports', 'receipts']).default('all'),
  writes: z.array(z.string()),
  reads: z.array(z.string()).default([]),
});

/** What a function's function.yaml says of the state bucket: its role files there, and the folders that it writes. */
export function stateGrants(name: string): {
  readonly read: string;
  readonly write: string;
  readonly folders: readonly string[];
  /** What it reads of others. */
  readonly reads: readonly string[];
  /** What the other functions write. */
  readonly others: readonly string[];
} {
  const settingsOf = (one: string) => settingsSchema.parse(parsed(fileOf(`${one}/function.yaml`)));
  const { state, writes, reads } = settingsOf(name);
  const names = readdirSync(fileOf('')).filter((one) => existsSync(fileOf(`${one}/function.yaml`)));
  return {
    read: state === 'reports' ? 'state-get-role.yaml' : 'state-read-role.yaml',
    write: state === 'all' ? 'state-write-role.yaml' : 'state-add-role.yaml',
    folders: writes,
    reads,
    others: names.filter((one) => one !== name).flatMap((one) => settingsOf(one).writes),
  };
}

/**
 * What the predefined roles contain, as far as methods of the sandbox ask for it. Source: the public role data sets
 * (iam-dataset, gcp/roles).
 */
export const PREDEFINED_ROLES: Readonly<Record<string, 'all' | readonly string[]>> = {
  'roles/owner': 'all',
  'roles/billing.user': [
    'billing.accounts.get',
    'billing.accounts.list',
    'billing.resourceAssociations.create',
  ],
  'roles/billing.viewer': [
    'billing.accounts.get',
    'billing.accounts.getIamPolicy',
    'billing.accounts.list',
    'billing.budgets.get',
    'billing.budgets.list',
    'billing.resourceAssociations.list',
  ],
  'roles/browser': [
    'resourcemanager.folders.get',
    'resourcemanager.folders.list',
    'resourcemanager.organizations.get',
    'resourcemanager.projects.get',
    'resourcemanager.projects.getIamPolicy',
    'resourcemanager.projects.list',
  ],
  'roles/cloudbuild.builds.builder': [
    'artifactregistry.repositories.downloadArtifacts',
    'artifactregistry.repositories.uploadArtifacts',
    'cloudbuild.builds.create',
    'cloudbuild.builds.get',
    'logging.logEntries.create',
    'storage.objects.create',
    'storage.objects.get',
    'storage.objects.list',
  ],
  'roles/eventarc.eventReceiver': ['eventarc.events.receiveEvent'],
  'roles/iam.securityReviewer': [
    'billing.accounts.getIamPolicy',
    'iam.serviceAccounts.getIamPolicy',
    'iam.serviceAccounts.list',
    'resourcemanager.folders.getIamPolicy',
    'resourcemanager.organizations.getIamPolicy',
    'resourcemanager.projects.getIamPolicy',
    'storage.buckets.getIamPolicy',
  ],
  'roles/iam.serviceAccountTokenCreator': [
    'iam.serviceAccounts.getAccessToken',
    'iam.serviceAccounts.getOpenIdToken',
    'iam.serviceAccounts.implicitDelegation',
    'iam.serviceAccounts.signBlob',
    'iam.serviceAccounts.signJwt',
  ],
  'roles/iam.serviceAccountUser': [
    'iam.serviceAccounts.actAs',
    'iam.serviceAccounts.get',
    'iam.serviceAccounts.list',
  ],
  'roles/logging.logWriter': ['logging.logEntries.create'],
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
  'roles/pubsub.subscriber': [
    'pubsub.snapshots.seek',
    'pubsub.subscriptions.consume',
    'pubsub.topics.attachSubscription',
  ],
  'roles/pubsub.viewer': [
    'pubsub.subscriptions.get',
    'pubsub.subscriptions.list',
    'pubsub.topics.get',
    'pubsub.topics.list',
  ],
  'roles/run.invoker': ['run.jobs.run', 'run.routes.invoke'],
  'roles/run.servicesInvoker': ['run.routes.invoke'],
  'roles/storage.legacyBucketOwner': [
    'storage.buckets.get',
    'storage.buckets.getIamPolicy',
    'storage.buckets.setIamPolicy',
    'storage.buckets.update',
    'storage.objects.create',
    'storage.objects.delete',
    'storage.objects.list',
  ],
  'roles/storage.legacyBucketReader': ['storage.buckets.get', 'storage.objects.list'],
  'roles/storage.objectAdmin': [
    'storage.objects.create',
    'storage.objects.delete',
    'storage.objects.get',
    'storage.objects.list',
    'storage.objects.update',
  ],
  'roles/storage.objectUser': [
    'storage.objects.create',
    'storage.objects.delete',
    'storage.objects.get',
    'storage.objects.list',
    'storage.objects.update',
  ],
  'roles/storage.objectCreator': ['storage.objects.create'],
  'roles/storage.objectViewer': ['storage.objects.get', 'storage.objects.list'],
};
