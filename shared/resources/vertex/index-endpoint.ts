import * as z from 'zod/mini';
import { sumPrices, unpriced } from '../../prices/price.ts';
import { dedicatedResources, machinesOf, vertexCost } from './machine-spec.ts';
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
    const [first, ...rest] = deployed.map(({ dedicatedResources: resources }) =>
      resources?.machineSpec === undefined
        ? unpriced('its index is on machines that Vertex AI chooses')
        : vertexCost([machinesOf(name, resources.machineSpec, resources.minReplicaCount ?? 1, false)]),
    );
    if (first === undefined) return undefined;
    const [, project = '', , region = '', , id = ''] = name.split('/');
    return {
      description: `index endpoint with ${deployed.length} deployed`,
      cost: sumPrices([first, ...rest]),
      command: deployed
        .map(({ id: index }) => `gcloud ai index-endpoints undeploy-index ${id} --deployed-index-id=${index} --region=${region} --project=${project}`)
        .join(' && '), // prettier-ignore
    };
  },
  why: 'undeploying its index ends its searches until the index is deployed again',
});
