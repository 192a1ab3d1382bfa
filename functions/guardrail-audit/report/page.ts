import { tag, type Child, type Markup } from '../../../shared/report/markup.ts';
import { countText, figure, momentText, usdText } from '../../../shared/report/numbers.ts';
import { emptyState, headline, label, notice, oldPricesNotice } from '../../../shared/report/page-parts.ts';
import { renderPage, type Html, type PageSection } from '../../../shared/report/page.ts';
import { countColumn, sortableTable } from '../../../shared/report/sortable-table.ts';
import { inlineText, sentence, wholeText } from '../../../shared/report/text.ts';
import { atStake, knownUsd } from './at-stake.ts';
import { changesSection } from './changes-section.ts';
import { findingCard } from './finding-card.ts';
import type { AuditReport, Finding, MistakeResult, RuleResult } from './report.ts';
import { leftOutText } from './score.ts';

/** More cards than these of one mistake say the same again; the table at the end has them all. */
const MAX_CARDS = 20;

const STATUS = { pass: 'passed', fail: 'failed', 'not-evaluable': 'not evaluable' } as const;

/** The audit as a page: one screen of summary, then the eight mistakes, then every finding by resource. */
export function renderAuditPage(report: AuditReport): Html {
  const { project, generatedAt, mistakes, apiCalls, trend } = report;
  const calls = Object.values(apiCalls).reduce((sum, one) => sum + one, 0);
  return renderPage({
    kind: 'guardrail audit',
    title: `The eight mistakes in ${project}`,
    subtitle: `${momentText(generatedAt)}. ${report.score.how}.`,
    top: topOf(report),
    sections: [
      { id: 'summary', title: 'The eight at a glance', content: [summaryTable(mistakes)] },
      ...(trend === null ? [] : [changesSection(trend)]),
      ...mistakes.map((mistake) => sectionOf(mistake, report.findings)),
      { id: 'resources', title: 'By resource', content: [findingTable(report.findings)] },
    ],
    footer: `Made at ${momentText(generatedAt)} from ${countText(calls)} calls to Google Cloud; nothing was changed, and no value of a secret is on this page. The same as JSON, CSV or SARIF: request format=json, csv or sarif.`,
  });
}

function topOf(report: AuditReport): readonly Markup[] {
  const { score, mistakes, findings, unpriced, trend, oldPrices } = report;
  const unread = mistakes.flatMap(({ rules }) => rules).filter(({ status }) => status === 'not-evaluable');
  const unknown = unread.filter(({ isOffHere }) => !isOffHere);
  const leftOut = unread.filter(({ isOffHere }) => isOffHere);
  const failed = mistakes.filter(({ status }) => status === 'fail').length;
  return [
    headline(score.grade ?? 'no grade', aboutScore(report), [
      { label: 'Mistakes made', value: `${failed} of ${mistakes.length}` },
      {
        label: 'Findings',
        value: figure(findings.length, countText(findings.length)),
        ...(trend === null ? {} : { note: `${trend.added} new, ${trend.fixed} fixed` }),
      },
      {
        label: 'Money at stake a month',
        value: atStake(report),
        ...(unpriced === 0 ? {} : { note: label(`${countText(unpriced)} unpriced`, 'warn') }),
      },
    ]),
    ...(unknown.length === 0
      ? []
      : [
          notice(
            'warn',
            'Not everything could be evaluated',
            `${unknown.length === 1 ? 'One rule is' : `${unknown.length} rules are`} neither passed nor failed; the grade is capped while that is so.`,
            unknown.map(whyUnknown),
          ),
        ]),
    ...(leftOut.length === 0
      ? []
      : [
          notice(
            'plain',
            leftOutText(leftOut.length),
            `${leftOut.length === 1 ? 'It is' : 'They are'} neither passed nor failed, and no part of the grade: what was made while the API was on may still be there.`,
            leftOut.map(whyUnknown),
          ),
        ]),
    ...oldPricesNotice(oldPrices),
    notice('plain', 'What this audit does not look at', undefined, report.limits),
  ];
}

function whyUnknown({ title, gaps, remedy }: RuleResult): string {
  return `${title}: ${gaps.join('; ')}${remedy === null ? '' : `. Run: ${remedy}`}`;
}

