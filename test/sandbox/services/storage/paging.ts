import { ApiError } from '../../http/api-error.ts';
import { int64Parameter } from './preconditions.ts';

/** `maxResults`, at most `limit`: more is not an error, the service just gives less. */
export function pageSize(query: URLSearchParams, limit = 1_000): number {
  const wanted = Number(int64Parameter(query, 'maxResults') ?? limit);
  if (wanted === 0)
    throw new ApiError('INVALID_ARGUMENT', 'Invalid value "0" for maxResults: must be positive.');
  return Math.min(wanted, limit);
}

/** Callers must not look inside a page token; this one holds the position after which the next page starts. */
export function writePageToken(position: readonly string[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

export function readPageToken(query: URLSearchParams): readonly string[] | undefined {
  const token = query.get('pageToken');
  if (token === null || token === '') return undefined;
  try {
    const position: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(position) && position.every((part) => typeof part === 'string')) return position;
  } catch {
    // Not one of ours; answered below.
  }
  throw new ApiError('INVALID_ARGUMENT', 'Invalid page token.');
}
