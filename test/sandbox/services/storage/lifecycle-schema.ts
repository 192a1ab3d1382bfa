import { z } from 'zod';

export const STORAGE_CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE', 'MULTI_REGIONAL', 'REGIONAL', 'DURABLE_REDUCED_AVAILABILITY'] as const; // prettier-ignore

const MAX_RULES = 100;
const MAX_PREFIXES_AND_SUFFIXES = 1_000;

const days = z.int32().min(0);
const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'must be a date, YYYY-MM-DD')
  .refine((text) => {
    const time = new Date(text);
    // Date turns 30 February into 2 March.
    return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
  }, 'no such date');

const conditionSchema = z.strictObject({
  age: days.optional(),
  createdBefore: date.optional(),
  customTimeBefore: date.optional(),
  daysSinceCustomTime: days.optional(),
  daysSinceNoncurrentTime: days.optional(),
  isLive: z.boolean().optional(),
  matchesPrefix: z.array(z.string()).optional(),
  matchesStorageClass: z.array(z.enum(STORAGE_CLASSES)).optional(),
  matchesSuffix: z.array(z.string()).optional(),
  noncurrentTimeBefore: date.optional(),
  numNewerVersions: days.optional(),
});

const actionSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Delete') }),
  z.strictObject({ type: z.literal('SetStorageClass'), storageClass: z.enum(STORAGE_CLASSES) }),
  z.strictObject({ type: z.literal('AbortIncompleteMultipartUpload') }),
]);

/** Conditions that an unfinished upload can meet: it has an age and a name, nothing else yet. */
const ABORT_CONDITIONS = new Set(['age', 'matchesPrefix', 'matchesSuffix']);

const ruleSchema = z
  .strictObject({ action: actionSchema, condition: conditionSchema })
  .superRefine((rule, context) => {
    const conditions = Object.keys(rule.condition);
    const fail = (message: string): void => {
      context.addIssue({ code: 'custom', path: ['condition'], message });
    };
    if (conditions.length === 0) fail('a rule needs at least one condition');
    if (rule.action.type !== 'AbortIncompleteMultipartUpload') return;
    for (const name of conditions)
      if (!ABORT_CONDITIONS.has(name)) fail(`${name} cannot be used with ${rule.action.type}`);
  });

/** A bucket's `lifecycle`, held to the limits that the service enforces. No rules is the same as no `lifecycle`. */
export const lifecycleSchema = z
  .strictObject({
    rule: z.array(ruleSchema).max(MAX_RULES, `a bucket takes at most ${MAX_RULES} rules`).default([]),
  })
  .refine(
    ({ rule }) =>
      rule.reduce(
        (sum, { condition }) =>
          sum + (condition.matchesPrefix?.length ?? 0) + (condition.matchesSuffix?.length ?? 0),
        0,
      ) <= MAX_PREFIXES_AND_SUFFIXES,
    `a bucket takes at most ${MAX_PREFIXES_AND_SUFFIXES} prefixes and suffixes`,
  )
  .transform((lifecycle) => (lifecycle.rule.length === 0 ? undefined : lifecycle));

export type Lifecycle = NonNullable<z.output<typeof lifecycleSchema>>;
