import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Api } from '../google/api.ts';
import { parseAnswer, requireAbout } from '../google/parse-answer.ts';

/** An object of the state bucket by its name. */
export interface Place {
  readonly bucket: string;
  readonly name: string;
}

const metadataSchema = z.looseObject({ name: z.string(), md5Hash: z.optional(z.string()) });

/**
 * Sends the request that makes an object, under the precondition that none is there. Where it fails, the object itself tells what
 * became of it: one with the same bytes came from an attempt whose answer was lost, and then there is no answer. Throws what `request`
 * threw, or that another object has the name. Needs storage.objects.get.
 */
export async function storeOnce<Answer>(
  api: Api,
  place: Place,
  md5Hash: string,
  request: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await request();
  } catch (error) {
    const found = await findObject(api, place);
    if (found === undefined) throw error;
    if (found.md5Hash !== md5Hash) throw nameIsTaken(place, error);
    return undefined;
  }
}

/** What listings show of an object; undefined where there is none, or none can be seen. */
export async function findObject(
  api: Api,
  { bucket, name }: Place,
): Promise<z.infer<typeof metadataSchema> | undefined> {
  const call = 'storage.objects.get';
  const url = `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
  try {
    const answer = await api.request(call, { url, query: { fields: 'name,md5Hash' } });
    const found = parseAnswer(call, metadataSchema, answer);
    requireAbout(call, 'name', found.name, name);
    return found;
  } catch {
    // What the request before threw says more.
    return undefined;
  }
}

export function nameIsTaken({ bucket, name }: Place, cause: unknown): Error {
  return new Error(`Cannot write "gs://${bucket}/${name}": another object of that name is there`, { cause });
}

/** As Cloud Storage writes it in `md5Hash`. */
export function md5Of(pieces: readonly string[]): string {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('base64');
}
