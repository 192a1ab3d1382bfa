import { z } from 'zod';
import { momentMs, momentSchema } from '../../clock/moment.ts';
import type { Call, Route } from '../../http/route.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';

/** A managed notebook ("runtime") of the Notebooks API v1. */
export const runtimeSeedSchema = z.strictObject({
  id: z.string(),
  location: z.string().default('us-central1'),
  created: momentSchema.default('-600d'),
  machineType: z.string().default('n1-standard-4'),
  state: z
    .enum(['STARTING', 'PROVISIONING', 'ACTIVE', 'STOPPING', 'STOPPED', 'DELETING', 'SUSPENDED'])
    .default('ACTIVE'),
});

const MAX_PAGE_SIZE = 100;

export type RuntimeSeed = z.infer<typeof runtimeSeedSchema>;

/** Notebooks API v1 as far as finding what it still has: `projects.locations.runtimes.list`, over all locations too. */
export function runtimeRoutes(options: {
  readonly scenario: {
    readonly projects: readonly { readonly id: string; readonly managedNotebooks: readonly RuntimeSeed[] }[];
  };
  readonly projects: Projects;
  readonly startMs: number;
}): Route[] {
  const { scenario, projects, startMs } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'notebooks');
  return [
    {
      id: 'notebooks.v1.projects.locations.runtimes.list',
      host: 'notebooks.googleapis.com',
      method: 'GET',
      path: /^\/v1\/projects\/(?<project>[^/:]+)\/locations\/(?<location>[^/:]+)\/runtimes$/,
      query: ['pageSize', 'pageToken'],
      needs: (call) => [{ permission: 'notebooks.runtimes.list', on: `projects/${projectOf(call)}` }],
      handle(call) {
        const projectId = projectOf(call);
        const { location = '' } = call.params;
        const own = (scenario.projects.find(({ id }) => id === projectId)?.managedNotebooks ?? [])
          .filter((one) => location === '-' || one.location === location)
          .map((one) => ({
            name: `projects/${projectId}/locations/${one.location}/runtimes/${one.id}`,
            state: one.state,
            createTime: new Date(momentMs(one.created, startMs)).toISOString(),
            virtualMachine: { virtualMachineConfig: { machineType: one.machineType } },
          }));
        return {
          body: pageAnswer('runtimes', pageOfQuery(own, call.query, MAX_PAGE_SIZE)),
        };
      },
    },
  ];
}
