import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import * as z from 'zod/mini';
import { listPages } from '../../../shared/google/list-pages.ts';
import { refuse, scriptedApi, type Asked } from './scripted-api.ts';

const schema = z.object({ items: z.optional(z.array(z.number())) });
const URL = 'https://example.googleapis.com/v1/things';

/** Three pages of one number each; `script` may answer one of them otherwise. */
function pagesOf(script: (asked: Asked) => unknown = () => undefined) {
  const { api, asked } = scriptedApi((one) => {
    const page = Number(one.query['pageToken'] ?? 1);
    return script(one) ?? { items: [page], ...(page < 3 ? { nextPageToken: String(page + 1) } : {}) };
  });
  const pages = listPages(api, 'things.list', { url: URL, query: { pageSize: 1 } }, schema);
  const tokens = (): readonly unknown[] => asked.map(({ query }) => query['pageToken']);
  return { pages, asked, tokens, calls: api.calls };
}

async function collect(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('listPages', () => {
  test('all pages in order, each asked for with the query and the token of the one before', async () => {
    const { pages, asked, calls } = pagesOf();
    assert.deepEqual(await collect(pages), [{ items: [1] }, { items: [2] }, { items: [3] }]);
    assert.deepEqual(
      asked.map(({ query }) => query),
      [{ pageSize: '1' }, { pageSize: '1', pageToken: '2' }, { pageSize: '1', pageToken: '3' }],
    );
    assert.deepEqual(calls, { 'things.list': 3 });
  });

  test('an empty token is the end', async () => {
    const { pages, calls } = pagesOf(() => ({ items: [1], nextPageToken: '' }));
    assert.deepEqual(await collect(pages), [{ items: [1] }]);
    assert.deepEqual(calls, { 'things.list': 1 });
  });

  test('asks for the next page before it hands this one on, and for no more', async () => {
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
