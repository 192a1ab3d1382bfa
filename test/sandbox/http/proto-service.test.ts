import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { protoRoutes, type Message } from './proto-service.ts';
import type { Call, Reply, Route } from './route.ts';

const HTTP = '(google.api.http)';
const field = (id: number, type: string, more: object = {}) => ({ id, type, ...more });

/** A descriptor of the form that client packages ship, with one of everything. */
const PROTOS = {
  nested: {
    google: {
      nested: {
        protobuf: { nested: { Timestamp: { fields: { seconds: field(1, 'int64') } }, DoubleValue: { fields: { value: field(1, 'double') } } } },
        shop: {
          nested: {
            State: { values: { STATE_UNSPECIFIED: 0, OPEN: 1, CLOSED: 2 } },
            Item: {
              fields: {
                name: field(1, 'string'),
                sizeBytes: field(2, 'int64'),
                count: field(3, 'int32'),
                state: field(4, 'State'),
                ratio: field(5, 'double'),
                open: field(6, 'bool'),
                data: field(7, 'bytes'),
                tags: field(8, 'string', { rule: 'repeated' }),
                labels: { keyType: 'string', ...field(9, 'string') },
                createTime: field(10, 'google.protobuf.Timestamp'),
                inner: field(11, 'Item'),
                limit: field(12, 'google.protobuf.DoubleValue'),
                small: field(13, 'uint32'),
              },
            },
            GetRequest: { fields: { name: field(1, 'string'), item: field(2, 'Item'), pageSize: field(3, 'int32') } },
            Shop: {
              methods: {
                Get: { requestType: 'GetRequest', responseType: 'Item', parsedOptions: [{ [HTTP]: { get: '/v1/{name=shops/*/items/*}', additional_bindings: [{ get: '/v1/{name=items/*}' }, { post: '/v1/{name=items/*}:read', body: '*' }] } }] },
                Update: { requestType: 'GetRequest', responseType: 'Item', parsedOptions: [{ [HTTP]: { patch: '/v1/{item.name=shops/*/items/*}', body: 'item' } }] },
                Stop: { requestType: 'GetRequest', responseType: 'Item', parsedOptions: [{ [HTTP]: { post: '/v1/{name=shops/**}:stop', body: '*' } }] },
              },
            },
          },
        },
      },
    },
  },
}; // prettier-ignore

interface World {
  send(method: string, path: string, body?: unknown): Promise<Reply>;
  /** What the last request said. */
  seen: Message;
  answer: Message;
}

function world(): World {
  const state = { seen: {} as Message, answer: {} as Message };
  const handler = (id: string) => ({
    id,
    needs: () => [],
    handle(request: Message) {
      state.seen = request;
      return state.answer;
    },
  });
  const routes = protoRoutes({
    host: 'shop.googleapis.com',
    protos: PROTOS,
    service: 'google.shop.Shop',
    methods: { Get: handler('get'), Update: handler('update'), Stop: handler('stop') },
    extraFields: { 'google.shop.Item': ['secret'] },
  });
  return Object.assign(state, {
    async send(method: string, path: string, body?: unknown) {
      const url = new URL(path, 'https://shop.googleapis.com');
      const matching = routes.flatMap((route): [Route, RegExpExecArray][] => {
        const match = route.method === method ? route.path.exec(url.pathname) : null;
        return match === null ? [] : [[route, match]];
      });
      const [route, match] = matching[0] ?? [];
      if (route === undefined || match === undefined) throw new Error(`no route for ${method} ${path}`);
      const json = (body ?? {}) as Record<string, unknown>;
      const call: Call = {
        method, host: route.host, url, headers: {}, params: { ...match.groups }, query: url.searchParams,
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)), json: () => json, principal: 'p',
      }; // prettier-ignore
      return await route.handle(call);
    },
  });
}

const NAME = 'shops/s/items/i';

