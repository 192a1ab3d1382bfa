import * as z from 'zod/mini';
import { addUsd, NO_USD, type UsdRange } from '../../../shared/prices/money.ts';
import type { ProjectFacts, ReceiptFacts } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';
import { MISTAKES, type MistakeId } from '../rules/mistakes.ts';

/** One project in the report over receipts. */
export interface ScopeRow {
  readonly project: string;
  readonly parent: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Null without a receipt that is young enough; `why` says so. */
  readonly audit: {
    readonly runId: string;
    readonly at: string;
    readonly points: number | null;
    readonly grade: string | null;
    readonly findings: number;
    readonly usdPerMonth: UsdRange;
    readonly unpriced: number;
    readonly mistakes: Readonly<Record<string, string>>;
    /** Since the audit before it; null where there was none. */
    readonly trend: { readonly added: number; readonly fixed: number; readonly change: number | null } | null;
    /** Which price books were older than 90 days then; null where none was. */
    readonly oldPrices: string | null;
  } | null;
  readonly why: string | null;
}

export interface ScopeTotal {
  readonly key: string;
  readonly projects: number;
  readonly audited: number;
  readonly findings: number;
  readonly usdPerMonth: UsdRange;
  readonly unpriced: number;
}

export interface ScopeReport {
  readonly generatedAt: string;
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

export function scopeRow(
  project: string,
  facts: Reading<ProjectFacts>,
  receipt: Reading<ReceiptFacts>,
): ScopeRow {
  const { parent, labels } = isRead(facts) ? facts.value : { parent: undefined, labels: {} };
  const head = { project, parent: parent ?? null, labels };
  if (!isRead(receipt)) return { ...head, audit: null, why: receipt.why };
  const { runId, startedAtMs, decisions } = receipt.value;
  const score = decisions.find(({ reason }) => reason === 'score')?.evidence ?? {};
  const { points, grade, findings, unpriced, usdPerMonth, mistakes, trend, oldPrices } = score;
  return {
    ...head,
    audit: {
      runId,
      at: new Date(startedAtMs).toISOString(),
      points: typeof points === 'number' ? points : null,
      grade: typeof grade === 'string' ? grade : null,
      findings: typeof findings === 'number' ? findings : 0,
      usdPerMonth: rangeOf(usdPerMonth),
      unpriced: typeof unpriced === 'number' ? unpriced : 0,
      mistakes: textsOf(mistakes),
      trend: trendIn(trend),
      oldPrices: typeof oldPrices === 'string' ? oldPrices : null,
    },
    why: null,
  };
}

export function joinScope(rows: readonly ScopeRow[], now: Date, ownerLabel = 'owner'): ScopeReport {
  return {
    generatedAt: now.toISOString(),
    projects: [...rows].sort((a, b) => moneyOf(b) - moneyOf(a) || (a.project < b.project ? -1 : 1)),
    total: totalOf('all', rows),
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
  };
}

function moneyOf({ audit }: ScopeRow): number {
  return audit === null ? -1 : audit.usdPerMonth.high;
}

function rangeOf(value: unknown): UsdRange {
  if (typeof value !== 'object' || value === null || !('low' in value) || !('high' in value)) return NO_USD;
  const { low, high } = value;
  return typeof low === 'number' && typeof high === 'number' ? { low, high } : NO_USD;
}

const trendSchema = z.looseObject({ added: z.number(), fixed: z.number(), change: z.nullable(z.number()) });

function trendIn(value: unknown): NonNullable<ScopeRow['audit']>['trend'] {
  const { data } = trendSchema.safeParse(value);
  return data === undefined ? null : { added: data.added, fixed: data.fixed, change: data.change };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  );
}
