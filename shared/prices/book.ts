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
  /** The day of most of its prices; each figure has its own. */
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

/** A row as it stands in the file, and once it was looked at. */
interface IndexedRow {
  readonly part: BookPart;
  readonly row: string;
  prices: Map<string, number> | undefined;
}

/**
 * A price book, read when it is first looked into: the rows stay text until one of their prices is looked up. Later parts count
 * only where none before has the price, unless both have a `doubt`: then the figure spans them.
 * @throws on the first look-up where the file is none.
 */
export function lazyBook(file: unknown): () => Book {
  let book: Book | undefined;
  return () => (book ??= readBook(file));
}

export function readBook(file: unknown): Book {
  const { what, unit, parts } = bookSchema.parse(file);
  const indexes = { 'on-demand': indexOf(parts, 'on-demand'), spot: indexOf(parts, 'spot') };
  const sorted = (usage: Usage): readonly string[] => [...indexes[usage].keys()].sort();
  const names = { 'on-demand': sorted('on-demand'), spot: sorted('spot') };
  const rowsOf = (usage: Usage, name: string): readonly IndexedRow[] => indexes[usage].get(name) ?? [];
  return {
    what,
    unit,
    asOf: [...parts].sort((a, b) => b.rows.length - a.rows.length)[0]?.asOf ?? '',
    parts,
    find: (usage, name, place) => figureOf(rowsOf(usage, name), place),
    placesOf: (usage, name) =>
      [...new Set(rowsOf(usage, name).flatMap((row) => [...pricesOf(row).keys()]))].sort(),
    has: (usage, name) => indexes[usage].has(name),
    names: (usage) => names[usage],
  };
}

function indexOf(parts: readonly BookPart[], usage: Usage): ReadonlyMap<string, readonly IndexedRow[]> {
  const index = new Map<string, IndexedRow[]>();
  for (const part of parts) {
    if (part.usage !== usage) continue;
    for (const row of part.rows) {
      const name = row.slice(0, row.indexOf(','));
      const entry = { part, row, prices: undefined };
      const known = index.get(name);
      if (known === undefined) index.set(name, [entry]);
      else known.push(entry);
    }
  }
  return index;
}

/** The prices of a row by their places. */
function pricesOf(indexed: IndexedRow): ReadonlyMap<string, number> {
  if (indexed.prices !== undefined) return indexed.prices;
  const [, ...cells] = indexed.row.split(',');
  const prices = new Map<string, number>();
  for (const [at, place] of indexed.part.places.entries()) {
    const cell = cells[at] ?? '';
    if (cell !== '') prices.set(place, Number(cell));
  }
  indexed.prices = prices;
  return prices;
}

function figureOf(rows: readonly IndexedRow[], place: string): Figure | undefined {
  let figure: Figure | undefined;
  for (const row of rows) {
    const usd = pricesOf(row).get(place);
    if (usd === undefined) continue;
    const { source, asOf, mark: own, note, doubt } = row.part;
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
