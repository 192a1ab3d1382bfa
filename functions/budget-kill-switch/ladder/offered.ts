import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { NotOffered } from '../../../shared/resources/look.ts';
import type { SwitchRun } from '../run.ts';

/** How long a region is taken not to have something: then it is queried again, for regions grow. */
const LIFE_MS = 24 * 3_600_000;

/** Until when each is taken not to be offered, by `tuningJobs in me-central1`; milliseconds since the epoch. */
const memorySchema = z.record(z.string(), z.number());
type Memory = z.infer<typeof memorySchema>;

type Place = Pick<SwitchRun, 'state' | 'runtime' | 'log' | 'projectId'>;

/** What the regions of a project are known not to offer. Without the memory every region is called again: that hides nothing. */
export async function recallNotOffered({
  state,
  runtime,
  log,
  projectId,
}: Place): Promise<ReadonlySet<string>> {
  if (state === undefined) return new Set();
  try {
    const memory = memoryOf(projectId);
    const known = memory.parse((await state.read(memory.name))?.text);
    const nowMs = runtime.now().getTime();
    return new Set(Object.keys(known).filter((what) => isAlive(known[what], nowMs)));
  } catch (error) {
    log('WARNING', `Cannot recall what the regions of ${projectId} do not offer: ${messageOf(error)}`);
    return new Set();
  }
}

/** Notes what turned out not to be offered, for a day. */
export async function noteNotOffered(
  { state, runtime, log, projectId }: Place,
  found: readonly NotOffered[],
): Promise<void> {
  if (state === undefined || found.length === 0) return;
  const nowMs = runtime.now().getTime();
  try {
    await updateStateObject(state, runtime, memoryOf(projectId), (before) => ({
      ...Object.fromEntries(Object.entries(before).filter(([, untilMs]) => isAlive(untilMs, nowMs))),
      ...Object.fromEntries(found.map(({ what }) => [what, nowMs + LIFE_MS])),
    }));
  } catch (error) {
    log('WARNING', `Cannot note what the regions of ${projectId} do not offer: ${messageOf(error)}`);
  }
}

/** A moment further away than any that was ever written is none: an operator edited the object, or the clock was wrong. */
function isAlive(untilMs: number | undefined, nowMs: number): boolean {
  return untilMs !== undefined && untilMs > nowMs && untilMs <= nowMs + LIFE_MS;
}

function memoryOf(projectId: string): StateObject<Memory> {
  return expendableObject(`not-offered/${projectId}.json`, memorySchema, {});
}
