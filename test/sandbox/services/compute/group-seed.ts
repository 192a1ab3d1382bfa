import { z } from 'zod';

/** A managed instance group in a scenario; its members are the VMs whose metadata key `created-by` names it. */
export const groupSeedSchema = z
  .strictObject({
    id: z.string(),
    /** One of the two: zonal or regional. */
    zone: z.string().optional(),
    region: z.string().optional(),
    targetSize: z.int().min(0),
    template: z.string().default('template-1'),
    stateful: z.boolean().default(false),
    /** There is no capacity for new members: it goes on trying, and says so in its errors. */
    stockout: z.boolean().default(false),
    /** Labels that its all-instances configuration puts on members. */
    memberLabels: z.record(z.string(), z.string()).default({}),
    autoscaler: z
      .strictObject({
        mode: z.enum(['ON', 'ONLY_SCALE_OUT', 'ONLY_UP', 'OFF']).default('ON'),
        minNumReplicas: z.int().min(0).default(1),
        maxNumReplicas: z.int().min(1).default(10),
      })
      .optional(),
  })
  .refine(({ zone, region }) => (zone === undefined) !== (region === undefined), 'give zone or region');

export type GroupSeed = z.infer<typeof groupSeedSchema>;
