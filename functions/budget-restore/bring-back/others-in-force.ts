import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { RungAction } from '../../../shared/policy/policy.ts';
import { rungsInForce } from '../../../shared/state/rungs-in-force.ts';
import type { State } from '../../../shared/state/state.ts';

/** What another budget's rungs do to what comes back in a project. */
export interface OtherInForce {
  readonly project: string;
  /** Absent where it cannot be read whether there is one. */
  readonly budget?: string;
  readonly rungs?: readonly RungAction[];
  readonly why: string;
}

const READS_AT_ONCE = 8;

/**
 * The rungs of other budgets that are in force on the projects of a restore: it opens a grace of its own budget alone, and theirs would
 * undo it at the switch's next look.
 */
export async function othersInForce(
  state: State,
  budget: string,
  projects: readonly string[],
  nowMs: number,
): Promise<readonly OtherInForce[]> {
  const found = await pMap(projects, (project) => inForceOn(state, budget, project, nowMs), {
    concurrency: READS_AT_ONCE,
  });
  return found.flat();
}

async function inForceOn(
  state: State,
  own: string,
  project: string,
  nowMs: number,
): Promise<readonly OtherInForce[]> {
  try {
    const rungs = new Map<string, RungAction[]>();
    for (const { budget, rung } of await rungsInForce(state, project, nowMs))
      if (budget !== own) rungs.set(budget, [...(rungs.get(budget) ?? []), rung]);
    return [...rungs].map(([budget, actions]) => ({
      ...{ project, budget, rungs: actions },
      why: `${actions.join(', ')} of ${budget} ${actions.length === 1 ? 'is' : 'are'} in force on ${project}: the restore opens no grace of that budget, and the kill switch takes away again what comes back, within 5 minutes. Restore that budget as well, or raise it`,
    }));
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    return [
      {
        project,
        why: `whether a rung of another budget is in force on ${project} is not known: ${messageOf(error)}`,
      },
    ];
  }
}
