import { glob, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './row.ts';

const WANTED_BYTES = 1_400_000;

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** The size of each bundle. */
export const bundleSize: Bench = async function* () {
  for await (const file of glob('[!.]*/index.js', { cwd: dist })) {
    const { size } = await stat(join(dist, file));
    yield {
      what: `${dirname(file)}: size of the bundle`,
      measured: `${Math.round(size / 1024).toLocaleString('en-US')} KiB (${size.toLocaleString('en-US')} bytes)`,
      goal: { wanted: `≤ ${WANTED_BYTES.toLocaleString('en-US')} bytes`, reached: size <= WANTED_BYTES },
    };
  }
};
