import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFramework } from '../deploy/framework.ts';

/** A built function and the event it is woken with. */
export interface Subject {
  /** Registered name. */
  readonly name: string;
  /** Its folder, such as `dist/<name>`. */
  readonly dir: string;
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
  /** Milliseconds from the start of the process to its first outside call. */
  readonly subjectMillis: Spread;
  readonly baselineMillis: Spread;
  /** Subject to baseline, pair by pair. */
  readonly ratio: Spread;
}

/**
 * Measures start of process → listening → event or request → first outside call, of a bundle and of an empty function in the
 * same framework, alternating, so that what else the machine does hits both alike.
 *
 * The first outside call of anything that uses Google's credentials goes to the metadata server; here that is a
 * listener on localhost (`GCE_METADATA_HOST`), which notes when it was reached. Throws when a function ends or answers
 * the event without having called.
 */
export async function measureColdStart(options: ColdStartOptions): Promise<ColdStart> {
  const { subject, baseline, pairs = 15, waking, env = {} } = options;
  const metadata = createServer((_, answer) => {
    answer.writeHead(200, { 'Metadata-Flavor': 'Google', 'Content-Type': 'application/json' });
    answer.end(JSON.stringify({ access_token: 'none', token_type: 'Bearer', expires_in: 3600 }));
  });
  metadata.listen(0, '127.0.0.1');
  await once(metadata, 'listening');
  try {
    const subjectMillis: number[] = [];
    const baselineMillis: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      baselineMillis.push(await startOnce(baseline, metadata, { text: '{}' }, env));
      subjectMillis.push(await startOnce(subject, metadata, waking, env));
    }
    const ratios = subjectMillis.map((millis, pair) => millis / (baselineMillis[pair] ?? Number.NaN));
    return {
      pairs,
      subjectMillis: spread(subjectMillis),
      baselineMillis: spread(baselineMillis),
      ratio: spread(ratios),
    };
  } finally {
    metadata.close();
  }
}

async function startOnce(
  { name, dir }: Subject,
  metadata: Server,
  waking: Waking,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { port: metadataPort } = metadata.address() as AddressInfo;
  const called = once(metadata, 'request').then(() => performance.now());
  // HOME: nobody's own credentials, which would be read instead of asking the metadata server.
  const host = await startFramework({
    name,
    dir,
    env: { GCE_METADATA_HOST: `127.0.0.1:${metadataPort}`, HOME: dir, ...env },
  });
  try {
    const answered = wake(host.port, waking).then((status) => {
      throw new Error(
        `Cannot measure "${name}": answered ${status} without calling out\n${host.output.join('\n')}`,
      );
    });
    return (await Promise.race([called, answered, host.ended])) - host.startedAt;
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
