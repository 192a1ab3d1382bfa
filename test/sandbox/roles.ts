import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const roleSchema = z.strictObject({
  title: z.string(),
  description: z.string(),
  stage: z.enum(['ALPHA', 'BETA', 'GA']),
  includedPermissions: z.array(z.string()).min(1),
});

function fileOf(path: string): string {
  return fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url));
}

/** Whether there is such a role file. `path` is relative to deploy/. */
export function hasRole(path: string): boolean {
  return existsSync(fileOf(path));
}

/** The permissions of a role file as `gcloud iam roles create --file` takes it. `path` is relative to deploy/. */
export function roleFile(path: string): readonly string[] {
  const file = fileOf(path);
  if (!existsSync(file)) throw new Error(`Cannot grant the role deploy/${path}: no such file`);
  return roleSchema.parse(parse(readFileSync(file, 'utf8'))).includedPermissions;
}

/** What the predefined roles that costguard binds contain, as far as the sandbox's APIs go. */
export const PREDEFINED_ROLES = {
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
} as const;
