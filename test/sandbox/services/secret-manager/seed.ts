import { z } from 'zod';

/** A secret of a project in a scenario. Its versions are numbered from 1. */
export const secretSeedSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/),
  versions: z
    .array(
      z.strictObject({
        text: z.string(),
        state: z.enum(['ENABLED', 'DISABLED', 'DESTROYED']).default('ENABLED'),
      }),
    )
    .default([]),
  /** Accounts that hold roles/secretmanager.secretAccessor on it. */
  accessors: z.array(z.string()).default([]),
});

export type SecretSeed = z.infer<typeof secretSeedSchema>;
