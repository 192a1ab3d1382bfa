import { transformSync } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** The sandbox's preload as JavaScript: Node's type stripper would take some 40 MB of the function's process. */
export function plainPreload(sandbox: Pick<Sandbox, 'preload' | 'folder'>): readonly string[] {
  return sandbox.preload.map((argument) => {
    if (!argument.endsWith('.ts')) return argument;
    const plain = join(sandbox.folder, 'preload.mjs');
    writeFileSync(plain, transformSync(readFileSync(argument, 'utf8'), { loader: 'ts' }).code);
    return plain;
  });
}
