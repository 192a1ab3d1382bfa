import * as z from 'zod/mini';
import { addUsd, NO_USD, type UsdRange } from '../../../shared/prices/money.ts';
import type { ProjectFacts, ReceiptFacts } from '../facts.ts';
import type { Gap } from '../../../shared/run/receipt.ts';
import { isRead, type Reading } from '../reading.ts';
import { MISTAKES, type MistakeId } from '../rules/mistakes.ts';
import { inDeletionText } from '../../../shared/google/projects.ts';
import { isIncompletePartial } from './partial-money.ts';
import type { AuditReport } from './report.ts';
import { CHANGES } from './trend.ts';

/** Receipts of before name no changes. */
const trendSchema = z.object({
  added: z.number(),
  fixed: z.number(),
  change: z.nullable(z.number()),
  changes: z._default(
    z.array(
      z.object({
        change: z.enum(CHANGES),
        rule: z.string(),
        resource: z.string(),
        place: z.nullable(z.string()),
      }),
    ),
    [],
  ),
});

const countSchema = z.int().check(z.gte(0));
const usdSchema = z.number().check(z.gte(0));

/** The decision of a receipt in which the whole audit stands. */
const scoreSchema = z.looseObject({
  points: z.nullable(z.number().check(z.gte(0), z.lte(100))),
  grade: z.nullable(z.enum(['A', 'B', 'C', 'D', 'F'])),
  findings: countSchema,
  usdPerMonth: z.object({ low: usdSchema, high: usdSchema }),
  unpriced: countSchema,
  isMoneyPartial: z.optional(z.boolean()),
  mistakes: z.record(z.string(), z.enum(['pass', 'fail', 'not-evaluable'])),
  trend: z.optional(z.unknown()),
  oldPrices: z._default(z.nullable(z.string()), null),
});

/** One project in the report over receipts. */
export interface ScopeRow {
  readonly project: string;
  readonly parent: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Null without a receipt that is young enough; `why` says so. */
  readonly audit: {
    /** Null for one that was looked at now. */
    readonly runId: string | null;
    readonly at: string;
    readonly points: number | null;
    readonly grade: string | null;
    readonly findings: number;
    readonly usdPerMonth: UsdRange;
    readonly unpriced: number;
    readonly isMoneyPartial: boolean;
    readonly mistakes: Readonly<Record<string, string>>;
    /** Since the audit before it; null where there was none. */
    readonly trend: ScopeTrend | null;
    /** Which price books were older than 90 days then; null where none was. */
    readonly oldPrices: string | null;
  } | null;
  readonly why: string | null;
}

type WireTrend = z.infer<typeof trendSchema>;

export type ScopeTrend = Readonly<Omit<WireTrend, 'changes'>> & {
  readonly changes: readonly Readonly<WireTrend['changes'][number]>[];
};

export interface ScopeTotal {
  readonly key: string;
  readonly projects: number;
  readonly audited: number;
  readonly findings: number;
  readonly usdPerMonth: UsdRange;
  readonly unpriced: number;
  /** Of a project of it the money is unknown, or not all of it known. */
  readonly isMoneyPartial: boolean;
}

export interface ScopeReport {
  readonly generatedAt: string;
  /** Of the scope, what could not be listed: there may be more projects. */
  readonly incomplete: readonly Gap[];
  /** The most money first, those without an audit at the end. */
  readonly projects: readonly ScopeRow[];
  readonly total: ScopeTotal;
  readonly byFolder: readonly ScopeTotal[];
  /** By each label and value, such as `team=speech`. */
  readonly byLabel: readonly ScopeTotal[];
  /** By the label that the policy's `notify.ownerLabel` names, `owner` without one. */
  readonly byOwner: readonly ScopeTotal[];
  /** In how many projects each mistake is made. */
  readonly mistakes: readonly {
    readonly id: MistakeId;
    readonly title: string;
    readonly failed: number;
    readonly notEvaluable: number;
  }[];
}

type Audit = NonNullable<ScopeRow['audit']>;