describe('protoRoutes: requests', () => {
  const cases: readonly [string, string, string, unknown, Message][] = [
    ['a path', 'GET', `/v1/${NAME}`, undefined, { name: NAME }],
    ['an additional binding', 'GET', '/v1/items/i', undefined, { name: 'items/i' }],
    ['an additional binding with body', 'POST', '/v1/items/i:read', { pageSize: 3 }, { name: 'items/i', pageSize: 3 }],
    ['a verb after any depth', 'POST', '/v1/shops/a/b/c:stop', {}, { name: 'shops/a/b/c' }],
    ['a query in both spellings', 'GET', `/v1/${NAME}?page_size=5`, undefined, { name: NAME, pageSize: 5 }],
    ['a nested query', 'GET', `/v1/${NAME}?item.inner.count=7&item.tags=a&item.tags=b&item.open=true`, undefined, { name: NAME, item: { inner: { count: 7 }, tags: ['a', 'b'], open: true } }],
    ['an enum in the query', 'GET', `/v1/${NAME}?item.state=CLOSED`, undefined, { name: NAME, item: { state: 'CLOSED' } }],
    ['system parameters', 'GET', `/v1/${NAME}?$alt=json&alt=json&fields=name&prettyPrint=false&access_token=x`, undefined, { name: NAME }],
    ['a body that is one field', 'PATCH', `/v1/${NAME}?page_size=1`, { name: 'other', count: 2 }, { item: { name: NAME, count: 2 }, pageSize: 1 }],
    ['snake case in a body', 'PATCH', `/v1/${NAME}`, { size_bytes: '9' }, { item: { name: NAME, sizeBytes: '9' } }],
    ['nulls as absent', 'PATCH', `/v1/${NAME}`, { count: null }, { item: { name: NAME } }],
    ['a field that only REST has', 'PATCH', `/v1/${NAME}`, { secret: 1 }, { item: { name: NAME, secret: 1 } }],
  ]; // prettier-ignore
  for (const [name, method, path, body, expected] of cases)
    it(`reads ${name}`, async () => {
      const shop = world();
      await shop.send(method, path, body);
      assert.deepEqual(shop.seen, expected);
    });

  const values: readonly [string, unknown, unknown][] = [
    ['sizeBytes', 9_007_199_254_740_993n.toString(), '9007199254740993'],
    ['sizeBytes', 12, '12'],
    ['count', '-2147483648', -2_147_483_648],
    ['ratio', 'Infinity', 'Infinity'],
    ['ratio', '-Infinity', '-Infinity'],
    ['ratio', 'NaN', 'NaN'],
    ['ratio', '1.5e3', 1_500],
    ['limit', 2.5, 2.5],
    ['state', 'OPEN', 'OPEN'],
    ['state', 2, 'CLOSED'],
    ['data', 'aGk=', 'aGk='],
    ['labels', { a: 'b' }, { a: 'b' }],
    ['createTime', '2026-11-18T09:00:00.5Z', '2026-11-18T09:00:00.5Z'],
  ];
  for (const [name, given, expected] of values)
    it(`takes ${JSON.stringify(given)} for ${name}`, async () => {
      const shop = world();
      await shop.send('PATCH', `/v1/${NAME}`, { [name]: given });
      assert.deepEqual((shop.seen['item'] as Message)[name], expected);
    });

  const refused: readonly [string, string, string, unknown, RegExp][] = [
    ['an unknown field', 'PATCH', `/v1/${NAME}`, { colour: 1 }, /Unknown name "colour".* at 'item'/],
    ['a nested unknown field', 'PATCH', `/v1/${NAME}`, { inner: { colour: 1 } }, /Unknown name "colour"/],
    ['an unknown query parameter', 'GET', `/v1/${NAME}?colour=1`, undefined, /Unknown name "colour"/],
    ['a path into a scalar', 'GET', `/v1/${NAME}?name.x=1`, undefined, /Unknown name "name.x"/],
    ['a query beside a whole body', 'POST', '/v1/shops/s:stop?page_size=1', {}, /Unknown name "page_size"/],
    ['a body where there is none', 'GET', `/v1/${NAME}`, { count: 1 }, /takes no body/],
    ['a wrong enum', 'PATCH', `/v1/${NAME}`, { state: 'AJAR' }, /google\.shop\.State.*AJAR/],
    ['a wrong enum number', 'PATCH', `/v1/${NAME}`, { state: 9 }, /google\.shop\.State/],
    ['a text as number', 'GET', `/v1/${NAME}?page_size=many`, undefined, /TYPE_INT32/],
    ['an empty number', 'GET', `/v1/${NAME}?page_size=`, undefined, /TYPE_INT32/],
    ['a number beyond 32 bits', 'PATCH', `/v1/${NAME}`, { count: 2_147_483_648 }, /TYPE_INT32/],
    ['a number beyond 64 bits', 'PATCH', `/v1/${NAME}`, { sizeBytes: '9223372036854775808' }, /TYPE_INT64/],
    ['a negative unsigned', 'PATCH', `/v1/${NAME}`, { small: -1 }, /TYPE_UINT32/],
    ['a fraction as integer', 'PATCH', `/v1/${NAME}`, { count: 1.5 }, /TYPE_INT32/],
    ['an infinite integer', 'PATCH', `/v1/${NAME}`, { count: 'Infinity' }, /TYPE_INT32/],
    ['words as double', 'PATCH', `/v1/${NAME}`, { ratio: 'infinity' }, /TYPE_DOUBLE/],
    ['a truth in quotes', 'PATCH', `/v1/${NAME}`, { open: 'true' }, /TYPE_BOOL/],
    ['a truth of other words', 'GET', `/v1/${NAME}?item.open=yes`, undefined, /TYPE_BOOL/],
    ['a number as text', 'PATCH', `/v1/${NAME}`, { inner: { name: 1 } }, /TYPE_STRING/],
    ['one as list', 'PATCH', `/v1/${NAME}`, { tags: 'a' }, /Expected a list/],
    ['a list as map', 'PATCH', `/v1/${NAME}`, { labels: ['a'] }, /Expected a map/],
    ['a date that does not exist', 'PATCH', `/v1/${NAME}`, { createTime: '2026-13-45T00:00:00Z' }, /Timestamp/],
    ['a date without zone', 'PATCH', `/v1/${NAME}`, { createTime: '2026-11-18T09:00:00' }, /Timestamp/],
  ]; // prettier-ignore
  for (const [name, method, path, body, message] of refused)
    it(`refuses ${name}`, async () => {
      await assert.rejects(
        () => world().send(method, path, body),
        (error) => error instanceof ApiError && error.status === 400 && message.test(error.message),
      );
    });

  for (const [method, path] of [
    ['GET', '/v1/shops/s/items/i/more'],
    ['GET', '/v1/shops/s/items/i:stop'],
    ['DELETE', `/v1/${NAME}`],
    ['GET', `/v2/${NAME}`],
    ['GET', `/v1/shops/s/items/`],
  ] as const)
    it(`has no route for ${method} ${path}`, async () => {
      await assert.rejects(() => world().send(method, path), /no route/);
    });
});

