import { hung, told } from '../../deploy/commands/terminal-lines.ts';
import { wrapText } from '../../deploy/commands/text-table.ts';

/** One column: its heading, and the most characters it may take. */
export interface Column {
  readonly heading: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/**
 * A text table. A cell longer than its column goes on in the next line, at spaces; what has none, as a resource's name, stays whole.
 * A row's remark stands under it, set in.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  remarks: readonly string[] = [],
): string {
  const wrapped = rows.map((row) => columns.map(({ width }, index) => wrapText(row[index] ?? '', width)));
  const widths = columns.map(({ heading }, index) =>
    Math.max(heading.length, ...wrapped.flatMap((cells) => (cells[index] ?? []).map((line) => line.length))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(GAP)
      .trimEnd();
  return [
    line(columns.map(({ heading }) => heading)),
    line(widths.map((width) => '─'.repeat(width))),
    ...wrapped.flatMap((cells, at) => {
      const height = Math.max(...cells.map((cell) => cell.length));
      const own = Array.from({ length: height }, (_, row) => line(cells.map((cell) => cell[row] ?? '')));
      const remark = remarks[at] ?? '';
      return remark === '' ? own : [...own, indent(remark, 4)];
    }),
  ].join('\n');
}

/** A text within 80 columns, set in by so many. */
export function indent(text: string, columns: number): string {
  return told(text, columns).join('\n');
}

const COMMAND = /; end it by: (gcloud [^()]*)\)[;.:]? ?/;

/** A text beside the time, within 80 columns; a command stands in a line of its own, whole, so that it can be copied. */
export function beside(time: string, text: string): string {
  const before = time.padEnd(18);
  const parts = text.split(COMMAND);
  return parts
    .flatMap((part, at) => {
      if (at % 2 === 1) return [`${' '.repeat(4)}${part}`];
      // What the command was taken out of is closed before it.
      const closed = at < parts.length - 1 ? `${part}):` : part;
      return closed === '' ? [] : hung(at === 0 ? before : ' '.repeat(before.length), closed, 0);
    })
    .join('\n');
}

/** A line between the parts of a story. */
export function titleLine(time: string, title: string): string {
  return hung(`── ${time}  `, title, 0).join('\n');
}
