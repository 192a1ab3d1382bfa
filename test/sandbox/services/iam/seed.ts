import { z } from 'zod';
import { momentSchema } from '../../clock/moment.ts';

/** A key of a service account. Google rotates those that it manages itself, some two weeks old at the most. */
const keySchema = z.strictObject({
  /** 40 hexadecimal digits, as Google names keys. */
  id: z.string().regex(/^[0-9a-f]{40}$/),
  type: z.enum(['USER_MANAGED', 'SYSTEM_MANAGED']).default('USER_MANAGED'),
  origin: z.enum(['GOOGLE_PROVIDED', 'USER_PROVIDED']).default('GOOGLE_PROVIDED'),
  created: momentSchema.default('-30d'),
  /** Keys that users make do not expire by themselves: Google then shows the end of the year 9999. */
  expires: momentSchema.optional(),
  disabled: z.boolean().default(false),
  /** Authentications with it, evenly over the day. */
  usesPerDay: z.int().nonnegative().default(0),
});

/** The service accounts of a project that are there when the sandbox starts. */
export const accountSeedSchema = z.strictObject({
  id: z.string(),
  displayName: z.string().default(''),
  disabled: z.boolean().default(false),
  keys: z.array(keySchema).default([]),
});

/** Bindings of a project's allow policy. */
export const policySeedSchema = z.strictObject({
  role: z.string().regex(/^(?:roles|projects\/[^/]+\/roles|organizations\/\d+\/roles)\/[\w.]+$/),
  members: z.array(z.string()).min(1),
});

export type AccountSeed = z.infer<typeof accountSeedSchema>;
export type KeySeed = AccountSeed['keys'][number];
export type PolicySeed = z.infer<typeof policySeedSchema>;
