import * as z from 'zod/mini';
import type { Api } from '../google/api.ts';
import { listPages } from '../google/list-pages.ts';
import {
  EmptyAnswer,
  GoogleApiError,
  undefinedIfMissing as orUndefined,
} from '../google/google-api-error.ts';
import { parseAnswer, parseWritten, requireAbout } from '../google/parse-answer.ts';
import { readItems, type Items, type StrangeItem } from '../google/read-items.ts';
import { Content } from '../google/request-body.ts';
import { findObject, md5Of, type Place } from './store-once.ts';
import type { ObjectMetadata } from './upload-session.ts';
import { openUpload, type Upload } from './upload.ts';

/** The state bucket: receipts, memory, poison messages. */
export interface State {
  readonly bucket: string;
  /**
   * Undefined when there is no such object. Needs storage.objects.list beside storage.objects.get: without it the answer may be
   * a 403 (sources disagree). A 403 is never taken for "nothing stored", which could do a thing twice: it throws.
   */
  read(name: string): Promise<Stored | undefined>;
  /**
   * Writes an object; with `ifGeneration` only when the object still has that generation (`'0'`: does not exist), else
   * it throws {@link Conflict}, also where an earlier attempt of its own wrote it and its answer was lost. Returns the new generation.
   */
  write(
    name: string,
    data: string | Iterable<string>,
    options?: { readonly ifGeneration?: string; readonly metadata?: ObjectMetadata },
  ): Promise<string>;
  /**
   * Opens an object that is not there yet for a text that is not known yet: it exists once the upload is finished, whole or not at
   * all. It never takes the place of another object, so that an account that may only add objects can retry it.
   */
  upload(name: string, metadata?: ObjectMetadata): Upload;
  /**
   * Names of the objects that begin so, and what is listed there without one; needs storage.objects.list. `glob`: those alone that it
   * matches whole, where `*` ends at a `/`.
   * Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
   */
  list(prefix: string, glob?: string): Promise<Items<string>>;
}

export interface Stored {
  readonly text: string;
  readonly generation: string;
  /**
   * How long ago it was written, by Cloud Storage's own clock at both ends: no instance's clock has a part in it. 0 where the
   * answer does not tell.
   */
  readonly ageMs: number;
}

/** Another process wrote the object since it was read. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

const generationSchema = z.looseObject({ generation: z.string() });

const metadataSchema = z.looseObject({
  name: z.string(),
  generation: z.string(),
  updated: z.optional(z.string()),
});

const listSchema = z.looseObject({ items: z.optional(z.unknown()) });

const objectSchema = z.looseObject({ name: z.string() });

const textSchema = z.string();

/**
 * The objects of a bucket by the JSON API over authorised requests. Google's client, which lists objects and patches buckets elsewhere, would
 * make each bundle 209 KiB larger, and three larger than the 1.4 MB that one may have (1.48, 1.48 and 1.45 MB; 2026-11-27). Start-up would bear
 * it: the switch's tick, which reads the state first, calls Google's APIs 1.65 × as late after its start as an empty function does, against
 * 1.59 × (medians of 15 pairs). Its uploads in parts end at the first lost answer, or repeat requests by themselves, uncounted and past the
 * run's deadline.
 * Source: https://cloud.google.com/storage/docs/json_api/v1/objects
 */
export function createState(options: { readonly api: Api; readonly bucket: string }): State {
  const { api, bucket } = options;
  const path = `storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  return {
    bucket,
    read: (name) => readObject(api, bucket, `https://${path}/${encodeURIComponent(name)}`, name),
    async list(prefix, glob) {
      const query = { prefix, matchGlob: glob, fields: 'items/name,nextPageToken' };
      const request = { url: `https://${path}`, query };
      const names: string[] = [];
      const unread: StrangeItem[] = [];
      const call = 'storage.objects.list';
      for await (const page of listPages(api, call, request, listSchema)) {
        const { items, strange } = readItems(page.items, objectSchema, 'items');
        for (const { name } of items) requireAbout(call, 'name', name.slice(0, prefix.length), prefix);
        names.push(...items.map((item) => item.name));
        unread.push(...strange);
      }
      return { items: names, strange: unread };
    },
    upload(name, metadata = {}) {
      return openUpload(api, { bucket, name, metadata }, (pieces) =>
        this.write(name, pieces, { ifGeneration: '0', metadata }),
      );
    },
    async write(name, data, { ifGeneration, metadata: own = {} } = {}) {
      try {
        const { data: metadata } = await api.exchangeUnpermitted('storage.objects.insert', {
          method: 'POST',
          url: `https://storage.googleapis.com/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`,
          query: { uploadType: 'multipart', name, ifGenerationMatch: ifGeneration, fields: 'generation' },
          body: upload(typeof data === 'string' ? [data] : [...data], own),
        });
        return parseWritten('storage.objects.insert', generationSchema, metadata).generation;
      } catch (error) {
        if (!(await isConflict(api, { bucket, name }, ifGeneration, error))) throw error;
        throw new Conflict(`Cannot write "gs://${bucket}/${name}": it changed since it was read`, {
          cause: error,
        });
      }
    },
  };
}

