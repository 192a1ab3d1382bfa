import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { RungAction } from '../../../shared/policy/policy.ts';
import type { ManifestKey } from '../../../shared/state/manifest.ts';
import { rungsInForce, type RungInForce } from '../../../shared/state/rungs-in-force.ts';
import type { State } from '../../../shared/state/state.ts';

/** What the rungs of another budget, or of another period of the same one, do to what comes back in a project. */
export interface OtherInForce {
  readonly project: string;
  /** Absent where it cannot be read whether there is one. */
  readonly budget?: string;
  /** First day of the period in which the rungs are in force; absent where it is not known. */
  readonly period?: string;
  readonly rungs?: readonly RungAction[];
  readonly why: string;
}

const READS_AT_ONCE = 8;

/** What a restore opens a grace of. */
type Own = Pick<ManifestKey, 'budget' | 'period'>;

/**
 * The rungs of other budgets and periods that are in force on the projects of a restore: it opens a grace of its own budget and period
 * alone, and theirs would undo it at the switch's next look.
 */
export async function othersInForce(
  state: State,
  own: Own,
  projects: readonly string[],
  nowMs: number,
): Promise<readonly OtherInForce[]> {
  const found = await pMap(projects, (project) => inForceOn(state, own, project, nowMs), {
    concurrency: READS_AT_ONCE,
  });
  return found.flat();
}

async function inForceOn(
  state: State,
  own: Own,
  project: string,
  nowMs: number,
): Promise<readonly OtherInForce[]> {
  try {
    const byBudget = new Map<string, RungInForce[]>();
    for (const one of await rungsInForce(state, project, nowMs))
      if (isOther(one, own)) byBudget.set(one.budget, [...(byBudget.get(one.budget) ?? []), one]);
    return [...byBudget].map(([budget, found]) => {
      const rungs = found.map(({ rung }) => rung);
      const period = found[0]?.period;
      const why = whyOf(project, { budget, period }, own, rungs);
      return { project, budget, ...(period === undefined ? {} : { period }), rungs, why };
    });
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    return [
      {
        project,
        why: `whether a rung of another budget or period is in force on ${project} is not known: ${messageOf(error)}`,
      },
    ];
  }
}

/** What an earlier version said of the own budget names no period: it is taken for the requested one. */
function isOther({ budget, period }: RungInForce, own: Own): boolean {
  return budget !== own.budget || (period !== undefined && period !== own.period);
}

function whyOf(
  project: string,
  { budget, period }: Pick<RungInForce, 'budget' | 'period'>,
  own: Own,
  rungs: readonly RungAction[],
): string {
  const one = rungs.length === 1;
  const inForce = `${one ? 'is' : 'are'} in force on ${project}`;
  const undone = `and the kill switch takes away again what ${one ? 'that rung covers' : 'these rungs cover'}, within 5 minutes`;
  return budget === own.budget
    ? `${rungs.join(', ')} of the period ${period} of ${budget} ${inForce}: the restore opens a grace of ${own.period} alone, ${undone}. Restore ${period} as well, or raise the budget`
    : `${rungs.join(', ')} of ${budget} ${inForce}: the restore opens no grace of that budget, ${undone}. Restore that budget as well, or raise it`;
}
