import type { Outcome } from '../checks/outcome.ts';
import type { Score } from './score.ts';
import type { Finding } from './report.ts';

/** What the audit before said, from its receipt. */
export interface EarlierAudit {
  readonly runId: string;
  readonly at: string;
  readonly points: number | undefined;
  readonly fingerprints: readonly string[];
  /** The rule of each fingerprint. */
  readonly rules: ReadonlyMap<string, string>;
}

export interface Trend {
  readonly runId: string;
  readonly at: string;
  readonly points: number | null;
  /** Points now less points then; null where one of the two is unknown. */
  readonly change: number | null;
  readonly added: number;
  readonly fixed: number;
  /** Findings of then whose rule cannot be evaluated now: neither fixed nor there. */
  readonly unknown: number;
}

export function trendOf(
  earlier: EarlierAudit,
  score: Score,
  findings: readonly Finding[],
  outcomes: readonly Outcome[],
): Trend {
  const present = new Set(findings.map(({ fingerprint }) => fingerprint));
  const partial = new Set<string>(outcomes.filter(({ gaps }) => gaps.length > 0).map(({ rule }) => rule));
  const gone = earlier.fingerprints.filter((one) => !present.has(one));
  const unknown = gone.filter((one) => partial.has(earlier.rules.get(one) ?? ''));
  const { runId, at, points = null } = earlier;
  return {
    runId,
    at,
    points,
    change:
      points === null || score.points === undefined ? null : Math.round(10 * (score.points - points)) / 10,
    added: findings.filter(({ isNew }) => isNew === true).length,
    fixed: gone.length - unknown.length,
    unknown: unknown.length,
  };
}
