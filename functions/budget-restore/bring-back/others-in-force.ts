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
  /** Those of them that spend-watch's estimate alone makes due. Absent: none. */
  readonly byEstimate?: readonly RungAction[];
  readonly why: string;
}

/** What is in force by an estimate alone of the budget and period of a restore itself. */
export interface EstimatedInForce {
  readonly project: string;
  readonly rungs: readonly RungAction[];
  readonly why: string;
}

/** What is in force on the projects of a restore, and matters to who requests it. */
export interface InForce {
  readonly others: readonly OtherInForce[];
  readonly byEstimate: readonly EstimatedInForce[];
}

const READS_AT_ONCE = 8;

/** What a restore opens a grace of. */
type Own = Pick<ManifestKey, 'budget' | 'period'>;

/**
 * The rungs of other budgets and periods that are in force on the projects of a restore: it opens a grace of its own budget and period
 * alone, and theirs would undo it at the switch's next look. And which of its own no message has reached yet.
 */
export async function inForceOnProjects(
  state: State,
  own: Own,
  projects: readonly string[],
  nowMs: number,
): Promise<InForce> {
  const found = await pMap(projects, (project) => inForceOn(state, own, project, nowMs), {
    concurrency: READS_AT_ONCE,
  });
  return {
    others: found.flatMap(({ others }) => others),
    byEstimate: found.flatMap(({ byEstimate }) => byEstimate),
  };
}

async function inForceOn(state: State, own: Own, project: string, nowMs: number): Promise<InForce> {
  try {
    const all = await rungsInForce(state, project, nowMs);
    const byBudget = Map.groupBy(
      all.filter((one) => isOther(one, own)),
      ({ budget }) => budget,
    );
    const ofOwn = estimatedOf(all.filter((one) => !isOther(one, own)));
    return {
      others: [...byBudget.values()].flatMap((found) => otherOf(project, own, found)),
      byEstimate: ofOwn.length === 0 ? [] : [{ project, rungs: ofOwn, why: ownText(project, ofOwn) }],
    };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    const why = `whether a rung of another budget or period is in force on ${project} is not known: ${messageOf(error)}`;
    return { others: [{ project, why }], byEstimate: [] };
  }
}

function otherOf(project: string, own: Own, found: readonly RungInForce[]): readonly OtherInForce[] {
  const [first] = found;
  if (first === undefined) return [];
  const { budget, period } = first;
  const rungs = found.map(({ rung }) => rung);
  const byEstimate = estimatedOf(found);
  const why = whyOf(project, { budget, period }, own, rungs);
  return [
    {
      ...{ project, budget, ...(period === undefined ? {} : { period }), rungs },
      ...(byEstimate.length === 0
        ? { why }
        : { byEstimate, why: `${why}. ${byEstimate.join(', ')}: ${ESTIMATED}` }),
    },
  ];
}

function estimatedOf(found: readonly RungInForce[]): readonly RungAction[] {
  return found.filter(({ byEstimate }) => byEstimate === true).map(({ rung }) => rung);
}

const ESTIMATED =
  'by spend-watch’s estimate alone (basis live), which no message has reached yet; a lower estimate releases it by itself';

function ownText(project: string, rungs: readonly RungAction[]): string {
  return `${rungs.join(', ')} of this budget on ${project}: ${ESTIMATED}. A grace that is a share of the budget ends by the estimate as well: choose hours where it is wrong`;
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
