import type { RungEvidence } from '../../functions/spend-watch/evidence/budget.ts';
import type { KnownBand, TopResource } from '../../functions/spend-watch/evidence/burn.ts';
import { notKnown, notToldTexts } from '../../functions/spend-watch/report/not-known.ts';
import { sumOwners } from '../../functions/spend-watch/report/owners.ts';
import { NOT_COUNTED } from '../../functions/spend-watch/report/out-of-sight.ts';
import { regionsText } from '../../functions/spend-watch/report/regions-text.ts';
import type { BudgetReport, BurnReport, HourChange } from '../../functions/spend-watch/report/report.ts';
import { ageText } from '../../functions/spend-watch/report/tables.ts';
import {
  countedSince,
  hedge,
  nothingChanged,
  nothingRuns,
  ownerHedge,
  projectHedge,
  rangeText,
  spendRangeText,
  spentText,
  whyUnknown,
} from '../../functions/spend-watch/report/words.ts';
import { countText, momentText, shortUsdText, timeText, usdText } from '../../shared/report/numbers.ts';
import { cut, visible } from '../../shared/report/text.ts';
import { hung, listLines, nameLine, section, tableLines, told } from './terminal-lines.ts';
import { wrapText } from './text-table.ts';
import { percentText } from '../../shared/units.ts';

/** Of a name in a table. */
const MAX_NAME = 30;

/** The burn for a terminal of 80 columns. Only names of resources are longer than a line, for they are copied. */
export function burnTable(report: BurnReport): string {
  const { budgets, projects, changes, top } = report;
  const gaps = notKnown(report);
  const untold = notToldTexts(report);
  const regions = regionsText(projects);
  return [
    ...head(report),
    '',
    ...totalLines(report),
    ...(regions === undefined ? [] : told(regions)),
    ...(gaps.length === 0
      ? []
      : section('Not all is known; what is missing is not zero', [
          ...listLines(gaps, (gap) => hung('- ', gap), ''),
          ...(report.total.mayBeLess ? told('What was not seen again may be gone.') : []),
        ])),
    ...(untold.length === 0
      ? []
      : section(
          'No channel took this yet; each look tries again',
          listLines(untold, (one) => hung('- ', one), ''),
        )),
    ...budgets.flatMap(budgetLines),
    ...(projects.length + report.notEvaluable.length > 1 ? section('Projects', projectLines(report)) : []),
    ...(projects.some(({ owners }) => owners !== undefined) ? section('Owners', ownerLines(report)) : []),
    ...section(
      'Top resources, by what each costs at the most',
      listLines(top, topLines, nothingRuns(report)),
    ),
    ...section('The last hour', listLines(changes, changeLines, nothingChanged(report))),
    '',
  ].join('\n');
}

/** Since when amounts count, where ledgers began within the month. */
function sinceLines({ projects }: BurnReport): readonly string[] {
  const late = projects.filter((one) => countedSince(one) !== undefined);
  const days = late.sort((a, b) => b.ledgerSince.localeCompare(a.ledgerSince)).map(countedSince);
  if (days[0] === undefined) return [];
  const since =
    projects.length === 1
      ? `Counted since the first look, on ${days[0]}`
      : `${countText(late.length)} of ${countText(projects.length)} projects are counted since the first look at them, the latest since ${days[0]}`;
  return told(`${since}: no number has what came before.`);
}

