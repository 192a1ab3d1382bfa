import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TypeData } from './model.ts';

interface Property {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly items?: Property;
  readonly additionalProperties?: Property;
  readonly properties?: Readonly<Record<string, Property>>;
}

interface Raw {
  readonly revision: string;
  readonly rootUrl: string;
  readonly servicePath: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly schemas: Readonly<Record<string, Property>>;
}
interface Resource {
  readonly methods?: Readonly<Record<string, RawMethod>>;
  readonly resources?: Readonly<Record<string, Resource>>;
}
interface RawMethod {
  readonly httpMethod: string;
  readonly path: string;
  readonly flatPath?: string;
  readonly parameters?: Readonly<Record<string, Property>>;
}

export interface DocumentMethod {
  readonly id: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly flatPath: string;
  enumOf(parameter: string): readonly string[] | undefined;
  type(parameter: string, type: TypeData): TypeData;
}

/** A discovery document, as the Python client ships it. */
export interface Document {
  readonly revision: string;
  readonly host: string;
  /** By id without the API's name, in any case: the names of the generated classes lose their inner capitals. */
  method(id: string): DocumentMethod | undefined;
  /** The values that a field of a schema may have; `path` as `a` or `a.b` inside an object without a name. */
  fieldEnum(schema: string, path: string): readonly string[] | undefined;
  /** `type`, with `s` made `i` where it is an int64. */
  fieldType(schema: string, path: string, type: string): string;
}

export function readDocument(folder: string, api: string, version: string): Document {
  const file = join(folder, 'googleapiclient/discovery_cache/documents', `${api}.${version}.json`);
  const raw = JSON.parse(readFileSync(file, 'utf8')) as Raw;
  const absolute = (path: string): string => `/${raw.servicePath}${path}`;
  const property = (schema: string, path: string): Property | undefined =>
    path
      .split('.')
      .filter((name) => name !== '[' && name !== '{')
      .reduce<Property | undefined>((at, name) => inner(at)?.properties?.[name], raw.schemas[schema]);
  return {
    revision: raw.revision,
    host: new URL(raw.rootUrl).host,
    method(id) {
      const names = id.split('.');
      const last = names.pop() ?? '';
      const spelled: string[] = [];
      const resource = names.reduce<Resource | undefined>((at, name) => {
        const key = Object.keys(at?.resources ?? {}).find(
          (known) => known.toLowerCase() === name.toLowerCase(),
        );
        spelled.push(key ?? name);
        return at?.resources?.[key ?? name];
      }, raw);
      const method = resource?.methods?.[last];
      if (method === undefined) return undefined;
      return {
        id: [...spelled, last].join('.'),
        httpMethod: method.httpMethod,
        path: absolute(method.path),
        flatPath: absolute(method.flatPath ?? method.path),
        enumOf: (parameter) => method.parameters?.[parameter]?.enum,
        type: (parameter, type) =>
          typeof type === 'string' ? withFormat(type, method.parameters?.[parameter]) : type,
      };
    },
    fieldEnum: (schema, path) => inner(property(schema, path))?.enum,
    fieldType: (schema, path, type) => withFormat(type, property(schema, path)),
  };
}

/** What a list or a map holds. */
function inner(property: Property | undefined): Property | undefined {
  const below = property?.items ?? property?.additionalProperties;
  return below === undefined ? property : inner(below);
}

function withFormat(type: string, property: Property | undefined): string {
  const format = inner(property)?.format ?? '';
  return /^u?int64$/.test(format) ? type.replace(/s$/, 'i') : type;
}
