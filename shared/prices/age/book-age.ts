const DAY_MS = 86_400_000;

/** Books that are older are said in every report that prices by them. */
const OLD_DAYS = 90;

/** A price book by what it has prices of, and the day of most of them, ISO 8601. */
export type BookDate = readonly [book: string, asOf: string];

/** A price book that an answer rests on. */
export interface UsedBook {
  readonly book: string;
  /** The day of most of its prices. */
  readonly asOf: string;
  /** Older than 90 days. */
  readonly old: boolean;
}

/** The age of books as of `now`. */
export function agedBooks(dates: readonly BookDate[], now: Date): readonly UsedBook[] {
  return dates.map(([book, asOf]) => ({
    book,
    asOf,
    old: now.getTime() - Date.parse(asOf) > OLD_DAYS * DAY_MS,
  }));
}

/** One sentence on those that are older than 90 days, and what to do; undefined where none is. */
export function oldBooksText(books: readonly UsedBook[]): string | undefined {
  const old = books.filter((book) => book.old).map(({ book, asOf }) => `${book} (${asOf})`);
  return old.length === 0
    ? undefined
    : `Price books older than 90 days: ${old.join(', ')}. npm run prices -- --refresh makes them anew.`;
}