/** What of which moment. */
function head({ scope, generatedAt, projects }: BurnReport): readonly string[] {
  const looks = projects.map(({ lookedAt }) => lookedAt).sort();
  const [first, last] = [looks[0], looks.at(-1)];
  const seen =
    first === undefined || last === undefined
      ? 'no look is known'
      : first === last
        ? `last look at ${momentText(first)}`
        : `last looks from ${momentText(first)} to ${momentText(last)}`;
  return [
    ...wrapText(visible(scope.map((one) => one.replace(/^projects\//, '')).join(', '))),
    ...told(`At ${momentText(generatedAt)}; ${seen}.`),
    ...told('At list prices, ahead of billing. Days and months begin at midnight in Pacific time.'),
    ...told(NOT_COUNTED),
  ];
}

function totalLines(report: BurnReport): readonly string[] {
  const { total, projects } = report;
  const { resources, unpriced, partial } = total;
  const row = (title: string, band: KnownBand): readonly string[] => [
    title,
    amountText(band, hedge(total)),
    band === 'unknown' ? whyUnknown(report) : rangeText(band, total),
  ];
  const [were, bill] = resources === 1 ? [' was', 'bills'] : ['s were', 'bill'];
  const running = partial
    ? `${countText(resources)} resource${were} seen that ${bill} by the hour`
    : `${countText(resources)} resource${resources === 1 ? '' : 's'} ${bill} by the hour`;
  return [
    ...tableLines(
      ['', 'expected', 'at the least – at the most'],
      [
        row('Burn an hour', total.burnUsdPerHour),
        row('Today', total.todayUsd),
        row('This month', total.monthUsd),
        row('Month’s end at this burn', total.monthEndUsd),
      ],
    ),
    ...(projects.length === 0
      ? []
      : told(
          unpriced === 0
            ? `${running}.`
            : `${running}; ${countText(unpriced)} of them without a price, which the upper bound alone counts in full.`,
        )),
    ...sinceLines(report),
  ];
}

/** What is unknown is said; and what has no price is in high alone: nothing expected is not nothing. */
function amountText(band: KnownBand, before: string, text = usdText): string {
  if (band === 'unknown') return band;
  if (band.expected === 0 && band.high > 0) return 'unpriced';
  return `${before}${text(band.expected)}`;
}

function budgetLines(budget: BudgetReport): readonly string[] {
  const {
    name,
    notEvaluable,
    spendUsd,
    partialWhy = '',
    amount,
    share = 0,
    reported,
    blocked,
    ledgersFromStart,
    rungs = [],
  } = budget;
  const title = `Budget ${name}`;
  if (notEvaluable !== undefined || spendUsd === undefined)
    return section(title, told(`Not evaluable: ${notEvaluable ?? 'its spend is not known'}`));
  const spent = `Spent by now, expected: ${spentText(spendUsd, share, amount)}; ${spendRangeText(spendUsd, partialWhy)}${spendUsd.high === null ? '' : ' at the least and at the most'}.`;
  const said =
    typeof reported === 'object'
      ? `Cloud Billing reported ${usdText(reported.usd)} at ${momentText(reported.at)}.`
      : 'Cloud Billing has reported nothing in this period yet.';
  return section(title, [
    ...told(`${spent} ${said}`),
    ...(ledgersFromStart === false
      ? told('What ran in this period before the ledgers began is known by what is reported alone.')
      : []),
    ...(blocked === undefined ? [] : told(`Nothing acts on this estimate: ${blocked}`)),
    ...(rungs.length === 0
      ? told('The policy has no ladder.')
      : [
          ...told('The present burn reaches each rung (UTC):'),
          ...tableLines(['rung', 'at', 'expected', 'at the earliest'], rungs.map(rungRow)),
        ]),
  ]);
}

function rungRow({ at, do: action, usd, when, earliest }: RungEvidence): readonly string[] {
  return [`${percentText(at)} ${action}`, shortUsdText(usd), whenText(when), whenText(earliest)];
}

function whenText(when: string): string {
  return Number.isNaN(Date.parse(when))
    ? when.replace(' at the present burn', '')
    : momentText(when).replace(' UTC', '');
}

/** Rows of a burn, each with what stands before all of its amounts. */
function burnLines(rows: readonly (readonly [string, string, ...string[]])[]): readonly string[] {
  const header = ['', '', 'an hour', 'today', 'month’s end'];
  const isHedged = rows.some(([, before]) => before !== '');
  const cells = (row: readonly string[]): readonly string[] => row.filter((_, at) => at !== 1 || isHedged);
  return tableLines(cells(header), rows.map(cells));
}

function projectLines({ projects, notEvaluable }: BurnReport): readonly string[] {
  return burnLines([
    ...notEvaluable.map(
      ({ project }) => [cut(visible(project), MAX_NAME), '', 'unknown', 'unknown', 'unknown'] as const,
    ),
    ...projects.map((one): readonly [string, string, ...string[]] => {
      const bands = [one.burnUsdPerHour, one.todayUsd, one.monthEndUsd];
      const texts = bands.map((band) => amountText(band, '', shortUsdText));
      return [cut(visible(one.project), MAX_NAME), projectHedge(one).trim(), ...texts];
    }),
  ]);
}

function ownerLines({ projects, total }: BurnReport): readonly string[] {
  return burnLines(
    sumOwners(projects).map(([owner, one]) => {
      const before = ownerHedge(total, one.unpriced).trim();
      const nothing = one.unpriced > 0 ? 'unpriced' : 'unknown';
      const texts = [one.burnUsdPerHour, one.todayUsd, one.monthEndUsd].map((usd) =>
        usd === 0 && before !== '' ? nothing : shortUsdText(usd),
      );
      return [cut(visible(owner), MAX_NAME), before, ...texts];
    }),
  );
}

/** Of `$79.64/h to $88.49/h`. */
const COST = 20;
/** Of `≥ 18 days`. */
const AGE = 9;

/** Cost, age and what it is; below it the name. */
function topLines(one: TopResource): readonly string[] {
  const { kind, description, cost, owner, seenNow, resource } = one;
  const [price = '', ...why] = cost.split(': ');
  const about = [
    description === kind ? kind : `${kind}, ${description}`,
    ...(owner === null ? [] : [`owner ${cut(visible(owner), MAX_NAME)}`]),
    ...(seenNow ? [] : ['not seen again']),
    ...(why.length === 0 ? [] : [`unpriced: ${why.join(': ')}`]),
  ].join('; ');
  return [...hung(`${price.padStart(COST)} ${ageText(one).padStart(AGE)}  `, about), nameLine(resource)];
}

function changeLines({ what, at, usdPerHour, kind, resource }: HourChange): readonly string[] {
  const sign = what === 'gone' ? '-' : '+';
  return [
    ...told(`${timeText(at)} UTC  ${what}  ${sign}${usdText(usdPerHour)} an hour  ${kind}`),
    nameLine(resource),
  ];
}
