import type { Outcome } from '../checks/outcome.ts';
import { WEIGHTS } from '../rules/mistakes.ts';
import { ruleOf } from '../rules/rules.ts';

export type Grade = 'A' | 'B' | 'C' | 'D' | 'F';

export interface Score {
  /** 0 to 100, one decimal; undefined where nothing could be evaluated. */
  readonly points: number | undefined;
  readonly grade: Grade | undefined;
  /** The grade that the points alone would give, where what could not be evaluated caps it. */
  readonly cappedFrom: Grade | undefined;
  readonly failedWeight: number;
  readonly evaluableWeight: number;
  readonly allWeight: number;
  /** The rule in words, for the page. */
  readonly how: string;
}

const GRADES: readonly (readonly [from: number, grade: Grade])[] = [
  [90, 'A'],
  [80, 'B'],
  [70, 'C'],
  [50, 'D'],
  [0, 'F'],
];

/** Best grade while this share of the weight could not be evaluated, without the rules whose API is off in the project. */
const CAPS: readonly (readonly [share: number, best: Grade])[] = [
  [0.5, 'D'],
  [0.25, 'C'],
  [0, 'B'],
];

/**
 * 100 × (1 − failed weight / evaluable weight). A rule that cannot be evaluated takes no points, and no A is given while there is one.
 * One whose API is off in the project is left out and caps nothing: few projects use every service.
 */
export function scoreOf(outcomes: readonly Outcome[]): Score {
  const weigh = (some: readonly Outcome[]): number =>
    some.reduce((sum, { rule }) => sum + WEIGHTS[ruleOf(rule).severity], 0);
  const failedWeight = weigh(outcomes.filter(({ status }) => status === 'fail'));
  const evaluableWeight = weigh(outcomes.filter(({ status }) => status !== 'not-evaluable'));
  const allWeight = weigh(outcomes);
  const unknown = outcomes.filter(
    ({ status, isOffHere }) => status === 'not-evaluable' && isOffHere !== true,
  );
  const leftOut = outcomes.filter(({ isOffHere }) => isOffHere === true).length;
  const points =
    evaluableWeight === 0 ? undefined : Math.round(1000 * (1 - failedWeight / evaluableWeight)) / 10;
  const earned = points === undefined ? undefined : gradeOf(points);
  const cap = unknown.length === 0 ? undefined : capOf(weigh(unknown) / (evaluableWeight + weigh(unknown)));
  const grade = earned === undefined || cap === undefined || earned > cap ? earned : cap;
  return {
    points,
    grade,
    cappedFrom: grade === earned ? undefined : earned,
    failedWeight,
    evaluableWeight,
    allWeight,
    how: `100 × (1 − ${failedWeight} failed / ${evaluableWeight} evaluable), by weights critical ${WEIGHTS.critical}, high ${WEIGHTS.high}, medium ${WEIGHTS.medium}, low ${WEIGHTS.low}${cap === undefined ? '' : `; at most ${cap} while ${unknown.length} of ${outcomes.length} rules could not be evaluated`}${leftOut === 0 ? '' : `; ${leftOutText(leftOut)}`}`,
  };
}

/** `3 rules left out: their API is off here` */
export function leftOutText(rules: number): string {
  return rules === 1
    ? '1 rule left out: its API is off here'
    : `${rules} rules left out: their API is off here`;
}

function gradeOf(points: number): Grade {
  return GRADES.find(([from]) => points >= from)?.[1] ?? 'F';
}

function capOf(unknownShare: number): Grade {
  return CAPS.find(([share]) => unknownShare > share)?.[1] ?? 'B';
}
