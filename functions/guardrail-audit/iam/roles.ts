/** Owner and Editor, exactly: `roles/cloudbuild.builds.editor` and a custom role called editor are none. Viewer only reads. */
const BASIC: ReadonlySet<string> = new Set(['roles/owner', 'roles/editor', 'roles/writer']);

/** To act as a service account, or to get its tokens. */
const IMPERSONATES: ReadonlySet<string> = new Set([
  'roles/iam.serviceAccountUser',
  'roles/iam.serviceAccountTokenCreator',
  'roles/iam.serviceAccountOpenIdTokenCreator',
  'roles/iam.workloadIdentityUser',
]);

/** Called Admin, and about data alone: they change no access to the project or to its accounts. */
const DATA_ADMINS: ReadonlySet<string> = new Set([
  'roles/storage.objectAdmin',
  'roles/datastore.importExportAdmin',
  'roles/artifactregistry.repoAdmin',
  'roles/aiplatform.featurestoreAdmin',
]);

export function isBasic(role: string): boolean {
  return BASIC.has(role);
}

export function impersonates(role: string): boolean {
  return IMPERSONATES.has(role);
}

/**
 * Whether a role rules over a service or over access. By the last part of a predefined role's name: `roles/storage.admin`,
 * `roles/resourcemanager.projectIamAdmin`, `roles/compute.instanceAdmin.v1`. What a custom role holds its name does not say.
 */
export function isAdmin(role: string): boolean {
  if (isBasic(role)) return true;
  if (!role.startsWith('roles/') || DATA_ADMINS.has(role)) return false;
  const name = role.replace(/\.(?:v\d+|beta|alpha)$/, '');
  return /(?:\.admin|Admin)$/.test(name) || role === 'roles/iam.roleAdmin';
}

/** How much a role allows beyond a plan, the most first. */
export function reachOf(role: string): 'basic' | 'admin' | 'impersonates' | 'other' {
  if (isBasic(role)) return 'basic';
  if (isAdmin(role)) return 'admin';
  return impersonates(role) ? 'impersonates' : 'other';
}
