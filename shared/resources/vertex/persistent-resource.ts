import * as z from 'zod/mini';
import { describeMachines, type Machines } from '../cost.ts';
import { machineSpec, machinesOf, scaledCost, type Replicas } from './machine-spec.ts';
import { namedVertexKind } from './named.ts';

/** int64 fields are texts in JSON. Source: google.cloud.aiplatform.v1 persistent_resource.proto */
const count = z.union([z.string(), z.number()]);

const resourcePools = z.array(
  z.looseObject({
    machineSpec: z.optional(machineSpec),
    replicaCount: z.optional(count),
    autoscalingSpec: z.optional(
      z.looseObject({ minReplicaCount: z.optional(count), maxReplicaCount: z.optional(count) }),
    ),
  }),
);
type Pool = z.infer<typeof resourcePools>[number];

/** Machines that stay for the next job: named, for the only way to stop them is to delete the resource with what runs on it. */
export const PERSISTENT_RESOURCES = namedVertexKind({
  kind: 'persistent-resource',
  title: 'persistent resources',
  collection: 'persistentResources',
  schema: z.looseObject({ state: z.optional(z.string()), resourcePools: z.optional(resourcePools) }),
  describe({ state, resourcePools: pools = [] }, name, { projectId: project, now }) {
    if (state === 'STOPPING') return undefined;
    const machines = machinesBy(name, pools, 'named');
    const isScaled = pools.some(({ autoscalingSpec }) => autoscalingSpec !== undefined);
    const [, , , region = '', , id = ''] = name.split('/');
    return {
      description: `persistent resource${machines.length === 0 ? '' : ` of ${describeMachines(machines)}`}${isScaled ? ', autoscaled' : ''}`,
      // How far it is scaled the API does not tell.
      ...scaledCost(machinesBy(name, pools, 'least'), machinesBy(name, pools, 'most'), now, machines),
      command: `gcloud ai persistent-resources delete ${id} --region=${region} --project=${project}`,
    };
  },
  why: 'it can only be deleted, with the jobs that run on it',
});

interface Sizes extends Replicas {
  /** As its owner wrote it. */
  readonly named: number;
}

/** A text leaves out a zero: an autoscaled pool without a minimum may have no machine at all. */
function sizesOf({ replicaCount = 1, autoscalingSpec }: Pool): Sizes {
  const named = Number(replicaCount);
  if (autoscalingSpec === undefined) return { named, least: named, most: named };
  const { minReplicaCount = 0, maxReplicaCount = named } = autoscalingSpec;
  return {
    named,
    least: Math.min(named, Number(minReplicaCount)),
    most: Math.max(named, Number(maxReplicaCount)),
  };
}

function machinesBy(resource: string, pools: readonly Pool[], size: keyof Sizes): readonly Machines[] {
  return pools.map((pool) => machinesOf(resource, pool.machineSpec, sizesOf(pool)[size], false));
}
