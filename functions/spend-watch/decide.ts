import type { Decision } from '../../shared/run/receipt.ts';
import { accrue } from '../../shared/spend/accrue.ts';
import { accruedBetween, accruedByKind, rateOf } from '../../shared/spend/accrued.ts';
import type { Ledger } from '../../shared/spend/ledger.ts';
import { billingMonthEnd, billingStart } from '../../shared/spend/pacific.ts';
import type { Config } from './config.ts';
import { budgetEvidence } from './evidence/budget.ts';
import { cents, centsOf } from './evidence/cents.ts';
import type { Costly, ProjectFacts } from './facts.ts';

const HOUR_MS = 3_600_000;

/** Resources that the receipt names, the most expensive ones. */
const MAX_NAMED = 10;

/** What one look says: the burn, what accrued, where that leads, and where each budget stands. Pure. */
export function judgeSpend(facts: ProjectFacts, config: Config): readonly Decision[] {
  const { seen, costly, before, budgets } = facts;
  const ledger = accrue(before, seen);
  const burn = rateOf(ledger);
  return [
    {
      resource: `projects/${seen.project}`,
      action: 'record',
      reason: seen.complete ? 'watched' : 'incomplete',
      evidence: {
        burnUsdPerHour: centsOf(burn),
        ...periodEvidence(ledger, seen.atMs),
        ledgerSince: new Date(ledger.sinceMs).toISOString(),
        resources: costly.length,
        top: costly.slice(0, MAX_NAMED).map((one) => topEvidence(one, seen.atMs)),
        ...(config.ownerLabel === undefined ? {} : { owners: ownersOf(costly) }),
        changed: changesOf(facts),
        budgets: budgets.map((budget) => budgetEvidence(budget, ledger, config, seen.atMs)),
      },
      usdPerHour: burn.expected,
    },
  ];
}

/** Since the billing day and month began, and the month's end at the present burn. */
function periodEvidence(ledger: Ledger, nowMs: number): Readonly<Record<string, unknown>> {
  const monthMs = billingStart('month', nowMs);
  const month = accruedBetween(ledger, Math.max(monthMs, ledger.sinceMs), nowMs);
  const hoursLeft = (billingMonthEnd(nowMs) - nowMs) / HOUR_MS;
  return {
    todayUsd: centsOf(accruedBetween(ledger, Math.max(billingStart('day', nowMs), ledger.sinceMs), nowMs)),
    monthUsd: centsOf(month),
    monthByKind: Object.fromEntries(
      Object.entries(accruedByKind(ledger, monthMs)).map(([kind, usd]) => [kind, cents(usd)]),
    ),
    monthEndUsd: cents(month.expected + rateOf(ledger).expected * hoursLeft),
  };
}

function topEvidence({ resource, description, cost, startedMs, owner }: Costly, nowMs: number): unknown {
  return {
    ...{ resource, description, cost },
    ...(startedMs === undefined ? {} : { runsForHours: Number(((nowMs - startedMs) / HOUR_MS).toFixed(1)) }),
    ...(owner === undefined ? {} : { owner }),
  };
}

/** USD an hour by owner. */
function ownersOf(costly: readonly Costly[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const { owner = 'no owner', usdPerHour } of costly) sum[owner] = (sum[owner] ?? 0) + usdPerHour;
  return Object.fromEntries(Object.entries(sum).map(([owner, usd]) => [owner, cents(usd)]));
}

/** Since the last look. What a listing that failed may hide is not told as gone. */
function changesOf({ seen, before }: ProjectFacts): unknown {
  const was = new Set((before?.running ?? []).map(({ resource }) => resource));
  const is = new Set(seen.resources.map(({ resource }) => resource));
  const appeared = [...is].filter((resource) => before !== undefined && !was.has(resource));
  const gone = seen.complete ? [...was].filter((resource) => !is.has(resource)) : [];
  return { appeared: appeared.slice(0, MAX_NAMED), gone: gone.slice(0, MAX_NAMED) };
}