/** A project by its newest receipt. */
export function scopeRow(
  project: string,
  facts: Reading<ProjectFacts>,
  receipt: Reading<ReceiptFacts>,
): ScopeRow {
  const known = isRead(facts) ? facts.value : undefined;
  // Its last audit is about what was there.
  if (known?.isDeleted === true) return unreadRow(project, known, inDeletionText(project));
  if (!isRead(receipt)) return unreadRow(project, known, receipt.why);
  const { runId, startedAtMs, decisions, incomplete } = receipt.value;
  const score = scoreSchema.safeParse(decisions.find(({ reason }) => reason === 'score')?.evidence);
  // A damaged one says nothing: not that nothing was found.
  if (!score.success) return unreadRow(project, known, `the score in the receipt of run ${runId} is damaged`);
  const { points, grade, findings, usdPerMonth, unpriced, mistakes, trend, oldPrices } = score.data;
  return auditedRow(project, known, {
    runId,
    at: new Date(startedAtMs).toISOString(),
    ...{ points, grade, findings, usdPerMonth, unpriced, mistakes },
    isMoneyPartial: score.data.isMoneyPartial ?? isIncompletePartial(incomplete),
    trend: trendIn(trend),
    oldPrices,
  });
}

/** A project that was looked at now. */
export function reportRow(report: AuditReport, facts: ProjectFacts | undefined): ScopeRow {
  const { project, generatedAt, score, findings, usdPerMonth, unpriced, mistakes, trend, oldPrices } = report;
  return auditedRow(project, facts, {
    runId: null,
    at: generatedAt,
    points: score.points ?? null,
    grade: score.grade ?? null,
    findings: findings.length,
    ...{
      usdPerMonth,
      unpriced,
      isMoneyPartial: report.isMoneyPartial,
      mistakes: Object.fromEntries(mistakes.map(({ id, status }) => [id, status])),
    },
    trend: trendIn(trend),
    oldPrices: oldPrices ?? null,
  });
}

export function unreadRow(project: string, facts: ProjectFacts | undefined, why: string): ScopeRow {
  return { project, parent: facts?.parent ?? null, labels: facts?.labels ?? {}, audit: null, why };
}

function auditedRow(project: string, facts: ProjectFacts | undefined, audit: Audit): ScopeRow {
  return { project, parent: facts?.parent ?? null, labels: facts?.labels ?? {}, audit, why: null };
}

/** What is told of a scope beside its projects. */
export interface ScopeAbout {
  readonly generatedAt: string;
  /** `owner` when undefined. */
  readonly ownerLabel: string | undefined;
  readonly incomplete: readonly Gap[];
}

export function joinScope(
  rows: readonly ScopeRow[],
  { generatedAt, ownerLabel = 'owner', incomplete }: ScopeAbout,
): ScopeReport {
  const total = totalOf('all', rows);
  return {
    generatedAt,
    incomplete,
    projects: [...rows].sort((a, b) => moneyOf(b) - moneyOf(a) || (a.project < b.project ? -1 : 1)),
    total: { ...total, isMoneyPartial: total.isMoneyPartial || incomplete.length > 0 },
    byFolder: totalsBy(rows, ({ parent }) => [parent ?? 'no folder']),
    byLabel: totalsBy(rows, ({ labels }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`)),
    byOwner: totalsBy(rows, ({ labels }) => [labels[ownerLabel] ?? 'no owner']),
    mistakes: MISTAKES.map(({ id, title }) => ({
      id,
      title,
      failed: rows.filter(({ audit }) => audit?.mistakes[id] === 'fail').length,
      notEvaluable: rows.filter(({ audit }) => audit === null || audit.mistakes[id] === 'not-evaluable')
        .length,
    })),
  };
}

function totalsBy(
  rows: readonly ScopeRow[],
  keysOf: (row: ScopeRow) => readonly string[],
): readonly ScopeTotal[] {
  const keys = new Set(rows.flatMap(keysOf));
  return [...keys]
    .map((key) =>
      totalOf(
        key,
        rows.filter((row) => keysOf(row).includes(key)),
      ),
    )
    .sort((a, b) => b.usdPerMonth.high - a.usdPerMonth.high || (a.key < b.key ? -1 : 1));
}

function totalOf(key: string, rows: readonly ScopeRow[]): ScopeTotal {
  const audits = rows.flatMap(({ audit }) => audit ?? []);
  return {
    key,
    projects: rows.length,
    audited: audits.length,
    findings: audits.reduce((sum, { findings }) => sum + findings, 0),
    usdPerMonth: audits.reduce((sum, one) => addUsd(sum, one.usdPerMonth), NO_USD),
    unpriced: audits.reduce((sum, { unpriced }) => sum + unpriced, 0),
    isMoneyPartial: rows.some(({ audit }) => audit === null || audit.isMoneyPartial),
  };
}

function moneyOf({ audit }: ScopeRow): number {
  return audit === null ? -1 : audit.usdPerMonth.high;
}

function trendIn(value: unknown): ScopeTrend | null {
  return trendSchema.safeParse(value).data ?? null;
}
