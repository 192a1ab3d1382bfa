import { ApiError } from './api-error.ts';

/** A part of a list; the token leads to the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | undefined;
}

/** One page of a list, with an opaque token for the next. Throws INVALID_ARGUMENT for a token that is not ours. */
export function pageOf<T>(all: readonly T[], size: number, token: string | null | undefined): Page<T> {
  const start = token === undefined || token === null || token === '' ? 0 : decode(token);
  const end = start + size;
  return {
    items: all.slice(start, end),
    nextPageToken: end < all.length ? Buffer.from(`after:${end}`).toString('base64url') : undefined,
  };
}

/** The page that `pageSize` and `pageToken` of a call's query name. */
export function pageOfQuery<T>(
  all: readonly T[],
  query: URLSearchParams,
  max: number,
  unset: number = max,
): Page<T> {
  return pageOf(all, pageSizeOf(query.get('pageSize'), max, unset), query.get('pageToken'));
}

/** The same for a message, in which the two are fields. */
export function pageOfRequest<T>(
  all: readonly T[],
  request: Readonly<Record<string, unknown>>,
  max: number,
  unset: number = max,
): Page<T> {
  const { pageSize, pageToken } = request;
  return pageOf(all, pageSizeOf(pageSize, max, unset), typeof pageToken === 'string' ? pageToken : '');
}

/**
 * How many items a page has: `unset` where the request names no size or zero, never more than `max`. Throws
 * INVALID_ARGUMENT for a negative size (google.aip.dev/158).
 */
export function pageSizeOf(requested: unknown, max: number, unset: number = max): number {
  const size = Number(requested ?? 0);
  if (size < 0) throw new ApiError('INVALID_ARGUMENT', `Invalid page size ${size}: it must not be negative.`);
  return Math.min(size === 0 ? unset : size, max);
}

/** A list's answer. As proto3's JSON does, it leaves out an empty list and the token of a last page. */
export function pageAnswer<T>(
  key: string,
  { items, nextPageToken }: Page<T>,
  show: (item: T) => unknown = (item) => item,
): Readonly<Record<string, unknown>> {
  return {
    ...(items.length === 0 ? {} : { [key]: items.map(show) }),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

function decode(token: string): number {
  const match = /^after:(\d+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (match === null) throw new ApiError('INVALID_ARGUMENT', `Invalid page token "${token}".`);
  return Number(match[1]);
}
