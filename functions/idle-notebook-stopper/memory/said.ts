import * as z from 'zod/mini';
import type { Run } from '../../../shared/run/sweep.ts';
import { receiptObject } from '../../../shared/state/receipts.ts';
import type { Untold } from './tidy.ts';

const receiptSchema = z.looseObject({
  decisions: z.array(z.looseObject({ resource: z.string(), action: z.string(), outcome: z.string() })),
});

/** Those that the receipt of their run does not say; of the others only the note in the memory is missing. Reads each receipt once. */
export async function withoutReceipt(run: Run, untold: readonly Untold[]): Promise<readonly Untold[]> {
  const said = new Map<string, ReadonlySet<string>>();
  for (const { runId } of untold) if (!said.has(runId)) said.set(runId, await readSaid(run, runId));
  return untold.filter(
    ({ facts, action, runId }) => said.get(runId)?.has(`${action} ${facts.name}`) !== true,
  );
}

/** What the receipt of a run says that it did, as `ACTION RESOURCE`. */
async function readSaid({ state, runtime }: Run, runId: string): Promise<ReadonlySet<string>> {
  try {
    const stored = await state?.read(receiptObject(runtime.functionName, runId));
    if (stored === undefined) return new Set();
    const { decisions } = receiptSchema.parse(JSON.parse(stored.text));
    const done = decisions.filter(({ outcome }) => outcome === 'done');
    return new Set(done.map(({ action, resource }) => `${action} ${resource}`));
  } catch {
    // Said twice is better than not at all.
    return new Set();
  }
}
