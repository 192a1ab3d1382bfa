import { type Child, type Markup, tag } from '../../../shared/report/markup.ts';
import { bytesText, countText, figure, momentText, usdRangeFigure } from '../../../shared/report/numbers.ts';
import { headline, notice, oldPricesNotice, partialScopeNotice } from '../../../shared/report/page-parts.ts';
import { type HtmlParts, type PageSection, renderPageParts } from '../../../shared/report/page.ts';
import { laneFlows } from './charts.ts';
import { findingCard } from './findings.ts';
import { laneTable } from './lane-table.ts';
import type { EgressReport } from './report.ts';
import { addProject, NO_TOTAL, type ProjectResult, type ScopeHead, type ScopeTotal } from './scope.ts';

/** The report of a whole scope as a page that is sent project by project; the totals come last and stand first. */
export function renderScopePage(head: ScopeHead, results: AsyncIterable<ProjectResult>): HtmlParts {
  const { window, scope, incomplete, generatedAt, oldPrices } = head;
  return renderPageParts(
    {
      kind: 'egress report',
      title: `Where the egress money of ${countText(scope.length)} projects goes`,
      subtitle: `${momentText(window.start)} to ${momentText(window.end)}`,
      top: [...partialScopeNotice(incomplete), ...oldPricesNotice(oldPrices)],
      sections: [],
      footer: `Made at ${momentText(generatedAt)}, at list prices, tiers counted as if each project were alone on its billing account. The same report as JSON or CSV: request format=json or format=csv.`,
    },
    sectionsOf(results),
  );
}

async function* sectionsOf(results: AsyncIterable<ProjectResult>): AsyncGenerator<PageSection> {
  let total = NO_TOTAL;
  for await (const result of results) {
    total = addProject(total, result);
    yield projectSection(result, total.projects);
  }
  yield { id: 'total', title: 'All projects', content: totalOf(total) };
}

function totalOf(total: ScopeTotal): readonly Markup[] {
  const { projects, reported, failed, unpriced, canBeSaved } = total;
  return [
    headline(usdRangeFigure(total.usdPerMonth), 'a month at list prices.', [
      { label: 'Projects', value: `${countText(reported)} of ${countText(projects)}` },
      {
        label: 'Traffic a month',
        value: figure(total.monthlyBytes, bytesText(total.monthlyBytes)),
        note: unpriced.lanes === 0 ? 'all of it priced' : `${counted(unpriced.lanes, 'lane')} unpriced`,
      },
      {
        label: 'Can be saved',
        value: usdRangeFigure(canBeSaved.usdPerMonth),
        note: `by ${counted(total.findings, 'finding')}`,
      },
    ]),
    ...(failed.length === 0
      ? []
      : [
          notice(
            'warn',
            'This report is partial',
            `${countText(failed.length)} of ${counted(projects, 'project')} could not be read: in no number here.`,
            failed.map(({ project, why }) => `${project}: ${why}`),
          ),
        ]),
  ];
}

function projectSection(result: ProjectResult, number: number): PageSection {
  const { project, report } = result;
  const id = `project-${number}`;
  if (report === undefined)
    return { id, title: project, content: [notice('warn', 'No report', undefined, [result.why])] };
  return { id, title: project, lead: leadOf(report), content: [laneFlows(report), folded(report)] };
}

function leadOf({ incomplete, lanes, findings }: EgressReport): string {
  const partial = incomplete.length === 0 ? '' : ` ${countText(incomplete.length)} parts could not be read.`;
  return `${counted(lanes.length, 'lane')}, ${counted(findings.length, 'finding')}.${partial}`;
}

const counted = (count: number, what: string): string =>
  `${countText(count)} ${what}${count === 1 ? '' : 's'}`;

function folded(report: EgressReport): Markup {
  const { headline: sums, findings, incomplete, project } = report;
  const summary: readonly Child[] = [
    usdRangeFigure(sums.usdPerMonth),
    ' a month: lanes and findings of this project',
  ];
  return tag(
    'details',
    {},
    tag('summary', {}, summary),
    laneTable(report, `Lanes of ${project} with their cost and traffic`),
    findings.map((finding) => findingCard(finding)),
    incomplete.length === 0
      ? undefined
      : notice(
          'warn',
          `The report of ${project} is partial`,
          undefined,
          incomplete.map(({ where, why }) => `${where}: ${why}`),
        ),
  );
}
