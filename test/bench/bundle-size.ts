import { glob, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../deploy/bundle/bundle.ts';
import type { Bench, Row } from './row.ts';

const EXPECTED_BYTES = 1_400_000;
const EXPECTED_BOOK_BYTES = 300 * 1024;

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');

/** The size of each bundle, and of the price books in it. */
export const bundleSize: Bench = async function* () {
  for await (const file of glob('[!.]*/index.js', { cwd: dist })) {
    const { size } = await stat(join(dist, file));
    yield sizeRow(`${dirname(file)}: size of the bundle`, size, EXPECTED_BYTES);
    const { bytesByBook } = await bundle(join(root, 'functions', dirname(file), 'index.ts'), root);
    const bookBytes = Object.values(bytesByBook).reduce((sum, bytes) => sum + bytes, 0);
    yield sizeRow(`${dirname(file)}: price books in the bundle`, bookBytes, EXPECTED_BOOK_BYTES);
  }
};

function sizeRow(what: string, bytes: number, expected: number): Row {
  return {
    what,
    measured: `${Math.round(bytes / 1024).toLocaleString('en-US')} KiB (${bytes.toLocaleString('en-US')} bytes)`,
    goal: { expected: `≤ ${expected.toLocaleString('en-US')} bytes`, reached: bytes <= expected },
  };
}
