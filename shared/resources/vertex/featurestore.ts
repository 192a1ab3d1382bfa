import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { namedVertexKind } from './named.ts';

const online = z.looseObject({
  fixedNodeCount: z.optional(z.number()),
  scaling: z.optional(z.looseObject({ minNodeCount: z.optional(z.number()) })),
});

/** Feature stores of the older form with nodes for online serving: named, for without nodes nothing is served. */
export const FEATURESTORES = namedVertexKind({
  kind: 'featurestore',
  title: 'feature stores',
  collection: 'featurestores',
  schema: z.looseObject({ onlineServingConfig: z.optional(online) }),
  describe({ onlineServingConfig }) {
    const { fixedNodeCount = 0, scaling } = onlineServingConfig ?? {};
    const nodes = Math.max(fixedNodeCount, scaling?.minNodeCount ?? 0);
    if (nodes === 0) return undefined;
    return {
      description: `feature store with ${nodes} online serving nodes`,
      cost: unpriced('no price for nodes of a feature store'),
    };
  },
  deletedByForce: true,
  why: 'without nodes it serves nothing; deleting it destroys its features',
});
