import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { basename, relative } from 'node:path';
import {
  gaxOverRest,
  headersOfNodeFetch,
  noPolyfills,
  oneGaxios,
  prunedProtos,
  textFiles,
} from './plugins.ts';

/** The package that is installed beside each bundle instead of being part of it. */
export const framework = '@google-cloud/functions-framework';

export interface Code {
  readonly code: Uint8Array;
  /** Bytes by npm package, largest first; our own sources under the key `costguard`. */
  readonly bytesByPackage: Readonly<Record<string, number>>;
  /** Bytes of each price book in it, by its path in `shared/prices/`. */
  readonly bytesByBook: Readonly<Record<string, number>>;
}

/** What {@link bundleAll} gives for one function; `entry` is absolute, `root` the repository. */
export async function bundle(entry: string, root: string): Promise<Code> {
  const [code] = await bundleAll([entry], root);
  if (code === undefined) throw new Error(`Cannot bundle "${relative(root, entry)}": esbuild gave no output`);
  return code;
}

/**
 * Bundles each function as a single CommonJS file for Node 24; `entries` are absolute, `root` the repository. In the order of the
 * entries. What several functions share is read and parsed once, which halves the work; each file is what it would be alone.
 *
 * A dynamic `import()` becomes a call into the same file that runs the module when it is first reached.
 * Throws an Error with esbuild's problems; a warning is one of them, because it means code that does not do what it says.
 */
export async function bundleAll(entries: readonly string[], root: string): Promise<readonly Code[]> {
  const shown = entries.map((entry) => relative(root, entry)).join('", "');
  const result = await buildTogether(entries, root).catch((error: unknown) => {
    // Alone, a function says that it is the one which cannot be bundled.
    if (entries.length > 1) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot bundle "${shown}": ${why}`, { cause: error });
  });
  if (result === undefined || (result.warnings.length > 0 && entries.length > 1))
    return Promise.all(entries.map((entry) => bundle(entry, root)));
  if (result.warnings.length > 0) {
    const lines = result.warnings.map(({ text, location }) => `  ${location?.file ?? shown}: ${text}`);
    throw new Error(`Cannot bundle "${shown}": esbuild warns\n${lines.join('\n')}`);
  }
  return entries.map((entry, index) => {
    const file = `${index}.js`;
    const code = result.outputFiles.find(({ path }) => basename(path) === file)?.contents;
    const made = result.metafile.outputs[`${OUT}/${file}`];
    if (code === undefined || made === undefined)
      throw new Error(`Cannot bundle "${relative(root, entry)}": esbuild gave no output`);
    return { code, bytesByPackage: bytesBy(made, packageOf), bytesByBook: bytesBy(made, bookOf) };
  });
}

/** Where the bundles would be written. */
const OUT = 'out';

async function buildTogether(entries: readonly string[], root: string) {
  return build({
    entryPoints: entries.map((entry, index) => ({ in: entry, out: String(index) })),
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    outdir: OUT,
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
    plugins: [prunedProtos, gaxOverRest, oneGaxios, headersOfNodeFetch, noPolyfills, textFiles],
    logLevel: 'silent',
  });
}

const packageOf = (input: string): string =>
  /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'costguard';

const bookOf = (input: string): string | undefined => /^shared\/prices\/(.+)\.json$/.exec(input)?.[1];

/** Bytes in an output by a name of what went in, largest first; what has no name is left out. */
function bytesBy(
  { inputs }: Metafile['outputs'][string],
  nameOf: (input: string) => string | undefined,
): Readonly<Record<string, number>> {
  const sizes = new Map<string, number>();
  for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
    const name = nameOf(input);
    if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  return Object.fromEntries([...sizes].sort(([, a], [, b]) => b - a));
}
