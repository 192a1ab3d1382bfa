import { BusyError } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import { updateMemory, type NotebookMemory } from './memory.ts';

/** A request that is about to leave. `attempts`: which start it is of its working period. */
export type Leaving =
  { readonly action: 'stop' | 'repair' } | { readonly action: 'start'; readonly attempts: number };

/**
 * Notes a request on a notebook, by its name; resolves when that is written. Throws `BusyError` where this run has the claim no more:
 * then it must not leave.
 */
export type NoteLeaving = (name: string, leaving: Leaving) => Promise<void>;

/**
 * Cloud Storage names a "maximum rate of about one write per second to the same object name"
 * (https://cloud.google.com/storage/quotas). No one has verified it: `storage-object-writes` of test/sandbox/assumptions.yaml.
 */
const WRITE_MS = 1_000;

interface Batch {
  readonly leaving: Map<string, Leaving>;
  /** Once it is written: those whose claim this run has no more. */
  readonly lost: Promise<ReadonlySet<string>>;
}

/**
 * Writes down what leaves, right before it does: by that a later run tells what one that died had done. What comes while one note is
 * written, and within a second of it, goes together into the next.
 */
export function noteLeaving(run: Run): NoteLeaving {
  const { runtime, state } = run;
  if (state === undefined) return () => Promise.resolve();
  let open: Batch | undefined;
  let writing: Promise<unknown> = Promise.resolve();
  let nextMs = -Infinity;
  return async (name, leaving) => {
    open ??= nextBatch();
    open.leaving.set(name, leaving);
    if ((await open.lost).has(name))
      throw new BusyError(`Cannot ${leaving.action} "${name}": another run has claimed it meanwhile`);
  };

  function nextBatch(): Batch {
    const leaving = new Map<string, Leaving>();
    const lost = writing
      .catch(() => undefined)
      .then(async () => {
        const waitMs = nextMs - runtime.now().getTime();
        if (waitMs > 0) await runtime.sleep(waitMs);
        open = undefined;
        nextMs = runtime.now().getTime() + WRITE_MS;
        return writeNote(run, leaving);
      });
    writing = lost;
    return { leaving, lost };
  }
}

/** What another run has claimed, or is forgotten, is left as it is, and returned. */
async function writeNote(run: Run, batch: ReadonlyMap<string, Leaving>): Promise<ReadonlySet<string>> {
  const lost = new Set<string>();
  await updateMemory(run, (before) => {
    lost.clear();
    const after = { ...before };
    for (const [name, leaving] of batch) {
      const noted = withNote(before[name] ?? {}, leaving, run.runId);
      if (noted === undefined) lost.add(name);
      else after[name] = noted;
    }
    return after;
  });
  return lost;
}

/** Undefined where the claim is not this run's. */
function withNote(known: NotebookMemory, leaving: Leaving, runId: string): NotebookMemory | undefined {
  const { stop, start, repair } = known;
  if (known[leaving.action]?.runId !== runId) return undefined;
  if (leaving.action === 'stop' && stop !== undefined) return { ...known, stop: { ...stop, sent: true } };
  if (leaving.action === 'start' && start !== undefined)
    return { ...known, start: { ...start, sent: true, attempts: leaving.attempts } };
  return repair === undefined ? undefined : { ...known, repair: { ...repair, sent: true } };
}
