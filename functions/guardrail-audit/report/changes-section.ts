import { countText, momentText } from '../../../shared/report/numbers.ts';
import { label } from '../../../shared/report/page-parts.ts';
import type { PageSection } from '../../../shared/report/page.ts';
import { tag } from '../../../shared/report/markup.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { inlineText, wholeText } from '../../../shared/report/text.ts';
import type { Change, Trend } from './trend.ts';

const WORDS = { new: 'new', fixed: 'fixed', unknown: 'not evaluable now', open: 'still open' } as const;

/** What is new, fixed and still open since the audit before. */
export function changesSection({ at, added, fixed, open, unknown, changes }: Trend): PageSection {
  const counts = [
    `${countText(added)} new`,
    `${countText(fixed)} fixed`,
    `${countText(open)} still open`,
    ...(unknown === 0 ? [] : [`${countText(unknown)} whose rule could not be evaluated this time`]),
  ];
  return {
    id: 'changes',
    title: `What changed since ${momentText(at)}`,
    content: [tag('p', {}, `${counts.join(', ')}.`), ...(changes.length === 0 ? [] : [changeTable(changes)])],
  };
}

function changeTable(changes: readonly Change[]) {
  return sortableTable({
    caption: 'Changes since the audit before',
    rows: changes,
    id: ({ fingerprint }) => fingerprint,
    empty: 'No findings, then or now.',
    columns: [
      {
        title: 'Change',
        kind: 'text',
        cell: ({ change, rule }) => [
          label(WORDS[change], change === 'new' ? 'warn' : 'plain'),
          ' ',
          inlineText(rule),
        ],
      },
      { title: 'Severity', kind: 'text', cell: ({ severity }) => inlineText(severity) },
      {
        title: 'Resource',
        kind: 'text',
        cell: ({ resource, place }) => inlineText(place === null ? resource : `${resource} ${place}`),
        wide: true,
      },
      { title: 'What', kind: 'text', cell: ({ detail }) => wholeText(detail), wide: true },
    ],
  });
}
