import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
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
        const { services, types } = lookedUpBy(await readFile(importer, 'utf8'));
        if (services.length === 0) {
          return {
            errors: [{ text: `Cannot prune "${path}": "${importer}" names no service that it looks up` }],
          };
        }
        // Two clients of one package need different parts of the same file: the suffix makes them different modules.
        const suffix = `?${services.join('&')}?${types.join('&')}`;
        return { path: join(resolveDir, path), namespace: 'pruned-protos', suffix };
      },
    );
    build.onLoad({ filter: /.*/, namespace: 'pruned-protos' }, async ({ path, suffix }) => {
      const protos = JSON.parse(await readFile(path, 'utf8')) as ProtoNode;
      const [services = [], types = []] = suffix.slice(1).split('?').map(namesIn);
      const pruned = JSON.stringify(pruneProtos(protos, services, types));
      return { contents: `module.exports = JSON.parse(${JSON.stringify(pruned)});`, loader: 'js' };
    });
  },
};

function namesIn(list: string): readonly string[] {
  return list === '' ? [] : list.split('&');
}

/** What the source text of a generated client looks up: services, and the types that its long-running operations result in. */
export function lookedUpBy(clientSource: string): {
  readonly services: readonly string[];
  readonly types: readonly string[];
} {
  const all = (call: RegExp): readonly string[] => {
    const names = [...clientSource.matchAll(call)].map((match) => match[1] ?? '');
    return [...new Set(names)].sort();
  };
  const services = all(/\.lookupService\('([\w.]+)'\)/g);
  // gax looks that service up in what such a client loads.
  const polls = clientSource.includes('.LongrunningDescriptor(') ? ['google.longrunning.Operations'] : [];
  return { services: [...services, ...polls], types: all(/\.lookup\('([\w.]+)'\)/g) };
}

/**
 * Resolves `google-gax` to its REST half, so that neither grpc-js nor the proto files that ship for gRPC are bundled.
 *
 * The generated clients also take two things from the full package which `google-gax/fallback` does not export: the
 * debug log (`GOOGLE_SDK_NODE_LOGGING`) and the decoder of error details. A client without
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
    // gax re-exports the compiled messages of three mix-in APIs (470 KB). Its own code makes two of them, to poll a
    // long-running operation and to cancel it; a request over REST may be any object.
    build.onLoad(
      { filter: /google-gax\/build\/protos\/(?:iam_service|locations|operations)\.js$/ },
      ({ path }) => ({
        contents: path.endsWith('operations.js')
          ? `class NamedRequest { name = ''; }
        exports.google = { longrunning: { GetOperationRequest: NamedRequest, CancelOperationRequest: NamedRequest } };`
          : `Object.defineProperty(exports, '__esModule', { value: true });
        Object.defineProperty(exports, 'google', {
          enumerable: true,
          get() { throw new Error('${basename(path)} of google-gax is not in this bundle'); },
        });`,
        loader: 'js',
      }),
    );
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

/**
 * Gives Google's HTTP packages the `Headers` and `FormData` of node-fetch, which carries their requests. Node's own, the globals, are
 * part of its undici: loading that for a first `new Headers()` took a tenth of a start, and nothing else of it is used.
 */
export const headersOfNodeFetch: Plugin = {
  name: 'headers-of-node-fetch',
  setup(build) {
    build.onLoad({ filter: HTTP_PACKAGES }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const used = ['Headers', 'FormData'].filter((name) =>
        new RegExp(`\\b(?:new|instanceof) ${name}\\b`).test(source),
      );
      if (used.length === 0) return undefined;
      // By its path, which esbuild resolves as it does for gaxios: a plugin's answer would lack the type of the package, and the
      // bundle's bytes depend on which of the two came first.
      const nodeFetch = JSON.stringify(nodeFetchOf(path));
      return { contents: `const { ${used.join(', ')} } = require(${nodeFetch});${source}`, loader: 'js' };
    });
  },
};

/** It is a dependency of gaxios alone. */
function nodeFetchOf(file: string): string {
  return createRequire(createRequire(file).resolve('gaxios')).resolve('node-fetch');
}

const HTTP_PACKAGES =
  /\/node_modules\/(?:gaxios|gcp-metadata|google-auth-library|google-gax)\/build\/.*\.js$/;

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

/**
 * Puts the text of a file in place of each `readFileSync(new URL('./FILE', import.meta.url), 'utf8')` of shared/report, where the
 * style and the script of the pages are files of their own. One that is written differently fails the build: esbuild warns of
 * `import.meta` in CommonJS.
 */
export const textFiles: Plugin = {
  name: 'text-files',
  setup(build) {
    build.onLoad({ filter: /\/shared\/report\/[^/]+\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      let contents = source;
      const watchFiles: string[] = [];
      for (const [call, file = ''] of source.matchAll(READS_TEXT)) {
        const text = join(dirname(path), file);
        watchFiles.push(text);
        const literal = JSON.stringify(await readFile(text, 'utf8'));
        contents = contents.replace(call, () => literal);
      }
      return watchFiles.length === 0 ? undefined : { contents, loader: 'ts', watchFiles };
    });
  },
};

const READS_TEXT = /readFileSync\(new URL\('\.\/([\w.-]+)', import\.meta\.url\), 'utf8'\)/g;
