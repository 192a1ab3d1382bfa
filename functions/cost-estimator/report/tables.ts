import { isPriced } from '../../../shared/prices/price.ts';
import { tag, type Markup } from '../../../shared/report/markup.ts';
import { label } from '../../../shared/report/page-parts.ts';
import { sortableTable } from '../../../shared/report/sortable-table.ts';
import { wholeText } from '../../../shared/report/text.ts';
import type { EstimateReport, Report } from '../decide.ts';
import type { Line } from '../estimate/lines.ts';
import { waysOf } from './comparison.ts';
import { LINE_KINDS, priceFigure, priceKey, priceText, rateText } from './wording.ts';

export function lineTable({ chosen }: EstimateReport): Markup {
  return sortableTable<Line>({
    caption: 'Every line of the run with its formula',
    rows: chosen.lines,
    empty: 'Nothing is billed.',
    columns: [
      {
        title: 'What',
        kind: 'text',
        key: ({ resource, what }) => `${resource} ${what}`,
        cell: ({ what, resource, kind }) => [
          wholeText(what),
          tag('small', {}, [...new Set([resource, LINE_KINDS[kind].text])].join(', ')),
        ],
      },
      {
        title: 'An hour',
        kind: 'number',
        key: ({ perHour }) => (perHour === undefined ? undefined : priceKey(perHour)),
        cell: ({ perHour }) => (perHour === undefined ? 'once' : priceText(perHour, rateText)),
      },
      {
        title: 'A run',
        kind: 'number',
        key: ({ perRun }) => priceKey(perRun),
        cell: ({ perRun }) => priceFigure(perRun),
      },
      {
        title: 'A month',
        kind: 'number',
        key: ({ perMonth }) => priceKey(perMonth),
        cell: ({ perMonth }) => priceFigure(perMonth),
      },
      { title: 'Formula', kind: 'text', wide: true, cell: ({ formula }) => wholeText(formula) },
      {
        title: 'Price from',
        kind: 'text',
        wide: true,
        cell: ({ perRun }) =>
          isPriced(perRun)
            ? [
                `${perRun.asOf}, ${perRun.mark}`,
                perRun.note === undefined ? undefined : tag('small', {}, wholeText(perRun.note)),
              ]
            : wholeText(perRun.why),
      },
    ],
  });
}

export function wayTable(report: EstimateReport): Markup {
  return sortableTable({
    caption: 'The ways to run the same job',
    rows: waysOf(report),
    empty: 'There is no other way.',
    columns: [
      {
        title: 'How',
        kind: 'text',
        key: ({ what, where }) => `${what} ${where}`,
        cell: ({ what, where }) => [
          wholeText(what),
          where === '' ? undefined : tag('small', {}, wholeText(where)),
        ],
      },
      // What a run costs stands beside its name: a phone shows two columns, and scrolls to the rest.
      {
        title: 'A run',
        kind: 'number',
        key: ({ perRun }) => priceKey(perRun),
        cell: ({ perRun }) => priceFigure(perRun),
      },
      {
        title: 'An hour',
        kind: 'number',
        key: ({ perHour }) => (perHour === undefined ? undefined : priceKey(perHour)),
        cell: ({ perHour }) => (perHour === undefined ? '' : priceText(perHour, rateText)),
      },
      { title: 'About', kind: 'text', wide: true, cell: ({ about }) => wholeText(about) },
    ],
  });
}

export function bookTable({ books }: Pick<Report, 'books'>): Markup {
  return sortableTable({
    caption: 'The price books and their days',
    rows: books,
    empty: 'No price was used.',
    columns: [
      { title: 'Book', kind: 'text', cell: ({ book }) => book },
      { title: 'Prices of', kind: 'text', cell: ({ asOf }) => asOf },
      {
        title: 'Age',
        kind: 'text',
        key: ({ old }) => (old ? 'old' : 'fresh'),
        cell: ({ old }) => (old ? label('over 90 days', 'warn') : 'within 90 days'),
      },
    ],
  });
}
