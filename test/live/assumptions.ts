import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const schema = z.array(
  z.strictObject({
    id: z.string(),
    fact: z.string(),
    mark: z.enum(['third-party', 'inference', 'memory', 'unresolved']),
    simulatedIn: z.string(),
    live: z.boolean(),
    check: z.string(),
  }),
);

export type Assumption = z.infer<typeof schema>[number];

/** What the sandbox simulates and no one has verified. */
export const ASSUMPTIONS: readonly Assumption[] = schema.parse(
  parse(readFileSync(new URL('../sandbox/assumptions.yaml', import.meta.url), 'utf8')),
);
