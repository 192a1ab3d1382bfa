import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../../http/api-error.ts';
import { crc32c } from './crc32c.ts';

export interface Checksums {
  readonly md5Hash: string;
  readonly crc32c: string;
}

/** Checksums that a caller gave, as far as it gave any. */
export type Expected = { readonly [Name in keyof Checksums]?: string | undefined };

export function checksumsOf(content: Buffer): Checksums {
  return { md5Hash: createHash('md5').update(content).digest('base64'), crc32c: crc32c(content) };
}

/** A seeded object without bytes has no true checksums; listings show some all the same. */
export function checksumsOfObject(
  object: Expected & { readonly name: string; readonly size: number },
): Checksums {
  const { md5Hash, crc32c: crc } = object;
  if (md5Hash !== undefined && crc !== undefined) return { md5Hash, crc32c: crc };
  return checksumsOf(Buffer.from(`${object.name} ${object.size}`));
}

/** What the caller says the bytes must sum to: in the object's metadata, or in the header `X-Goog-Hash`. */
export function expectedChecksums(metadata: Expected, headers: IncomingHttpHeaders): Expected {
  const header = [headers['x-goog-hash'] ?? []].flat().join(',');
  const of = (name: string): string | undefined =>
    new RegExp(`(?:^|,)\\s*${name}=([^,\\s]+)`).exec(header)?.[1];
  return { md5Hash: metadata.md5Hash ?? of('md5'), crc32c: metadata.crc32c ?? of('crc32c') };
}

/** Throws the 400 of an upload that arrived damaged; nothing is stored then. */
export function verifyChecksums(expected: Expected, actual: Checksums): void {
  const named = { crc32c: 'CRC32C', md5Hash: 'MD5 hash' } as const;
  for (const key of ['crc32c', 'md5Hash'] as const)
    if (expected[key] !== undefined && expected[key] !== actual[key])
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Provided ${named[key]} "${expected[key]}" doesn't match calculated ${named[key]} "${actual[key]}".`,
      );
}
