import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { noteRungsInForce } from '../../../shared/state/rungs-in-force.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';
import { resolveProjects } from '../gather.ts';

/** Projects of a budget that are released side by side. */
const RELEASED_AT_ONCE = 8;

/**
 * Says of each project of a budget that its rungs are no longer in force, as after a raise: other functions may start there what these
 * stopped. Nothing where the verdict leaves one. When it cannot be said, what was said last is forgotten half an hour later. `atMs`:
 * the moment before what the verdict goes by was read.
 */
export async function releaseProjects(
  { api, runtime, state, log }: EventContext,
  { mode }: Pick<Config, 'mode'>,
  { name, projects }: Pick<Budget, 'name' | 'projects'>,
  verdict: Verdict,
  atMs: number,
): Promise<void> {
  // Observing, no rung is in force.
  if (state === undefined || mode === 'observe' || !isBelowRungs(verdict)) return;
  try {
    // One that cannot be read was not said to be in force for long.
    const found = await resolveProjects(api, projects, () => undefined);
    const released = { budget: name, rungs: [], atMs };
    await pMap(found, ({ projectId }) => noteRungsInForce(state, runtime, projectId, released), {
      concurrency: RELEASED_AT_ONCE,
    });
  } catch (error) {
    log('WARNING', `Cannot say that no rung of ${name} is in force any more: ${messageOf(error)}`);
  }
}

/** Whether a message reaches no rung above `notify`. One that is ignored, as of a past period, does not tell. */
function isBelowRungs(verdict: Verdict): boolean {
  if (verdict.kind === 'ignore') return false;
  return verdict.kind === 'heartbeat' || verdict.rungs.every((rung) => rung.do === 'notify');
}
