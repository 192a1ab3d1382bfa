import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import { updateMemory, type NotebookMemory } from './memory.ts';

/** A request that is about to leave. */
export type Leaving =
  | { readonly action: 'stop' | 'start' }
  /** `desired`: what `idle-timeout-seconds` is to become. */
  | { readonly action: 'repair'; readonly reason: string; readonly desired: string };

/**
 * Notes a request on a notebook, by its name; resolves when that is written. Throws `BusyError` where this run has the claim no more:
 * then it must not leave.
 */
export type NoteLeaving = (name: string, leaving: Leaving) => Promise<void>;

/**
 * Writes down what leaves, right before it does: by that a later run tells what one that died had done. Cloud Storage takes one write a
 * second of an object, so that what comes while one is being written goes together into the next.
 */
export function noteLeaving(run: Run): NoteLeaving {
  const lost = new Set<string>();
  let open: Map<string, Leaving> | undefined;
  let writing = Promise.resolve();
  return async (name, leaving) => {
    if (open === undefined) {
      const batch = new Map<string, Leaving>();
      open = batch;
      writing = writing
        .catch(() => undefined)
        .then(() => {
          open = undefined;
          return updateMemory(run, (before) => {
            for (const [one, { action }] of batch)
              if (action !== 'repair' && before[one]?.[action]?.runId !== run.runId) lost.add(one);
            return noted(before, batch, run);
          });
        });
    }
    open.set(name, leaving);
    await writing;
    if (lost.has(name))
      throw new BusyError(`Cannot ${leaving.action} "${name}": another run has claimed it meanwhile`);
  };
}

/** Of stops and starts only what this run has claimed. */
function noted(
  before: Readonly<Record<string, NotebookMemory>>,
  batch: ReadonlyMap<string, Leaving>,
  { runId, runtime }: Run,
): Record<string, NotebookMemory> {
  const after = { ...before };
  for (const [name, leaving] of batch) {
    if (before[name] === undefined && leaving.action !== 'repair') continue;
    const { stop, start, ...rest } = before[name] ?? {};
    after[name] = {
      ...rest,
      ...(stop === undefined ? {} : { stop: isSent(stop, leaving, 'stop') }),
      ...(start === undefined ? {} : { start: isSent(start, leaving, 'start') }),
      ...(leaving.action === 'repair' ? { repair: repairOf(leaving) } : {}),
    };
  }
  return after;

  function repairOf({ reason, desired }: Extract<Leaving, { action: 'repair' }>): NotebookMemory['repair'] {
    return { claimedAtMs: runtime.now().getTime(), runId, reason, desired };
  }

  function isSent<Record extends { readonly runId: string }>(
    record: Record,
    { action }: Leaving,
    of: 'stop' | 'start',
  ): Record {
    return action === of && record.runId === runId ? { ...record, sent: true } : record;
  }
}
