/**
 * A first installation in a process of its own: every bucket of a large project lacks the rules. The other side answers in this
 * process, without TLS, and each call moves the clock by its latency instead of taking it. Sends one message.
 */
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { GoogleAuth } from 'google-auth-library';
import { lifecycleSweep } from '../../../../functions/lifecycle-enforcer/function.ts';
import { runTick } from '../../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../../shared/run/runtime.ts';
import { peakResidentBytes } from '../../../bench/notebook-tick/process-figures.ts';
import { eventOf } from '../../../support/in-process.ts';
import {
  answerObjects,
  isForObjects,
  objectHeaders,
  type StoredObject,
} from '../../../support/object-answers.ts';

export interface Task {
  readonly buckets: number;
  readonly latencyMs: number;
}

export interface Figures {
  readonly events: number;
  readonly receipts: number;
  /** Buckets by how often they were written, and by how many decisions on them the receipts have. */
  readonly written: Readonly<Record<string, number>>;
  readonly inReceipts: Readonly<Record<string, number>>;
  readonly refused: number;
  /** By the clock that the calls moved. */
  readonly tookMs: number;
  readonly peakBytes: number;
}

/** CONCURRENCY of act.ts: so many patches are under way at the same time. */
const AT_ONCE = 8;
const PAGE = 1_000;
const PROJECT = 'ml-many';
const STATE = 'ml-many-costguard';
const TOPIC = `projects/${PROJECT}/topics/costguard-lifecycle-enforcer`;
const RULES = [{ action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } }];
const POLICY = JSON.stringify({
  mode: 'enforce',
  scope: [`projects/${PROJECT}`],
  state: `gs://${STATE}`,
  lifecycle: { maxPatches: 100_000, policies: [{ name: 'all', rules: RULES }] },
});
const MAX_EVENTS = 100;

interface Wire {
  readonly url: string;
  readonly method: string;
  readonly data?: unknown;
}