/**
 * Whether a write was refused because of its precondition. An account that may only add objects may be told 403 instead of 412 over
 * one that is there: overwriting needs storage.objects.delete, and which of the two Cloud Storage checks first no page says.
 */
async function isConflict(
  api: Api,
  place: Place,
  ifGeneration: string | undefined,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof GoogleApiError)) return false;
  if (error.status === 403 && ifGeneration === '0') return (await findObject(api, place)) !== undefined;
  return error.status === 412;
}

/**
 * An object's text and the generation that it is of, in one answer, so that they belong together even when another run writes meanwhile. Media
 * answers carry the generation and the last change as headers; Google's client for Go takes them from there as well.
 */
async function readObject(api: Api, bucket: string, url: string, name: string): Promise<Stored | undefined> {
  const call = 'storage.objects.get';
  const media = await orUndefined(api.exchange(call, { url, query: { alt: 'media' }, answer: 'text' }));
  if (media === undefined) return undefined;
  const generation = media.header('x-goog-generation');
  if (generation === undefined) return readGeneration(api, bucket, url, name);
  return {
    text: parseAnswer(call, textSchema, media.data),
    generation,
    ageMs: ageOf(media.header('last-modified'), media.header('date')),
  };
}

/**
 * The same in two requests, where a media answer does not carry its generation: without one nothing could be written back safely. A
 * generation that is overwritten in between is gone, and the caller may retry.
 */
async function readGeneration(
  api: Api,
  bucket: string,
  url: string,
  name: string,
): Promise<Stored | undefined> {
  const call = 'storage.objects.get';
  const found = await orUndefined(api.exchange(call, { url, query: { fields: 'name,generation,updated' } }));
  if (found === undefined) return undefined;
  const { name: named, generation, updated } = parseAnswer(call, metadataSchema, found.data);
  requireAbout(call, 'name', named, name);
  const query = { alt: 'media', generation };
  const text = await orUndefined(api.request(call, { url, query, answer: 'text' }));
  if (text === undefined)
    throw new GoogleApiError(call, new EmptyAnswer(`gs://${bucket}/${name} changed while it was read`));
  return {
    text: parseAnswer(call, textSchema, text),
    generation,
    ageMs: ageOf(updated, found.header('date')),
  };
}

/** Between an object's last change and the answer that tells of it. */
function ageOf(modified: string | undefined, date: string | undefined): number {
  const ageMs = Date.parse(date ?? '') - Date.parse(modified ?? '');
  return Number.isNaN(ageMs) ? 0 : Math.max(0, ageMs);
}

/** Metadata and content of a JSON object. With the hash in the metadata Google refuses what was damaged on its way. */
function upload(pieces: readonly string[], own: ObjectMetadata): Content {
  const md5Hash = md5Of(pieces);
  // No text contains its own hash.
  const boundary = md5Hash.replace(/\W/g, '');
  const part = `--${boundary}\r\nContent-Type: application/json\r\n\r\n`;
  const custom = Object.keys(own).length === 0 ? {} : { metadata: own };
  const metadata = JSON.stringify({ contentType: 'application/json', md5Hash, ...custom });
  return new Content(`multipart/related; boundary=${boundary}`, [
    `${part}${metadata}\r\n${part}`,
    ...pieces,
    `\r\n--${boundary}--\r\n`,
  ]);
}
