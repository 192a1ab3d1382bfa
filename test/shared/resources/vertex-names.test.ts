import { expect, it } from 'vitest';
import { readResources } from '../../../shared/resources/inventory.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const GOOD = 'projects/1/locations/us-east4/schedules/good';

it.each(['', 'schedules/1', 'projects/1/locations/evil.example?x=/schedules/1'])(
  'a resource of Vertex AI that is named "%s" is a gap, and hides no other',
  async (name) => {
    const kinds = RESOURCE_KINDS.filter(({ kind }) => kind === 'schedule');
    const { api } = scriptedApi(({ target }) => {
      if (target.endsWith('/locations')) return { locations: [{ locationId: 'us-east4' }] };
      const running = { state: 'ACTIVE', displayName: 's' };
      return target.endsWith('/schedules')
        ? {
            schedules: [
              { ...running, name },
              { ...running, name: GOOD },
            ],
          }
        : {};
    });
    const { resources, gaps } = await readResources({ api, now: new Date(0) }, 'p', kinds);
    expect(resources.map(({ resource }) => resource)).toEqual([GOOD]);
    expect(gaps.map(({ why }) => why)).toEqual([
      expect.stringContaining('another form than documented at schedules[0].name') as string,
    ]);
  },
);
