import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { OutsideError } from './outside-error.ts';

/** The state bucket: receipts, memory, poison messages. */
export interface State {
  readonly bucket: string;
  /** Undefined when there is no such object. */
  read(name: string): Promise<Stored | undefined>;
  /**
   * Writes an object; with `ifGeneration` only when the object still has that generation (`'0'`: does not exist), else
   * it throws {@link Conflict}. Returns the new generation.
   */
  write(
    name: string,
    data: string | Iterable<string>,
    options?: { readonly ifGeneration?: string },
  ): Promise<string>;
  /** Names of the objects that begin so; needs storage.objects.list, which few functions have. */
  list(prefix: string): Promise<readonly string[]>;
}

export interface Stored {
  readonly text: string;
  readonly generation: string;
}

/** Somebody else wrote the object since it was read. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** The part of @google-cloud/storage's Bucket that is used; it loads only when the first object is touched. */
export interface ObjectBucket {
  file(
    name: string,
    options?: { generation?: string },
  ): {
    save(data: string | Iterable<string>, options: object): Promise<unknown>;
    download(): Promise<[Buffer]>;
    getMetadata(): Promise<readonly unknown[]>;
    readonly metadata: unknown;
  };
  getFiles(options: {
    prefix: string;
  }): Promise<readonly [readonly { readonly name: string }[], ...unknown[]]>;
}

const metadataSchema = z.looseObject({ generation: z.union([z.string(), z.number()]) });

/** Characters. Small objects go up in one request; above this the client's resumable upload takes over. */
const SIMPLE_UPLOAD_LIMIT = 4 * 1024 * 1024;

/** A large object goes up in parts of about this many characters, so that it is never held in one piece. */
const PART = 256 * 1024;

export function createState(options: {
  readonly api: Api;
  readonly bucket: string;
  readonly open: () => Promise<ObjectBucket>;
}): State {
  const { api, bucket, open } = options;
  return {
    bucket,
    async read(name) {
      const files = await open();
      // The generation is read first and then asked for by number, so that text and generation belong together.
      const generation = await orUndefined(
        api.call('storage.objects.get', async () => {
          const [metadata] = await files.file(name).getMetadata();
          return String(metadataSchema.parse(metadata).generation);
        }),
      );
      if (generation === undefined) return undefined;
      const content = await orUndefined(
        api.call('storage.objects.get', async () => (await files.file(name, { generation }).download())[0]),
      );
      // Replaced or deleted between the two calls: look again.
      return content === undefined ? this.read(name) : { text: content.toString('utf8'), generation };
    },
    async list(prefix) {
      const files = await open();
      const [found] = await api.call('storage.objects.list', () => files.getFiles({ prefix }));
      return found.map((file) => file.name);
    },
    async write(name, data, { ifGeneration } = {}) {
      const files = await open();
      const pieces = typeof data === 'string' ? [data] : [...data];
      const large = pieces.reduce((sum, piece) => sum + piece.length, 0) > SIMPLE_UPLOAD_LIMIT;
      const file = files.file(name);
      try {
        await api.call('storage.objects.insert', () =>
          file.save(large ? partsOf(pieces) : pieces.join(''), {
            resumable: large,
            contentType: 'application/json',
            // The client computes CRC32C in JavaScript, which takes longer than to send a large receipt.
            validation: 'md5',
            ...(ifGeneration === undefined
              ? {}
              : { preconditionOpts: { ifGenerationMatch: Number(ifGeneration) } }),
          }),
        );
      } catch (error) {
        if (error instanceof OutsideError && error.status === 412)
          throw new Conflict(`Cannot write "gs://${bucket}/${name}": it changed since it was read`, {
            cause: error,
          });
        throw error;
      }
      return String(metadataSchema.parse(file.metadata).generation);
    },
  };
}

/** Undefined for a 404. */
async function orUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof OutsideError && error.status === 404) return undefined;
    throw error;
  }
}

/** The pieces, joined to parts of some size. */
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