function aboutScore({ score, trend }: AuditReport): Child {
  const points =
    score.points === undefined ? 'Nothing could be evaluated.' : `${score.points} of 100 points.`;
  const capped = score.cappedFrom === undefined ? '' : ` By points alone it would be ${score.cappedFrom}.`;
  const change =
    trend === null || trend.change === null
      ? ''
      : ` ${trend.change >= 0 ? '+' : '−'}${Math.abs(trend.change)} since ${momentText(trend.at)}.`;
  return `${points}${capped}${change}`;
}

function summaryTable(mistakes: readonly MistakeResult[]): Markup {
  return sortableTable({
    caption: 'The eight mistakes',
    rows: mistakes,
    id: ({ id }) => id,
    empty: 'Nothing was looked at.',
    columns: [
      {
        title: 'Mistake',
        kind: 'text',
        cell: ({ id, number, title }) => tag('a', { href: `#${id}` }, `${number}. ${title}`),
      },
      { title: 'Result', kind: 'text', cell: ({ status }) => statusLabel(status) },
      { title: 'Worst', kind: 'text', cell: ({ severity }) => severity ?? '' },
      countColumn('Findings', 'findings'),
      {
        title: 'USD a month',
        kind: 'number',
        cell: (mistake) => (knownUsd(mistake)?.high === 0 ? '' : atStake(mistake)),
        key: (mistake) => knownUsd(mistake)?.high,
      },
    ],
  });
}

function statusLabel(status: MistakeResult['status']): Markup {
  return label(STATUS[status], status === 'pass' ? 'plain' : 'warn');
}

function sectionOf(
  { id, number, title, status, rules }: MistakeResult,
  findings: readonly Finding[],
): PageSection {
  const own = findings.filter(({ mistake }) => mistake === id);
  const rest = own.length - MAX_CARDS;
  return {
    id,
    title: `${number}. ${title}`,
    content: [
      ruleTable(rules, `Rules of mistake ${number}`),
      ...own.slice(0, MAX_CARDS).map(findingCard),
      ...(rest > 0 ? [tag('p', {}, `${countText(rest)} more are in the table at the end.`)] : []),
      ...(own.length === 0
        ? [emptyState(status === 'pass' ? 'Nothing was found.' : 'Nothing was found in what could be read.')]
        : []),
    ],
  };
}

function ruleTable(rules: readonly RuleResult[], caption: string): Markup {
  return sortableTable({
    caption,
    rows: rules,
    id: ({ rule }) => rule,
    empty: 'No rules.',
    columns: [
      {
        title: 'Rule',
        kind: 'text',
        cell: ({ title, help }) => [sentence(title), tag('small', {}, help)],
        wide: true,
      },
      { title: 'Id', kind: 'text', cell: ({ rule, cis }) => (cis === null ? rule : `${rule}, CIS ${cis}`) },
      { title: 'Severity', kind: 'text', cell: ({ severity }) => severity },
      { title: 'Result', kind: 'text', cell: ({ status }) => statusLabel(status) },
      countColumn('Looked at', 'looked'),
      {
        title: 'Notes',
        kind: 'text',
        cell: ({ gaps, notes }) => wholeText([...notes, ...gaps].join('; ')),
        wide: true,
      },
    ],
  });
}

function findingTable(findings: readonly Finding[]): Markup {
  return sortableTable({
    caption: 'Findings by resource',
    rows: findings,
    id: ({ fingerprint }) => fingerprint,
    empty: 'No findings.',
    columns: [
      {
        title: 'Resource',
        kind: 'text',
        cell: ({ resource, place }) => inlineText(place === null ? resource : `${resource} ${place}`),
        wide: true,
      },
      { title: 'Rule', kind: 'text', cell: ({ rule }) => rule },
      { title: 'Severity', kind: 'text', cell: ({ severity }) => severity },
      { title: 'What', kind: 'text', cell: ({ detail }) => wholeText(detail), wide: true },
      {
        title: 'USD a month',
        kind: 'number',
        cell: ({ usdPerMonth }) =>
          usdPerMonth === null
            ? ''
            : usdPerMonth === 'unpriced'
              ? usdPerMonth
              : figure(usdPerMonth.high, usdText(usdPerMonth.high)),
        key: ({ usdPerMonth }) =>
          usdPerMonth === null || usdPerMonth === 'unpriced' ? undefined : usdPerMonth.high,
      },
    ],
  });
}
