import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { selectFields } from './fields.ts';

const VALUE = {
  items: [
    { name: 'a', labels: { env: 'dev', team: 'x' }, size: 1 },
    { name: 'b', size: 2 },
  ],
  scopes: {
    'zones/z': { instances: [{ id: '1', name: 'n' }], warning: { code: 'W', data: [] } },
    'zones/y': {},
  },
  nextPageToken: 't',
};

describe('selectFields', () => {
  const cases: readonly [string, unknown][] = [
    ['*', VALUE],
    ['nextPageToken', { nextPageToken: 't' }],
    ['items', { items: VALUE.items }],
    ['items(name)', { items: [{ name: 'a' }, { name: 'b' }] }],
    ['items/name', { items: [{ name: 'a' }, { name: 'b' }] }],
    ['items.name', { items: [{ name: 'a' }, { name: 'b' }] }],
    ['items(name,labels/env),nextPageToken', { items: [{ name: 'a', labels: { env: 'dev' } }, { name: 'b' }], nextPageToken: 't' }],
    ['items/labels/env,items/labels/team', { items: [{ labels: VALUE.items[0]?.labels }, {}] }],
    ['items(labels(env)),items', { items: VALUE.items }],
    ['items,items(name)', { items: VALUE.items }],
    ['scopes/*(warning/code,instances(id))', { scopes: { 'zones/z': { instances: [{ id: '1' }], warning: { code: 'W' } }, 'zones/y': {} } }],
    ['scopes/*/instances/name,scopes/*/instances/id', { scopes: { 'zones/z': { instances: [{ id: '1', name: 'n' }] }, 'zones/y': {} } }],
    ['absent', {}],
  ]; // prettier-ignore
  for (const [mask, expected] of cases)
    it(`selects ${mask}`, () => {
      assert.deepEqual(selectFields(VALUE, mask), expected);
    });

  for (const mask of ['', 'items(', 'items(name', 'items)', 'a,,b', 'a/', '(a)'])
    it(`refuses "${mask}"`, () => {
      assert.throws(
        () => selectFields(VALUE, mask),
        (error) => error instanceof ApiError && error.status === 400,
      );
    });
});
