import pMap from 'p-map';
import type { RestoreRun } from '../run.ts';

/** Most machines run within minutes; what takes longer is looked at again by the next request. */
const MAX_WAIT_MS = 15 * 60_000;
/** Kept free of the request's time, to say what is still on its way. */
const KEEP_FREE_MS = 60_000;

const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 15_000;

/** What is done in each round. */
export interface Round<T> {
  /** `due`: it is to be requested. */
  readonly look: (task: T) => Promise<'settled' | 'pending' | 'due'>;
  readonly request: (task: T) => Promise<'settled' | 'pending'>;
  /** Called before the requests of a round, where there are any, and at its end. */
  readonly save: () => Promise<void>;
}

/**
 * Looks at all tasks and requests what is due, in rounds with a pause between, until they are settled. Tasks that do not settle in
 * the request's time are left where they are.
 */
export async function inRounds<T>(
  { api, pause }: Pick<RestoreRun, 'api' | 'pause'>,
  tasks: readonly T[],
  concurrency: number,
  { look, request, save }: Round<T>,
): Promise<void> {
  let open = tasks;
  let pauseMs = FIRST_PAUSE_MS;
  for (
    let waitedMs = 0;
    open.length > 0;
    waitedMs += pauseMs, pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)
  ) {
    const seen = await pMap(open, look, { concurrency });
    const due = open.filter((_, index) => seen[index] === 'due');
    if (due.length > 0) await save();
    const requested = await pMap(due, request, { concurrency });
    const settled = new Set(due.filter((_, index) => requested[index] === 'settled'));
    open = open.filter((task, index) => seen[index] !== 'settled' && !settled.has(task));
    await save();
    if (open.length === 0 || waitedMs >= MAX_WAIT_MS || api.timeLeftMs() < KEEP_FREE_MS) return;
    await pause(pauseMs);
  }
}
