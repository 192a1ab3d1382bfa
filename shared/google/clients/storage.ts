import type { Storage } from '@google-cloud/storage';
import type { GoogleAuth } from 'google-auth-library';
import { once } from '../../once.ts';
import { watchAuth } from '../change/departure.ts';
import { sendBy } from '../change/storage-transport.ts';
import { WrongAddress } from '../google-api-error.ts';

/** Google's Cloud Storage client, loaded when it is first used; each method makes a single attempt. Answers are unchecked. */
export interface StorageClient {
  /** One page of a listing, as the API answers it: with `fields` the client makes no object of each item. */
  listObjects(bucket: string, query: ObjectQuery): Promise<unknown>;
  /**
   * Replaces a bucket's lifecycle, and answers with the fields of the query. `leaving` is called as the request goes to the socket; what
   * it throws is thrown, and nothing is sent.
   */
  patchLifecycle(
    bucket: string,
    rules: readonly object[],
    query: PatchQuery,
    leaving: () => void,
  ): Promise<unknown>;
}

export interface PatchQuery {
  readonly ifMetagenerationMatch: string;
  readonly fields: string;
  /** Who pays, where requesters do. */
  readonly userProject?: string | undefined;
}

export interface ObjectQuery {
  readonly versions?: boolean;
  readonly maxResults: number;
  readonly fields: string;
  readonly pageToken?: string | undefined;
  /** Who pays, where requesters do. */
  readonly userProject?: string | undefined;
}

/** Rules may have what the client's types do not know. */
interface Patched {
  setMetadata(metadata: object, options: object): Promise<readonly unknown[]>;
}

const opened = new WeakMap<GoogleAuth, StorageClient>();

/** The client of an identity; the same one each time. */
export function storageClient(auth: GoogleAuth): StorageClient {
  const known = opened.get(auth);
  if (known !== undefined) return known;
  const watched = watchAuth(auth);
  const storage = once(() => load(watched.auth));
  const bucketOf = async (name: string) => (await storage()).bucket(checkedName(name));
  const client: StorageClient = {
    async listObjects(name, { pageToken, userProject, ...query }) {
      const bucket = await bucketOf(name);
      const page = await bucket.getFiles({
        ...query,
        ...(pageToken === undefined ? {} : { pageToken }),
        ...(userProject === undefined ? {} : { userProject }),
        autoPaginate: false,
      });
      return page[2];
    },
    async patchLifecycle(name, rules, { userProject, ...query }, leaving) {
      const bucket: Patched = await bucketOf(name);
      // The client writes into what it sends.
      const lifecycle = { rule: structuredClone([...rules]) };
      const options = { ...query, ...(userProject === undefined ? {} : { userProject }) };
      return (await watched.send(`b/${name}`, leaving, () => bucket.setMetadata({ lifecycle }, options)))[0];
    },
  };
  opened.set(auth, client);
  return client;
}

/** The client puts a bucket's name into the path as it is. */
function checkedName(name: string): string {
  if (/^(?!\.{1,2}$)[\w.-]+$/.test(name)) return name;
  throw new WrongAddress(`${JSON.stringify(name.slice(0, 300))} is no name of a bucket`);
}

async function load(auth: GoogleAuth): Promise<Storage> {
  const { Storage: Client } = await import('./storage-package.ts');
  // No retry of its own: `Api` retries.
  const client = new Client({
    authClient: auth,
    projectId: '-',
    retryOptions: { autoRetry: false, maxRetries: 0 },
  });
  return Object.assign(client, { makeAuthenticatedRequest: sendBy(auth) });
}
