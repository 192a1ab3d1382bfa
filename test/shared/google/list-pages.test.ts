import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import * as z from 'zod/mini';
import { readWorkloads } from '../../../functions/guardrail-audit/gather/workloads.ts';
import { listBuckets } from '../../../shared/google/buckets.ts';
import { isRetryable } from '../../../shared/google/google-api-error.ts';
import { listPages } from '../../../shared/google/list-pages.ts';
import { listNotebooks } from '../../../shared/google/notebooks.ts';
import { startLook } from '../../../shared/resources/look.ts';
import { CLOUD_RUN_SERVICES } from '../../../shared/resources/serverless/cloud-run-service.ts';
import { listProjects } from '../../../shared/google/projects.ts';
import { listMakers } from '../../../shared/google/vertex/makers.ts';
import { listRunningVms } from '../../../shared/google/vms.ts';
import { refuse, scriptedApi, type SentRequest } from '../../support/scripted-api.ts';

const schema = z.object({ items: z.optional(z.array(z.number())) });
const URL = 'https://example.googleapis.com/v1/things';

/** Three pages of one number each; `script` may answer one of them otherwise. */
function pagesOf(script: (requested: SentRequest) => unknown = () => undefined) {
  const { api, requested } = scriptedApi((one) => {
    const page = Number(one.query['pageToken'] ?? 1);
    return script(one) ?? { items: [page], ...(page < 3 ? { nextPageToken: String(page + 1) } : {}) };
  });
  const pages = listPages(api, 'things.list', { url: URL, query: { pageSize: 1 } }, schema);
  const tokens = (): readonly unknown[] => requested.map(({ query }) => query['pageToken']);
  return { pages, requested, tokens, calls: api.calls };
}

