import * as z from 'zod/mini';
import type { Api, ApiRequest } from './api.ts';
import { parseAnswer } from './parse-answer.ts';

const tokenSchema = z.looseObject({ nextPageToken: z.optional(z.string()) });

/**
 * The pages of a listing in order, each checked against `schema`. The next one is requested as soon as its token is known, so
 * that it is on its way while this one is worked on; no more than one page is read ahead. `request` comes without `pageToken`.
 * `schema` is for what stands around the items; these are checked one by one, by `readItems`. Throws `GoogleApiError`, also for an
 * answer of another form.
 */
export function listPages<T>(
  api: Api,
  name: string,
  request: Pick<ApiRequest, 'url' | 'query'>,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  const read = (pageToken?: string): Promise<unknown> =>
    api.request(name, { ...request, query: { ...request.query, pageToken } });
  return readPages(api, name, read, schema);
}

/** The same over any way to read the page of a token; the first one has none. */
export async function* readPages<T>(
  api: Api,
  name: string,
  read: (pageToken?: string) => Promise<unknown>,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  let coming: Promise<unknown> | undefined = read();
  while (coming !== undefined) {
    const answer: unknown = await coming;
    const { nextPageToken = '' } = parseAnswer(name, tokenSchema, answer);
    coming = nextPageToken === '' ? undefined : read(nextPageToken);
    if (coming !== undefined) {
      // Where the caller breaks the listing off here, the failure of the next page concerns no one any more.
      coming.catch(() => undefined);
      // A request leaves after many small steps; what the caller does with this page would come before them.
      await api.nextTurn();
    }
    yield parseAnswer(name, schema, answer);
  }
}
