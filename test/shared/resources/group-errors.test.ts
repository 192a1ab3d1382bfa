import { describe, expect, it } from 'vitest';
import { newestGroupError } from '../../../shared/resources/compute/group-errors.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const ZONAL = 'projects/p/zones/us-central1-a/instanceGroupManagers/web';
const REGIONAL = 'projects/p/regions/us-central1/instanceGroupManagers/wide';
const SINCE_MS = Date.parse('2026-11-18T10:00:00Z');

const error = (timestamp: string, message: string) => ({
  timestamp,
  error: { code: 'QUOTA_EXCEEDED', message },
  instanceActionDetails: { action: 'CREATING' },
});

describe('newestGroupError', () => {
  it('reads zonal and regional groups, page by page, in whatever order their errors come', async () => {
    const { api, requested } = scriptedApi(({ target, query }) => {
      if (target.includes('/regions/')) return { items: [error('2026-11-18T10:02:00Z', 'of the region')] };
      return query['pageToken'] === undefined
        ? { items: [error('2026-11-18T10:01:00Z', 'first page')], nextPageToken: 'x' }
        : { items: [error('2026-11-18T03:03:00-07:00', 'newest'), error('2026-11-18T09:59:59Z', 'before')] };
    });
    expect(await newestGroupError(api, [ZONAL, REGIONAL], SINCE_MS)).toBe(
      "Google's newest error since the request, of 2026-11-18T10:03:00.000Z: QUOTA_EXCEEDED: newest",
    );
    expect([...new Set(requested.map(({ target }) => target))]).toEqual([
      `compute.googleapis.com/compute/v1/${ZONAL}/listErrors`,
      `compute.googleapis.com/compute/v1/${REGIONAL}/listErrors`,
    ]);
  });

  it('counts one of the moment of the request, and none of before', async () => {
    const { api } = scriptedApi(() => ({ items: [error('2026-11-18T10:00:00Z', 'same moment')] }));
    expect(await newestGroupError(api, [ZONAL], SINCE_MS)).toMatch(/: same moment$/);
    expect(await newestGroupError(api, [ZONAL], SINCE_MS + 1)).toBe(
      'Google names no error since the request',
    );
  });

  it('shows what can be read beside what cannot, and says where nothing can', async () => {
    for (const strange of [{ error: {} }, { timestamp: 'lately', error: {} }, 7]) {
      const { api } = scriptedApi(() => ({ items: [strange, error('2026-11-18T10:01:00Z', 'readable')] }));
      expect(await newestGroupError(api, [ZONAL], SINCE_MS)).toMatch(/: readable$/);
      const { api: other } = scriptedApi(() => ({ items: [strange] }));
      expect(await newestGroupError(other, [ZONAL], SINCE_MS)).toMatch(
        /^Google's errors could not be read: another form than documented at items\[0\]/,
      );
    }
    const { api } = scriptedApi(() => ({}));
    expect(await newestGroupError(api, [ZONAL], SINCE_MS)).toBe('Google names no error since the request');
  });
});
