import * as z from 'zod/mini';
import { sumPrices, unpriced, withUnpricedOnTop, type Price } from '../../prices/price.ts';
import { costOfMachines, machineCount, type Machines } from '../cost.ts';
import { dedicatedResources, machinesOf, replicasOf, scaledPrice, type Replicas } from './machine-spec.ts';
import { namedVertexKind } from './named.ts';

const deployedIndexes = z.array(
  z.looseObject({ id: z.string(), dedicatedResources: z.optional(dedicatedResources) }),
);

/** Endpoints of Vector Search with an index deployed: named, for deploying it again takes the index's own settings and time. */
export const INDEX_ENDPOINTS = namedVertexKind({
  kind: 'index-endpoint',
  title: 'index endpoints',
  collection: 'indexEndpoints',
  schema: z.looseObject({ deployedIndexes: z.optional(deployedIndexes) }),
  describe({ deployedIndexes: deployed = [] }, name, { projectId: project, now }) {
    const [first, ...rest] = deployed;
    if (first === undefined) return undefined;
    const sum = (bound: keyof Replicas): Price =>
      sumPrices([costOf(name, first, bound, now), ...rest.map((one) => costOf(name, one, bound, now))]);
    const [, , , region = '', , id = ''] = name.split('/');
    return {
      description: `index endpoint with ${deployed.length} deployed`,
      // How far it is scaled up the API does not tell.
      ...scaledPrice(sum('least'), sum('most')),
      machines: machineCount(deployed.flatMap((one) => machinesOfIndex(name, one, 'most') ?? [])),
      command: deployed
        .map(({ id: index }) => `gcloud ai index-endpoints undeploy-index ${id} --deployed-index-id=${index} --region=${region} --project=${project}`)
        .join(' && '), // prettier-ignore
    };
  },
  why: 'undeploying its index ends its searches until the index is deployed again',
});

type DeployedIndex = z.infer<typeof deployedIndexes>[number];

/** Vector Search has a price list of its own, in no source of the books; from memory, 1.4 times the price of Compute Engine. */
function costOf(endpoint: string, index: DeployedIndex, bound: keyof Replicas, now: Date): Price {
  const machines = machinesOfIndex(endpoint, index, bound);
  return machines === undefined
    ? unpriced('its index is on machines that Vertex AI chooses')
    : withUnpricedOnTop(costOfMachines([machines], now), 'what Vector Search bills above Compute Engine');
}

/** Undefined where Vertex AI chooses them. */
function machinesOfIndex(
  endpoint: string,
  { dedicatedResources: resources }: DeployedIndex,
  bound: keyof Replicas,
): Machines | undefined {
  if (resources?.machineSpec === undefined) return undefined;
  return machinesOf(endpoint, resources.machineSpec, replicasOf(resources)[bound], false);
}
