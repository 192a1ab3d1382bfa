import { createHash } from 'node:crypto';

export interface StoredObject {
  readonly text: string;
  readonly generation: number;
  readonly updatedMs?: number;
}

/** A request for objects of a bucket, as it leaves. */
export interface ObjectRequest {
  readonly method: string;
  readonly url: URL;
  readonly body: unknown;
}

/** Whether a request is for {@link answerObjects}. */
export function isForObjects({ url }: Pick<ObjectRequest, 'url'>): boolean {
  return /^\/(?:upload\/)?storage\/v1\/b\/[^/]+\/o(?:\/|$)/.test(url.pathname);
}

/**
 * Answers as Cloud Storage does: one bucket of objects in memory, as far as the state uses it. Generations count up by
 * object. `refuse` throws.
 */
export function answerObjects(
  objects: Map<string, StoredObject>,
  { method, url, body }: ObjectRequest,
  refuse: (status: number) => never,
  nowMs = 0,
): unknown {
  const query = url.searchParams;
  if (method === 'POST') {
    const name = query.get('name') ?? refuse(400);
    const wanted = query.get('ifGenerationMatch');
    const { content, metadata } = partsOf(String(body));
    const whole =
      query.get('uploadType') === 'multipart' &&
      metadata.contentType === 'application/json' &&
      metadata.md5Hash === createHash('md5').update(content).digest('base64');
    if (!whole) refuse(400);
    const known = objects.get(name)?.generation ?? 0;
    if (wanted !== null && wanted !== String(known)) refuse(412);
    objects.set(name, { text: content, generation: known + 1, updatedMs: nowMs });
    return { generation: String(known + 1) };
  }
  const [, encoded] = /\/o\/([^/]+)$/.exec(url.pathname) ?? [];
  if (encoded === undefined) {
    const prefix = query.get('prefix') ?? '';
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    return { items: names.map((name) => ({ name })) };
  }
  const { text, generation, updatedMs = nowMs } = objects.get(decodeURIComponent(encoded)) ?? refuse(404);
  if ((query.get('generation') ?? String(generation)) !== String(generation)) refuse(404);
  if (query.get('alt') === 'media') return text;
  const md5Hash = createHash('md5').update(text).digest('base64');
  const name = decodeURIComponent(encoded);
  return { name, generation: String(generation), updated: new Date(updatedMs).toISOString(), md5Hash };
}

/** The headers of an answer that was given just now: those of the object, where it is one. */
export function objectHeaders(
  objects: ReadonlyMap<string, StoredObject>,
  { method, url }: Pick<ObjectRequest, 'method' | 'url'>,
  nowMs = 0,
): Headers {
  const headers = new Headers({ date: new Date(nowMs).toUTCString() });
  const [, encoded = ''] = /\/o\/([^/]+)$/.exec(url.pathname) ?? [];
  const found = method === 'GET' ? objects.get(decodeURIComponent(encoded)) : undefined;
  if (found === undefined) return headers;
  headers.set('x-goog-generation', String(found.generation));
  headers.set('last-modified', new Date(found.updatedMs ?? nowMs).toUTCString());
  return headers;
}

/** Of a multipart/related body. Throws when it is none. */
function partsOf(body: string): { content: string; metadata: { contentType?: string; md5Hash?: string } } {
  const [, , metadata, content] =
    /^(--\w+)\r\n.*?\r\n\r\n(.*?)\r\n\1\r\n.*?\r\n\r\n(.*)\r\n\1--\r\n$/s.exec(body) ?? [];
  if (metadata === undefined || content === undefined) throw new Error(`No upload: ${body.slice(0, 200)}`);
  return { content, metadata: JSON.parse(metadata) as { contentType?: string; md5Hash?: string } };
}
