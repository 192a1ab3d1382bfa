import type { Child, Markup } from '../../../shared/report/markup.ts';
import { countText, figure, momentText } from '../../../shared/report/numbers.ts';
import { headline, notice, oldPricesNotice, partialScopeNotice } from '../../../shared/report/page-parts.ts';
import { renderPage, type Html } from '../../../shared/report/page.ts';
import { countColumn, sortableTable } from '../../../shared/report/sortable-table.ts';
import { inlineText } from '../../../shared/report/text.ts';
import { atStake, knownUsd } from './at-stake.ts';
import type { ScopeReport, ScopeTotal } from './scope.ts';

/** The audits of all projects in scope as a page: the newest ones by their receipts, or those that were made now. */
export function renderScopePage(report: ScopeReport, from: 'receipts' | 'now'): Html {
  const { generatedAt, incomplete, total, projects, byFolder, byLabel, byOwner } = report;
  const without = projects.filter(({ audit }) => audit === null);
  const oldPrices = [...new Set(projects.flatMap(({ audit }) => audit?.oldPrices ?? []))];
  return renderPage({
    kind: 'guardrail audit',
    title: 'The eight mistakes over all projects',
    subtitle: `${from === 'receipts' ? 'From the newest receipts' : 'Looked at now'}, ${momentText(generatedAt)}`,
    top: [
      headline(
        total.audited === 0 ? UNKNOWN : atStake(total),
        'a month at stake, as far as findings have a price.',
        [
          { label: 'Projects audited', value: `${total.audited} of ${total.projects}` },
          { label: 'Findings', value: countOf(total, total.findings) },
          { label: 'Unpriced findings', value: countOf(total, total.unpriced) },
        ],
      ),
      ...partialScopeNotice(incomplete),
      ...(without.length === 0
        ? []
        : [
            notice(
              'warn',
              'Not all projects were audited',
              'What they cost and lack is unknown.',
              without.map(({ project, why }) => `${project}: ${why ?? ''}`),
            ),
          ]),
      ...oldPrices.flatMap(oldPricesNotice),
    ],
    sections: [
      { id: 'mistakes', title: 'The eight mistakes', content: [mistakeTable(report)] },
      { id: 'projects', title: 'Projects', content: [projectTable(report)] },
      { id: 'folders', title: 'By folder', content: [totalTable('Folders', byFolder)] },
      { id: 'owners', title: 'By owner', content: [totalTable('Owners', byOwner)] },
      { id: 'labels', title: 'By label', content: [totalTable('Labels', byLabel)] },
    ],
    footer:
      from === 'receipts'
        ? 'Nothing was looked at anew: each project’s audit is as old as its receipt.'
        : 'Each project was looked at for this page and has a receipt of its own; nothing was changed. One project in detail: project=ID.',
  });
}

/** Of projects of which none was audited. */
const UNKNOWN = 'unknown';

function countOf({ audited }: ScopeTotal, count: number): Child {
  return audited === 0 ? UNKNOWN : figure(count, countText(count));
}

function mistakeTable({ mistakes }: ScopeReport): Markup {
  return sortableTable({
    caption: 'In how many projects',
    rows: mistakes,
    empty: 'None.',
    columns: [
      { title: 'Mistake', kind: 'text', cell: ({ title }) => title },
      countColumn('Made in', 'failed'),
      countColumn('Not evaluable in', 'notEvaluable'),
    ],
  });
}

function projectTable({ projects }: ScopeReport): Markup {
  return sortableTable({
    caption: 'Projects and their grades',
    rows: projects,
    id: ({ project }) => project,
    empty: 'No projects.',
    columns: [
      { title: 'Project', kind: 'text', cell: ({ project }) => inlineText(project) },
      { title: 'Grade', kind: 'text', cell: ({ audit }) => audit?.grade ?? 'none' },
      {
        title: 'Points',
        kind: 'number',
        cell: ({ audit }) => audit?.points ?? '',
        key: ({ audit }) => audit?.points ?? undefined,
      },
      {
        title: 'Findings',
        kind: 'number',
        cell: ({ audit }) => audit?.findings ?? '',
        key: ({ audit }) => audit?.findings,
      },
      {
        title: 'USD a month',
        kind: 'number',
        cell: ({ audit }) => (audit === null ? '' : atStake(audit)),
        key: ({ audit }) => (audit === null ? undefined : knownUsd(audit)?.high),
      },
      { title: 'Audited', kind: 'text', cell: ({ audit }) => (audit === null ? 'no' : momentText(audit.at)) },
    ],
  });
}

function totalTable(caption: string, totals: readonly ScopeTotal[]): Markup {
  return sortableTable({
    caption,
    rows: totals,
    id: ({ key }) => key,
    empty: 'None.',
    columns: [
      { title: caption, kind: 'text', cell: ({ key }) => inlineText(key) },
      {
        title: 'Projects',
        kind: 'number',
        cell: ({ projects, audited }) => `${audited} of ${projects}`,
        key: ({ projects }) => projects,
      },
      {
        title: 'Findings',
        kind: 'number',
        cell: (total) => countOf(total, total.findings),
        key: ({ audited, findings }) => (audited === 0 ? undefined : findings),
      },
      {
        title: 'USD a month',
        kind: 'number',
        cell: (total) => (total.audited === 0 ? UNKNOWN : atStake(total)),
        key: (total) => (total.audited === 0 ? undefined : knownUsd(total)?.high),
      },
    ],
  });
}
