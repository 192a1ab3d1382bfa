import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Route } from '../../http/route.ts';
import type { ProjectSeed } from '../../scenario.ts';
import { parseFilter, wildcard, type Test } from '../../http/boolean-filter.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from './projects.ts';

const HOST = 'cloudresourcemanager.googleapis.com';
const MAX_PAGE_SIZE = 500;
const READ = 'resourcemanager.projects.get';

/** Cloud Resource Manager v1, which gcloud still reads projects from. No client package ships its definitions any more. */
export function projectsV1(options: { readonly projects: Projects; readonly iam: Iam }): Route[] {
  const { projects, iam } = options;
  const show = (project: ProjectSeed): object => {
    const [collection = '', id = ''] = (projects.parentOf(`projects/${project.id}`) ?? '').split('/');
    return {
      projectNumber: project.number,
      projectId: project.id,
      lifecycleState: project.state,
      name: project.displayName ?? project.id,
      ...(Object.keys(project.labels).length === 0 ? {} : { labels: project.labels }),
      createTime: '2025-01-15T09:30:00Z',
      ...(id === '' ? {} : { parent: { type: collection.replace(/s$/, ''), id } }),
    };
  };
  return [
    {
      id: 'cloudresourcemanager.v1.projects.get',
      host: HOST,
      method: 'GET',
      path: /^\/v1\/projects\/(?<project>[^/:]+)$/,
      query: [],
      needs: (call) => [
        { permission: READ, on: `projects/${projects.require(call.params['project'] ?? '')}` },
      ],
      handle: (call) => ({ body: show(projects.get(call.params['project'] ?? '').seed) }),
    },
    {
      id: 'cloudresourcemanager.v1.projects.list',
      host: HOST,
      method: 'GET',
      path: /^\/v1\/projects$/,
      query: ['filter', 'pageSize', 'pageToken'],
      needs: () => [],
      handle(call) {
        const matches = projectFilter(call.query.get('filter') ?? '', projects);
        const visible = projects.all.filter(
          (project) =>
            iam.allows(call.principal, { permission: READ, on: `projects/${project.id}` }) &&
            matches(project),
        );
        return { body: pageAnswer('projects', pageOfQuery(visible, call.query, MAX_PAGE_SIZE), show) };
      },
    },
  ];
}

const FIELD = /^(?:id|projectId|name|lifecycleState|labels\.[\w-]+|parent\.(?:type|id))$/;

/** `lifecycleState:ACTIVE name:ml-* labels.env:dev (parent.type:folder OR parent.id:1)`; case is ignored. */
function projectFilter(text: string, projects: Projects): Test<ProjectSeed> {
  if (text === '') return () => true;
  return parseFilter<ProjectSeed>(text, {
    signs: [':', '='],
    comparison(field, operator, wanted) {
      if (!FIELD.test(field) || (operator !== ':' && operator !== '=')) return undefined;
      return (project) => {
        const value = valuesOf(project, projects)[field];
        return value !== undefined && wildcard(wanted).test(value);
      };
    },
    invalid: () => new ApiError('INVALID_ARGUMENT', `Invalid filter "${text}".`),
  });
}

function valuesOf(project: ProjectSeed, projects: Projects): Readonly<Record<string, string>> {
  const [collection = '', id = ''] = (projects.parentOf(`projects/${project.id}`) ?? '').split('/');
  return {
    id: project.id,
    projectId: project.id,
    name: project.displayName ?? project.id,
    lifecycleState: project.state,
    'parent.type': collection.replace(/s$/, ''),
    'parent.id': id,
    ...Object.fromEntries(Object.entries(project.labels).map(([key, value]) => [`labels.${key}`, value])),
  };
}
