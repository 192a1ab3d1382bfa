import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { describeMachines } from '../cost.ts';
import { dedicatedResources, machinesOf, vertexCost } from './machine-spec.ts';
import { namedVertexKind } from './named.ts';

/** Machines that several endpoints share: named; a stop takes their models off those endpoints, and then they can be deleted. */
export const DEPLOYMENT_RESOURCE_POOLS = namedVertexKind({
  kind: 'deployment-resource-pool',
  title: 'deployment resource pools',
  collection: 'deploymentResourcePools',
  schema: z.looseObject({ dedicatedResources: z.optional(dedicatedResources) }),
  describe({ dedicatedResources: resources }, name) {
    const { machineSpec, minReplicaCount = 1, spot = false } = resources ?? {};
    const machines = [machinesOf(name, machineSpec, minReplicaCount, spot)];
    return {
      description: `deployment resource pool${machineSpec === undefined ? '' : ` of ${describeMachines(machines)}`}`,
      cost: machineSpec === undefined ? unpriced('machine type not reported') : vertexCost(machines),
    };
  },
  why: 'it bills for its machines until it is deleted, which its models must have left before',
});
