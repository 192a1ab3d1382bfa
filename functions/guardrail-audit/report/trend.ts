/** One finding of an audit, as its receipt has it. */
export interface EarlierFinding {
  readonly rule: string;
  readonly severity: string;
  readonly resource: string;
  readonly place: string | null;
  readonly detail: string;
  /** What a secret is known by under another key of digests: pattern and length; absent for what is none. */
  readonly shape?: string | undefined;
}

/** What an audit said, as far as audits are compared. */
export interface Audited {
  readonly points: number | undefined;
  /** By fingerprint, in the order of the report. */
  readonly findings: ReadonlyMap<string, EarlierFinding>;
  /** Names the key of its digests; absent where none was kept. */
  readonly digestKey?: string | undefined;
}

/** The audit of now. */
export interface AuditedNow extends Audited {
  /** Rules of which not all could be looked at. */
  readonly partial: ReadonlySet<string>;
}

/** The audit before, from its receipt. */
export interface EarlierAudit extends Audited {
  readonly runId: string;
  readonly at: string;
}

/** `unknown`: it was found then, and its rule cannot be evaluated now. */
export const CHANGES = ['new', 'fixed', 'unknown', 'open'] as const;

/** What became of one finding since the audit before. */
export interface Change extends Omit<EarlierFinding, 'shape'> {
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

/**
 * For each finding of now that is one of then: its fingerprint then. It is the same one, save for secrets under another key of digests:
 * these are taken for the same where place, pattern and length are.
 */
export function sameFindings(then: Audited, now: Audited): ReadonlyMap<string, string> {
  const same = new Map(
    [...now.findings.keys()].filter((one) => then.findings.has(one)).map((one) => [one, one]),
  );
  if (then.digestKey === now.digestKey) return same;
  const left = [...then.findings].filter(([fingerprint]) => !same.has(fingerprint));
  for (const [fingerprint, one] of now.findings) {
    if (one.shape === undefined || same.has(fingerprint)) continue;
    const at = left.findIndex(([, other]) => secretKey(other) === secretKey(one));
    const [found] = at === -1 ? [] : left.splice(at, 1);
    if (found !== undefined) same.set(fingerprint, found[0]);
  }
  return same;
}

function secretKey({ rule, resource, place, shape }: EarlierFinding): string {
  return JSON.stringify([rule, resource, place, shape]);
}

export function trendOf(earlier: EarlierAudit, now: AuditedNow): Trend {
  const same = sameFindings(earlier, now);
  const still = new Set(same.values());
  const all = [
    ...[...now.findings].map(([fingerprint, one]) =>
      changeOf(same.has(fingerprint) ? 'open' : 'new', fingerprint, one),
    ),
    ...[...earlier.findings]
      .filter(([fingerprint]) => !still.has(fingerprint))
      .map(([fingerprint, one]) =>
        changeOf(now.partial.has(one.rule) ? 'unknown' : 'fixed', fingerprint, one),
      ),
  ];
  const changes = CHANGES.flatMap((kind) => all.filter(({ change }) => change === kind));
  const count = (kind: Change['change']): number => all.filter(({ change }) => change === kind).length;
  const { runId, at, points = null } = earlier;
  return {
    runId,
    at,
    points,
    change: points === null || now.points === undefined ? null : Math.round(10 * (now.points - points)) / 10,
    added: count('new'),
    fixed: count('fixed'),
    open: count('open'),
    unknown: count('unknown'),
    changes,
  };
}

function changeOf(
  change: Change['change'],
  fingerprint: string,
  { rule, severity, resource, place, detail }: EarlierFinding,
): Change {
  return { change, fingerprint, rule, severity, resource, place, detail };
}

/** A line of the digest has no room for more. */
const MAX_CHANGES = 5;

/** Of each kind of change the first ones, for the digest: the findings themselves are decisions of their own. */
export function shortTrend({ changes, ...counts }: Trend): Trend {
  const first = CHANGES.filter((kind) => kind !== 'open').flatMap((kind) =>
    changes.filter(({ change }) => change === kind).slice(0, MAX_CHANGES),
  );
  return { ...counts, changes: first };
}
