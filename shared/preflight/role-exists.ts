import * as z from 'zod/mini';
import type { Api } from '../google/api.ts';
import { GoogleApiError, undefinedIfMissing } from '../google/google-api-error.ts';
import { parseAnswer } from '../google/parse-answer.ts';

const roleSchema = z.looseObject({ name: z.string() });
const contentSchema = z.extend(roleSchema, { includedPermissions: z.optional(z.array(z.string())) });

/** Whether a custom role `projects/P/roles/R` is there; undefined where the caller cannot see it, for want of iam.roles.get. */
export async function roleExists(api: Api, role: string): Promise<boolean | undefined> {
  const call = 'iam.projects.roles.get';
  try {
    const found = await undefinedIfMissing(
      api.request(call, { url: `https://iam.googleapis.com/v1/${role}`, query: { fields: 'name' } }),
    );
    return found !== undefined && parseAnswer(call, roleSchema, found).name === role;
  } catch {
    // It decides on a word of a command alone.
    return undefined;
  }
}

/**
 * The permissions of a custom role of a project or an organization; undefined where it cannot be read, for want of iam.roles.get.
 * Source: https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles/get
 */
export async function permissionsOfRole(api: Api, role: string): Promise<readonly string[] | undefined> {
  const call = `iam.${role.split('/')[0] ?? ''}.roles.get`;
  try {
    const answer = await api.request(call, { url: `https://iam.googleapis.com/v1/${role}` });
    return parseAnswer(call, contentSchema, answer).includedPermissions ?? [];
  } catch (error) {
    if (error instanceof GoogleApiError) return undefined;
    throw error;
  }
}
