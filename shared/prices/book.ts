import * as z from 'zod/mini';
import { mark, weakest, type Mark } from './mark.ts';

const partSchema = z.strictObject({
  usage: z.enum(['on-demand', 'spot']),
  source: z.string(),
  asOf: z.iso.date(),
  mark,
  note: z.optional(z.string()),
  doubt: z.optional(z.string()),
  places: z.array(z.string()),
  rows: z.array(z.string()),
});

export const bookSchema = z.strictObject({ what: z.string(), unit: z.string(), parts: z.array(partSchema) });

/** Prices of one source, day and usage: `rows` are `name,price,price,…`, a price for each of `places`, empty where there is none. */
export type BookPart = z.infer<typeof partSchema>;

export type BookFile = z.infer<typeof bookSchema>;

/** On demand, or Spot (formerly preemptible). */
export type Usage = BookPart['usage'];

/** What a book says of one thing in one place, in its unit of USD; `low` and `high` differ where sources disagree. */
export interface Figure {
  readonly low: number;
  readonly high: number;
  /** Public repository and commit, or Google's API. */
  readonly source: string;
  /** The day of the data, ISO 8601; the oldest where there are several. */
  readonly asOf: string;
  readonly mark: Mark;
  /** Why `low` and `high` differ, or what the figure was made of. */
  readonly note: string | undefined;
}

export interface Book {
  readonly what: string;
  readonly unit: string;
  /** The day of its oldest part. */
  readonly asOf: string;
  readonly parts: readonly BookPart[];
  find(usage: Usage, name: string, place: string): Figure | undefined;
  /** Where it has a price of this, sorted. */
  placesOf(usage: Usage, name: string): readonly string[];
  /** Whether it has a price of this anywhere. */
  has(usage: Usage, name: string): boolean;
  /** What it has prices of, sorted. */
  names(usage: Usage): readonly string[];
}

interface IndexedRow {
  readonly part: BookPart;
  readonly cells: string;
}

/**
 * A price book, read when it is first looked into: the rows stay text, and one look-up splits one row. Later parts count only
 * where none before has the price, unless both have a `doubt`: then the figure spans them.
 * @throws on the first look-up where the file is none.
 */
export function lazyBook(file: unknown): () => Book {
  let book: Book | undefined;
  return () => (book ??= readBook(file));
}

export function readBook(file: unknown): Book {
  const { what, unit, parts } = bookSchema.parse(file);
  const index = new Map<string, IndexedRow[]>();
  const keyOf = (usage: Usage, name: string): string => `${usage} ${name}`;
  for (const part of parts)
    for (const row of part.rows) {
      const comma = row.indexOf(',');
      const key = keyOf(part.usage, row.slice(0, comma));
      const known = index.get(key);
      const entry = { part, cells: row.slice(comma + 1) };
      if (known === undefined) index.set(key, [entry]);
      else known.push(entry);
    }
  const rowsOf = (usage: Usage, name: string): readonly IndexedRow[] => index.get(keyOf(usage, name)) ?? [];
  return {
    what,
    unit,
    asOf: parts.map(({ asOf }) => asOf).sort()[0] ?? '',
    parts,
    find: (usage, name, place) => figureOf(rowsOf(usage, name), place),
    placesOf: (usage, name) =>
      [
        ...new Set(
          rowsOf(usage, name).flatMap(({ part, cells }) => {
            const values = cells.split(',');
            return part.places.filter((_, at) => (values[at] ?? '') !== '');
          }),
        ),
      ].sort(),
    has: (usage, name) => index.has(keyOf(usage, name)),
    names: (usage) =>
      [
        ...new Set(
          parts
            .filter((part) => part.usage === usage)
            .flatMap(({ rows }) => rows.map((row) => row.slice(0, row.indexOf(',')))),
        ),
      ].sort(),
  };
}

function figureOf(rows: readonly IndexedRow[], place: string): Figure | undefined {
  let figure: Figure | undefined;
  for (const { part, cells } of rows) {
    const at = part.places.indexOf(place);
    const text = at < 0 ? '' : (cells.split(',')[at] ?? '');
    if (text === '') continue;
    const usd = Number(text);
    const { source, asOf, mark: own, note, doubt } = part;
    if (figure === undefined) {
      figure = { low: usd, high: usd, source, asOf, mark: own, note: doubt ?? note };
      if (doubt === undefined) return figure;
    } else if (doubt !== undefined)
      figure = {
        low: Math.min(figure.low, usd),
        high: Math.max(figure.high, usd),
        source: `${figure.source}; ${source}`,
        asOf: figure.asOf < asOf ? figure.asOf : asOf,
        mark: weakest(figure.mark, own),
        note: doubt,
      };
  }
  return figure;
}
