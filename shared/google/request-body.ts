import { Readable } from 'node:stream';
import type { ApiRequest } from './api.ts';

/** A body that is sent as it is: the pieces one after the other. */
export class Content {
  readonly type: string;
  readonly pieces: readonly string[];

  /** `type` is its media type. */
  constructor(type: string, pieces: readonly string[]) {
    this.type = type;
    this.pieces = pieces;
  }
}

/** Characters. Of a longer body small pieces are sent in parts of about this length, so that they are not held twice. */
const PART = 256 * 1024;

/** Made anew for each attempt: a stream can be read only once. */
export function bodyOf({ body, headers: given }: Pick<ApiRequest, 'body' | 'headers'>): {
  data?: object | string;
  headers?: Record<string, string>;
} {
  if (!(body instanceof Content))
    return {
      ...(body === undefined ? {} : { data: body }),
      ...(given === undefined ? {} : { headers: { ...given } }),
    };
  const headers = { ...given, 'content-type': body.type };
  const length = body.pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  return length <= PART
    ? { data: body.pieces.join(''), headers }
    : {
        data: Readable.from(partsOf(body.pieces)),
        headers: { ...headers, 'content-length': String(length) },
      };
}

/** The pieces, joined to parts. */
function* partsOf(pieces: readonly string[]): Generator<string> {
  let open: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    open.push(piece);
    length += piece.length;
    if (length < PART) continue;
    yield open.join('');
    open = [];
    length = 0;
  }
  if (length > 0) yield open.join('');
}
