import type { Band, OpenBand } from '../../../shared/spend/band.ts';
import type { KnownBand } from '../evidence/burn.ts';
import { NOT_COUNTED } from './out-of-sight.ts';
import { isPartlyKnown, type BurnReport } from './report.ts';

/** https://prometheus.io/docs/specs/om/open_metrics_spec */
export const METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  /** Ends in its unit, as the specification demands. */
  readonly name: string;
  readonly unit?: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The numbers of the report as OpenMetrics text. What is unknown has no sample. */
export function writeMetrics(report: BurnReport): string {
  const families = [...burnFamilies(report.projects), ...accruedFamilies(report), ...budgetFamilies(report)];
  return `${families.map(writeFamily).join('')}# EOF\n`;
}

type Project = BurnReport['projects'][number];

/** What runs now. A look that is long ago says nothing of it. */
function burnFamilies(projects: readonly Project[]): readonly Family[] {
  const current = projects.filter(({ stale }) => !stale);
  const bands = (of: (one: Project) => KnownBand): readonly Sample[] =>
    current.flatMap((one) => bandSamples({ project: one.project }, of(one), boundsOf(one)));
  return [
    {
      ...{
        name: 'costguard_burn_usd_per_hour',
        unit: 'usd_per_hour',
        help: `What runs now costs an hour. ${NOT_COUNTED}`,
      },
      samples: bands((one) => one.burnUsdPerHour),
    },
    {
      name: 'costguard_kind_burn_usd_per_hour',
      unit: 'usd_per_hour',
      help: 'The same by kind of resource, expected.',
      samples: current.flatMap(({ project, burnByKind }) =>
        Object.entries(burnByKind).flatMap(([kind, value]) =>
          value === 'unknown' ? [] : [{ labels: { project, kind }, value }],
        ),
      ),
    },
    {
      ...{
        name: 'costguard_month_end_usd',
        unit: 'usd',
        help: 'At the end of the month at the present burn.',
      },
      samples: bands((one) => one.monthEndUsd),
    },
    {
      ...{
        name: 'costguard_unpriced_resources',
        help: 'Resources without a price: they count in high alone.',
      },
      samples: current.map(({ project, unpriced }) => ({ labels: { project }, value: unpriced })),
    },
  ];
}

/** What accrued, of which a look that is long ago says the least; and the looks. */
function accruedFamilies({ projects, notEvaluable }: BurnReport): readonly Family[] {
  const accrued = (of: (one: Project) => KnownBand): readonly Sample[] =>
    projects.flatMap((one) => bandSamples({ project: one.project }, of(one), boundsOf(one)));
  const each = (of: (one: Project) => number): readonly Sample[] =>
    projects.map((one) => ({ labels: { project: one.project }, value: of(one) }));
  return [
    {
      ...{ name: 'costguard_today_usd', unit: 'usd', help: 'Accrued since midnight in Pacific time.' },
      samples: accrued((one) => one.todayUsd),
    },
    {
      ...{ name: 'costguard_month_usd', unit: 'usd', help: 'Accrued since the month began in Pacific time.' },
      samples: accrued((one) => one.monthUsd),
    },
    {
      ...{ name: 'costguard_look_timestamp_seconds', unit: 'seconds', help: 'The last look at the project.' },
      samples: each(({ lookedAt }) => Date.parse(lookedAt) / 1_000),
    },
    {
      ...{
        name: 'costguard_oldest_region_minutes',
        unit: 'minutes',
        help: 'How old the oldest look at a watched region of Vertex AI is; none where one was never looked at.',
      },
      samples: projects.flatMap(({ project, oldestRegionMinutes: minutes }) =>
        typeof minutes === 'number' ? [{ labels: { project }, value: minutes }] : [],
      ),
    },
    {
      ...{
        name: 'costguard_look_complete',
        help: '1 when all listings of the last look answered; else there may be more, and what was not seen again may be gone.',
      },
      samples: [
        ...each(({ complete }) => (complete ? 1 : 0)),
        ...notEvaluable.map(({ project }) => ({ labels: { project }, value: 0 })),
      ],
    },
  ];
}

function budgetFamilies({ budgets }: BurnReport): readonly Family[] {
  const known = budgets.filter(({ notEvaluable }) => notEvaluable === undefined);
  const holding = known.filter(({ blocked }) => blocked === undefined);
  return [
    {
      ...{
        name: 'costguard_budget_spend_usd',
        unit: 'usd',
        help: 'Spent by now in the period of the budget.',
      },
      samples: holding.flatMap(({ budget, spendUsd }) => bandSamples({ budget }, spendUsd ?? 'unknown')),
    },
    {
      ...{
        name: 'costguard_budget_reported_usd',
        unit: 'usd',
        help: 'The latest report of cost by Cloud Billing.',
      },
      samples: known.flatMap(({ budget, reported }) =>
        typeof reported === 'object' ? [{ labels: { budget }, value: reported.usd }] : [],
      ),
    },
    {
      ...{ name: 'costguard_budget_amount_usd', unit: 'usd', help: 'The amount of the budget.' },
      samples: known.map(({ budget, amount }) => ({ labels: { budget }, value: amount })),
    },
    {
      ...{
        name: 'costguard_budget_estimate_blocked',
        help: '1 where the budget has no estimate, or one that no rung may fire by.',
      },
      samples: budgets.map((one) => ({
        labels: { budget: one.budget },
        value: holding.includes(one) ? 0 : 1,
      })),
    },
  ];
}

const BOUNDS: readonly (keyof Band)[] = ['low', 'expected', 'high'];

/** Where not all was looked at there may be more; and of what accrued a look that is long ago says the least. */
function boundsOf(one: Project): readonly (keyof Band)[] {
  if (one.stale) return ['low'];
  return isPartlyKnown(one) ? ['low', 'expected'] : BOUNDS;
}

function bandSamples(
  labels: Sample['labels'],
  band: KnownBand | OpenBand,
  bounds = BOUNDS,
): readonly Sample[] {
  if (band === 'unknown') return [];
  // Nothing expected of what has no price is not nothing.
  const isUnpriced = band.expected === 0 && band.high !== 0;
  return bounds
    .filter((bound) => bound !== 'expected' || !isUnpriced)
    .flatMap((bound) => {
      const value = band[bound];
      return value === null ? [] : [{ labels: { ...labels, bound }, value }];
    });
}

function writeFamily({ name, unit, help, samples }: Family): string {
  if (samples.length === 0) return '';
  const lines = [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(({ labels, value }) => `${name}{${labelText(labels)}} ${value}`),
  ];
  return `${lines.join('\n')}\n`;
}

function labelText(labels: Sample['labels']): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
    )
    .join(',');
}
