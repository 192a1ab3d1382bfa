import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withDigests } from '../../../deploy/desired/desired.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';

const NAME = 'probe';
/** All that is deployed of a function; its policy has a digest of its own. */
const DEPLOYED = ['index.js', 'package.json', 'package-lock.json', 'compile-cache.mjs'];
let dist: string;

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'digests-'));
  await mkdir(join(dist, NAME));
});

afterAll(() => rm(dist, { recursive: true }));

/** The digest of a folder in which one file was changed. */
async function digestWith(changed?: string): Promise<string> {
  for (const file of DEPLOYED)
    await writeFile(join(dist, NAME, file), file === changed ? 'changed' : 'as before');
  const settings = { name: NAME, settings: { policy: ['scope'] } };
  const policy = parsePolicy('scope: [projects/probe-1]\n');
  return (await withDigests(settings as never, policy, dist)).sourceDigest;
}

it.each(DEPLOYED)('a function is deployed anew where its %s was changed', async (file) => {
  expect(await digestWith()).toBe(await digestWith());
  expect(await digestWith(file)).not.toBe(await digestWith());
});
