import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Collection } from '../stored/collection.ts';
import type { Stored } from '../stored/store.ts';
import { transition } from '../stored/verbs.ts';

/**
 * "If set, the request will be rejected if the latest version of the workstation on the server does not have this ETag":
 * workstations.proto; the code is that of google.aip.dev/154.
 */
function requireEtag({ path, body }: Stored, { etag }: { readonly etag?: unknown }): void {
  if (etag !== undefined && etag !== body['etag'])
    throw new ApiError('ABORTED', `The etag of ${path} is another.`);
}

const BODY = {
  etag: z.string().optional(),
  validateOnly: z.boolean().optional(),
};

const common = {
  service: 'workstations',
  version: 'v1',
  named: 'id',
  unreachable: 'unreachable',
  wildcard: true,
} as const;

/** Cloud Workstations v1. */
export const WORKSTATION_COLLECTIONS: readonly Collection[] = [
  {
    ...common,
    id: 'workstations.projects.locations.workstationClusters',
    path: 'locations/workstationClusters',
    permission: 'workstations.workstationClusters',
  },
  {
    ...common,
    id: 'workstations.projects.locations.workstationClusters.workstationConfigs',
    path: 'locations/workstationClusters/workstationConfigs',
    permission: 'workstations.workstationConfigs',
  },
  {
    ...common,
    id: 'workstations.projects.locations.workstationClusters.workstationConfigs.workstations',
    path: 'locations/workstationClusters/workstationConfigs/workstations',
    permission: 'workstations.workstations',
    verbs: [
      transition({
        name: 'stop',
        permission: 'workstations.workstations.stop',
        field: 'state',
        from: ['STATE_RUNNING'],
        via: 'STATE_STOPPING',
        to: 'STATE_STOPPED',
        body: z.strictObject(BODY),
        require: requireEtag,
      }),
      transition({
        name: 'start',
        permission: 'workstations.workstations.start',
        field: 'state',
        from: ['STATE_STOPPED'],
        via: 'STATE_STARTING',
        to: 'STATE_RUNNING',
        body: z.strictObject({ ...BODY, boostConfig: z.string().optional() }),
        require: requireEtag,
        needsBilling: true,
      }),
    ],
  },
];