/** Cloud Storage, Monitoring and Resource Manager for one project of buckets. */
function openCloud({ buckets, latencyMs }: Task) {
  const writes = new Uint8Array(buckets);
  const decisions = new Uint8Array(buckets);
  const objects = new Map<string, StoredObject>();
  let receipts = 0;
  let refused = 0;
  let nowMs = Date.parse('2026-11-18T06:00:00Z');
  const nameOf = (at: number): string => `ml-data-${String(at).padStart(6, '0')}`;
  const bucketOf = (at: number): object => ({
    name: nameOf(at),
    location: 'US-CENTRAL1',
    locationType: 'region',
    storageClass: 'STANDARD',
    metageneration: String(1 + (writes[at] ?? 0)),
    timeCreated: '2026-11-01T00:00:00Z',
    ...(writes[at] === 0 ? {} : { lifecycle: { rule: RULES } }),
  });
  const countIn = (receipt: string): void => {
    for (const [, at] of receipt.matchAll(/\{"resource":"projects\/_\/buckets\/ml-data-(\d{6})"/g))
      decisions[Number(at)] = (decisions[Number(at)] ?? 0) + 1;
  };
  /** Of a receipt that is sent in parts what may be a name that the next part ends. */
  let tail = '';

  const answer = (
    method: string,
    url: URL,
    body: string,
  ): { status?: number; headers?: object; data: unknown } => {
    const [, patched] = /^\/storage\/v1\/b\/ml-data-(\d{6})$/.exec(url.pathname) ?? [];
    nowMs += patched === undefined ? latencyMs : latencyMs / AT_ONCE;
    if (patched !== undefined) {
      const at = Number(patched);
      if (url.searchParams.get('ifMetagenerationMatch') !== String(1 + (writes[at] ?? 0))) {
        refused += 1;
        throw refusal(412, url);
      }
      writes[at] = (writes[at] ?? 0) + 1;
      return { data: { metageneration: String(1 + writes[at]), lifecycle: { rule: RULES } } };
    }
    if (url.pathname === '/storage/v1/b') {
      const from = Number(url.searchParams.get('pageToken') ?? 0);
      const to = Math.min(from + PAGE, buckets);
      const items = Array.from({ length: to - from }, (_, offset) => bucketOf(from + offset));
      return { data: { items, ...(to < buckets ? { nextPageToken: String(to) } : {}) } };
    }
    if (url.hostname === 'monitoring.googleapis.com') return { data: {} };
    if (url.searchParams.get('uploadType') === 'resumable') {
      tail = '';
      return { headers: { location: `https://storage.googleapis.com/session/${receipts}` }, data: {} };
    }
    if (url.pathname.startsWith('/session/')) {
      const whole = tail + body;
      const cut = whole.lastIndexOf('{"resource"');
      countIn(whole.slice(0, cut));
      tail = whole.slice(cut);
      return { status: 308, data: '' };
    }
    if (!isForObjects({ url })) throw new Error(`Not known here: ${method} ${url.href}`);
    const name = url.searchParams.get('name') ?? '';
    if (method === 'POST' && name.startsWith('receipts/')) {
      receipts += 1;
      countIn(body);
      return { data: { generation: '1' } };
    }
    const refuse = (status: number): never => {
      throw refusal(status, url);
    };
    const data = answerObjects(objects, { method, url, body }, refuse, nowMs);
    return { data, headers: Object.fromEntries(objectHeaders(objects, { method, url }, nowMs)) };
  };

  const request = async ({
    url,
    method,
    data,
    headers: given = {},
  }: Wire & { headers?: Record<string, string> }) => {
    const body =
      typeof data === 'string' || Buffer.isBuffer(data)
        ? String(data)
        : isStream(data)
          ? await text(data)
          : JSON.stringify(data ?? '');
    const at = new URL(url);
    const answered = answer(method, at, body);
    const headers = new Headers({ date: new Date(nowMs).toUTCString(), ...answered.headers });
    const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(given['content-range'] ?? '');
    if (range === null) return { status: 200, ...answered, headers };
    if (range[3] !== '*') {
      receipts += 1;
      countIn(tail);
      return { status: 200, headers, data: { generation: '1' } };
    }
    headers.set('range', `bytes=0-${range[2] ?? ''}`);
    return { ...answered, headers };
  };
  return {
    auth: { request, getAccessToken: async () => 't' } as unknown as GoogleAuth,
    now: () => new Date(nowMs),
    figures: () => ({ receipts, refused, written: tally(writes), inReceipts: tally(decisions) }),
  };
}

function isStream(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function tally(counts: Uint8Array): Readonly<Record<string, number>> {
  const tallied: Record<string, number> = {};
  for (const count of counts) tallied[count] = (tallied[count] ?? 0) + 1;
  return tallied;
}

function refusal(status: number, url: URL): Error {
  const data = { error: { code: status, message: `${url.pathname}: ${status}` } };
  return Object.assign(new Error(data.error.message), { status, response: { status, data } });
}

async function patchAll(task: Task): Promise<Figures> {
  const cloud = openCloud(task);
  const startMs = cloud.now().getTime();
  const queue = ['{}'];
  let ids = 0;
  const runtime: Runtime = {
    functionName: 'lifecycle-enforcer',
    environment: { TIMEOUT_SECONDS: process.env['TIMEOUT_SECONDS'] },
    auth: cloud.auth,
    clients: {
      publish: async (_topic: string, data: string) => void queue.push(data),
    },
    now: cloud.now,
    newId: () => (++ids).toString(16).padStart(8, '0'),
    ownProject: async () => PROJECT,
    random: () => 0.5,
    turn: () => new Promise((resolve) => void setImmediate(resolve)),
    begin: () => undefined,
    sleep: async () => undefined,
    attemptTimeoutMs: 60_000,
    write: () => undefined,
    post: () => Promise.reject(new Error('this test posts nothing')),
    readText: async () => POLICY,
  };
  let events = 0;
  for (let message = queue.shift(); message !== undefined && events < MAX_EVENTS; message = queue.shift()) {
    events += 1;
    const publishTime = cloud.now().toISOString();
    await runTick(
      runtime,
      lifecycleSweep,
      eventOf(TOPIC, { text: message, messageId: String(events), publishTime }),
    );
  }
  return {
    ...cloud.figures(),
    events,
    tookMs: cloud.now().getTime() - startMs,
    // On Linux maxRSS is at least what the process held that started this one: it outlives exec(2).
    peakBytes:
      process.platform === 'linux' ? peakResidentBytes(process.pid) : process.resourceUsage().maxRSS * 1024,
  };
}

process.send?.(await patchAll(JSON.parse(process.argv[2] ?? '') as Task));
process.disconnect();
