import type { Storage } from '@google-cloud/storage';
import type { GoogleAuth } from 'google-auth-library';
import { once } from '../../once.ts';

/** Google's Cloud Storage client, loaded when it is first used; each method makes a single attempt. Answers are unchecked. */
export interface StorageClient {
  /** One page of a listing, as the API answers it: with `fields` the client makes no object of each item. */
  listObjects(bucket: string, query: ObjectQuery): Promise<unknown>;
}

export interface ObjectQuery {
  readonly versions?: boolean;
  readonly maxResults: number;
  readonly fields: string;
  readonly pageToken?: string | undefined;
  /** Who pays, where requesters do. */
  readonly userProject?: string | undefined;
}

const opened = new WeakMap<GoogleAuth, StorageClient>();

/** The client of an identity; the same one each time. It takes the proxy of `HTTPS_PROXY` and `NO_PROXY` by itself. */
export function storageClient(auth: GoogleAuth): StorageClient {
  const known = opened.get(auth);
  if (known !== undefined) return known;
  const storage = once(() => load(auth));
  const client: StorageClient = {
    async listObjects(bucket, { pageToken, userProject, ...query }) {
      const page = await (await storage()).bucket(bucket).getFiles({
        ...query,
        ...(pageToken === undefined ? {} : { pageToken }),
        ...(userProject === undefined ? {} : { userProject }),
        autoPaginate: false,
      });
      return page[2];
    },
  };
  opened.set(auth, client);
  return client;
}

async function load(auth: GoogleAuth): Promise<Storage> {
  const { Storage: Client } = await import('./storage-package.ts');
  // No retry of its own: `Api` retries.
  return new Client({ authClient: auth, projectId: '-', retryOptions: { autoRetry: false, maxRetries: 0 } });
}
