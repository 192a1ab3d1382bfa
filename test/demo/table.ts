/** One column: its heading, and the most characters it may take. */
export interface Column {
  readonly heading: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

/** A text table. A cell longer than its column goes on in the next line, at word boundaries where there are any. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.min(column.width, Math.max(column.heading.length, ...rows.map((row) => (row[index] ?? '').length))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const lines = [
    line(columns.map((column) => column.heading)),
    line(widths.map((width) => '─'.repeat(width))),
  ];
  for (const row of rows) {
    const wrapped = widths.map((width, index) => wrap(row[index] ?? '', width));
    const height = Math.max(...wrapped.map((cell) => cell.length));
    for (let at = 0; at < height; at++) lines.push(line(wrapped.map((cell) => cell[at] ?? '')));
  }
  return lines.join('\n');
}

/** The lines of a text, at most `width` characters each. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
