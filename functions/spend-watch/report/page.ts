import { tag, type Child, type Markup } from '../../../shared/report/markup.ts';
import { countText, figure, momentText, usdText } from '../../../shared/report/numbers.ts';
import { headline, notice, type Stat } from '../../../shared/report/page-parts.ts';
import { renderPage, type Html, type PageSection } from '../../../shared/report/page.ts';
import { visible } from '../../../shared/report/text.ts';
import type { KnownBand } from '../evidence/burn.ts';
import { budgetContent } from './budget-card.ts';
import { notKnown, notToldTexts } from './not-known.ts';
import { OUT_OF_SIGHT } from './out-of-sight.ts';
import { regionsText } from './regions-text.ts';
import type { BurnReport, ScopeBurn } from './report.ts';
import { changeTable, ownerTable, projectTable, topTable } from './tables.ts';
import { hedge, rangeText, whyUnknown } from './words.ts';

/** The report as a page for people. */
export function renderBurnPage(report: BurnReport): Html {
  const { scope, total, generatedAt, budgets, projects } = report;
  const regions = regionsText(projects);
  const [only] = scope;
  const about =
    scope.length === 1 && only !== undefined
      ? only.replace(/^projects\//, '')
      : `${scope.length} parts of the scope`;
  return renderPage({
    kind: 'live burn',
    title: `What ${about} burns now`,
    subtitle: `As last seen before ${momentText(generatedAt)}, at list prices, ahead of billing`,
    top: [
      headline(amountOf(total.burnUsdPerHour, total), 'an hour, for what runs now', statsOf(report)),
      ...gapsOf(report),
      ...notToldOf(report),
    ],
    sections: [
      ...budgets.map((budget, index): PageSection => ({
        id: `budget-${index + 1}`,
        title: `Budget ${visible(budget.name)}`,
        content: budgetContent(budget, generatedAt),
      })),
      {
        id: 'top',
        title: 'Top resources',
        lead: 'The most expensive of what runs, by what each costs at the most.',
        content: [topTable(report)],
      },
      {
        id: 'changes',
        title: 'The last hour',
        lead: 'What appeared, and what is gone.',
        content: [changeTable(report)],
      },
      {
        ...{ id: 'projects', title: 'Projects', content: [projectTable(report)] },
        ...(regions === undefined ? {} : { lead: regions }),
      },
      ...ownersSection(report),
      {
        id: 'not-counted',
        title: 'In no number',
        lead: 'What spend-watch does not count, whatever it looked at.',
        content: [
          tag(
            'ul',
            {},
            OUT_OF_SIGHT.map((one) => tag('li', {}, one)),
          ),
        ],
      },
    ],
    footer: `Made at ${momentText(generatedAt)} from what the ticks of spend-watch wrote. The same numbers as JSON: format=json; for scrapers: /metrics. Days and months begin at midnight in Pacific time, as Cloud Billing's do.`,
  });
}

/** Unknown is said, and what is only a part says that it is. */
function amountOf(band: KnownBand, total: ScopeBurn): Child {
  if (band === 'unknown') return 'unknown';
  // What has no price is in high alone: nothing expected is not nothing.
  if (band.expected === 0 && band.high > 0)
    return total.partial ? 'unknown' : ['up to ', figure(band.high, usdText(band.high))];
  return [hedge(total), figure(band.expected, usdText(band.expected))];
}

function rangeNote(band: KnownBand, report: BurnReport): string {
  return band === 'unknown' ? whyUnknown(report) : `${rangeText(band, report.total)}, list prices`;
}

function statsOf(report: BurnReport): readonly Stat[] {
  const { total } = report;
  const stat = (label: string, band: KnownBand): Stat => ({
    label,
    value: amountOf(band, total),
    note: rangeNote(band, report),
  });
  return [
    {
      label: 'Burn, low to high',
      value:
        total.burnUsdPerHour === 'unknown' ? 'unknown' : `${rangeText(total.burnUsdPerHour, total)} an hour`,
      note:
        total.burnUsdPerHour === 'unknown'
          ? whyUnknown(report)
          : total.unpriced === 0
            ? 'each machine has a price'
            : `${countText(total.unpriced)} without a price, in high alone`,
    },
    stat('Today', total.todayUsd),
    stat('This month', total.monthUsd),
    stat('Month’s end at this burn', total.monthEndUsd),
  ];
}

/** What the numbers lack. */
function gapsOf(report: BurnReport): readonly Markup[] {
  const lines = notKnown(report);
  return lines.length === 0
    ? []
    : [
        notice(
          'warn',
          'Not all is known',
          report.total.mayBeLess
            ? 'What is missing is not zero, and what was not seen again may be gone.'
            : 'Each number holds at the least; what is missing is not zero.',
          lines,
        ),
      ];
}

function notToldOf(report: BurnReport): readonly Markup[] {
  const lines = notToldTexts(report);
  return lines.length === 0
    ? []
    : [
        notice(
          'warn',
          'Not told yet',
          'No channel of the policy’s notify took this. Each look tries again for a day; the log of spend-watch says why.',
          lines,
        ),
      ];
}

function ownersSection(report: BurnReport): readonly PageSection[] {
  if (report.projects.every(({ owners }) => owners === undefined)) return [];
  return [{ id: 'owners', title: 'Owners', content: [tag('div', {}, ownerTable(report))] }];
}