async function collect(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('listPages', () => {
  test('all pages in order, each requested with the query and the token of the one before', async () => {
    const { pages, requested, calls } = pagesOf();
    assert.deepEqual(await collect(pages), [{ items: [1] }, { items: [2] }, { items: [3] }]);
    assert.deepEqual(
      requested.map(({ query }) => query),
      [{ pageSize: '1' }, { pageSize: '1', pageToken: '2' }, { pageSize: '1', pageToken: '3' }],
    );
    assert.deepEqual(calls, { 'things.list': 3 });
  });

  test('an empty token is the end', async () => {
    const { pages, calls } = pagesOf(() => ({ items: [1], nextPageToken: '' }));
    assert.deepEqual(await collect(pages), [{ items: [1] }]);
    assert.deepEqual(calls, { 'things.list': 1 });
  });

  test('requests the next page before it hands this one on, and for no more', async () => {
    const { pages, tokens } = pagesOf();
    await pages.next();
    assert.deepEqual(tokens(), [undefined, '2']);
    await pages.return(undefined);
    assert.deepEqual(tokens(), [undefined, '2']);
  });

  test('a next page that fails does not hide this one', async () => {
    const { pages } = pagesOf(({ query }) => (query['pageToken'] === '2' ? refuse(403) : undefined));
    assert.deepEqual((await pages.next()).value, { items: [1] });
    await assert.rejects(pages.next(), { name: 'GoogleApiError', status: 403 });
  });

  test('where it is broken off, a failure of the page that was under way goes unheard', async () => {
    const { pages } = pagesOf(({ query }) => (query['pageToken'] === '2' ? refuse(403) : undefined));
    await pages.next();
    await pages.return(undefined);
    // An unhandled rejection would end the process in the next turn.
    await new Promise((resolve) => void setImmediate(resolve));
  });

  test('refuses an answer of another form', async () => {
    await assert.rejects(collect(pagesOf(() => ({ items: 'none' })).pages), {
      name: 'GoogleApiError',
      message: /unexpected answer: items: it is "none", not array/,
    });
    await assert.rejects(collect(pagesOf(() => ({ nextPageToken: 7 })).pages), {
      name: 'GoogleApiError',
      message: /unexpected answer: nextPageToken: it is 7, not string/,
    });
  });
});

describe('a listing that does not end', () => {
  test('ends where a page token comes again, and may work with the next delivery', async () => {
    const { pages, calls } = pagesOf(({ query }) => ({
      items: [1],
      nextPageToken: query['pageToken'] === 'b' ? 'a' : query['pageToken'] === 'a' ? 'b' : 'a',
    }));
    await assert.rejects(collect(pages), (error) => {
      assert.ok(isRetryable(error));
      assert.match(String(error), /things\.list.*page 3 names the page after it by a token that came before/);
      return true;
    });
    assert.deepEqual(calls, { 'things.list': 3 });
  });

  test('ends after 10,000 pages, whatever their tokens', async () => {
    let page = 0;
    const { pages, calls } = pagesOf(() => ({ nextPageToken: `t${++page}` }));
    await assert.rejects(collect(pages), /more than 10000 pages, and no end/);
    assert.ok((calls['things.list'] ?? 0) <= 10_002);
  });
});

describe('the listings of costguard', () => {
  test('that of the audit log, which is a POST, ends like the others', async () => {
    const { api, requested } = scriptedApi(() => ({ entries: [], nextPageToken: 'same' }));
    await assert.rejects(listMakers(api, 'p', 0), /a token that came before/);
    assert.equal(requested.length, 2);
  });

  test('those of Cloud Run, whose token is metadata.continue, are read to their end, and end like the others', async () => {
    const list = async (tokens: Readonly<Record<string, string>>) => {
      const { api, requested } = scriptedApi(({ query }) => ({
        items: [],
        metadata: { continue: tokens[query['continue'] ?? ''] ?? '' },
      }));
      const gaps: string[] = [];
      const look = startLook({
        ...{ api, projectId: 'p', now: new Date(0), notOffered: () => undefined, skip: () => false },
        gap: ({ where, why }) => void gaps.push(`${where}: ${why}`),
      });
      const audit = { api, projectId: 'p', now: new Date(0), digestOf: String, failed: () => undefined };
      const [listed, read] = await Promise.allSettled([CLOUD_RUN_SERVICES.list(look), readWorkloads(audit)]);
      return { requested, gaps, listed, read };
    };

    const whole = await list({ '': 'a', a: 'b' });
    assert.equal(whole.listed.status, 'fulfilled');
    assert.deepEqual(
      whole.requested.filter(({ query }) => query['limit'] === '100').map(({ query }) => query['continue']),
      [undefined, 'a', 'b'],
    );
    const { listed, read, requested } = await list({ '': 'a', a: 'b', b: 'a' });
    assert.match(String(listed.status === 'rejected' && listed.reason), /a token that came before/);
    assert.match(JSON.stringify(read), /services could not be read.*a token that came before/);
    assert.match(JSON.stringify(read), /jobs could not be read.*a token that came before/);
    assert.ok(requested.length < 15, String(requested.length));
  });

  test('turn no page without listPages or readPages', async () => {
    const root = join(import.meta.dirname, '../../..');
    const files: string[] = [];
    for await (const file of glob('{shared,functions,deploy}/**/*.ts', { cwd: root })) files.push(file);
    const turning = files.filter((file) =>
      /pageToken|\bnextPage\b|autoPaginate: true|continue: /.test(readFileSync(join(root, file), 'utf8')),
    );
    assert.ok(turning.length >= 3);
    for (const file of turning)
      assert.ok(
        // The client of Cloud Storage reads the page that it is told to.
        file === 'shared/google/clients/storage.ts' ||
          /\b(?:list|read)Pages\b/.test(readFileSync(join(root, file), 'utf8')),
        file,
      );
  });
});

describe('what is listed on two pages', () => {
  /** Two pages: the second one begins with the last of the first. */
  const twoPages =
    (field: string, items: readonly unknown[]) =>
    ({ query }: SentRequest): unknown =>
      query['pageToken'] === undefined
        ? { [field]: items.slice(0, 2), nextPageToken: '2' }
        : { [field]: items.slice(1) };

  test('notebooks come once', async () => {
    const items = ['a', 'b', 'c'].map((id) => ({
      name: `projects/p/locations/l/instances/${id}`,
      state: 'ACTIVE',
    }));
    const { api } = scriptedApi(twoPages('instances', items));
    const names: string[] = [];
    for await (const page of listNotebooks(api, 'p')) names.push(...page.instances.map(({ name }) => name));
    assert.deepEqual(
      names,
      items.map(({ name }) => name),
    );
  });

  test('buckets come once', async () => {
    const items = ['a', 'b', 'c'].map((name) => ({ name, metageneration: '1' }));
    const { api } = scriptedApi(twoPages('items', items));
    const names: string[] = [];
    for await (const page of listBuckets(api, 'p')) names.push(...page.buckets.map(({ name }) => name));
    assert.deepEqual(names, ['a', 'b', 'c']);
  });

  test('VMs come once, and those of one name in two zones are two', async () => {
    const vm = (id: string) => ({ id, name: `vm-${id}`, status: 'RUNNING' });
    const { api } = scriptedApi(({ query }) =>
      query['pageToken'] === undefined
        ? { items: { 'zones/a': { instances: [vm('1'), vm('2')] } }, nextPageToken: '2' }
        : { items: { 'zones/a': { instances: [vm('2')] }, 'zones/b': { instances: [vm('2')] } } },
    );
    const { vms } = await listRunningVms(api, 'p');
    assert.deepEqual(
      vms.map(({ resource }) => resource.replace('projects/p/', '')),
      ['zones/a/instances/vm-1', 'zones/a/instances/vm-2', 'zones/b/instances/vm-2'],
    );
  });

  test('a folder that is listed below itself is searched once', async () => {
    const { api, requested } = scriptedApi(({ target }) =>
      target.endsWith('projects:search')
        ? { projects: [{ projectId: 'p-1', state: 'ACTIVE' }] }
        : { folders: [{ name: 'folders/2', state: 'ACTIVE' }] },
    );
    assert.deepEqual(await listProjects(api, ['folders/1'], () => undefined), ['p-1']);
    assert.equal(requested.length, 4);
  });
});
