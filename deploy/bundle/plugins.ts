import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ImportKind, Plugin } from 'esbuild';
import { pruneProtos } from './prune-protos.ts';
import type { ProtoNode } from './prune-protos.ts';

/**
 * Loads each generated client's `protos.json`, and those of gax's own clients, reduced to the services that this client looks up, as one JSON string:
 * V8 parses that several times faster than the same object literal.
 */
export const prunedProtos: Plugin = {
  name: 'pruned-protos',
  setup(build) {
    build.onResolve(
      { filter: /\/protos\/(?:protos|iam_service|locations|operations)\.json$/ },
      async ({ path, importer, resolveDir }) => {
        const services = servicesOf(await readFile(importer, 'utf8'));
        if (services.length === 0) {
          return {
            errors: [{ text: `Cannot prune "${path}": "${importer}" names no service that it looks up` }],
          };
        }
        // Two clients of one package need different parts of the same file: the suffix makes them different modules.
        return { path: join(resolveDir, path), namespace: 'pruned-protos', suffix: `?${services.join('&')}` };
      },
    );
    build.onLoad({ filter: /.*/, namespace: 'pruned-protos' }, async ({ path, suffix }) => {
      const protos = JSON.parse(await readFile(path, 'utf8')) as ProtoNode;
      const pruned = JSON.stringify(pruneProtos(protos, suffix.slice(1).split('&')));
      return { contents: `module.exports = JSON.parse(${JSON.stringify(pruned)});`, loader: 'js' };
    });
  },
};

/** The services that the source text of a generated client looks up. */
export function servicesOf(clientSource: string): string[] {
  const names = [...clientSource.matchAll(/\.lookupService\('([\w.]+)'\)/g)].map((match) => match[1] ?? '');
  return [...new Set(names)].sort();
}

/**
 * Resolves `google-gax` to its REST half, so that neither grpc-js nor the proto files that ship for gRPC are bundled.
 *
 * The generated clients also take two things from the full package which `google-gax/fallback` does not export: the
 * debug log (`GOOGLE_SDK_NODE_LOGGING`) and the decoder of error details. A client that is not asked for
 * `fallback: true` would need gRPC; here it speaks REST all the same.
 */
export const gaxOverRest: Plugin = {
  name: 'gax-over-rest',
  setup(build) {
    build.onResolve({ filter: /^google-gax$/ }, async ({ resolveDir }) => {
      const { path, errors } = await build.resolve('google-gax/fallback', {
        kind: 'require-call',
        resolveDir,
      });
      return errors.length > 0 ? { errors } : { path, namespace: 'gax-over-rest' };
    });
    build.onLoad({ filter: /.*/, namespace: 'gax-over-rest' }, ({ path }) => {
      const contents = `
        const fallback = require('./${basename(path)}');
        const { decodeAnyProtosInArray, decodeProtobufAny } = require('./util.js');
        const loggingUtils = require('google-logging-utils');
        module.exports = { ...fallback, fallback, loggingUtils, decodeAnyProtosInArray, decodeProtobufAny };`;
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
    // gax re-exports the compiled messages of three mix-in APIs (470 KB), which only clients with long-running
    // operations use.
    build.onLoad(
      { filter: /google-gax\/build\/protos\/(?:iam_service|locations|operations)\.js$/ },
      ({ path }) => ({
        contents: `Object.defineProperty(exports, '__esModule', { value: true });
        Object.defineProperty(exports, 'google', {
          enumerable: true,
          get() { throw new Error('${basename(path)} of google-gax is not in this bundle'); },
        });`,
        loader: 'js',
      }),
    );
    build.onLoad({ filter: /_client\.js$/ }, async ({ path }) => {
      if (!(await readFile(path, 'utf8')).includes('.LongrunningDescriptor(')) return undefined;
      return {
        errors: [{ text: `Cannot bundle "${path}": long-running operations of google-gax are left out` }],
      };
    });
  },
};

const imports: ReadonlySet<ImportKind> = new Set(['import-statement', 'dynamic-import']);

/**
 * Takes gaxios' CommonJS build for importers too. Otherwise the bundle has gaxios twice, because google-auth-library
 * requires it, and a `GaxiosError` of one copy is not an instance of the other's.
 */
export const oneGaxios: Plugin = {
  name: 'one-gaxios',
  setup(build) {
    build.onResolve({ filter: /^gaxios$/ }, ({ path, kind, resolveDir }) =>
      imports.has(kind) ? build.resolve(path, { kind: 'require-call', resolveDir }) : undefined,
    );
  },
};

/** Leaves out polyfills for what Node has had since version 18. */
export const noPolyfills: Plugin = {
  name: 'no-polyfills',
  setup(build) {
    build.onResolve({ filter: /^web-streams-polyfill\// }, ({ path }) => ({
      path,
      namespace: 'node-has-it',
    }));
    build.onLoad({ filter: /.*/, namespace: 'node-has-it' }, () => ({
      contents: `module.exports = require('node:stream/web');`,
      loader: 'js',
    }));
  },
};
