import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { namedVertexKind } from './named.ts';

const spec = z.looseObject({
  deploymentSpec: z.optional(z.looseObject({ minInstances: z.optional(z.number()) })),
});

/** Deployed agents (Agent Engine): they bill for vCPUs and memory while they serve; named, for they can only be deleted. */
export const REASONING_ENGINES = namedVertexKind({
  kind: 'reasoning-engine',
  title: 'reasoning engines',
  collection: 'reasoningEngines',
  schema: z.looseObject({ displayName: z.optional(z.string()), spec: z.optional(spec) }),
  describe({ displayName = '', spec: engine }) {
    const instances = engine?.deploymentSpec?.minInstances;
    return {
      description: `reasoning engine ${displayName}${instances === undefined ? '' : `, at least ${instances} instances`}`,
      cost: unpriced('no price for a reasoning engine'),
      // Without a number one instance is kept (aiplatform v1, DeploymentSpec.minInstances).
      ...(instances === 0 ? { mayBeIdle: true } : {}),
    };
  },
  deletedByForce: true,
  why: 'it can only be deleted, with its sessions',
});
