import { cut } from '../../../shared/report/text.ts';
import { accruedByKind } from '../../../shared/spend/accrued.ts';
import { isSpentKnown, type OpenBand } from '../../../shared/spend/band.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { billingStart } from '../../../shared/spend/pacific.ts';
import { standingOf, type StandingOptions } from '../../../shared/spend/standing.ts';
import type { Config } from '../config.ts';
import { burnByKind, type KindBurn } from '../evidence/kind-burn.ts';
import type { BudgetFacts, BudgetUnknown } from '../facts.ts';
import { oldestRegionMinutes } from '../looks/ages.ts';

/** One value of a metric: the end of its type, behind `custom.googleapis.com/costguard/`. */
export interface MetricPoint {
  readonly metric: keyof typeof METRICS;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is written, with its unit in the notation of UCUM. The first write of a metric makes its descriptor of this. */
export const METRICS = {
  burn_usd_per_hour: {
    unit: '{USD}/h',
    description: 'What runs costs an hour, by project, kind of resource and bound (low, expected, high).',
  },
  month_usd: {
    unit: '{USD}',
    description:
      'Accrued since the month began in Pacific time, as far back as the ledger goes, expected, by project and kind.',
  },
  budget_spend_usd: {
    unit: '{USD}',
    description: 'Spent by now in the period of a budget, estimated, by bound (low, expected, high).',
  },
  budget_reported_usd: {
    unit: '{USD}',
    description: 'The latest cost of the period that Cloud Billing reported for a budget.',
  },
  budget_amount_usd: { unit: '{USD}', description: 'The amount of a budget.' },
  budget_estimate_blocked: {
    unit: '1',
    description: '1 where a budget has no estimate, or one that no rung may fire by; else 0.',
  },
  oldest_region_minutes: {
    unit: 'min',
    description:
      'How old the oldest look at a watched region of Vertex AI was at the last look at a project; none where one was never looked at.',
  },
  look_incomplete: {
    unit: '1',
    description: '1 where the last look at a project could not see all, else 0.',
  },
} as const;

const BOUNDS = ['low', 'expected', 'high'] as const;

/** A label's value takes 1,024 characters: https://docs.cloud.google.com/monitoring/quotas */
const MAX_LABEL = 1_000;

/**
 * What a look says, as points of its moment. What is not known has none: the spend of a budget without an estimate that holds; and where
 * a listing failed, or a region of Vertex AI was not seen, a kind of which nothing was seen and every upper bound. Pure.
 */
export function pointsOf(
  ledger: Ledger,
  budgets: readonly BudgetFacts[],
  config: Pick<Config, 'regions' | 'discountAtMost'>,
  unestimated: readonly BudgetUnknown[] = [],
): readonly MetricPoint[] {
  const { project } = ledger;
  const { regions } = config;
  const complete = ledger.completeMs === ledger.lookedMs;
  const minutes = oldestRegionMinutes(ledger, regions, ledger.lookedMs);
  const month = accruedByKind(ledger, billingStart('month', ledger.lookedMs));
  return [
    { metric: 'look_incomplete', labels: { project }, value: complete ? 0 : 1 },
    ...(typeof minutes === 'number'
      ? [{ metric: 'oldest_region_minutes' as const, labels: { project }, value: minutes }]
      : []),
    ...[...burnByKind(ledger, regions)].flatMap(([kind, burn]) =>
      bandPoints('burn_usd_per_hour', { project, kind }, burn),
    ),
    ...Object.entries(month).map(([kind, usd]): MetricPoint => ({
      metric: 'month_usd',
      labels: { project, kind },
      value: rounded(usd),
    })),
    ...budgets.flatMap((budget) => budgetPoints(ledger, budget, config)),
    ...unestimated.map((budget): MetricPoint => ({
      ...{ metric: 'budget_estimate_blocked', labels: budgetLabels(budget.budget, budget.name), value: 1 },
    })),
  ];
}

function budgetPoints(
  own: Ledger,
  { messages, others, without }: BudgetFacts,
  config: StandingOptions,
): readonly MetricPoint[] {
  const ledgers = [own, ...others];
  const standing = standingOf({ messages, ledgers, without }, config, own.lookedMs);
  const { budget, displayName, amount } = messages;
  const labels = budgetLabels(budget, displayName);
  const isBlocked = standing.kind === 'none' || standing.blocked !== undefined;
  const state: MetricPoint = { metric: 'budget_estimate_blocked', labels, value: isBlocked ? 1 : 0 };
  if (standing.kind === 'none') return [state];
  const { spend, reading } = standing.estimate;
  return [
    state,
    // A number that contradicts itself, or that leaves out what came up in a project since, is no spend of this moment.
    ...(isBlocked ? [] : spendPoints(labels, spend)),
    { metric: 'budget_amount_usd', labels, value: amount },
    ...(reading.reported === undefined
      ? []
      : [{ metric: 'budget_reported_usd' as const, labels, value: reading.reported.cost }]),
  ];
}

/** Nothing expected of what not all was seen of is not nothing. */
function spendPoints(labels: MetricPoint['labels'], spend: OpenBand): readonly MetricPoint[] {
  const { low, high } = spend;
  return bandPoints('budget_spend_usd', labels, isSpentKnown(spend) ? spend : { low, high });
}

function budgetLabels(budget: string, name: string): MetricPoint['labels'] {
  return { budget, name: cut(name, MAX_LABEL) };
}

function bandPoints(
  metric: MetricPoint['metric'],
  labels: MetricPoint['labels'],
  band: KindBurn | Partial<OpenBand>,
): readonly MetricPoint[] {
  return BOUNDS.flatMap((bound) => {
    const value = band[bound];
    return value === undefined || value === null
      ? []
      : [{ metric, labels: { ...labels, bound }, value: rounded(value) }];
  });
}

/** To a millionth: what costs less than a cent an hour does not cost nothing. */
function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
