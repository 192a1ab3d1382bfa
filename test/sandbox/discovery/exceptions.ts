/** Something that the sandbox or a caller knows and the frozen discovery data do not. */
export interface Exception {
  /** `notebooks:v2`. */
  readonly api: string;
  /** The schema, `Schema.field` for an enum's value, the method's id for a parameter, or `*` for all of the API. */
  readonly owner: string;
  /** Field, value or parameter. */
  readonly name: string;
  readonly reason: string;
}

/** Deliberate differences, each with what shows that Google has it. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    api: 'compute:v1',
    owner: '*',
    name: 'returnPartialSuccess',
    reason:
      'The v1 document of 2026-09-22 leaves it out, although its own descriptions of the lists recommend it and those of alpha and beta, the v1 reference and gcloud 528 have it',
  },
];

/** Requests that discovery documents do not describe, by verb, host and path. */
export const OUTSIDE: readonly { readonly request: RegExp; readonly reason: string }[] = [
  {
    request: /^POST oauth2\.googleapis\.com\/token$/,
    reason: 'OAuth 2.0 (RFC 6749); the discovery document of oauth2 has user information only',
  },
  {
    request:
      /^(?:PUT|DELETE) (?:storage|www)\.googleapis\.com\/(?:resumable\/)?upload\/storage\/v1\/b\/[^/]+\/o$/,
    reason: 'The session of a resumable upload: cloud.google.com/storage/docs/performing-resumable-uploads',
  },
  {
    request: /^PUT storage\.googleapis\.com\/gcf-v2-uploads-/,
    reason: 'A signed URL of the XML API, as functions.generateUploadUrl hands out',
  },
];

const known = new Set(EXCEPTIONS.map(({ api, owner, name }) => `${api} ${owner} ${name}`));

export function isException(api: string, owner: string, name: string): boolean {
  return known.has(`${api} ${owner} ${name}`) || known.has(`${api} * ${name}`);
}
