import { writeCsv } from '../../../shared/report/csv.ts';
import { knownUsd } from './at-stake.ts';
import type { ScopeReport, ScopeRow } from './scope.ts';

/** One line a project. */
export function scopeCsv({ projects }: ScopeReport): string {
  return writeCsv(
    [
      { name: 'project', value: ({ project }) => project },
      { name: 'parent', value: ({ parent }) => parent },
      { name: 'audited_at', value: ({ audit }) => audit?.at ?? null },
      { name: 'points', value: ({ audit }) => audit?.points ?? null },
      { name: 'grade', value: ({ audit }) => audit?.grade ?? null },
      { name: 'findings', value: ({ audit }) => audit?.findings ?? null },
      { name: 'usd_per_month_low', value: ({ audit }) => usdOf(audit)?.low ?? null },
      { name: 'usd_per_month_high', value: ({ audit }) => usdOf(audit)?.high ?? null },
      { name: 'unpriced', value: ({ audit }) => audit?.unpriced ?? null },
      { name: 'usd_is_partial', value: ({ audit }) => audit?.isMoneyPartial ?? null },
      { name: 'old_prices', value: ({ audit }) => audit?.oldPrices ?? null },
      { name: 'why_not', value: ({ why }) => why },
    ],
    projects,
  );
}

/** Empty where no amount is known. */
function usdOf(audit: ScopeRow['audit']) {
  return audit === null ? undefined : knownUsd(audit);
}
