import * as z from 'zod/mini';

const dependencies = z.optional(z.record(z.string(), z.string()));
const lockedPackage = z.looseObject({
  dependencies,
  optionalDependencies: dependencies,
  peerDependencies: dependencies,
  peerDependenciesMeta: z.optional(
    z.record(z.string(), z.looseObject({ optional: z.optional(z.boolean()) })),
  ),
});
const lockfile = z.looseObject({
  lockfileVersion: z.literal(3),
  packages: z.record(z.string(), lockedPackage),
});

type Packages = z.infer<typeof lockfile>['packages'];

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
}

/**
 * The lockfile of a deployed package.json, cut out of our own one: the same versions with the same checksums wherever it is
 * built. With one beside package.json, Google's buildpack runs `npm ci`, which installs just that tree or fails. As in ours,
 * no entry names the registry that it comes from.
 * Source: https://cloud.google.com/functions/docs/writing/specifying-dependencies-nodejs
 */
export function lockfileFor(manifest: Manifest, ownLockfile: string): string {
  const { packages } = lockfile.parse(JSON.parse(ownLockfile));
  const found = new Set<string>();
  const open = Object.keys(manifest.dependencies).map((name) => folderOf(packages, '', name, false));
  for (let folder = open.pop(); folder !== undefined || open.length > 0; folder = open.pop()) {
    if (folder === undefined || found.has(folder)) continue;
    found.add(folder);
    open.push(...neededBy(packages, folder));
  }
  const { name, version, dependencies: direct, engines } = manifest;
  const kept = [...found].sort().map((folder) => [folder, packages[folder]] as const);
  const root = { name, version, dependencies: direct, engines };
  const content = { name, version, lockfileVersion: 3, requires: true };
  return `${JSON.stringify({ ...content, packages: { '': root, ...Object.fromEntries(kept) } }, null, 2)}\n`;
}

/** Folders of what a package needs; what it can do without may not be there. */
function neededBy(packages: Packages, folder: string): readonly (string | undefined)[] {
  const { dependencies = {}, optionalDependencies = {}, ...peers } = packages[folder] ?? {};
  const { peerDependencies = {}, peerDependenciesMeta = {} } = peers;
  const isOptional = (name: string): boolean =>
    Object.hasOwn(optionalDependencies, name) || peerDependenciesMeta[name]?.optional === true;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).map((name) =>
    folderOf(packages, folder, name, isOptional(name)),
  );
}

/** Where Node finds a package from a folder: in its own `node_modules`, or in one above. Throws where a needed one is nowhere. */
function folderOf(packages: Packages, from: string, name: string, optional: boolean): string | undefined {
  for (let at = from; ; at = at.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const folder = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (Object.hasOwn(packages, folder)) return folder;
    if (at !== '') continue;
    if (optional) return undefined;
    throw new Error(
      `Cannot build: package-lock.json has no ${name}, which ${from === '' ? 'package.json' : from} needs`,
    );
  }
}
