import pMap from 'p-map';
import * as z from 'zod/mini';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { parseAnswer } from '../../../shared/google/parse-answer.ts';
import type { MetadataFacts, ScannedPlace } from '../facts.ts';
import { both, isRead, joinReadings, mapReading, type Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';
import { scanTexts } from './texts.ts';

const SCRIPTS_AT_ONCE = 4;

/** Startup scripts are text; what is larger is none. */
const MAX_BYTES = 1_000_000;

/**
 * Startup scripts in buckets that the metadata of machines and of the project names. The audit's role has no right to read objects, which would be one to all data:
 * who wants the scripts read grants roles/storage.objectViewer on their bucket.
 */
export async function readScripts(
  look: Look,
  metadata: Reading<readonly Pick<MetadataFacts, 'scriptUrls'>[]>,
): Promise<Reading<readonly ScannedPlace[]>> {
  if (!isRead(metadata)) return metadata;
  const urls = [...new Set(metadata.value.flatMap(({ scriptUrls }) => scriptUrls))].sort();
  const read = await pMap(urls, (url) => readScript(look, url), { concurrency: SCRIPTS_AT_ONCE });
  const joined = joinReadings(read);
  return mapReading(both(metadata, joined), ([, places]) => places);
}

async function readScript(look: Look, url: string): Promise<Reading<readonly ScannedPlace[]>> {
  const script = objectOf(url);
  if (script === undefined)
    return { why: `a startup script is in no bucket and was not looked at: ${hostOf(url)}` };
  const { bucket, object } = script;
  const place = `gs://${bucket}/${object}`;
  return attempt(look, place, async () => {
    const call = 'storage.objects.get';
    const answer = await orEmpty(
      look.api.request(call, {
        url: `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(object)}`,
        query: { alt: 'media' },
        headers: { range: `bytes=0-${MAX_BYTES - 1}` },
        answer: 'text',
      }),
    );
    const text = parseAnswer(call, z.string(), answer);
    return {
      value: scanTexts(`projects/_/buckets/${bucket}`, [{ place, name: undefined, text }], look.digestOf),
      gaps: gapsOf(place, text),
    };
  });
}

/** What of a script could not be searched. */
function gapsOf(place: string, text: string): readonly string[] {
  const isCut = Buffer.byteLength(text) >= MAX_BYTES;
  // A character may have been cut in two at the end.
  if (NO_TEXT.test(isCut ? text.slice(0, -1) : text))
    return [`${place} is no text in UTF-8: not all of it could be searched`];
  return isCut ? [`only the first megabyte of ${place} was looked at`] : [];
}

/** Programs, archives and scripts in UTF-16, as their bytes come out. */
const NO_TEXT = /[\u0000\uFFFD]/;

/** `gs://B/O`, or an address of Cloud Storage; undefined for any other place. */
function objectOf(url: string): { readonly bucket: string; readonly object: string } | undefined {
  const [, bucket, object] =
    /^gs:\/\/([^/]+)\/(.+)$/.exec(url) ??
    /^https:\/\/storage\.(?:googleapis|cloud\.google)\.com\/([^/?]+)\/([^?]+)/.exec(url) ??
    /^https:\/\/([^/?@]+)\.storage\.googleapis\.com\/([^?]+)/.exec(url) ??
    [];
  if (bucket === undefined || object === undefined) return undefined;
  return { bucket, object: url.startsWith('gs://') ? object : unescaped(object) };
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // It is not escaped.
    return path;
  }
}

/** Of an address no more than its host: the rest may hold a password or a signature. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'its address is none';
}

/** An empty object has no first byte: every range of it is a 416. */
async function orEmpty(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 416) return '';
    throw error;
  }
}
