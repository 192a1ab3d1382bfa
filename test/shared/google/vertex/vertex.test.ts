import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { GoogleApiError } from '../../../../shared/google/google-api-error.ts';
import { getEndpoint } from '../../../../shared/google/vertex/vertex.ts';
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
