import { access, copyFile, glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { parsedCopy } from '../../shared/policy/yaml.ts';
import { bundleAll, framework } from '../bundle/bundle.ts';
import { lockfileFor, type Manifest } from '../bundle/lockfile.ts';
import { replaceFolder } from '../bundle/replace-folder.ts';
import { checkNoOperands, readCommandLine, runCommand } from '../command-line.ts';

const repository = resolve(import.meta.dirname, '../..');
const COMPILE_CACHE = join(import.meta.dirname, '../bundle/compile-cache.mjs');

const usage = `Usage: npm run build -- [--policy FILE]

Bundles every function into dist/NAME, with the policy beside it.
  --policy FILE  costguard.yaml when absent, and where there is none
                 deploy/costguard.example.yaml
Exit code: 0 all is built, 1 nothing was, 2 wrong usage.
`;

export interface BuildOptions {
  /** Holds one folder per function; those with an `index.ts` are built. Default: `functions/`. */
  readonly functionsDir?: string;
  /** Receives one folder per function. Default: `dist/`. */
  readonly distDir?: string;
  /** Policy file copied beside each bundle. Default: `costguard.yaml`, else `deploy/costguard.example.yaml`. */
  readonly policyFile?: string;
}

export interface Bundle {
  readonly name: string;
  /** Absolute path of `dist/<name>`. */
  readonly dir: string;
  /** Size of `index.js`. */
  readonly bytes: number;
  /** Bytes of `index.js` by npm package, largest first; our own sources under the key `costguard`. */
  readonly bytesByPackage: Readonly<Record<string, number>>;
}

/**
 * Bundles every function into `dist/<name>/{index.js, package.json, package-lock.json, compile-cache.mjs, costguard.yaml}`, with
 * the policy as JSON where it has no mistake, ready for `functions-framework --source=dist/<name> --target=<name>` and for deployment.
 *
 * The same sources give the same bytes. Each folder changes as a whole or not at all, and nothing is written when one
 * of the functions does not build. Throws an Error that says what cannot be built and why.
 */
export async function buildAll(options: BuildOptions = {}): Promise<readonly Bundle[]> {
  const functionsDir = resolve(options.functionsDir ?? join(repository, 'functions'));
  const distDir = resolve(options.distDir ?? join(repository, 'dist'));
  const policy = await policyToShip(options.policyFile);
  const parsed = parsedCopy(Buffer.from(policy).toString());
  const manifest = await deployedManifest();
  const ownLockfile = await readFile(join(repository, 'package-lock.json'), 'utf8');
  const entries: string[] = [];
  for await (const entry of glob('*/index.ts', { cwd: functionsDir })) entries.push(entry);
  entries.sort();
  if (entries.length === 0)
    throw new Error(`Cannot build "${functionsDir}": no folder in it has an index.ts`);

  const codes = await bundleAll(
    entries.map((entry) => join(functionsDir, entry)),
    repository,
  );
  const built = codes.map((code, index) => ({ name: dirname(entries[index] ?? ''), ...code }));
  await mkdir(distDir, { recursive: true });
  return Promise.all(
    built.map(async ({ name, code, bytesByPackage }) => {
      const dir = join(distDir, name);
      await replaceFolder(dir, async (fresh) => {
        await writeFile(join(fresh, 'index.js'), code);
        await writeFile(join(fresh, 'package.json'), `${JSON.stringify({ name, ...manifest }, null, 2)}\n`);
        await writeFile(join(fresh, 'package-lock.json'), lockfileFor({ name, ...manifest }, ownLockfile));
        await copyFile(COMPILE_CACHE, join(fresh, basename(COMPILE_CACHE)));
        await writeFile(join(fresh, 'costguard.yaml'), policy);
        if (parsed !== undefined) await writeFile(join(fresh, 'costguard.json'), parsed);
      });
      return { name, dir, bytes: code.byteLength, bytesByPackage };
    }),
  );
}

async function policyToShip(policyFile: string | undefined): Promise<Uint8Array> {
  const candidates =
    policyFile === undefined
      ? [join(repository, 'costguard.yaml'), join(repository, 'deploy', 'costguard.example.yaml')]
      : [resolve(policyFile)];
  for (const candidate of candidates) {
    if (await exists(candidate)) return readFile(candidate);
  }
  const expected = candidates.map((candidate) => `"${relative(process.cwd(), candidate)}"`).join(' or ');
  throw new Error(`Cannot find the policy to ship: there is no ${expected} (name one with --policy FILE)`);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** What Cloud Run installs and starts: the framework in our own locked version, and nothing else. */
async function deployedManifest(): Promise<Omit<Manifest, 'name'> & Readonly<Record<string, unknown>>> {
  const file = join(repository, 'package.json');
  const own = JSON.parse(await readFile(file, 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const frameworkVersion = own.dependencies[framework];
  if (frameworkVersion === undefined) throw new Error(`Cannot build: ${file} has no dependency ${framework}`);
  return {
    version: own.version,
    private: true,
    type: 'commonjs',
    main: 'index.js',
    // What the bundle is compiled for and `gcloud functions deploy --runtime=nodejs24` runs.
    engines: { node: '24' },
    scripts: { 'gcp-build': `node ${basename(COMPILE_CACHE)}` },
    dependencies: { [framework]: frameworkVersion },
  };
}

/** The command; answers its exit code, as the usage says. */
export async function buildCommand(
  args: readonly string[],
  output: { readonly out: (text: string) => void; readonly err: (text: string) => void },
): Promise<number> {
  return runCommand(usage, output, () => {
    const { values, positionals } = readCommandLine(usage, args, { policy: { type: 'string' } });
    checkNoOperands(positionals);
    return build(values.policy, output);
  });
}

async function build(
  policyFile: string | undefined,
  { out, err }: Parameters<typeof buildCommand>[1],
): Promise<number> {
  try {
    const bundles = await buildAll(policyFile === undefined ? {} : { policyFile });
    for (const { name, dir, bytes } of bundles)
      out(`${name}: ${(bytes / 1024).toFixed(0)} KiB in ${relative(process.cwd(), dir)}\n`);
    return 0;
  } catch (error) {
    err(`${messageOf(error)}\n`);
    return 1;
  }
}

if (import.meta.main)
  process.exitCode = await buildCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
