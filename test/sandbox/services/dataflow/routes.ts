import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Call, Route } from '../../http/route.ts';
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
      query: ['filter', 'pageSize', 'pageToken', 'name'],
      needs: (call) => [
        {
          permission: 'dataflow.jobs.list',
          on: `projects/${projects.require(call.params['project'] ?? '', 'dataflow')}`,
        },
      ],
      handle(call) {
        const projectId = projects.require(call.params['project'] ?? '', 'dataflow');
        const { unreachableLocations } = projects.get(projectId).seed;
        const { ended, name } = chosen(call);
        const jobs = store
          .list(projectId, 'dataflow', 'locations/-', 'jobs')
          .filter(({ path }) => !unreachableLocations.includes(path.split('/')[1] ?? ''))
          .filter(({ body }) => ended === undefined || ended === ENDED.has(body['currentState']))
          .filter(({ body }) => name === null || name === body['name']);
        return {
          body: {
            ...pageAnswer('jobs', pageOfQuery(jobs, call.query, MAX_PAGE_SIZE), ({ path, body }) => ({
              projectId,
              location: path.split('/')[1],
              id: path.split('/').at(-1),
              ...body,
            })),
            ...(unreachableLocations.length === 0
              ? {}
              : { failedLocation: unreachableLocations.map((name) => ({ name })) }),
          },
        };
      },
    },
  ];
}

/** Which jobs a list is of: google/dataflow/v1beta3/jobs.proto, ListJobsRequest. */
function chosen({ query }: Call): { readonly ended: boolean | undefined; readonly name: string | null } {
  const filter = query.get('filter');
  const ended = filter === 'TERMINATED' ? true : filter === 'ACTIVE' ? false : undefined;
  return { ended, name: query.get('name') };
}
