import pMap from 'p-map';
import * as z from 'zod/mini';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { parseAnswer } from '../../../shared/google/parse-answer.ts';
import type { MachineFacts, ScannedPlace } from '../facts.ts';
import { isRead, joinReadings, type Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';
import { scanTexts } from './texts.ts';

const SCRIPTS_AT_ONCE = 4;

/** Startup scripts are text; what is larger is none. */
const MAX_BYTES = 1_000_000;

/**
 * Startup scripts that machines name in buckets. The audit's role has no right to read objects, which would be one to all data:
 * who wants the scripts read grants roles/storage.objectViewer on their bucket.
 */
export async function readScripts(
  look: Look,
  machines: Reading<readonly MachineFacts[]>,
): Promise<Reading<readonly ScannedPlace[]>> {
  if (!isRead(machines)) return machines;
  const urls = [...new Set(machines.value.flatMap(({ scriptUrls }) => scriptUrls))].sort();
  const read = await pMap(urls, (url) => readScript(look, url), { concurrency: SCRIPTS_AT_ONCE });
  const joined = joinReadings(read);
  return isRead(joined) ? { ...joined, gaps: [...machines.gaps, ...joined.gaps] } : joined;
}

function readScript(look: Look, url: string): Promise<Reading<readonly ScannedPlace[]>> {
  return attempt(look, url, async () => {
    const [, bucket = '', object = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
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
      value: scanTexts(
        `projects/_/buckets/${bucket}`,
        [{ place: url, name: undefined, text }],
        look.digestOf,
      ),
      gaps: Buffer.byteLength(text) < MAX_BYTES ? [] : [`only the first megabyte of ${url} was looked at`],
    };
  });
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
