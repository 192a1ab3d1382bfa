import { resourceText } from '../../../shared/report/console-link.ts';
import type { Child, Markup } from '../../../shared/report/markup.ts';
import {
  countText,
  figure,
  momentText,
  timeText,
  usdRangeFigure,
  usdText,
} from '../../../shared/report/numbers.ts';
import { label } from '../../../shared/report/page-parts.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { inlineText } from '../../../shared/report/text.ts';
import type { KnownBand, OwnerBurn, TopResource } from '../evidence/burn.ts';
import { sumOwners } from './owners.ts';
import { unseenText } from './not-known.ts';
import {
  isPartlyKnown,
  type BurnReport,
  type ProjectBurn,
  type ScopeBurn,
  type UnknownBurn,
} from './report.ts';
import { countedSince, nothingChanged, nothingRuns, ownerHedge, rangeText } from './words.ts';

/** Rows of the page; the JSON has all. */
const MAX_ROWS = 200;

/** What runs, the most expensive first. */
export function topTable(report: BurnReport): Markup {
  return sortableTable({
    caption: 'Resources that cost most an hour',
    rows: report.top,
    empty: nothingRuns(report),
    sortedBy: 'At the most',
    columns: [
      {
        title: 'Resource',
        kind: 'text',
        wide: true,
        cell: (one) => [resourceText(one.resource), ...flagsOf(one)],
      },
      { title: 'What it is', kind: 'text', wide: true, cell: ({ description }) => inlineText(description) },
      { title: 'Cost an hour', kind: 'text', cell: ({ cost }) => inlineText(cost) },
      {
        title: 'At the most',
        kind: 'number',
        cell: ({ usdPerHour: { high } }) => figure(high, usdText(high)),
        key: ({ usdPerHour: { high } }) => high,
      },
      {
        title: 'Age',
        kind: 'number',
        cell: (one) => figure(one.runsForHours ?? one.seenForHours, ageText(one)),
        key: ({ runsForHours, seenForHours }) => runsForHours ?? seenForHours,
      },
      { title: 'Owner', kind: 'text', cell: ({ owner }) => (owner === null ? '–' : inlineText(owner)) },
    ],
  });
}

function flagsOf({ seenNow }: TopResource): readonly Child[] {
  return seenNow ? [] : [' ', label('not seen again', 'warn')];
}

/** `0.8 h`, and days from two on; `≥ 0.8 h` where the API does not tell when it started. */
export function ageText({ runsForHours, seenForHours }: TopResource): string {
  const hours = runsForHours ?? seenForHours;
  const text = hours < 48 ? `${countText(hours)} h` : `${countText(Math.round(hours / 24))} days`;
  return runsForHours === null ? `≥ ${text}` : text;
}

/** What appeared and what is gone. */
export function changeTable(report: BurnReport): Markup {
  return sortableTable({
    caption: 'Changes of the last hour',
    rows: report.changes,
    empty: nothingChanged(report),
    columns: [
      { title: 'Resource', kind: 'text', wide: true, cell: ({ resource }) => resourceText(resource) },
      { title: 'Seen at', kind: 'text', cell: ({ at }) => `${timeText(at)} UTC`, key: ({ at }) => at },
      { title: 'Change', kind: 'text', cell: ({ what }) => what },
      { title: 'Kind', kind: 'text', cell: ({ kind }) => kind },
      {
        title: 'USD an hour',
        kind: 'number',
        cell: ({ what, usdPerHour: usd }) => figure(usd, `${what === 'gone' ? '−' : '+'}${usdText(usd)}`),
        key: ({ what, usdPerHour: usd }) => (what === 'gone' ? -usd : usd),
      },
    ],
  });
}

/** A project a row, also where nothing is known of it. */
export function projectTable({ projects, notEvaluable }: BurnReport): Markup {
  const band = (of: (one: ProjectBurn) => KnownBand) => ({
    kind: 'number' as const,
    cell: (one: ProjectBurn | UnknownBurn): Child =>
      'notEvaluable' in one ? 'unknown' : bandCell(of(one), one),
    key: (one: ProjectBurn | UnknownBurn): number | undefined => {
      const value = 'notEvaluable' in one ? 'unknown' : of(one);
      return value === 'unknown' ? undefined : value.expected;
    },
  });
  return sortableTable<ProjectBurn | UnknownBurn>({
    caption: 'Burn and spend by project',
    rows: [...notEvaluable, ...projects].slice(0, MAX_ROWS),
    empty: 'The scope has no project.',
    columns: [
      { title: 'Project', kind: 'text', wide: true, cell: ({ project }) => inlineText(project) },
      { title: 'Burn an hour', ...band((one) => one.burnUsdPerHour) },
      { title: 'Today', ...band((one) => one.todayUsd) },
      { title: 'This month', ...band((one) => one.monthUsd) },
      { title: 'Month’s end', ...band((one) => one.monthEndUsd) },
      { title: 'State', kind: 'text', cell: (one) => stateOf(one) },
    ],
  });
}

function bandCell(band: KnownBand, one: ProjectBurn): Child {
  if (band === 'unknown') return 'unknown';
  return isPartlyKnown(one) ? rangeText(band, { partial: true }) : usdRangeFigure(band);
}

function stateOf(one: ProjectBurn | UnknownBurn): Child {
  if ('notEvaluable' in one) return [label('not evaluable', 'warn'), ' ', inlineText(one.notEvaluable)];
  if (one.stale) return [label('stale', 'warn'), ` seen at ${momentText(one.lookedAt)}`];
  if (!one.complete) return [label('incomplete', 'warn'), gapCount(one.gaps.length)];
  if (isPartlyKnown(one)) return [label('regions not seen', 'warn'), ` ${unseenText(one)}`];
  const since = countedSince(one);
  return `seen at ${timeText(one.lookedAt)} UTC${since === undefined ? '' : `, counted since ${since}`}`;
}

function gapCount(gaps: number): string {
  return gaps === 0 ? '' : gaps === 1 ? ' 1 listing failed' : ` ${countText(gaps)} listings failed`;
}

/** What has no price is not zero. */
function ownerCell(usd: number, unpriced: number, total: ScopeBurn): Child {
  const before = ownerHedge(total, unpriced);
  if (usd === 0 && before !== '') return unpriced > 0 ? 'unpriced' : 'unknown';
  return [before, figure(usd, usdText(usd))];
}

/** The owners of all projects together. */
export function ownerTable({ projects, total }: BurnReport): Markup {
  const column = (title: string, of: (one: OwnerBurn) => number) => ({
    title,
    kind: 'number' as const,
    cell: ([, one]: readonly [string, OwnerBurn]) => ownerCell(of(one), one.unpriced, total),
    key: ([, one]: readonly [string, OwnerBurn]) => of(one),
  });
  return sortableTable<readonly [string, OwnerBurn]>({
    caption: 'Burn and spend by owner',
    rows: sumOwners(projects).slice(0, MAX_ROWS),
    empty: 'No owner is known.',
    sortedBy: 'Month’s end',
    columns: [
      { title: 'Owner', kind: 'text', cell: ([owner]) => inlineText(owner) },
      column('Burn an hour', (one) => one.burnUsdPerHour),
      column('Today', (one) => one.todayUsd),
      column('This month', (one) => one.monthUsd),
      column('Month’s end', (one) => one.monthEndUsd),
    ],
  });
}
