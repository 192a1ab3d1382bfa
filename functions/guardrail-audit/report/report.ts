import { createHash } from 'node:crypto';
import type { UsdPerMonth, UsdRange } from '../../../shared/prices/money.ts';
import { addUsd, NO_USD } from '../../../shared/prices/money.ts';
import { agedBooks, oldBooksText, type UsedBook } from '../../../shared/prices/age/book-age.ts';
import { runningBookDates } from '../../../shared/prices/age/running-book-dates.ts';
import type { EvidenceValue, Found, Outcome, Status } from '../checks/outcome.ts';
import { MISTAKES, SEVERITIES, type MistakeId, type Severity } from '../rules/mistakes.ts';
import { ruleOf, type RuleId } from '../rules/rules.ts';
import { isMoneyPartial } from './partial-money.ts';
import { scoreOf, type Score } from './score.ts';
import { shapeOf } from './earlier.ts';
import { sameFindings, trendOf, type AuditedNow, type EarlierAudit, type Trend } from './trend.ts';

/** One finding as every format shows it. */
export interface Finding {
  /** The same in every run while the same rule fails at the same place. */
  readonly fingerprint: string;
  readonly rule: RuleId;
  readonly mistake: MistakeId;
  readonly severity: Severity;
  readonly title: string;
  readonly cis: string | null;
  readonly resource: string;
  readonly place: string | null;
  readonly detail: string;
  readonly evidence: Readonly<Record<string, EvidenceValue>>;
  /** Null where it is about risk and not about money. */
  readonly usdPerMonth: UsdPerMonth | null;
  readonly commands: readonly string[];
  /** It was not there in the audit before; null without one. */
  readonly isNew: boolean | null;
}

export interface RuleResult {
  readonly rule: RuleId;
  readonly title: string;
  readonly help: string;
  readonly severity: Severity;
  readonly cis: string | null;
  readonly status: Status;
  readonly looked: number;
  readonly findings: number;
  readonly gaps: readonly string[];
  /** Not evaluable because its API is off in the project, and for no other reason: it does not cap the grade. */
  readonly isOffHere: boolean;
  readonly remedy: string | null;
  readonly notes: readonly string[];
}

export interface MistakeResult {
  readonly id: MistakeId;
  readonly number: number;
  readonly title: string;
  readonly status: Status;
  /** The worst of its failed rules. */
  readonly severity: Severity | null;
  readonly findings: number;
  readonly usdPerMonth: UsdRange;
  readonly unpriced: number;
  readonly isMoneyPartial: boolean;
  readonly rules: readonly RuleResult[];
}

/** The audit of one project: what the JSON answer holds, and what page, CSV and SARIF are made from. No value of a secret is in it. */
export interface AuditReport {
  readonly project: string;
  readonly generatedAt: string;
  readonly score: Score;
  readonly trend: Trend | null;
  /** Names the key of digests: those of two audits can be compared where it is the same one. Null where none is kept. */
  readonly digestKey: string | null;
  /** What the findings cost together, as far as they have a price. Two of them may be about the same money. */
  readonly usdPerMonth: UsdRange;
  readonly unpriced: number;
  /** There may be more: not all that costs money could be looked at. Where nothing was found the amount is unknown, and not 0. */
  readonly isMoneyPartial: boolean;
  readonly mistakes: readonly MistakeResult[];
  /** The most money first, then the most severe. */
  readonly findings: readonly Finding[];
  /** Says which price books are older than 90 days; absent where none is. */
  readonly oldPrices?: string;
  /** What no audit of this kind looks at. */
  readonly limits: readonly string[];
  readonly apiCalls: Readonly<Record<string, number>>;
}

export const LIMITS: readonly string[] = [
  'Of the runs of one pipeline (one template, or one display name in a region) the parameters of all are looked at, and the compiled specification of the newest; schedules that have not run yet are not.',
  'Roles are judged by their names: what a custom role holds, and who is in a group, is not looked at. Nor are access control lists of objects, of which uniform bucket-level access knows none.',
  'Scripts in buckets are read where the audit may read them; what runs inside of machines is not looked at.',
];

/** The price books behind the findings, as of `now`. */
export const auditBooks = (now: Date): readonly UsedBook[] => agedBooks(runningBookDates(), now);

