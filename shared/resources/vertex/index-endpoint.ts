import * as z from 'zod/mini';
import { priceBetween, sumPrices, unpriced, type Price } from '../../prices/price.ts';
import { dedicatedResources, machinesOf, replicasOf, vertexCost, type Replicas } from './machine-spec.ts';
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
  describe({ deployedIndexes: deployed = [] }, name) {
    const [first, ...rest] = deployed;
    if (first === undefined) return undefined;
    const sum = (bound: keyof Replicas): Price =>
      sumPrices([costOf(name, first, bound), ...rest.map((one) => costOf(name, one, bound))]);
    const [, project = '', , region = '', , id = ''] = name.split('/');
    return {
      description: `index endpoint with ${deployed.length} deployed`,
      // How far it is scaled up the API does not tell.
      cost: priceBetween(sum('least'), sum('most')),
      command: deployed
        .map(({ id: index }) => `gcloud ai index-endpoints undeploy-index ${id} --deployed-index-id=${index} --region=${region} --project=${project}`)
        .join(' && '), // prettier-ignore
    };
  },
  why: 'undeploying its index ends its searches until the index is deployed again',
});

function costOf(
  endpoint: string,
  { dedicatedResources: resources }: z.infer<typeof deployedIndexes>[number],
  bound: keyof Replicas,
): Price {
  return resources?.machineSpec === undefined
    ? unpriced('its index is on machines that Vertex AI chooses')
    : vertexCost([machinesOf(endpoint, resources.machineSpec, replicasOf(resources)[bound], false)]);
}
