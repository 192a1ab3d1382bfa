import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { framework } from '../../../deploy/bundle/bundle.ts';
import { lockfileFor } from '../../../deploy/bundle/lockfile.ts';

const root = resolve(import.meta.dirname, '../../..');
const ownText = readFileSync(`${root}/package-lock.json`, 'utf8');

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}
type Packages = Readonly<Record<string, Locked>>;
const packagesOf = (text: string): Packages => (JSON.parse(text) as { readonly packages: Packages }).packages;

const manifest = {
  name: 'probe',
  version: '1.0.0',
  engines: { node: '24' },
  dependencies: { [framework]: packagesOf(ownText)['']?.dependencies?.[framework] ?? '' },
};

describe('the lockfile of a deployed function', () => {
  const packages = packagesOf(lockfileFor(manifest, ownText));
  const entries = Object.entries(packages).filter(([folder]) => folder !== '');

  it('is about the package.json beside it, which npm ci demands', () => {
    expect(packages['']).toEqual(manifest);
  });

  it('has the tree of our own one, with checksums, for production, and from no named registry', () => {
    const own = packagesOf(ownText);
    expect(entries.length).toBeGreaterThan(50);
    for (const [folder, entry] of entries) {
      expect(entry, folder).toEqual(own[folder]);
      expect(entry.integrity, folder).toMatch(/^sha512-/);
      expect([entry.resolved, entry.dev], folder).toEqual([undefined, undefined]);
    }
    expect(entries.length).toBeLessThan(Object.keys(own).length / 2);
  });

  it('lacks nothing that one of its packages needs', () => {
    for (const [folder, { dependencies = {} }] of entries)
      for (const name of Object.keys(dependencies)) {
        const parts = folder.split('node_modules/');
        const above = parts.map((_, at) => parts.slice(0, at + 1).join('node_modules/'));
        const places = [`${folder}/`, ...above].map((place) => `${place}node_modules/${name}`);
        expect(
          places.some((place) => Object.hasOwn(packages, place)),
          `${name} of ${folder}`,
        ).toBe(true);
      }
  });

  it('is the same for the same dependencies, and cannot be made without one of them', () => {
    expect(lockfileFor(manifest, ownText)).toBe(lockfileFor(manifest, ownText));
    const more = { ...manifest, dependencies: { 'no-such-package': '1.0.0' } };
    expect(() => lockfileFor(more, ownText)).toThrow(
      /package-lock\.json has no no-such-package, which package\.json needs/,
    );
  });

  it('takes the nearest of several versions, as Node does, and leaves out what a package can do without', () => {
    const own = {
      lockfileVersion: 3,
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0', dependencies: { b: '2' }, optionalDependencies: { gone: '1' } },
        'node_modules/a/node_modules/b': { version: '2.0.0', dependencies: { c: '1' } },
        'node_modules/b': { version: '1.0.0' },
        'node_modules/c': { version: '1.0.0', peerDependencies: { '@x/p': '1' } },
        'node_modules/@x/p': { version: '1.0.0' },
      },
    };
    const small = lockfileFor({ ...manifest, dependencies: { a: '1.0.0' } }, JSON.stringify(own));
    expect(Object.keys(packagesOf(small))).toEqual([
      '',
      'node_modules/@x/p',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
    ]);
  });
});
