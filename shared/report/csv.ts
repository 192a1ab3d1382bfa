/** What a field can hold; null is an empty field. */
export type CsvValue = string | number | boolean | null;

export interface CsvColumn<Row> {
  /** In the header line. */
  readonly name: string;
  readonly value: (row: Row) => CsvValue;
}

/**
 * A table as CSV after RFC 4180: one header line, lines end in CRLF, fields are quoted where they have to be.
 *
 * Text that a spreadsheet would run as a formula, or that starts with an apostrophe, gets an apostrophe in front:
 * names are chosen by others, and `=HYPERLINK(…)` is one. A program that reads the file takes one leading
 * apostrophe off a text field. Numbers are written as numbers, so that a negative one stays one.
 *
 * There is no byte order mark: programs would take it for a part of the first column's name. A spreadsheet that guesses
 * the encoding wrongly has to be told UTF-8.
 * @throws RangeError for a number that is not finite.
 */
export function writeCsv<Row>(columns: readonly CsvColumn<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ name }) => fieldOf(name)),
    ...rows.map((row) => columns.map(({ value }) => fieldOf(value(row)))),
  ];
  return lines.map((fields) => `${fields.join(',')}\r\n`).join('');
}

/**
 * `=`, `+`, `-` and `@` start a formula, in full width as well, and spreadsheets skip white space before them. Some drop control
 * characters and what has no width (soft hyphen, zero-width and direction marks, tags) when they read a file.
 * Source: https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^[\s\p{Cc}\p{Cf}\p{Mn}]*[=+\-@＝＋－＠﹢﹣﹦﹫]|^[\t\r\n]/u;

function fieldOf(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`Cannot write ${value} as CSV: it is no number`);
    return String(value);
  }
  const text = FORMULA.test(value) || value.startsWith("'") ? `'${value}` : value;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
