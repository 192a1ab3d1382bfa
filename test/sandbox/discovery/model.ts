/**
 * The type of a field or parameter, as compact text: `s` string, `n` number, `b` boolean, `i` int64 as text, `*` anything,
 * `#Name` a schema, `=3` a string that is one of the API's third enum, before it `[` for a list or `{` for a map with text
 * keys. An object has its fields here.
 */
export type TypeData = string | { readonly [field: string]: TypeData };

export interface MethodData {
  readonly verb: string;
  /** Without `{+name}`: each `{x}` is one segment. The second and later ones are where media goes. */
  readonly paths: readonly string[];
  readonly query?: Readonly<Record<string, TypeData>>;
  /** Schema of the request's body. */
  readonly body?: string;
  readonly answer?: string;
}

export interface ApiData {
  /** Date of the discovery document. */
  readonly revision: string;
  readonly host: string;
  /** By id, e.g. `storage.buckets.patch`. */
  readonly methods: Readonly<Record<string, MethodData>>;
  /** Each with its values, a space between. */
  readonly enums: readonly string[];
  readonly schemas: Readonly<Record<string, Readonly<Record<string, TypeData>>>>;
}

/** What freeze.ts writes. */
export interface Discovery {
  readonly source: string;
  readonly frozen: string;
  /** By `api:version`. */
  readonly apis: Readonly<Record<string, ApiData>>;
}
