import { createHook, type AsyncHook } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { Domain } from 'node:domain';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { GoogleAuth } from 'google-auth-library';
import * as z from 'zod/mini';
import { createClients, type Clients } from '../google/clients/clients.ts';
import { throughProxy } from '../google/clients/through-proxy.ts';
import type { PostAnswer } from '../notify/send.ts';
import { EmptyAnswer, GoogleApiError } from '../google/google-api-error.ts';

/**
 * Everything that a function takes from its process, handed on as arguments. This is the one file of functions/ and
 * shared/ where the clock, the environment and standard output are touched.
 */
export interface Runtime {
  /** Folder name = deployed name. */
  readonly functionName: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly auth: GoogleAuth;
  readonly clients: Clients;
  readonly now: () => Date;
  readonly newId: () => string;
  /** The id of the project that this function runs in, from the metadata server. */
  readonly ownProject: () => Promise<string>;
  /** 0 to 1. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Resolves in the next turn of the event loop. */
  readonly turn: () => Promise<void>;
  /** To be called first for each event or request. */
  readonly begin: () => void;
  /** How long one attempt of an outside call may take. */
  readonly attemptTimeoutMs: number;
  /** Posts JSON to a webhook of the policy's. Rejects where no answer comes in time. */
  readonly post: (url: string, body: string, timeoutMs: number) => Promise<PostAnswer>;
  /** One line, or several, to standard output, where Cloud Logging reads them. */
  readonly write: (lines: string) => void;
  /** A text file; a relative path counts from the bundle's folder. */
  readonly readText: (path: string) => Promise<string>;
}

/** An empty answer, or a page of some proxy, must not become the project that nothing may touch: the event comes again. */
const projectId = z.string().check(z.regex(/^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/));

export function createRuntime(functionName: string): Runtime {
  // Every call names its resource in full. Without some project id each client would look for one at its first call, by
  // running gcloud and calling the metadata server.
  const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
  const auth = throughProxy(new GoogleAuth({ scopes, projectId: '-' }));
  return {
    functionName,
    environment: process.env,
    auth,
    clients: createClients(auth),
    now: () => new Date(),
    newId: randomUUID,
    ownProject: async () => {
      // Loaded here only: few functions need it.
      const metadata = await import('gcp-metadata');
      const answer: unknown = await metadata.project('project-id');
      const read = projectId.safeParse(answer);
      if (read.success) return read.data;
      // JSON comes parsed, and as an object that has no text of its own.
      const found = JSON.stringify(answer ?? null).slice(0, 200);
      throw new GoogleApiError('metadata.project-id', new EmptyAnswer(`it is ${found}, no project id`));
    },
    random: Math.random,
    attemptTimeoutMs: 60_000,
    sleep: async (milliseconds) => {
      await sleep(milliseconds);
    },
    turn: () => setImmediate(),
    begin: () => {
      leaveDomain();
      // The first access token is fetched while the policy is read. The calls that need it throw its failure.
      auth.getAccessToken().catch(() => undefined);
    },
    post: async (url, body, timeoutMs) => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        // An address is a secret: it goes to no other host.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const retryAfter = answer.headers.get('retry-after') ?? undefined;
      return { status: answer.status, retryAfter, text: (await answer.text()).slice(0, 1_000) };
    },
    write: (lines) => void process.stdout.write(`${lines}\n`),
    readText: (path) => readFile(path.startsWith('/') ? path : join(import.meta.dirname, path), 'utf8'),
  };
}

/**
 * Leaves the `node:domain` in which the framework calls functions: it slows down every promise and socket made in it. Outside
 * it, what is not caught ends the instance, as in any Node.js server; the framework sees to the answer.
 *
 * From the first domain on Node also follows every promise of the process, in a domain or not, and holds a weak reference to
 * each: a fifth of the processor time of a tick over 10,000 notebooks. Its hook goes as soon as the domain is left; each domain
 * that the framework makes brings it back.
 */
export function leaveDomain(): void {
  const active: unknown = Reflect.get(process, 'domain');
  if (active instanceof Domain) active.exit();
  const hooks = domainHooks();
  // What runs now was entered by the hook, which sees it end.
  void setImmediate().then(() => {
    for (const hook of hooks) hook.disable();
  });
}

/** The hook of `node:domain`, which keeps it to itself and enables it with each domain; none in a Node that has another way. */
function domainHooks(): readonly AsyncHook[] {
  const hooks: AsyncHook[] = [];
  const prototype = Reflect.getPrototypeOf(createHook({})) ?? {};
  const enable: unknown = Reflect.get(prototype, 'enable');
  Reflect.set(prototype, 'enable', function (this: AsyncHook) {
    hooks.push(this);
    return this;
  });
  try {
    new Domain();
  } finally {
    Reflect.set(prototype, 'enable', enable);
  }
  return hooks;
}
