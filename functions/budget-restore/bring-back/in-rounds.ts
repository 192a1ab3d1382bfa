import pMap from 'p-map';
import type { RestoreRun } from '../run.ts';

/** Most machines run within minutes; what takes longer is looked at again by the next request. */
const MAX_WAIT_MS = 15 * 60_000;
/** Kept free of the request's time, to say what is still on its way. */
const KEEP_FREE_MS = 60_000;

const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 15_000;

/**
 * Has `advance` called for each task until it is settled, all in one round and then again after a pause, and `afterRound` after each.
 * Tasks that do not settle in the request's time are left where they are.
 */
export async function inRounds<T>(
  { api, pause }: Pick<RestoreRun, 'api' | 'pause'>,
  tasks: readonly T[],
  concurrency: number,
  advance: (task: T) => Promise<'settled' | 'pending'>,
  afterRound: () => Promise<void>,
): Promise<void> {
  let open = tasks;
  let pauseMs = FIRST_PAUSE_MS;
  for (
    let waitedMs = 0;
    open.length > 0;
    waitedMs += pauseMs, pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)
  ) {
    const states = await pMap(open, advance, { concurrency });
    open = open.filter((_, index) => states[index] === 'pending');
    await afterRound();
    if (open.length === 0 || waitedMs >= MAX_WAIT_MS || api.timeLeftMs() < KEEP_FREE_MS) return;
    await pause(pauseMs);
  }
}
