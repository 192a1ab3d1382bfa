/** What a terminal shows in a line when nothing says otherwise. */
export const WIDTH = 80;

const GAP = '  ';

/** A cell narrower than this is not worth wrapping. */
const NARROWEST = 18;

/** Text in lines of at most `width` characters, broken at spaces; what has none stays whole. */
export function wrapText(text: string, width = WIDTH): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A paragraph for a terminal, with its line end. */
export const paragraph = (text: string): string => `${wrapText(text).join('\n')}\n`;

/**
 * Columns side by side: amounts to the right, the rest to the left. The last column takes what is left of the line,
 * and is wrapped under itself.
 */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width = WIDTH,
): string {
  const last = header.length - 1;
  const widths = header.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const before = widths.slice(0, last).reduce((sum, wide) => sum + wide + GAP.length, 0);
  const room = Math.max(NARROWEST, width - before);
  const pad = (cell: string, at: number): string =>
    /^(?:\$|<\$|≥|at least|about|unpriced|unknown)/.test(cell)
      ? cell.padStart(widths[at] ?? 0)
      : cell.padEnd(widths[at] ?? 0);
  return [header, ...rows]
    .flatMap((row) => {
      const whole = pad(row[last] ?? '', last);
      const [first = '', ...more] = whole.length <= room ? [whole] : wrapText(row[last] ?? '', room);
      const start = header.slice(0, last).map((_, at) => pad(row[at] ?? '', at));
      return [[...start, first].join(GAP).trimEnd(), ...more.map((line) => `${' '.repeat(before)}${line}`)];
    })
    .map((line) => `${line}\n`)
    .join('');
}
