import { ApiError } from '../../http/api-error.ts';
import type { Collection } from '../stored/collection.ts';
import type { Stored } from '../stored/store.ts';
import { transition } from '../stored/verbs.ts';

const common = {
  service: 'tpu',
  version: 'v2',
  named: 'id',
  unreachable: 'unreachable',
  wildcard: true,
} as const;

/** Pod slices, and what a queued resource made, live until they are deleted. */
function requireSingleHost({ body }: Stored): void {
  const { networkEndpoints, queuedResource } = body;
  if (Array.isArray(networkEndpoints) && networkEndpoints.length > 1)
    throw new ApiError('FAILED_PRECONDITION', 'Stopping or starting a TPU Pod slice is not supported.');
  if (queuedResource !== undefined && queuedResource !== '')
    throw new ApiError('FAILED_PRECONDITION', 'A TPU of a queued resource cannot be stopped or started.');
}

/** Cloud TPU v2. */
export const TPU_COLLECTIONS: readonly Collection[] = [
  {
    ...common,
    id: 'tpu.projects.locations.nodes',
    path: 'locations/nodes',
    permission: 'tpu.nodes',
    verbs: [
      transition({
        name: 'stop',
        permission: 'tpu.nodes.stop',
        field: 'state',
        from: ['READY'],
        via: 'STOPPING',
        to: 'STOPPED',
        require: requireSingleHost,
      }),
      transition({
        name: 'start',
        permission: 'tpu.nodes.start',
        field: 'state',
        from: ['STOPPED'],
        via: 'STARTING',
        to: 'READY',
        require: requireSingleHost,
        needsBilling: true,
      }),
    ],
  },
  {
    ...common,
    id: 'tpu.projects.locations.queuedResources',
    path: 'locations/queuedResources',
    // https://cloud.google.com/tpu/docs/reference/rest/v2/projects.locations.queuedResources/list
    permission: 'tpu.nodes',
  },
];
