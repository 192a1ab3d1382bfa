import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import * as z from 'zod/mini';
import { listBuckets } from '../../../shared/google/buckets.ts';
import { indexMachines } from '../../../shared/google/machines.ts';
import { querySeries } from '../../../shared/google/monitoring.ts';
import { getNotebook, listNotebooks } from '../../../shared/google/notebooks.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { noteStrange, readItems } from '../../../shared/google/read-items.ts';
import { listProjects } from '../../../shared/google/projects.ts';
import { stringMap } from '../../../shared/google/string-map.ts';
import { listRunningVms } from '../../../shared/google/vms.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const schema = z.looseObject({
  name: z.string(),
  labels: z.optional(stringMap),
  metadata: z.optional(stringMap),
  disks: z.optional(z.array(z.looseObject({ type: z.optional(z.string()) }))),
});

describe('readItems', () => {
  const CASES: readonly (readonly [string, unknown, string, string])[] = [
    ['a number for a text', { name: 7 }, 'items[1].name', 'it is 7, not string'],
    ['a missing field', {}, 'items[1].name', 'it is missing, not string'],
    ['no object at all', 'x', 'items[1]', 'it is "x", not object'],
    ['null', null, 'items[1]', 'it is null, not object'],
    ['one entry of a map', { name: 'a', labels: { a: 'b', team: 5 } }, 'items[1].labels.team', 'it is 5'],
    ['a field deep inside', { name: 'a', disks: [{}, { type: ['x'] }] }, 'items[1].disks[1].type', 'it is a list of 1, not string'],
    ['metadata, whose texts stay out', { name: 'a', metadata: 'hunter2' }, 'items[1].metadata', 'it is a text of 7 characters'],
    ['a long text, which stays out', { name: 'a', labels: 'x'.repeat(9_999) }, 'items[1].labels', 'it is a text of 9999 characters'],
  ]; // prettier-ignore
  for (const [what, raw, path, why] of CASES)
    it(`reads the items around ${what}`, () => {
      const { items, strange } = readItems([{ name: 'before' }, raw, { name: 'after' }], schema, 'items');
      assert.deepEqual(items, [{ name: 'before' }, { name: 'after' }]);
      assert.deepEqual(strange, [{ path, why, raw }]);
    });

  it('takes a list that is none for one strange item, and nothing for an empty one', () => {
    assert.deepEqual(readItems({ a: 1 }, schema, 'items').strange, [
      { path: 'items', why: 'it is an object with 1 fields, not a list', raw: { a: 1 } },
    ]);
    assert.deepEqual(readItems(undefined, schema, 'items'), { items: [], strange: [] });
  });

  it('names twenty and counts the others', () => {
    const { strange } = readItems(Array(10_000).fill(0), schema, 'items');
    const gaps: string[] = [];
    noteStrange(({ where, why }) => void gaps.push(`${where} ${why}`), 'projects/p VMs', strange);
    assert.equal(gaps.length, 21);
    assert.equal(gaps[20], 'projects/p VMs not evaluable: 9980 more of another form than documented');
  });
});

describe('one strange item of a listing hides no other', () => {
  it('notebooks', async () => {
    const nameOf = (id: string): string => `projects/p/locations/l/instances/${id}`;
    const { api } = scriptedApi(() => ({
      instances: [{ name: nameOf('a') }, { name: nameOf('b'), labels: 3 }, { name: nameOf('c') }],
    }));
    for await (const { instances, strange } of listNotebooks(api, 'p')) {
      assert.deepEqual(
        instances.map(({ name }) => name),
        [nameOf('a'), nameOf('c')],
      );
      assert.deepEqual(
        strange.map(({ path }) => path),
        ['instances[1].labels'],
      );
    }
  });

  it('VMs of a zone, and a zone', async () => {
    const vm = (id: string) => ({ id, name: `vm-${id}`, status: 'RUNNING' });
    const { api } = scriptedApi(() => ({
      items: {
        'zones/a': { instances: [vm('1'), { id: 2 }, vm('3')] },
        'zones/b': 'down',
        'zones/c': { instances: [vm('4')] },
      },
    }));
    const paths = ['items.zones/a.instances[1].id', 'items.zones/b[0]'];
    const { vms, strange } = await listRunningVms(api, 'p');
    assert.deepEqual(
      vms.map(({ id }) => id),
      ['1', '3', '4'],
    );
    assert.deepEqual(
      strange.map(({ path }) => path),
      paths,
    );
    const index = await indexMachines(api, 'p');
    assert.deepEqual([...index.byId.keys()], ['1', '3', '4']);
    assert.deepEqual(
      index.strange.map(({ path }) => path),
      paths,
    );
  });

  it('buckets', async () => {
    const bucket = (name: string) => ({ name, metageneration: '1' });
    const { api } = scriptedApi(() => ({ items: [bucket('a'), { name: 'b' }, bucket('c')] }));
    for await (const { buckets, strange } of listBuckets(api, 'p')) {
      assert.deepEqual(
        buckets.map(({ name }) => name),
        ['a', 'c'],
      );
      assert.deepEqual(
        strange.map(({ path, why }) => `${path} ${why}`),
        ['items[1].metageneration it is missing, not string'],
      );
    }
  });

  it('projects and folders', async () => {
    const { api } = scriptedApi(({ target }) =>
      target.endsWith('projects:search')
        ? { projects: [{ projectId: 'a' }, { projectId: 1 }] }
        : { folders: [{ name: 2 }] },
    );
    const noted: string[] = [];
    const projects = await listProjects(api, ['folders/1'], (parent, strange) => {
      noted.push(...strange.map(({ path }) => `${parent} ${path}`));
    });
    assert.deepEqual(projects, ['a']);
    assert.deepEqual(noted, ['folders/1 projects[1].projectId', 'folders/1 folders[0].name']);
  });

  it('time series: the answer is partial then', async () => {
    const point = { interval: { endTime: '2026-11-18T12:00:00Z' }, value: { doubleValue: 1 } };
    const { api } = scriptedApi(() => ({
      timeSeries: [{ points: [point] }, { points: 'none' }],
      unreachable: ['us-east1', 5],
    }));
    const { series, partial } = await querySeries(api, {
      projectId: 'p', metricType: 'm', filter: 'f', startMs: 0, endMs: 60_000, aligner: 'ALIGN_MAX', alignmentSeconds: 60,
    }); // prettier-ignore
    assert.equal(series.length, 1);
    assert.equal(partial[0], 'us-east1 was unreachable');
    assert.match(partial[1] ?? '', /^another form than documented at timeSeries\[1\]/);
    assert.match(partial[2] ?? '', /^another form than documented at unreachable\[1\]: it is 5, not string$/);
  });

  it('an answer that is wrong as a whole is a refusal that no retry helps against', async () => {
    const { api } = scriptedApi(() => ({ name: 7 }));
    await assert.rejects(
      () => getNotebook(api, 'projects/p/locations/z/instances/a'),
      (error) =>
        error instanceof GoogleApiError &&
        !error.retryable &&
        error.message ===
          'Cannot call "notebooks.instances.get": unexpected answer: fromProto3JSONToInternalRepresentation: field name of type string cannot contain value 7',
    );
  });
});
