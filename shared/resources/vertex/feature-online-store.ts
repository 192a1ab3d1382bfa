import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { namedVertexKind } from './named.ts';

const bigtable = z.looseObject({
  autoScaling: z.optional(z.looseObject({ minNodeCount: z.optional(z.number()) })),
});

/** Online stores of the Feature Store: they bill for nodes as long as they exist; named, for they can only be deleted. */
export const FEATURE_ONLINE_STORES = namedVertexKind({
  kind: 'feature-online-store',
  title: 'feature online stores',
  collection: 'featureOnlineStores',
  schema: z.looseObject({ bigtable: z.optional(bigtable) }),
  describe({ bigtable: nodes }) {
    const count = nodes?.autoScaling?.minNodeCount;
    return {
      description: `feature online store${count === undefined ? '' : ` of at least ${count} nodes`}`,
      cost: unpriced('no price for nodes of a feature online store'),
    };
  },
  deletedByForce: true,
  why: 'it can only be deleted, with the data that it serves',
});
