import { ApiError } from './api-error.ts';

/** One page of a list, with an opaque token for the next. Throws INVALID_ARGUMENT for a token that is not ours. */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { items: readonly T[]; nextPageToken: string | undefined } {
  const start = token === undefined || token === '' ? 0 : decode(token);
  const end = start + size;
  return {
    items: all.slice(start, end),
    nextPageToken: end < all.length ? Buffer.from(`after:${end}`).toString('base64url') : undefined,
  };
}

function decode(token: string): number {
  const match = /^after:(\d+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (match === null) throw new ApiError('INVALID_ARGUMENT', `Invalid page token "${token}".`);
  return Number(match[1]);
}
