import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Api } from '../../../../shared/google/api.ts';
import { GoogleApiError } from '../../../../shared/google/google-api-error.ts';
import { readVertexInventory } from '../../../../shared/google/vertex/inventory.ts';
import { timelessApi } from '../scripted-api.ts';

/** A host without an address, as gaxios tells of it. */
function unknownHost(name: string, host: string): GoogleApiError {
  const cause = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  return new GoogleApiError(name, Object.assign(new Error(cause.message), { cause }));
}

/** Google with so many regions; those named have no host. Counts the hosts that are called at the same time. */
function google(regions: readonly string[], absent: readonly string[]): { api: Api; most: () => number } {
  const busy = new Map<string, number>();
  let most = 0;
  const api: Api = {
    ...timelessApi(() => Promise.reject(new Error('not used here'))),
    async request(name, { url }) {
      const { host } = new URL(url);
      if (name === 'aiplatform.locations.list')
        return { locations: regions.map((locationId) => ({ locationId })) };
      busy.set(host, (busy.get(host) ?? 0) + 1);
      most = Math.max(most, busy.size);
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy.set(host, (busy.get(host) ?? 0) - 1);
      if (busy.get(host) === 0) busy.delete(host);
      if (absent.some((region) => host.startsWith(region))) throw unknownHost(name, host);
      return {};
    },
  };
  return { api, most: () => most };
}

describe('readVertexInventory', () => {
  it('calls four hosts at a time, and takes one without an address for a region that offers nothing', async () => {
    const regions = Array.from({ length: 41 }, (_, index) => `region-${index}`);
    const { api, most } = google(regions, ['region-7-']);
    const { gaps, notOffered } = await readVertexInventory(api, 'p');
    assert.deepEqual(gaps, []);
    assert.deepEqual(
      notOffered.map(({ what }) => what),
      ['endpoints', 'customJobs', 'hyperparameterTuningJobs', 'tuningJobs'].map(
        (one) => `${one} in region-7`,
      ),
    );
    assert.equal(most(), 4);
  });

  it('takes it for a fault of the resolver where no host has an address', async () => {
    const { api } = google(['us-east4', 'us-west1'], ['us-']);
    const { gaps, notOffered } = await readVertexInventory(api, 'p');
    assert.equal(gaps.length, 8);
    assert.deepEqual(notOffered, []);
    assert.ok(gaps.every(({ error }) => error instanceof GoogleApiError && error.retryable));
  });
});
