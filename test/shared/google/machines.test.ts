import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { indexMachines, listDiskTypes } from '../../../shared/google/machines.ts';
import { refuse, scriptedApi } from '../../support/scripted-api.ts';

const COMPUTE = 'compute.googleapis.com/compute/v1/projects/ml-lab/aggregated';
const URL_BASE = 'https://www.googleapis.com/compute/v1/projects/ml-lab/zones/us-central1-a';

describe('listDiskTypes', () => {
  test('types by zone and name, over pages, from the type as a URL', async () => {
    const { api, requested } = scriptedApi(({ query }) =>
      query['pageToken'] === undefined
        ? {
            items: {
              'zones/us-central1-a': {
                disks: [{ name: 'boot', type: `${URL_BASE}/diskTypes/pd-balanced` }, { name: 'untyped' }],
              },
              'zones/us-central1-b': { warning: { code: 'NO_RESULTS_ON_PAGE' } },
            },
            nextPageToken: 'p2',
          }
        : {
            items: {
              'zones/us-central1-b': { disks: [{ name: 'boot', type: `${URL_BASE}/diskTypes/pd-ssd` }] },
              'regions/us-central1': { disks: [{ name: 'regional', type: 'hyperdisk-balanced' }] },
            },
            nextPageToken: '',
          },
    );
    assert.deepEqual(
      [...(await listDiskTypes(api, 'ml-lab')).types],
      [
        ['zones/us-central1-a/disks/boot', 'pd-balanced'],
        ['zones/us-central1-b/disks/boot', 'pd-ssd'],
        ['regions/us-central1/disks/regional', 'hyperdisk-balanced'],
      ],
    );
    const query = {
      maxResults: '500',
      returnPartialSuccess: 'true',
      fields: 'items/*(warning/code,disks(name,type,selfLink)),unreachables,nextPageToken',
    };
    assert.deepEqual(
      requested.map((one) => [one.target, one.query]),
      [
        [`${COMPUTE}/disks`, query],
        [`${COMPUTE}/disks`, { ...query, pageToken: 'p2' }],
      ],
    );
  });
});

describe('indexMachines', () => {
  test('VMs by numeric id, with their disks', async () => {
    const { api, requested } = scriptedApi(() => ({
      items: {
        'zones/us-central1-a': {
          instances: [
            {
              id: '4567',
              name: 'nb-1',
              status: 'RUNNING',
              lastStartTimestamp: '2026-11-18T13:40:00.000-08:00',
              disks: [
                { boot: true, type: 'PERSISTENT', source: `${URL_BASE}/disks/boot`, diskSizeGb: '150' },
                { boot: false, type: 'PERSISTENT', source: `${URL_BASE}/disks/elsewhere`, diskSizeGb: '100' },
                { type: 'SCRATCH', diskSizeGb: '375' },
                {},
              ],
            },
          ],
        },
      },
    }));
    const { byId, unreachable } = await indexMachines(api, 'ml-lab');
    assert.deepEqual(unreachable, []);
    assert.deepEqual(
      [...byId],
      [
        [
          '4567',
          {
            name: 'nb-1',
            zone: 'us-central1-a',
            status: 'RUNNING',
            lastStartMs: Date.parse('2026-11-18T21:40:00Z'),
            disks: [
              { boot: true, scratch: false, sizeGb: 150, key: 'zones/us-central1-a/disks/boot' },
              { boot: false, scratch: false, sizeGb: 100, key: 'zones/us-central1-a/disks/elsewhere' },
              { boot: false, scratch: true, sizeGb: 375, key: 'zones/us-central1-a/disks/' },
              { boot: false, scratch: false, sizeGb: undefined, key: 'zones/us-central1-a/disks/' },
            ],
            spot: false,
            billsOn: undefined,
            externalIp: undefined,
          },
        ],
      ],
    );
    assert.equal(requested[0]?.query['returnPartialSuccess'], 'true');
  });

  test('how a VM is paid for, and the address that it has', async () => {
    const vm = (id: string, more: object) => ({ id, name: id, status: 'RUNNING', ...more });
    const { api } = scriptedApi(() => ({
      items: {
        'zones/z': {
          instances: [
            vm('spot', { scheduling: { provisioningModel: 'SPOT' } }),
            vm('old', { scheduling: { preemptible: true } }),
            vm('flex', { scheduling: { provisioningModel: 'FLEX_START' } }),
            vm('own', { reservationAffinity: { consumeReservationType: 'SPECIFIC_RESERVATION' } }),
            vm('any', {
              reservationAffinity: { consumeReservationType: 'ANY_RESERVATION' },
              networkInterfaces: [{}, { accessConfigs: [{}, { natIP: '203.0.113.7' }] }],
            }),
          ],
        },
      },
    }));
    const { byId } = await indexMachines(api, 'ml-lab');
    assert.deepEqual(
      [...byId].map(([id, { spot, billsOn, externalIp }]) => [id, spot, billsOn, externalIp]),
      [
        ['spot', true, undefined, undefined],
        ['old', true, undefined, undefined],
        ['flex', false, 'its flex-start capacity', undefined],
        ['own', false, 'its specific reservation', undefined],
        ['any', false, undefined, '203.0.113.7'],
      ],
    );
  });

  test('a VM that never started has no start, and one without disks none', async () => {
    const { api } = scriptedApi(() => ({
      items: {
        'zones/z': { instances: [{ id: '1', name: 'vm', status: 'STAGING', lastStartTimestamp: '' }] },
      },
    }));
    const machine = (await indexMachines(api, 'ml-lab')).byId.get('1');
    assert.deepEqual([machine?.lastStartMs, machine?.disks], [undefined, []]);
  });

  test('zones that could not be reached, from either place, over all pages, once and sorted', async () => {
    const { api } = scriptedApi(({ query }) =>
      query['pageToken'] === undefined
        ? {
            items: {
              'zones/b': { warning: { code: 'UNREACHABLE' } },
              'zones/c': { warning: { code: 'NO_RESULTS_ON_PAGE' } },
            },
            unreachables: ['zones/d'],
            nextPageToken: 'p2',
          }
        : {
            items: {
              'zones/a': { warning: { code: 'UNREACHABLE' } },
              'zones/e': { instances: [{ id: '1', name: 'vm', status: 'RUNNING' }] },
            },
            unreachables: ['zones/b'],
          },
    );
    const { byId, unreachable } = await indexMachines(api, 'ml-lab');
    assert.deepEqual(unreachable, ['zones/a', 'zones/b', 'zones/d']);
    assert.deepEqual([...byId.keys()], ['1']);
  });

  test('a project without VMs', async () => {
    const { api } = scriptedApi(() => ({}));
    assert.equal((await indexMachines(api, 'ml-lab')).byId.size, 0);
  });

  test('a failure on a later page is thrown', async () => {
    const { api } = scriptedApi(({ query }) =>
      query['pageToken'] === undefined ? { items: {}, nextPageToken: 'p2' } : refuse(403),
    );
    await assert.rejects(indexMachines(api, 'ml-lab'), { name: 'GoogleApiError', status: 403 });
  });
});
