import { describe, expect, it } from 'vitest';
import { createClock } from '../../clock/clock.ts';
import { momentMs } from '../../clock/moment.ts';
import type { Call } from '../../http/route.ts';
import { parseScenario } from '../../scenario.ts';
import { createProjects } from '../resource-manager/projects.ts';
import { createFleet } from './fleet.ts';
import { groupRoutes } from './group-routes.ts';
import { createGroups } from './groups.ts';

const START = Date.parse('2026-11-18T09:00:00Z');
const ZONAL = 'zones/us-central1-a/instanceGroupManagers/web';
const REGIONAL = 'regions/us-central1/instanceGroupManagers/wide';

const member = (id: string, group: string) => ({
  id,
  zone: 'us-central1-a',
  machineType: 'n1-standard-4',
  metadata: { 'created-by': `projects/11/${group}` },
});
const scenario = parseScenario({
  name: 'groups',
  projects: [
    {
      id: 'p',
      number: '11',
      vms: [member('web-0', ZONAL), member('wide-0', REGIONAL)],
      instanceGroups: [
        { id: 'web', zone: 'us-central1-a', targetSize: 1, stockout: true },
        { id: 'wide', region: 'us-central1', targetSize: 1, stockout: true },
      ],
    },
  ],
});

function world() {
  const clock = createClock({ startMs: START, frozen: true });
  const fleet = createFleet({ clock, projects: scenario.projects, timeOf: (text) => momentMs(text, START) });
  const groups = createGroups({ clock, fleet, projects: scenario.projects });
  const routes = groupRoutes({ groups, projects: createProjects(scenario) });
  const listErrors = (group: string, query = '') => {
    const url = new URL(`https://compute.googleapis.com/compute/v1/projects/p/${group}/listErrors${query}`);
    const route = routes.find(({ method, path }) => method === 'GET' && path.test(url.pathname));
    if (route === undefined) throw new Error(`no route for ${url.pathname}`);
    const params = { ...route.path.exec(url.pathname)?.groups };
    const call = { params, query: url.searchParams } as unknown as Call;
    return { needs: route.needs(call), id: route.id, body: route.handle(call) };
  };
  return { clock, groups, listErrors };
}

describe('a managed group without capacity', () => {
  it.each([
    [ZONAL, 'instanceGroupManagers'],
    [REGIONAL, 'regionInstanceGroupManagers'],
  ])(
    '%s: names each attempt that failed, in pages, and has its members once there is some',
    async (path, collection) => {
      const { clock, groups, listErrors } = world();
      const group = groups.get('p', path);
      expect(listErrors(path)).toEqual({
        id: `compute.${collection}.listErrors`,
        needs: [{ permission: 'compute.instanceGroupManagers.get', on: 'projects/p' }],
        body: { body: {} },
      });
      groups.resize(group, 2);
      await clock.advance(120_000);
      expect([groups.isStable(group), groups.membersOf(group).length]).toEqual([false, 1]);
      const error = (timestamp: string) => ({
        error: {
          code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
          message: expect.stringContaining('enough resources') as string,
        },
        instanceActionDetails: {
          action: 'CREATING',
          instance: expect.stringMatching(/^https:.*\/instances\//) as string,
        },
        timestamp,
      });
      const token = Buffer.from('after:1').toString('base64url');
      expect(listErrors(path, '?maxResults=1').body).toEqual({
        body: { items: [error('2026-11-18T09:00:02.000Z')], nextPageToken: token },
      });
      expect(listErrors(path, `?maxResults=1&pageToken=${token}`).body).toEqual({
        body: { items: [error('2026-11-18T09:01:02.000Z')] },
      });
      group.seed.stockout = false;
      await clock.advance(300_000);
      expect([groups.isStable(group), groups.membersOf(group).length]).toEqual([true, 2]);
      group.seed.stockout = true;
    },
  );
});
