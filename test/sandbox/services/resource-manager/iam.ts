import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import type { Call, Route } from '../../http/route.ts';
import type { Scenario } from '../../scenario.ts';
import { policyRoutes } from '../iam/policy-routes.ts';
import type { Projects } from './projects.ts';

const HOST = 'cloudresourcemanager.googleapis.com';

/** Versions of the API that serve policies of each collection; gcloud still calls the older ones. */
const VERSIONS = { projects: 'v1|v3', folders: 'v2|v3', organizations: 'v1|v3' } as const;

export interface ResourceManagerIamOptions {
  readonly projects: Projects;
  readonly scenario: Scenario;
  readonly iam: Iam;
  readonly policies: Policies;
}

/** The policies of projects, folders and the organization, and where in the tree they stand. */
export function resourceManagerIam(options: ResourceManagerIamOptions): Route[] {
  const { projects, scenario, iam, policies } = options;
  const nameOf = (collection: keyof typeof VERSIONS, id: string): string => {
    if (collection === 'projects') return `projects/${projects.require(id)}`;
    const known = collection === 'folders' ? scenario.folders : [scenario.organization];
    if (!known.some((one) => one?.id === id))
      throw new ApiError('PERMISSION_DENIED', `The caller does not have permission (${collection}/${id}).`);
    return `${collection}/${id}`;
  };
  const ancestry = (resource: string): readonly string[] => {
    const above = projects.parentOf(resource);
    return above === undefined ? [resource] : [resource, ...ancestry(above)];
  };

  return [
    ...(['projects', 'folders', 'organizations'] as const).flatMap((collection) =>
      policyRoutes({
        host: HOST,
        id: `cloudresourcemanager.${collection}`,
        permission: `resourcemanager.${collection}`,
        path: `/(?:${VERSIONS[collection]})/${collection}/(?<id>[^/:]+)`,
        resourceOf: (call) => nameOf(collection, call.params['id'] ?? ''),
        iam,
        policies,
      }),
    ),
    {
      id: 'cloudresourcemanager.projects.getAncestry',
      host: HOST,
      method: 'POST',
      path: /^\/v1\/projects\/(?<id>[^/:]+):getAncestry$/,
      query: [],
      needs: (call) => [{ permission: 'resourcemanager.projects.get', on: idIn(call) }],
      handle: (call) => ({
        body: {
          ancestor: ancestry(idIn(call)).map((resource) => {
            const [collection = '', id = ''] = resource.split('/');
            return { resourceId: { type: collection.replace(/s$/, ''), id } };
          }),
        },
      }),
    },
    {
      // Of v2, which gcloud still calls; that of v3 comes with the client package's definitions.
      id: 'cloudresourcemanager.v2.folders.get',
      host: HOST,
      method: 'GET',
      path: /^\/v2\/folders\/(?<id>[^/:]+)$/,
      query: [],
      needs: (call) => [
        { permission: 'resourcemanager.folders.get', on: nameOf('folders', call.params['id'] ?? '') },
      ],
      handle(call) {
        const name = nameOf('folders', call.params['id'] ?? '');
        const folder = scenario.folders.find(({ id }) => name === `folders/${id}`);
        return {
          body: {
            name,
            parent: folder?.parent,
            displayName: folder?.displayName,
            lifecycleState: 'ACTIVE',
            createTime: '2025-01-15T09:30:00Z',
          },
        };
      },
    },
    {
      id: 'cloudresourcemanager.organizations.get',
      host: HOST,
      method: 'GET',
      path: /^\/(?<version>v[13])\/organizations\/(?<id>[^/:]+)$/,
      query: [],
      needs: (call) => [
        {
          permission: 'resourcemanager.organizations.get',
          on: nameOf('organizations', call.params['id'] ?? ''),
        },
      ],
      handle: (call) => ({
        body: {
          name: `organizations/${call.params['id'] ?? ''}`,
          displayName: scenario.organization?.displayName,
          [call.params['version'] === 'v1' ? 'lifecycleState' : 'state']: 'ACTIVE',
        },
      }),
    },
  ];

  function idIn(call: Call): string {
    return nameOf('projects', call.params['id'] ?? '');
  }
}
