import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { GoogleApiError } from '../../../../shared/google/google-api-error.ts';
import { readVertexInventory } from '../../../../shared/google/vertex/inventory.ts';
import { getEndpoint } from '../../../../shared/google/vertex/vertex.ts';
import { scriptedApi } from '../scripted-api.ts';

const ENDPOINT = 'projects/1/locations/us-east4/endpoints/7';

describe('one strange item of Vertex AI hides no other', () => {
  it('locations, jobs, endpoints and deployed models', async () => {
    const job = (id: number) => ({ name: `j${id}`, state: 'JOB_STATE_RUNNING' });
    const { api } = scriptedApi(({ target }) => {
      if (target.endsWith('/locations'))
        return { locations: [{ locationId: 5 }, { locationId: 'us-east4' }] };
      if (target.endsWith('/customJobs'))
        return { customJobs: [job(1), { ...job(2), displayName: 7 }, job(3)] };
      if (target.endsWith('/tuningJobs')) return { tuningJobs: 'none' };
      if (!target.endsWith('/endpoints')) return {};
      return {
        endpoints: [
          { name: 5 },
          { name: ENDPOINT, deployedModels: [{ id: 1 }, { id: '2' }] },
          { name: 'only-strange', deployedModels: [null] },
        ],
      };
    });
    const { jobs, endpoints, gaps, strange } = await readVertexInventory(api, 'p');
    assert.deepEqual(gaps, []);
    assert.deepEqual(
      jobs.map(({ resource }) => resource),
      ['j1', 'j3'],
    );
    assert.deepEqual(
      endpoints.map(({ resource, models }) => [resource, models]),
      [[ENDPOINT, [{ id: '2' }]]],
    );
    assert.deepEqual(
      strange.flatMap(({ where, items }) => items.map(({ path, why }) => `${where}: ${path}: ${why}`)),
      [
        'Vertex AI locations: locations[0].locationId: it is 5, not string',
        'Vertex AI endpoints in us-east4: endpoints[0].name: it is 5, not string',
        'Vertex AI customJobs in us-east4: customJobs[1].displayName: it is 7, not string',
        'Vertex AI tuningJobs in us-east4: tuningJobs: it is "none", not a list',
        `${ENDPOINT}: deployedModels[0].id: it is 1, not string`,
        'only-strange: deployedModels[0]: it is null, not object',
      ],
    );
  });

  it('a job in a state that is not known, or in none, is not evaluable, never ended', async () => {
    const states = [
      'JOB_STATE_RUNNING',
      'JOB_STATE_RESUMING',
      'JOB_STATE_UNSPECIFIED',
      undefined,
      'JOB_STATE_FAILED',
    ];
    const { api } = scriptedApi(({ target }) => {
      if (target.endsWith('/locations')) return { locations: [{ locationId: 'us-east4' }] };
      return target.endsWith('/customJobs')
        ? { customJobs: states.map((state, id) => ({ name: `j${id}`, state })) }
        : {};
    });
    const { jobs, strange } = await readVertexInventory(api, 'p');
    assert.deepEqual(
      jobs.map(({ resource }) => resource),
      ['j0'],
    );
    assert.deepEqual(
      strange.flatMap(({ items }) => items.map(({ path, why }) => `${path}: ${why}`)),
      [
        'customJobs[1].state: it is "JOB_STATE_RESUMING"',
        'customJobs[2].state: it is "JOB_STATE_UNSPECIFIED"',
        'customJobs[3].state: it is missing, not string',
      ],
    );
  });

  for (const [title, model, about, readable] of [
    ['shows another id', { id: 4 }, '2', true],
    ['shows the id as a number', { id: 2 }, '2', false],
    ['shows no id', {}, '2', false],
    ['shows another id, where all matter', { id: 4 }, undefined, false],
  ] as const)
    it(`an endpoint with an unreadable model that ${title} is ${readable ? 'readable' : 'not known'}`, async () => {
      const { api } = scriptedApi(() => ({ name: ENDPOINT, deployedModels: [{ id: '1' }, model] }));
      const look = () => getEndpoint(api, ENDPOINT, about);
      if (readable) {
        assert.deepEqual((await look()).models, [{ id: '1' }]);
        return;
      }
      await assert.rejects(look, (error) => {
        assert.ok(error instanceof GoogleApiError && !error.retryable);
        assert.match(error.message, /aiplatform\.endpoints\.get.*deployedModels\[1\]\.id: it is/);
        return true;
      });
    });
});
