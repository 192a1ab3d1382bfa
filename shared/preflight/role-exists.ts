import * as z from 'zod/mini';
import type { Api } from '../google/api.ts';
import { undefinedIfMissing } from '../google/google-api-error.ts';
import { parseAnswer } from '../google/parse-answer.ts';

const roleSchema = z.looseObject({ name: z.string() });

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
