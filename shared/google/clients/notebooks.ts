import type { GoogleAuth } from 'google-auth-library';
import { watchAuth } from '../change/departure.ts';
import { once } from '../../once.ts';

/** Google's notebooks client, loaded when it is first used; each method makes a single attempt. Answers are unchecked. */
export interface NotebooksClient {
  /** `name`: `projects/P/locations/L/instances/I` */
  get(name: string): Promise<unknown>;
  /**
   * Answers with the operation, not with its end. `leaving` is called as the request goes to the socket; what it throws is thrown,
   * and nothing is sent.
   */
  stop(name: string, leaving: () => void): Promise<unknown>;
  start(name: string, leaving: () => void): Promise<unknown>;
  /** Changes what the mask names, such as `gce_setup.metadata`. */
  update(instance: NotebookUpdate, mask: string, leaving: () => void): Promise<unknown>;
}

export interface NotebookUpdate {
  readonly name: string;
  readonly gceSetup: { readonly metadata: Readonly<Record<string, string>> };
}

/** No retry of its own: `Api` retries. */
const ONE_ATTEMPT = { retry: null };

const opened = new WeakMap<GoogleAuth, NotebooksClient>();

/** The client of an identity; the same one each time. */
export function notebooksClient(auth: GoogleAuth): NotebooksClient {
  const known = opened.get(auth);
  if (known !== undefined) return known;
  const watched = watchAuth(auth);
  const service = once(() => load(watched.auth));
  const client: NotebooksClient = {
    get: async (name) => (await (await service()).getInstance({ name }, ONE_ATTEMPT))[0],
    stop: async (name, leaving) => {
      const client = await service();
      return (await watched.send(name, leaving, () => client.stopInstance({ name }, ONE_ATTEMPT)))[1];
    },
    start: async (name, leaving) => {
      const client = await service();
      return (await watched.send(name, leaving, () => client.startInstance({ name }, ONE_ATTEMPT)))[1];
    },
    update: async ({ name, gceSetup }, mask, leaving) => {
      const client = await service();
      const instance = { name, gceSetup: { metadata: { ...gceSetup.metadata } } };
      const request = { instance, updateMask: { paths: [mask] } };
      return (await watched.send(name, leaving, () => client.updateInstance(request, ONE_ATTEMPT)))[1];
    },
  };
  opened.set(auth, client);
  return client;
}

async function load(auth: GoogleAuth) {
  const [{ NotebookServiceClient }, { protobuf }] = await Promise.all([
    import('@google-cloud/notebooks/build/src/v2/notebook_service_client.js'),
    import('google-gax/fallback'),
  ]);
  const client = new NotebookServiceClient({ fallback: true, auth });
  const protos: unknown = Reflect.get(client, '_protos');
  if (!(protos instanceof protobuf.Root))
    throw new Error(
      'Cannot use "@google-cloud/notebooks": its definitions are not where version 4.2.1 has them',
    );
  // 4.2.1, the newest, does not know the field that names an instance's VM, and would drop it from each answer. Over REST
  // fields go by name, so that any free number does.
  const setup = protos.lookupType('google.cloud.notebooks.v2.GceSetup');
  if (setup.fields['instanceId'] === undefined)
    setup.add(new protobuf.Field('instanceId', MAX_FIELD_NUMBER, 'string'));
  return client;
}

/** https://protobuf.dev/programming-guides/proto3/#assigning */
const MAX_FIELD_NUMBER = 536_870_911;
