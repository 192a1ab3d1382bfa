import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startFramework } from '../support/framework.ts';
import { plainPreload } from './plain-preload.ts';

/** A built function and the event it is woken with. */
export interface Subject {
  /** Registered name. */
  readonly name: string;
  /** Its folder, such as `dist/<name>`. */
  readonly dir: string;
  /** Of its process alone. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What wakes a function: a Pub/Sub message, or a GET of a path. */
export type Waking = WakingMessage | { readonly path: string };

export interface WakingMessage {
  readonly text: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface ColdStartOptions {
  readonly subject: Subject;
  /** The empty function that the subject is compared with. */
  readonly baseline: Subject;
  /** How often each of the two is started, in turn. Default 15. */
  readonly pairs?: number;
  /** What wakes the subject. The empty function is woken by a message. */
  readonly waking: Waking;
  /** Added to the environment of both. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ColdStart {
  readonly pairs: number;
  /** The empty function: milliseconds from the start of its process to its one call. */
  readonly baselineMillis: Spread;
  /** To the first outside call, which is for the access token. */
  readonly token: Moment;
  /** To the first connection to a Google API: policy, clients and token are there. */
  readonly api: Moment;
}

export interface Moment {
  /** Milliseconds from the start of the process. */
  readonly millis: Spread;
  /** Subject to baseline, pair by pair. */
  readonly ratio: Spread;
}

/**
 * Measures start of process → listening → event or request → first outside call and first call of an API, of a bundle and of an
 * empty function in the same framework, alternating, so that what else the machine does hits both alike.
 *
 * The first outside call of anything that uses Google's credentials goes to the metadata server; here that is a
 * listener on localhost (`GCE_METADATA_HOST`), which notes when it was reached. Connections to Google hosts lead to another
 * listener, which answers nothing. Throws when a function ends or answers the event without having called.
 */
export async function measureColdStart(options: ColdStartOptions): Promise<ColdStart> {
  const { subject, baseline, pairs = 15, waking, env = {} } = options;
  const metadata = createServer(({ url = '' }, answer) => {
    const isToken = url.includes('/token');
    const contentType = isToken ? 'application/json' : 'text/plain';
    answer.writeHead(200, { 'Metadata-Flavor': 'Google', 'Content-Type': contentType });
    answer.end(
      isToken
        ? JSON.stringify({ access_token: 'none', token_type: 'Bearer', expires_in: 3600 })
        : 'costguard-bench',
    );
  });
  const google = createTcpServer((socket) => socket.on('error', () => undefined));
  const folder = await mkdtemp(join(tmpdir(), 'costguard-bench-'));
  try {
    const [metadataPort, googlePort] = [await listen(metadata), await listen(google)];
    const preload = plainPreload({ preload: ['--import', CONNECT_PRELOAD], folder }).join(' ');
    const start = (of: Subject, by: Waking, first: (event: 'token' | 'api') => Promise<unknown>) =>
      startOnce(of, by, first, {
        GCE_METADATA_HOST: `127.0.0.1:${metadataPort}`,
        COSTGUARD_SANDBOX_PORT: String(googlePort),
        NODE_OPTIONS: preload,
        // As on Cloud Run, where Google's credentials know by it that there is a metadata server.
        K_SERVICE: of.name,
        // No one's own credentials, which would be read instead of asking the metadata server.
        HOME: of.dir,
        ...of.env,
        ...env,
      });
    const reached = (what: 'token' | 'api'): Promise<unknown> =>
      what === 'token' ? once(metadata, 'request') : once(google, 'connection');
    const baselines: number[] = [];
    const tokens: number[] = [];
    const apis: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      baselines.push((await start(baseline, { text: '{}' }, () => reached('token'))).token);
      const { token, api } = await start(subject, waking, reached);
      tokens.push(token);
      apis.push(api);
    }
    const momentOf = (millis: readonly number[]): Moment => ({
      millis: spread(millis),
      ratio: spread(millis.map((value, pair) => value / (baselines[pair] ?? Number.NaN))),
    });
    return { pairs, baselineMillis: spread(baselines), token: momentOf(tokens), api: momentOf(apis) };
  } finally {
    metadata.close();
    google.close();
    await rm(folder, { recursive: true });
  }
}

const CONNECT_PRELOAD = fileURLToPath(new URL('../sandbox/http/connect-preload.ts', import.meta.url));

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** When `first` resolved for the two moments, in milliseconds from the start of the process. */
async function startOnce(
  { name, dir }: Subject,
  waking: Waking,
  first: (moment: 'token' | 'api') => Promise<unknown>,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly token: number; readonly api: number }> {
  const at = (moment: 'token' | 'api'): Promise<number> => first(moment).then(() => performance.now());
  const called = Promise.all([at('token'), at('api')]);
  const host = await startFramework({ name, dir, env });
  try {
    const answered = wake(host.port, waking).then((status) => {
      throw new Error(
        `Cannot measure "${name}": answered ${status} without calling out\n${host.output.join('\n')}`,
      );
    });
    const [token, api] = await Promise.race([called, answered, host.ended]);
    return { token: token - host.startedAt, api: api - host.startedAt };
  } finally {
    await host.stop();
  }
}

/** Resolves with the status of the answer; a connection lost with the process is none. */
function wake(port: number, waking: Waking): Promise<number> {
  const host = '127.0.0.1';
  const call =
    'path' in waking
      ? request({ port, host, path: waking.path })
      : request({ port, host, method: 'POST', headers: EVENT_HEADERS });
  return new Promise((resolve) => {
    call.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on('error', () => undefined);
    call.end('path' in waking ? undefined : eventBody(waking));
  });
}

const EVENT_HEADERS = {
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
  'ce-source': '//pubsub.googleapis.com/projects/p/topics/t',
};

function eventBody({ text, attributes }: WakingMessage): string {
  const data = Buffer.from(text).toString('base64');
  return JSON.stringify({ message: { data, attributes, messageId: '1' } });
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), min: at(0), max: at(1) };
}
