import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readFunctions } from '../../deploy/desired/settings.ts';
import { startFramework } from '../support/framework.ts';

const root = resolve(import.meta.dirname, '../..');
const called = (await readFunctions()).filter(({ settings }) => settings.ingress === 'all');
const JSON_TYPE = { 'content-type': 'application/json' };
const BOMB = gzipSync(Buffer.alloc(200 * 1024 * 1024));
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

const HOSTILE = [
  ['a gzip bomb', BOMB, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 413],
  ['a body without end', 'x'.repeat(2 ** 21), JSON_TYPE, 413],
  ['JSON that is too deep', deep, JSON_TYPE, 400],
  ['what is no JSON', '{"budget": ', JSON_TYPE, 400],
  ['an unknown encoding', '{}', { ...JSON_TYPE, 'content-encoding': 'zstd' }, 415],
] as const;

/** An event carries a message of Pub/Sub, which may have 10 MB. */
const HOSTILE_EVENTS = HOSTILE.filter(([what]) => what !== 'a body without end');
const EVENT = {
  'ce-id': '1',
  'ce-source': '//pubsub.googleapis.com/projects/p/topics/t',
  'ce-specversion': '1.0',
  'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
};

describe('the bundles of functions that people may call over HTTP', () => {
  for (const { name, settings } of called)
    it(`${name} refuses hostile bodies in its own form, and goes on`, { timeout: 120_000 }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'costguard-hostile-'));
      const policyFile = join(folder, 'costguard.yaml');
      writeFileSync(policyFile, 'scope: [projects/ml-lab]\n');
      const env = { POLICY_URI: policyFile, METADATA_SERVER_DETECTION: 'none' };
      const framework = await startFramework({ name, dir: join(root, 'dist', name), env });
      try {
        const url = `http://127.0.0.1:${framework.port}/`;
        const takesBodies = (await fetch(url, { method: 'OPTIONS' })).headers.get('allow')?.includes('POST');
        for (const [what, body, headers, status] of HOSTILE) {
          const answer = await fetch(url, { method: 'POST', body, headers });
          const said = await answer.text();
          expect([answer.status, said.includes('node_modules')], what).toEqual([
            takesBodies ? status : 405,
            false,
          ]);
          expect(answer.headers.get('content-type'), what).toMatch(/^application\/json/);
          expect(Object.keys(JSON.parse(said) as object), what).toContain('error');
        }
        // Where Eventarc delivers ticks to the same service.
        for (const [what, body, headers, status] of settings.trigger === 'http' ? [] : HOSTILE_EVENTS) {
          const answer = await fetch(url, { method: 'POST', body, headers: { ...headers, ...EVENT } });
          expect([answer.status, Object.keys((await answer.json()) as object)], what).toEqual([
            status,
            ['error'],
          ]);
        }
        expect((await fetch(url, { method: 'OPTIONS' })).status, 'it goes on').toBe(405);
      } finally {
        await framework.stop();
        await rm(folder, { recursive: true });
      }
    });
});
