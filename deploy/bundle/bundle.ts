import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { relative } from 'node:path';
import { gaxOverRest, noPolyfills, oneGaxios, prunedProtos, textFiles } from './plugins.ts';

/** The package that is installed beside each bundle instead of being part of it. */
export const framework = '@google-cloud/functions-framework';

export interface Code {
  readonly code: Uint8Array;
  /** Bytes by npm package, largest first; our own sources under the key `costguard`. */
  readonly bytesByPackage: Readonly<Record<string, number>>;
  /** Bytes of each price book in it, by its path in `shared/prices/`. */
  readonly bytesByBook: Readonly<Record<string, number>>;
}

/**
 * Bundles one function as a single CommonJS file for Node 24; `entry` is absolute, `root` the repository.
 *
 * A dynamic `import()` becomes a call into the same file that runs the module when it is first reached.
 * Throws an Error with esbuild's problems; a warning is one of them, because it means code that does not do what it says.
 */
export async function bundle(entry: string, root: string): Promise<Code> {
  const shown = relative(root, entry);
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'index.js',
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    // node-fetch names an error after its class, and gaxios compares that name; logs show it too.
    keepNames: true,
    // Bundled, the framework would be a second copy, into whose registry the host never looks.
    external: [framework],
    // The policy lies beside the bundle: sources find it by `import.meta.dirname`, which CommonJS lacks.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    plugins: [prunedProtos, gaxOverRest, oneGaxios, noPolyfills, textFiles],
    logLevel: 'silent',
  }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot bundle "${shown}": ${why}`, { cause: error });
  });
  if (result.warnings.length > 0) {
    const lines = result.warnings.map(({ text, location }) => `  ${location?.file ?? shown}: ${text}`);
    throw new Error(`Cannot bundle "${shown}": esbuild warns\n${lines.join('\n')}`);
  }
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`Cannot bundle "${shown}": esbuild gave no output`);
  const bytes = (nameOf: (input: string) => string | undefined) => bytesBy(result.metafile, nameOf);
  return { code: output.contents, bytesByPackage: bytes(packageOf), bytesByBook: bytes(bookOf) };
}

const packageOf = (input: string): string =>
  /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'costguard';

const bookOf = (input: string): string | undefined => /^shared\/prices\/(.+)\.json$/.exec(input)?.[1];

/** Bytes in the output by a name of what went in, largest first; what has no name is left out. */
function bytesBy(
  metafile: Metafile,
  nameOf: (input: string) => string | undefined,
): Readonly<Record<string, number>> {
  const sizes = new Map<string, number>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = nameOf(input);
      if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
    }
  }
  return Object.fromEntries([...sizes].sort(([, a], [, b]) => b - a));
}
