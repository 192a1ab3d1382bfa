import { z } from 'zod';

/**
 * A resource of a service that the sandbox keeps as the API shows it, e.g. `{service: tpu, path:
 * locations/us-central1-a/nodes/v5e, body: {state: READY}}`. What `body` may hold is checked against Google's definition.
 */
export const storedSeedSchema = z.strictObject({
  service: z.enum(['aiplatform', 'batch', 'container', 'dataflow', 'dataproc', 'tpu', 'workstations']),
  path: z.string().regex(/^[a-z]+\/[^/]+(?:\/[^/]+\/[^/]+)+$/, 'as locations/L/nodes/N'),
  body: z.record(z.string(), z.unknown()).default({}),
  /** There is no capacity to start it: it falls back, and the operation says why. */
  stockout: z.boolean().default(false),
});

export type StoredSeed = z.infer<typeof storedSeedSchema>;
