import * as z from 'zod/mini';
import { describeMachines } from '../cost.ts';
import { poolMachines, vertexCost, workerPools } from './machine-spec.ts';
import { namedVertexKind } from './named.ts';

/** Machines that stay for the next job: named, for the only way to stop them is to delete the resource with what runs on it. */
export const PERSISTENT_RESOURCES = namedVertexKind({
  kind: 'persistent-resource',
  title: 'persistent resources',
  collection: 'persistentResources',
  schema: z.looseObject({ state: z.optional(z.string()), resourcePools: z.optional(workerPools) }),
  describe({ state, resourcePools = [] }, name) {
    if (state === 'STOPPING') return undefined;
    const machines = poolMachines(name, resourcePools, false);
    const [, project = '', , region = '', , id = ''] = name.split('/');
    return {
      description: `persistent resource${machines.length === 0 ? '' : ` of ${describeMachines(machines)}`}`,
      cost: vertexCost(machines),
      command: `gcloud ai persistent-resources delete ${id} --region=${region} --project=${project}`,
    };
  },
  why: 'it can only be deleted, with the jobs that run on it',
});
