import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Api, ApiRequest } from './api.ts';
import { EmptyAnswer, GoogleApiError } from './google-api-error.ts';
import { parseAnswer } from './parse-answer.ts';

/** How a service hands on from one page to the next. */
interface Paging {
  /** The parameter of a request that takes the token. */
  readonly parameter: string;
  /** The token of the page after; empty or undefined at the end. */
  readonly tokenOf: (name: string, answer: unknown) => string | undefined;
}

const tokenSchema = z.looseObject({ nextPageToken: z.optional(z.string()) });
const BY_PAGE_TOKEN: Paging = {
  parameter: 'pageToken',
  tokenOf: (name, answer) => parseAnswer(name, tokenSchema, answer).nextPageToken,
};

const continueSchema = z.looseObject({
  metadata: z.optional(z.looseObject({ continue: z.optional(z.string()) })),
});
/** As Kubernetes does; Cloud Run's API v1 is of its form. */
export const BY_CONTINUE: Paging = {
  parameter: 'continue',
  tokenOf: (name, answer) => parseAnswer(name, continueSchema, answer).metadata?.continue,
};

/** Of the largest listing there is, 50,000 buckets in pages of a hundred, this is twenty times over. */
const MAX_PAGES = 10_000;

/**
 * The pages of a listing in order, each checked against `schema`. The next one is requested as soon as its token is known, so
 * that it is on its way while this one is worked on; no more than one page is read ahead. `request` comes without a page's token.
 * `schema` is for what stands around the items; these are checked one by one, by `readItems`. Throws `GoogleApiError`, also for an
 * answer of another form, for a page token that comes again, and for more pages than any listing has.
 */
export function listPages<T>(
  api: Api,
  name: string,
  request: Pick<ApiRequest, 'url' | 'query'>,
  schema: z.ZodMiniType<T>,
  paging = BY_PAGE_TOKEN,
): AsyncGenerator<T> {
  const read = (token?: string): Promise<unknown> =>
    api.request(name, { ...request, query: { ...request.query, [paging.parameter]: token } });
  return readPages(api, name, read, schema, paging);
}

/** The same over any way to read the page of a token; the first one has none. Throws the same. */
export async function* readPages<T>(
  api: Api,
  name: string,
  read: (token?: string) => Promise<unknown>,
  schema: z.ZodMiniType<T>,
  { tokenOf }: Pick<Paging, 'tokenOf'> = BY_PAGE_TOKEN,
): AsyncGenerator<T> {
  const isNew = firstTime();
  let pages = 0;
  let coming: Promise<unknown> | undefined = read();
  while (coming !== undefined) {
    const answer: unknown = await coming;
    const next = tokenOf(name, answer) ?? '';
    pages += 1;
    // Where this page came from may be in order again later; what it shows is not handed on, for the next one is unknown.
    if (next !== '' && !isNew(createHash('sha256').update(next).digest('base64')))
      throw new GoogleApiError(
        name,
        new EmptyAnswer(`page ${pages} names the page after it by a token that came before`),
      );
    if (pages > MAX_PAGES)
      throw new GoogleApiError(name, new EmptyAnswer(`more than ${MAX_PAGES} pages, and no end`));
    coming = next === '' ? undefined : read(next);
    if (coming !== undefined) {
      // Where the caller breaks the listing off here, the failure of the next page concerns no one any more.
      coming.catch(() => undefined);
      // A request leaves after many small steps; what the caller does with this page would come before them.
      await api.nextTurn();
    }
    yield parseAnswer(name, schema, answer);
  }
}

/** Tells of each key whether it comes for the first time. */
export function firstTime(): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  };
}
