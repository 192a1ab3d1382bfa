import { describe, expect, it } from 'vitest';
import type { Look } from '../../../functions/guardrail-audit/gather/attempt.ts';
import { readScripts } from '../../../functions/guardrail-audit/gather/scripts.ts';
import { isRead, whole } from '../../../functions/guardrail-audit/reading.ts';
import { notebook, NOW, PROJECT } from '../../support/guardrail-facts.ts';
import { refuse, scriptedApi, type Script } from '../../support/scripted-api.ts';

const URL = 'gs://lab/start up.sh';
const PASSWORD = 'w1re-B1rd-9';
const EXPORT = `#!/bin/bash\nexport DB_PASSWORD=${PASSWORD}\n`;

/** What is known of scripts of these addresses, whose bucket answers so. */
async function read(google: Script, ...scriptUrls: readonly string[]) {
  const { api, requested } = scriptedApi(google);
  const look: Look = {
    api,
    projectId: PROJECT,
    now: NOW,
    digestOf: () => '01234567',
    failed: () => undefined,
  };
  const reading = await readScripts(look, whole([{ ...notebook, scriptUrls }]));
  return {
    requested,
    places: isRead(reading) ? reading.value.map(({ place, secrets }) => [place, secrets.length]) : undefined,
    gaps: isRead(reading) ? reading.gaps : [reading.why],
  };
}

describe('a startup script in a bucket', () => {
  it.each<[title: string, google: Script, places: unknown, gap: RegExp | undefined]>([
    ['with a password', () => EXPORT, [[URL, 1]], undefined],
    ['without one', () => 'echo ready\n', [], undefined],
    ['that is empty', () => refuse(416), [], undefined],
    ['that is empty, as no range was looked at', () => '', [], undefined],
    ['of a megabyte less a byte', () => 'a'.repeat(999_999), [], undefined],
    [
      'that is larger than a megabyte',
      () => 'a'.repeat(1_000_000),
      [],
      /^only the first megabyte of gs:\/\/lab/,
    ],
    [
      'that is cut in the middle of a character',
      () => `${'a'.repeat(999_998)}\uFFFD`,
      [],
      /^only the first megabyte of gs:\/\/lab/,
    ],
    [
      'with a password in its first megabyte',
      () => EXPORT.padEnd(1_000_000, '#'),
      [[URL, 1]],
      /first megabyte/,
    ],
    [
      'that may not be read',
      () => refuse(403),
      undefined,
      /^gs:\/\/lab\/start up\.sh could not be read: .*HTTP 403/,
    ],
    ['that is not there', () => refuse(404), undefined, /could not be read: .*HTTP 404/],
    ['that comes too often', () => refuse(429), undefined, /could not be read: .*HTTP 429/],
    ['that is a program', () => '\u007fELF\u0000\u0001', [], /is no text in UTF-8/],
    ['that is an archive', () => '\u001f\uFFFD\u0008', [], /is no text in UTF-8/],
    ['in UTF-16', () => EXPORT.replace(/./gs, '$&\u0000'), [], /is no text in UTF-8/],
    ['whose answer is no text', () => ({ kind: 'storage#object' }), undefined, /could not be read/],
  ])('%s', async (_, google, places, gap) => {
    const found = await read(google, URL);
    expect(found.places).toEqual(places);
    expect(found.gaps).toEqual(gap === undefined ? [] : [expect.stringMatching(gap)]);
    expect(JSON.stringify(found.gaps)).not.toContain(PASSWORD);
  });

  it('that cannot be read hides no other', async () => {
    const google: Script = ({ target }) => (target.includes('secret') ? refuse(403) : EXPORT);
    const { places, gaps } = await read(google, 'gs://lab/open.sh', 'gs://secret/closed.sh');
    expect(places).toEqual([['gs://lab/open.sh', 1]]);
    expect(gaps).toEqual([expect.stringContaining('gs://secret/closed.sh')]);
  });

  it.each([
    'https://storage.googleapis.com/lab/start%20up.sh?X-Goog-Signature=abc',
    'https://storage.cloud.google.com/lab/start%20up.sh',
    'https://lab.storage.googleapis.com/start%20up.sh',
  ])('is read by its address on the web: %s', async (url) => {
    const { places, gaps, requested } = await read(() => EXPORT, url);
    expect([places, gaps]).toEqual([[[URL, 1]], []]);
    expect(requested[0]?.target).toBe('storage.googleapis.com/storage/v1/b/lab/o/start%20up.sh');
  });
});

describe('a startup script elsewhere', () => {
  it.each([
    ['https://ada:hunter22@git.example.com/start.sh?token=hunter22', 'git.example.com'],
    ['http://lab/start.sh#hunter22', 'lab'],
    ['not an address, hunter22', 'its address is none'],
  ])('is not passed, and no more is told than its host: %s', async (url, host) => {
    const { places, gaps, requested } = await read(() => EXPORT, url);
    expect(places).toBeUndefined();
    expect(gaps).toEqual([`a startup script is in no bucket and was not looked at: ${host}`]);
    expect(requested).toEqual([]);
  });
});
