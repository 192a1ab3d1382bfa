import type { Call, Route } from '../../http/route.ts';
import type { Projects } from '../resource-manager/projects.ts';

const BASE = 'https://www.googleapis.com/compute/v1';

/** The project as Compute Engine v1 knows it, with the metadata that each of its machines sees. */
export function projectRoutes({ projects }: { readonly projects: Projects }): Route[] {
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'compute');
  return [
    {
      id: 'compute.projects.get',
      host: 'compute.googleapis.com',
      method: 'GET',
      path: /^\/compute\/v1\/projects\/(?<project>[^/]+)$/,
      query: [],
      needs: (call) => [{ permission: 'compute.projects.get', on: `projects/${projectOf(call)}` }],
      handle: (call) => {
        const { id, number, commonInstanceMetadata } = projects.get(projectOf(call)).seed;
        const items = Object.entries(commonInstanceMetadata).map(([key, value]) => ({ key, value }));
        return {
          body: {
            kind: 'compute#project',
            id: number,
            name: id,
            commonInstanceMetadata: {
              kind: 'compute#metadata',
              ...(items.length === 0 ? {} : { items }),
            },
            defaultServiceAccount: `${number}-compute@developer.gserviceaccount.com`,
            selfLink: `${BASE}/projects/${id}`,
          },
        };
      },
    },
  ];
}
