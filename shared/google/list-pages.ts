import * as z from 'zod/mini';
import type { Api, ApiRequest } from './api.ts';
import { parseAnswer } from './parse-answer.ts';

const tokenSchema = z.looseObject({ nextPageToken: z.optional(z.string()) });

/**
 * The pages of a listing in order, each checked against `schema`. The next one is asked for as soon as its token is known, so
 * that it is on its way while this one is worked on; no more than one page is read ahead. `request` comes without `pageToken`.
 * `schema` is for what stands around the items; these are checked one by one, by `readItems`. Throws `GoogleApiError`, also for an
 * answer of another form.
 */
export async function* listPages<T>(
  api: Api,
  name: string,
  request: Pick<ApiRequest, 'url' | 'query'>,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  const ask = (pageToken?: string): Promise<unknown> =>
    api.request(name, { ...request, query: { ...request.query, pageToken } });
  let asked: Promise<unknown> | undefined = ask();
  while (asked !== undefined) {
    const answer: unknown = await asked;
    const { nextPageToken = '' } = parseAnswer(name, tokenSchema, answer);
    asked = nextPageToken === '' ? undefined : ask(nextPageToken);
    if (asked !== undefined) {
      // Where the listing is broken off here, nobody is left to hear that the next page failed.
      asked.catch(() => undefined);
      // A request leaves after many small steps; what the caller does with this page would come before them.
      await api.nextTurn();
    }
    yield parseAnswer(name, schema, answer);
  }
}
