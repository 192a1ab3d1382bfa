import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { z } from 'zod';

/** Why a source does not build, as the build's log would say it. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** Source archives on their way from the client to the build. */
export interface Uploads {
  /** A place for one archive: where it will stand, and the signature that lets anybody write there once. */
  reserve(bucket: string): { readonly object: string; readonly signature: string };
  /** False when the signature is not that of a place that still waits. */
  receive(bucket: string, object: string, signature: string, archive: Buffer): boolean;
  archive(bucket: string, object: string): Buffer | undefined;
}

export function createUploads(): Uploads {
  const places = new Map<string, { readonly signature: string; archive?: Buffer }>();
  return {
    reserve(bucket) {
      const object = `${randomUUID()}.zip`;
      const signature = randomUUID();
      places.set(`${bucket}/${object}`, { signature });
      return { object, signature };
    },
    receive(bucket, object, signature, archive) {
      const place = places.get(`${bucket}/${object}`);
      if (place?.signature !== signature || place.archive !== undefined) return false;
      place.archive = archive;
      return true;
    },
    archive: (bucket, object) => places.get(`${bucket}/${object}`)?.archive,
  };
}

const manifestSchema = z.looseObject({
  main: z.string().default('index.js'),
  dependencies: z.record(z.string(), z.string()).default({}),
  scripts: z.record(z.string(), z.string()).default({}),
});

const require = createRequire(import.meta.url);

/**
 * Does what the build does: unpacks the archive into `folder` and installs the dependencies of its package.json, out of
 * this checkout; then the source's own step, `gcp-build`. Throws BuildError.
 * Source: https://cloud.google.com/appengine/docs/standard/nodejs/running-custom-build-step
 */
export async function buildSource(archive: Buffer, folder: string): Promise<void> {
  unpack(archive, folder);
  const file = join(folder, 'package.json');
  if (!existsSync(file)) throw new BuildError('package.json not found in the source');
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (!existsSync(join(folder, manifest.main))) throw new BuildError(`${manifest.main} does not exist`);
  for (const [name, wanted] of Object.entries(manifest.dependencies)) {
    const installed = rootOf(name);
    if (installed?.version !== wanted)
      throw new BuildError(
        `Cannot install ${name}@${wanted}: the checkout has ${installed?.version ?? 'no such package'}`,
      );
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(installed.folder, link);
  }
  await runStep(manifest.scripts['gcp-build'], folder);
}

/** Runs a script as npm does: by the shell, in the source's folder, with this Node. */
async function runStep(script: string | undefined, folder: string): Promise<void> {
  if (script === undefined || script === '') return;
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  try {
    await promisify(execFile)('sh', ['-c', script], { cwd: folder, env: { PATH: path } });
  } catch (cause) {
    throw new BuildError(`The script gcp-build failed: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  }
}

function unpack(archive: Buffer, folder: string): void {
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(archive);
  } catch (cause) {
    throw new BuildError('The source is not a zip archive', { cause });
  }
  for (const [name, content] of Object.entries(files)) {
    const path = normalize(name);
    if (path.startsWith('..') || path.startsWith('/'))
      throw new BuildError(`Illegal path in the archive: ${name}`);
    if (name.endsWith('/')) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Where a package of this checkout is installed. */
function rootOf(name: string): { readonly folder: string; readonly version: string } | undefined {
  for (const modules of require.resolve.paths(name) ?? []) {
    const folder = join(modules, name);
    if (!existsSync(join(folder, 'package.json'))) continue;
    const { version } = z
      .looseObject({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
    return { folder, version };
  }
  return undefined;
}
