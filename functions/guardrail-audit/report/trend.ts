import type { Outcome } from '../checks/outcome.ts';
import type { Score } from './score.ts';
import type { Finding } from './report.ts';

/** One finding of the audit before, as its receipt has it. */
export interface EarlierFinding {
  readonly rule: string;
  readonly severity: string;
  readonly resource: string;
  readonly place: string | null;
  readonly detail: string;
}

/** What the audit before said, from its receipt. */
export interface EarlierAudit {
  readonly runId: string;
  readonly at: string;
  readonly points: number | undefined;
  /** By fingerprint. */
  readonly findings: ReadonlyMap<string, EarlierFinding>;
}

/** `unknown`: it was found then, and its rule cannot be evaluated now. */
export const CHANGES = ['new', 'fixed', 'unknown', 'open'] as const;

/** What became of one finding since the audit before. */
export interface Change extends EarlierFinding {
  readonly change: (typeof CHANGES)[number];
  readonly fingerprint: string;
}

export interface Trend {
  readonly runId: string;
  readonly at: string;
  readonly points: number | null;
  /** Points now less points then; null where one of the two is unknown. */
  readonly change: number | null;
  readonly added: number;
  readonly fixed: number;
  /** Findings of both. */
  readonly open: number;
  /** Findings of then whose rule cannot be evaluated now: neither fixed nor there. */
  readonly unknown: number;
  /** Each finding of the two, in the order of {@link CHANGES}. */
  readonly changes: readonly Change[];
}

/** `findings` of now, in the order of the report. */
export function trendOf(
  earlier: EarlierAudit,
  score: Score,
  findings: readonly Finding[],
  outcomes: readonly Outcome[],
): Trend {
  const present = new Set(findings.map(({ fingerprint }) => fingerprint));
  const partial = new Set<string>(outcomes.filter(({ gaps }) => gaps.length > 0).map(({ rule }) => rule));
  const all = [
    ...findings.map((one) => changeOf(earlier.findings.has(one.fingerprint) ? 'open' : 'new', one)),
    ...[...earlier.findings]
      .filter(([fingerprint]) => !present.has(fingerprint))
      .map(([fingerprint, one]) =>
        changeOf(partial.has(one.rule) ? 'unknown' : 'fixed', { fingerprint, ...one }),
      ),
  ];
  const changes = CHANGES.flatMap((kind) => all.filter(({ change }) => change === kind));
  const count = (kind: Change['change']): number => all.filter(({ change }) => change === kind).length;
  const { runId, at, points = null } = earlier;
  return {
    runId,
    at,
    points,
    change:
      points === null || score.points === undefined ? null : Math.round(10 * (score.points - points)) / 10,
    added: count('new'),
    fixed: count('fixed'),
    open: count('open'),
    unknown: count('unknown'),
    changes,
  };
}

function changeOf(
  change: Change['change'],
  { fingerprint, rule, severity, resource, place, detail }: EarlierFinding & { readonly fingerprint: string },
): Change {
  return { change, fingerprint, rule, severity, resource, place, detail };
}
