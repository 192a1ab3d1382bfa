import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import * as z from 'zod/mini';
import { messageOf, PermanentError } from '../../errors.ts';

/** Requests of costguard are some hundred bytes. */
const MAX_BYTES = 256 * 1024;

/** Lists and maps within each other. */
const MAX_DEPTH = 32;

const INFLATE = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/** A body that is not taken; `status` is the answer's. */
export class BadBody extends PermanentError {
  override readonly name = 'BadBody';
  readonly status: 400 | 413 | 415;

  constructor(status: BadBody['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** Headers of a body that was not read yet. */
interface UnreadBody {
  readonly length: number;
  readonly encoding: string;
  readonly type: string;
}

const held = new WeakMap<IncomingMessage, UnreadBody>();

const startSchema = z.object({ request: z.unknown(), server: z.unknown() });

/**
 * Keeps the functions-framework from reading the bodies of requests: it takes a gigabyte, inflated without a bound, and answers
 * what is no JSON with a stack trace. It skips requests without the headers of a body, so these are set aside when a request
 * arrives. Once in a process, before the function is registered; for functions whose requests come as they are, not as the framework's events.
 */
export function holdBodies(isOurs: (server: unknown) => boolean = () => true): void {
  subscribe('http.server.request.start', (message) => {
    const { request, server } = startSchema.parse(message);
    if (!isRequest(request) || !isOurs(server)) return;
    const { headers } = request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
    held.set(request, {
      length: Number(headers['content-length'] ?? 0),
      encoding: (headers['content-encoding'] ?? 'identity').toLowerCase(),
      type: (headers['content-type'] ?? '').toLowerCase(),
    });
    delete headers['content-length'];
    delete headers['transfer-encoding'];
  });
}

function isRequest(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && 'headers' in value && 'socket' in value;
}

/**
 * The body: parsed where it is JSON, else its text; undefined where there is none. `maxBytes` holds for what arrives and for what it
 * inflates to. Throws {@link BadBody}.
 */
export async function readBody(request: IncomingMessage, maxBytes = MAX_BYTES): Promise<unknown> {
  const body = held.get(request);
  if (body === undefined) return undefined;
  if (!(body.length <= maxBytes)) throw tooLong(maxBytes);
  const text = (await inflated(await bytesOf(request, maxBytes), body.encoding, maxBytes)).toString('utf8');
  return /^application\/(?:[\w.+-]+\+)?json\b/.test(body.type) && text !== '' ? parseJson(text) : text;
}

function tooLong(maxBytes: number): BadBody {
  return new BadBody(413, `Cannot read the request: its body is longer than ${maxBytes / 1024} KiB`);
}

async function bytesOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    // What comes after the limit is let go by as it comes: the answer needs the connection.
    if (bytes > maxBytes) {
      chunks = [];
      reject(tooLong(maxBytes));
    } else chunks.push(chunk);
  });
  request.on('end', () => {
    resolve(Buffer.concat(chunks));
  });
  request.on('error', reject);
  return promise;
}

async function inflated(bytes: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  if (encoding === 'identity' || encoding === '') return bytes;
  if (!isKnown(encoding))
    throw new BadBody(
      415,
      `Cannot read the request: its content-encoding is ${JSON.stringify(encoding.slice(0, 40))}; send it as it is, or gzip, deflate or br`,
    );
  try {
    return await INFLATE[encoding](bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLong(maxBytes);
    throw new BadBody(400, `Cannot read the request: its body is not ${encoding} (${messageOf(error)})`);
  }
}

function isKnown(encoding: string): encoding is keyof typeof INFLATE {
  return Object.hasOwn(INFLATE, encoding);
}

function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH)
    throw new BadBody(400, `Cannot read the request: its JSON is nested deeper than ${MAX_DEPTH} levels`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadBody(
      400,
      `Cannot read the request: its body is not JSON (${messageOf(error).slice(0, 200)})`,
    );
  }
}

/** How deep lists and maps stand within each other, without parsing: what is too deep for the stack is so for a parser, too. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isText && char === '\\') at++;
    else if (char === '"') isText = !isText;
    else if (!isText && (char === '[' || char === '{')) deepest = Math.max(deepest, ++depth);
    else if (!isText && (char === ']' || char === '}')) depth--;
  }
  return deepest;
}
