import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { describeMachines } from '../cost.ts';
import { dedicatedResources, machinesOf, replicasOf, scaledCost, upTo } from './machine-spec.ts';
import { namedVertexKind } from './named.ts';

/** Machines that several endpoints share: named; a stop takes their models off those endpoints, and then they can be deleted. */
export const DEPLOYMENT_RESOURCE_POOLS = namedVertexKind({
  kind: 'deployment-resource-pool',
  title: 'deployment resource pools',
  collection: 'deploymentResourcePools',
  schema: z.looseObject({ dedicatedResources: z.optional(dedicatedResources) }),
  describe({ dedicatedResources: resources = {} }, name, { now }) {
    const { machineSpec, spot = false } = resources;
    if (machineSpec === undefined)
      return { description: 'deployment resource pool', cost: unpriced('machine type not reported') };
    const { least, most } = replicasOf(resources);
    const machines = [machinesOf(name, machineSpec, least, spot)];
    return {
      description: `deployment resource pool of ${describeMachines(machines)}${upTo(most, least)}`,
      // How far it is scaled up the API does not tell.
      ...scaledCost(machines, [machinesOf(name, machineSpec, most, spot)], now),
    };
  },
  why: 'it bills for its machines until it is deleted, which its models must have left before',
});
