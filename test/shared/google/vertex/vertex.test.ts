import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { GoogleApiError } from '../../../../shared/google/google-api-error.ts';
import { getEndpointOperation } from '../../../../shared/google/vertex/deployment.ts';
import { listRunningJobs } from '../../../../shared/google/vertex/running-jobs.ts';
import { getEndpoint, listVertexRegions } from '../../../../shared/google/vertex/vertex.ts';
import { scriptedApi } from '../../../support/scripted-api.ts';

const ENDPOINT = 'projects/1/locations/us-east4/endpoints/7';

describe('getEndpoint', () => {
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

/** Names that would lead to another host if they stood in one. */
const EVIL_REGIONS = [
  'evil.example/x',
  'evil.example?x=',
  'evil.example#',
  'user:pass@evil.example',
  'a b',
  '',
];

describe('a name that would lead to another host', () => {
  it.each(EVIL_REGIONS)(
    'as the location "%s" is no region, and a gap where jobs are looked for',
    async (locationId) => {
      const answer = ({ target }: { readonly target: string }): object =>
        target.endsWith('/locations') ? { locations: [{ locationId }, { locationId: 'us-east4' }] } : {};
      const { api, requested } = scriptedApi(answer);
      const { items, strange } = await listVertexRegions(api, 'p');
      assert.deepEqual([items, strange.map(({ path }) => path)], [['us-east4'], ['locations[0].locationId']]);
      const { gaps } = await listRunningJobs(api, 'p');
      assert.deepEqual(
        gaps.map(({ where }) => where),
        ['Vertex AI locations'],
      );
      for (const { target } of requested)
        assert.match(target, /^(?:us-east4-)?aiplatform\.googleapis\.com\//);
    },
  );

  it.each(EVIL_REGIONS)(
    'as the place "%s" of an endpoint or an operation is sent nowhere',
    async (region) => {
      const { api, requested } = scriptedApi(() => ({}));
      for (const look of [getEndpoint, getEndpointOperation])
        await assert.rejects(
          () => look(api, `projects/p/locations/${region}/operations/1`),
          /is no region of Vertex AI$/,
        );
      assert.deepEqual(requested, []);
    },
  );
});
