import { tag } from '../../../shared/report/markup.ts';
import { countText, dayText, momentText } from '../../../shared/report/numbers.ts';
import { emptyState, textList } from '../../../shared/report/page-parts.ts';
import { type Html, renderPage } from '../../../shared/report/page.ts';
import { costByStep, laneFlows, trafficByStep } from './charts.ts';
import { findingCard, noFindings } from './findings.ts';
import { laneTable } from './lane-table.ts';
import type { EgressReport } from './report.ts';
import { topOf } from './summary.ts';
import { priceTable, stepTable, talkerTable } from './tables.ts';

/** The report as a page for people. */
export function renderReportPage(report: EgressReport): Html {
  const { project, window, prices, generatedAt } = report;
  return renderPage({
    kind: 'egress report',
    title: `Where the egress money of ${project} goes`,
    subtitle: `${momentText(window.start)} to ${momentText(window.end)}`,
    top: topOf(report),
    sections: [
      { id: 'flows', title: 'From where to where', content: [laneFlows(report)] },
      {
        id: 'days',
        title: window.hours >= 48 ? 'Day by day' : 'Over time',
        content: [
          tag('div', { class: 'pair' }, costByStep(report), trafficByStep(report)),
          stepTable(report),
        ],
      },
      {
        id: 'findings',
        title: 'Findings',
        lead: 'Placement mistakes behind the cost, the most expensive first, each with the command that fixes it.',
        content:
          report.findings.length === 0
            ? [emptyState(noFindings(report))]
            : report.findings.map((finding) => findingCard(finding)),
      },
      { id: 'lanes', title: 'Lanes', content: [laneTable(report)] },
      {
        id: 'talkers',
        title: 'Top talkers',
        lead: 'Of each lane at most five machines or buckets, the largest first.',
        content: [talkerTable(report)],
      },
      {
        id: 'prices',
        title: 'Prices used',
        lead: `From the price book of ${dayText(prices.asOf)}, in USD; discounts are not in it.`,
        content: [priceTable(report)],
      },
      ...(report.notes.length === 0
        ? []
        : [
            {
              id: 'notes',
              title: 'How to read these numbers',
              content: [textList(report.notes)],
            },
          ]),
    ],
    footer: `Made at ${momentText(generatedAt)} from ${countText(callsOf(report))} calls to Google Cloud. The same report as JSON or CSV: request format=json or format=csv.`,
  });
}

function callsOf({ apiCalls }: EgressReport): number {
  return Object.values(apiCalls).reduce((sum, calls) => sum + calls, 0);
}
