/*
 * Makes discovery.json: what Google's REST methods take and answer, from two packages that Google generates from its
 * discovery documents. Neither is a dependency of costguard; get them into a temporary folder:
 *
 *   npm pack googleapis@188.0.0 && tar xzf googleapis-188.0.0.tgz                           (folder `package`)
 *   pip download --no-deps google-api-python-client==2.201.0 && unzip google_api_python_client-*.whl -d client
 *   node test/sandbox/discovery/freeze.ts package client
 *
 * Methods, paths, parameters and fields come from the first; its types do not keep enum values, integer formats and the
 * paths without `{+name}`, which the second adds. Where both say something they must agree.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument, type Document } from './freeze-document.ts';
import { METHODS } from './freeze-methods.ts';
import { readTypes, type ApiTypes } from './freeze-types.ts';
import type { ApiData, Discovery, MethodData, TypeData } from './model.ts';

const [packageFolder, clientFolder] = process.argv.slice(2);
if (packageFolder === undefined || clientFolder === undefined)
  throw new Error('usage: node test/sandbox/discovery/freeze.ts GOOGLEAPIS_FOLDER PYTHON_CLIENT_FOLDER');

const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
  version: string;
};
const discovery: Discovery = {
  source: `npm googleapis ${version}, with enum values and formats from PyPI google-api-python-client 2.201.0`,
  frozen: new Date().toISOString().slice(0, 10),
  apis: Object.fromEntries(
    Object.entries(METHODS).map(([key, wanted]) => {
      const [api = '', apiVersion = ''] = key.split(':');
      const types = readTypes(join(packageFolder, 'build/src/apis', api, apiVersion));
      return [key, freezeApi(api, types, readDocument(clientFolder, api, apiVersion), wanted)];
    }),
  ),
};
const file = join(import.meta.dirname, 'discovery.json');
writeFileSync(file, compact(discovery));
console.log(`${file}: ${Math.round(readFileSync(file).length / 1024)} KiB`);

function freezeApi(api: string, types: ApiTypes, document: Document, wanted: readonly string[]): ApiData {
  const matchers = wanted.map(
    (pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '[^.]*')}$`),
  );
  const enums: string[] = [];
  const withEnum = (type: TypeData, values: readonly string[] | undefined): TypeData => {
    if (values === undefined || typeof type !== 'string') return type;
    const text = values.join(' ');
    const index = enums.includes(text) ? enums.indexOf(text) : enums.push(text) - 1;
    return `${type.replace(/s$/, '')}=${index}`;
  };
  const methods: Record<string, MethodData> = {};
  const reached = new Set<string>();
  for (const [typesId, method] of Object.entries(types.methods)) {
    const known = document.method(typesId);
    if (known === undefined) continue;
    const { id } = known;
    if (!matchers.some((matcher) => matcher.test(id))) continue;
    if (known.httpMethod !== method.verb || known.path !== method.path)
      throw new Error(
        `${api}.${id}: ${method.verb} ${method.path} against ${known.httpMethod} ${known.path}`,
      );
    for (const schema of [method.body, method.answer]) if (schema !== undefined) reached.add(schema);
    const query = Object.entries(method.parameters).filter(([name]) => !method.path.includes(`{${name}}`) && !method.path.includes(`{+${name}}`)); // prettier-ignore
    methods[`${api}.${id}`] = {
      verb: method.verb,
      paths: [known.flatPath, ...(method.uploads ?? [])],
      ...(query.length === 0
        ? {}
        : {
            query: Object.fromEntries(
              query.map(([name, type]) => [name, withEnum(known.type(name, type), known.enumOf(name))]),
            ),
          }),
      ...(method.body === undefined ? {} : { body: method.body }),
      ...(method.answer === undefined ? {} : { answer: method.answer }),
    };
  }
  const schemas: Record<string, Record<string, TypeData>> = {};
  const walk = (type: TypeData, at: string, inside: string): TypeData => {
    if (typeof type === 'object')
      return Object.fromEntries(
        Object.entries(type).map(([name, inner]) => [name, walk(inner, `${at}.${name}`, inside)]),
      );
    const [, reference] = /#(.+)$/.exec(type) ?? [];
    if (reference !== undefined) reached.add(reference);
    return withEnum(document.fieldType(inside, at, type), document.fieldEnum(inside, at));
  };
  const absent = matchers.filter(
    (matcher) => !Object.keys(methods).some((id) => matcher.test(id.slice(api.length + 1))),
  );
  if (absent.length > 0) throw new Error(`${api} has no method that fits ${absent.join(', ')}`);
  for (const name of reached) {
    const fields = types.schemas[name];
    if (fields === undefined) throw new Error(`${api}: no schema ${name}`);
    schemas[name] = Object.fromEntries(
      Object.entries(fields).map(([field, type]) => [field, walk(type, field, name)]),
    );
  }
  return { revision: document.revision, host: document.host, methods, enums, schemas };
}

/** One method or schema a line, so that a change of it reads as one. */
function compact(value: Discovery): string {
  const apis = Object.entries(value.apis).map(([key, api]) => {
    const lines = (entries: object): string =>
      Object.entries(entries)
        .map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`)
        .join(',\n');
    return `${JSON.stringify(key)}:{"revision":"${api.revision}","host":"${api.host}","methods":{\n${lines(api.methods)}},\n"enums":[\n${api.enums.map((one) => JSON.stringify(one)).join(',\n')}],\n"schemas":{\n${lines(api.schemas)}}}`;
  });
  return `{"source":${JSON.stringify(value.source)},"frozen":"${value.frozen}","apis":{\n${apis.join(',\n')}}}\n`;
}