describe('protoRoutes: responses', () => {
  it('writes 64 bits as text and enums by name, or by number when requested', async () => {
    const shop = world();
    shop.answer = { sizeBytes: 5, state: 'OPEN', tags: [] };
    assert.deepEqual((await shop.send('GET', `/v1/${NAME}`)).body, {
      sizeBytes: '5',
      state: 'OPEN',
      tags: [],
    });
    const numeric = await shop.send('GET', `/v1/${NAME}?$alt=json;enum-encoding=int`);
    assert.deepEqual(numeric.body, { sizeBytes: '5', state: 1, tags: [] });
  });

  it('fails where an answer of the sandbox is not the API’s, but lets a newer enum value through', async () => {
    const shop = world();
    shop.answer = { colour: 1 };
    await assert.rejects(() => shop.send('GET', `/v1/${NAME}`), /not the API's: Unknown name "colour"/);
    shop.answer = { state: 'BRAND_NEW' };
    assert.deepEqual((await shop.send('GET', `/v1/${NAME}`)).body, { state: 'BRAND_NEW' });
  });

  it('names a method that the descriptor lacks', () => {
    const handler = { id: 'x', needs: () => [], handle: () => ({}) };
    assert.throws(
      () =>
        protoRoutes({ host: 'h', protos: PROTOS, service: 'google.shop.Shop', methods: { Sell: handler } }),
      /Cannot serve "google\.shop\.Shop\.Sell"/,
    );
  });
});
