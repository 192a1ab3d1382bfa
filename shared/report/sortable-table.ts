import { tag, type Child, type Markup } from './markup.ts';
import { countText, figure } from './numbers.ts';
import { emptyState } from './page-parts.ts';

export interface TableColumn<Row> {
  readonly title: string;
  /** Numbers stand at the right, and are sorted as numbers, the largest first. */
  readonly kind: 'text' | 'number';
  readonly cell: (row: Row) => Child;
  /** What it is sorted by; of numbers, undefined stays last. Text columns without it are sorted by what they show. */
  readonly key?: (row: Row) => string | number | undefined;
  /** Of text: long, so it gets some room. */
  readonly wide?: boolean;
}

export interface SortableTable<Row> {
  /** What the table holds, for readers who do not see the heading above it. */
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  /** Names a row in the document, as `data-id`. */
  readonly id?: (row: Row) => string;
  /** The column by which the rows are sorted already, the largest first. */
  readonly sortedBy?: string;
  /** Said in place of a table without rows. */
  readonly empty: string;
}

/** A column of a count that rows have as `field`. */
export function countColumn<Field extends string>(
  title: string,
  field: Field,
): TableColumn<Readonly<Record<Field, number>>> {
  return {
    title,
    kind: 'number',
    cell: (row) => figure(row[field], countText(row[field])),
    key: (row) => row[field],
  };
}

/** A plain table that the page's script makes sortable. Wide ones scroll in themselves; on a phone each row is a card. */
export function sortableTable<Row>(table: SortableTable<Row>): Markup {
  const { caption, columns, rows, id, sortedBy, empty } = table;
  if (rows.length === 0) return emptyState(empty);
  return tag(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 },
    tag(
      'table',
      // Roles said in words: laid out as cards, the elements lose theirs.
      { class: 'sortable', role: 'table' },
      tag('caption', { class: 'hidden' }, caption),
      tag(
        'thead',
        { role: 'rowgroup' },
        tag(
          'tr',
          { role: 'row' },
          columns.map(({ title, kind }) =>
            tag(
              'th',
              {
                scope: 'col',
                role: 'columnheader',
                class: kind === 'number' ? 'number' : undefined,
                'aria-sort': title === sortedBy ? 'descending' : undefined,
              },
              title,
            ),
          ),
        ),
      ),
      tag(
        'tbody',
        { role: 'rowgroup' },
        rows.map((row) =>
          tag(
            'tr',
            { 'data-id': id?.(row), role: 'row' },
            columns.map((column, at) => cellOf(column, row, at === 0)),
          ),
        ),
      ),
    ),
  );
}

function cellOf<Row>({ title, kind, cell, key, wide }: TableColumn<Row>, row: Row, first: boolean): Markup {
  const sortKey = key === undefined ? undefined : (key(row) ?? '');
  const look = kind === 'number' ? 'number' : wide === true ? 'wide' : undefined;
  return tag(
    first ? 'th' : 'td',
    {
      scope: first ? 'row' : undefined,
      role: first ? 'rowheader' : 'cell',
      class: look,
      'data-key': sortKey,
      'data-label': title,
    },
    cell(row),
  );
}