export function buildReport(
  project: string,
  outcomes: readonly Outcome[],
  now: Date,
  earlier: EarlierAudit | undefined,
  apiCalls: Readonly<Record<string, number>>,
  digestKey?: string,
): AuditReport {
  const nth = counter();
  const found = outcomes
    .flatMap(({ rule, found: all }) =>
      all.map((one) => toFinding(rule, one, fingerprintOf(rule, one, nth(placeKey(rule, one))))),
    )
    .sort(byMoney);
  const score = scoreOf(outcomes);
  const audited: AuditedNow = {
    points: score.points,
    findings: new Map(found.map((one) => [one.fingerprint, { ...one, shape: shapeOf(one.evidence) }])),
    partial: new Set(outcomes.filter(({ gaps }) => gaps.length > 0).map(({ rule }) => rule)),
    digestKey,
  };
  const same = earlier === undefined ? undefined : sameFindings(earlier, audited);
  const findings = found.map((one) => ({
    ...one,
    isNew: same === undefined ? null : !same.has(one.fingerprint),
  }));
  const oldPrices = oldBooksText(auditBooks(now));
  return {
    project,
    generatedAt: now.toISOString(),
    score,
    trend: earlier === undefined ? null : trendOf(earlier, audited),
    digestKey: digestKey ?? null,
    ...sumOf(findings),
    isMoneyPartial: isMoneyPartial(outcomes),
    mistakes: MISTAKES.map((mistake, at) => toMistake(mistake, at + 1, outcomes, findings)),
    findings,
    ...(oldPrices === undefined ? {} : { oldPrices }),
    limits: LIMITS,
    apiCalls,
  };
}

/** `nth`: of those that nothing else tells apart. Of a secret it holds no more than the digest does, whose key is not told. */
export function fingerprintOf(
  rule: RuleId,
  found: Pick<Found, 'resource' | 'place' | 'mark'>,
  nth = 1,
): string {
  const key = placeKey(rule, found);
  return createHash('sha256')
    .update(nth === 1 ? key : `${key}#${nth}`)
    .digest('hex')
    .slice(0, 16);
}

function placeKey(rule: RuleId, { resource, place = '', mark }: Pick<Found, 'resource' | 'place' | 'mark'>) {
  return JSON.stringify([rule, resource, place, ...(mark === undefined ? [] : [mark])]);
}

/** How often it was called with a key, this time included. */
function counter(): (key: string) => number {
  const seen = new Map<string, number>();
  return (key) => {
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count;
  };
}

function toFinding(rule: RuleId, found: Found, fingerprint: string): Omit<Finding, 'isNew'> {
  const { mistake, severity, title, cis = null } = ruleOf(rule);
  const { resource, place = null, detail, evidence, usdPerMonth = null, commands } = found;
  return {
    fingerprint,
    rule,
    mistake,
    severity,
    title,
    cis,
    resource,
    place,
    detail,
    evidence,
    usdPerMonth,
    commands,
  };
}

function toMistake(
  { id, title }: (typeof MISTAKES)[number],
  number: number,
  outcomes: readonly Outcome[],
  findings: readonly Finding[],
): MistakeResult {
  const own = outcomes.filter(({ rule }) => ruleOf(rule).mistake === id);
  const found = findings.filter(({ mistake }) => mistake === id);
  const has = (status: Status): boolean => own.some((one) => one.status === status);
  return {
    id,
    number,
    title,
    // Passed only where every rule of it did.
    status: has('fail') ? 'fail' : has('not-evaluable') ? 'not-evaluable' : 'pass',
    severity: SEVERITIES.find((severity) => found.some((one) => one.severity === severity)) ?? null,
    findings: found.length,
    ...sumOf(found),
    isMoneyPartial: isMoneyPartial(own),
    rules: own.map(toRule),
  };
}

function toRule(outcome: Outcome): RuleResult {
  const { rule, status, looked, found, gaps, isOffHere = false, remedy, notes = [] } = outcome;
  const { title, help, severity, cis = null } = ruleOf(rule);
  return {
    rule,
    title,
    help,
    severity,
    cis,
    status,
    looked,
    findings: found.length,
    gaps,
    isOffHere,
    remedy: remedy ?? null,
    notes,
  };
}

function sumOf(findings: readonly Finding[]): { readonly usdPerMonth: UsdRange; readonly unpriced: number } {
  let usdPerMonth = NO_USD;
  let unpriced = 0;
  for (const { usdPerMonth: one } of findings)
    if (one === 'unpriced') unpriced += 1;
    else if (one !== null) usdPerMonth = addUsd(usdPerMonth, one);
  return { usdPerMonth, unpriced };
}

type Sortable = Omit<Finding, 'isNew'>;

function byMoney(a: Sortable, b: Sortable): number {
  return (
    moneyOf(b) - moneyOf(a) ||
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compare(a.rule, b.rule) ||
    compare(a.resource, b.resource) ||
    compare(a.place ?? '', b.place ?? '')
  );
}

function moneyOf({ usdPerMonth }: Sortable): number {
  return usdPerMonth === null || usdPerMonth === 'unpriced' ? 0 : usdPerMonth.high;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
