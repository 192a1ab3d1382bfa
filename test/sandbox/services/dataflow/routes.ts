import { pageOf } from '../../http/paging.ts';
import type { Route } from '../../http/route.ts';
import type { StoredServiceOptions } from '../stored/routes.ts';

const MAX_PAGE_SIZE = 1_000;
const ENDED: ReadonlySet<unknown> = new Set([
  'JOB_STATE_DONE',
  'JOB_STATE_FAILED',
  'JOB_STATE_CANCELLED',
  'JOB_STATE_UPDATED',
  'JOB_STATE_DRAINED',
]);

/** Dataflow v1b3: the jobs of all regions in one list. */
export function dataflowRoutes({ store, projects }: StoredServiceOptions): Route[] {
  return [
    {
      id: 'dataflow.projects.jobs.aggregated',
      host: 'dataflow.googleapis.com',
      method: 'GET',
      path: /^\/v1b3\/projects\/(?<project>[^/]+)\/jobs:aggregated$/,
      query: ['filter', 'pageSize', 'pageToken', 'view', 'location', 'name'],
      needs: (call) => [
        {
          permission: 'dataflow.jobs.list',
          on: `projects/${projects.require(call.params['project'] ?? '', 'dataflow')}`,
        },
      ],
      handle(call) {
        const projectId = projects.require(call.params['project'] ?? '', 'dataflow');
        const { unreachableLocations } = projects.get(projectId).seed;
        const active = call.query.get('filter') === 'ACTIVE';
        const jobs = store
          .list(projectId, 'dataflow', 'locations/-', 'jobs')
          .filter(({ path }) => !unreachableLocations.includes(path.split('/')[1] ?? ''))
          .filter(({ body }) => !active || !ENDED.has(body['currentState']));
        const size = Math.min(Number(call.query.get('pageSize') ?? '0') || MAX_PAGE_SIZE, MAX_PAGE_SIZE);
        const { items, nextPageToken } = pageOf(jobs, size, call.query.get('pageToken') ?? undefined);
        return {
          body: {
            ...(items.length === 0
              ? {}
              : {
                  jobs: items.map(({ path, body }) => ({
                    projectId,
                    location: path.split('/')[1],
                    id: path.split('/').at(-1),
                    ...body,
                  })),
                }),
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
            ...(unreachableLocations.length === 0
              ? {}
              : { failedLocation: unreachableLocations.map((name) => ({ name })) }),
          },
        };
      },
    },
  ];
}
