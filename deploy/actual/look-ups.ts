import pMap from 'p-map';
import type * as z from 'zod/mini';
import { AT_ONCE, readJson, type Gcloud } from './gcloud.ts';
import { parseList, type NoteUnread } from './read-answer.ts';

/** Lists what there is; of an API that is not enabled there is nothing, and it is not called. Throws `GcloudFailed`. */
export type Lister = <T>(
  api: string,
  args: readonly string[],
  schema: z.ZodMiniType<T>,
) => Promise<readonly T[]>;

export function lister(gcloud: Gcloud, apis: ReadonlySet<string>, note: NoteUnread): Lister {
  return async (api, args, schema) =>
    apis.has(api) ? parseList(args, schema, await readJson(gcloud, args), note) : [];
}

/** Runs a fixed list of look-ups, a few at a time. */
export async function runLookUps<T extends readonly (() => Promise<unknown>)[]>(
  ...lookUps: T
): Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  const results = await pMap(lookUps, (lookUp) => lookUp(), { concurrency: AT_ONCE });
  return results as { [K in keyof T]: Awaited<ReturnType<T[K]>> };
}
