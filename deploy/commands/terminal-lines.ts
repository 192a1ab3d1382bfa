import { countText } from '../../shared/report/numbers.ts';
import { visible } from '../../shared/report/text.ts';
import { textTable, WIDTH, wrapText } from './text-table.ts';

const INDENT = 2;

/** Rows of a list that a terminal shows; `--format json` has the rest. */
export const MAX_ROWS = 10;

/** A sentence, set in and wrapped under itself. */
export function told(text: string, indent = INDENT): readonly string[] {
  return hung('', text, indent);
}

/** Something of a fixed width in front of a text that is wrapped beside it. */
export function hung(before: string, text: string, indent = INDENT): readonly string[] {
  const column = indent + before.length;
  const [first = '', ...more] = wrapText(visible(text), WIDTH - column);
  return [`${' '.repeat(indent)}${before}${first}`, ...more.map((line) => `${' '.repeat(column)}${line}`)];
}

/** The name of a resource, whole: it is copied. */
export function nameLine(resource: string): string {
  return `${' '.repeat(2 * INDENT)}${visible(resource)}`;
}

/** A table, set in, of the first rows. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const table = textTable(header, rows.slice(0, MAX_ROWS), WIDTH - INDENT)
    .trimEnd()
    .split('\n');
  return [...table.map((line) => `${' '.repeat(INDENT)}${line}`.trimEnd()), ...andMore(rows.length)];
}

export function section(title: string, content: readonly string[]): readonly string[] {
  return ['', ...wrapText(visible(title)), ...content];
}

/** The first rows of a list, each with its lines; or that it has none. */
export function listLines<Row>(
  rows: readonly Row[],
  linesOf: (row: Row) => readonly string[],
  none: string,
): readonly string[] {
  return rows.length === 0
    ? told(none)
    : [...rows.slice(0, MAX_ROWS).flatMap(linesOf), ...andMore(rows.length)];
}

function andMore(count: number): readonly string[] {
  return count > MAX_ROWS ? told(`and ${countText(count - MAX_ROWS)} more: --format json`) : [];
}
