import * as z from 'zod/mini';
import type { Run } from '../../../shared/run/sweep.ts';
import { receiptObject } from '../../../shared/state/receipts.ts';
import type { Untold } from './tidy.ts';

const receiptSchema = z.looseObject({
  decisions: z.array(z.looseObject({ resource: z.string(), action: z.string(), outcome: z.string() })),
});

/** Whether a run's own receipt says what it did: then only its note in the memory is missing. */
export async function hasSaid({ state, runtime }: Run, { facts, action, runId }: Untold): Promise<boolean> {
  try {
    const stored = await state?.read(receiptObject(runtime.functionName, runId));
    if (stored === undefined) return false;
    const { decisions } = receiptSchema.parse(JSON.parse(stored.text));
    return decisions.some(
      (one) => one.resource === facts.name && one.action === action && one.outcome === 'done',
    );
  } catch {
    // Said twice is better than not at all.
    return false;
  }
}
