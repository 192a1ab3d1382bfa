import { readBook, type Book, type BookFile, type BookPart } from '../../../shared/prices/book.ts';
import { pivot } from '../pivot.ts';
import type { FreshCell } from './fresh-prices.ts';
import { REFRESHED, type RefreshedBook } from './match-sku.ts';

export type Books = Readonly<Record<RefreshedBook, BookFile>>;

export interface Refreshed {
  readonly books: Books;
  /** One line for each price that is another one now, or new. */
  readonly changes: readonly string[];
  /** One line for each book: how much of it is new, and what stays with its day. */
  readonly kept: readonly string[];
}

export const CATALOG = 'Cloud Billing Catalog API';

/** Prices on demand do not double or halve: such a price is of something else. */
const MAX_FACTOR = 2;

/** Without the prices on demand that cannot be of the thing that the book means, with one line for each. */
export function withoutImplausible(
  books: Books,
  cells: readonly FreshCell[],
): { readonly cells: readonly FreshCell[]; readonly problems: readonly string[] } {
  const current = bookReader(books);
  const problems: string[] = [];
  const plausible = cells.filter(({ book, usage, name, place, usd }) => {
    const before = current(book).find(usage, name, place);
    if (before === undefined || usage === 'spot') return true;
    const now = Number(usd);
    if (now <= before.high * MAX_FACTOR && now >= before.low / MAX_FACTOR) return true;
    problems.push(
      `${usage} ${name} in ${place}: ${before.low} -> ${now}, more than ${MAX_FACTOR} times as much or as little`,
    );
    return false;
  });
  return { cells: plausible, problems };
}

/** Books with the catalog's prices in front; what it does not have stays with its source and day. */
export function refreshBooks(books: Books, cells: readonly FreshCell[], asOf: string): Refreshed {
  const current = bookReader(books);
  const entries = REFRESHED.map((name) => {
    const own = cells.filter(({ book }) => book === name);
    const parts = (['on-demand', 'spot'] as const).flatMap((usage): BookPart[] => {
      const some = own.filter((cell) => cell.usage === usage);
      return some.length === 0 ? [] : [pivot({ usage, source: CATALOG, asOf, mark: 'verified' }, some)];
    });
    const rest = books[name].parts.flatMap((part) => withoutFresh(part, own));
    return [name, { ...books[name], parts: [...parts, ...rest] }] as const;
  });
  const refreshed = Object.fromEntries(entries) as Books;
  return {
    books: refreshed,
    changes: cells.flatMap((cell) => changeOf(current(cell.book), cell)),
    kept: REFRESHED.map((name) => keptLine(name, cells, readBook(refreshed[name]), asOf)),
  };
}

function bookReader(books: Books): (name: RefreshedBook) => Book {
  const read = new Map(REFRESHED.map((name) => [name, readBook(books[name])]));
  return (name) => read.get(name) ?? readBook(books[name]);
}

function changeOf(current: Book, { usage, name, place, usd }: FreshCell): readonly string[] {
  const before = current.find(usage, name, place);
  const now = Number(usd);
  if (before === undefined) return [`${usage} ${name} in ${place}: new, ${now}`];
  if (before.low !== before.high)
    return [`${usage} ${name} in ${place}: ${before.low} to ${before.high} -> ${now}`];
  return Math.abs(before.low - now) > 1e-7 * now
    ? [`${usage} ${name} in ${place}: ${before.low} -> ${now}`]
    : [];
}

/** What of a book the catalog has nothing of at all is named: it grows older with every refresh. */
function keptLine(book: RefreshedBook, cells: readonly FreshCell[], now: Book, asOf: string): string {
  const fresh = cells.filter((cell) => cell.book === book);
  const have = new Set(fresh.map(({ name }) => thingOf(name)));
  const names = [...new Set([...now.names('on-demand'), ...now.names('spot')].map(thingOf))];
  const none = names.filter((name) => !have.has(name));
  const days = [...new Set(now.parts.map((part) => part.asOf).filter((day) => day !== asOf))].sort();
  const since = days.length < 2 ? (days[0] ?? asOf) : `${days[0] ?? ''} to ${days.at(-1) ?? ''}`;
  const said = none.length === 0 ? '' : `; nothing in the catalog for ${none.join(', ')}, as of ${since}`;
  return `${book}: ${fresh.length} prices of today${said}`;
}

/** The machine family of a unit, `n2` of `n2.vcpu` and `n2-standard-4`; the traffic of a tier. */
const thingOf = (name: string): string =>
  /^[a-z]+\d+[a-z]*-(?:standard|high|mega|ultra|hyper|micro|small)/.test(name)
    ? name.replace(/-.*/, '')
    : name.replace(/\.(?:vcpu|gib|gib-extended|retrieval|\d.*)$/, '');

/** A part without the prices that the catalog has: they would never be looked at again. */
function withoutFresh(part: BookPart, fresh: readonly FreshCell[]): readonly BookPart[] {
  const gone = new Set(
    fresh.filter(({ usage }) => usage === part.usage).map(({ name, place }) => `${name} ${place}`),
  );
  const rows = part.rows.flatMap((row) => {
    const [name = '', ...prices] = row.split(',');
    const left = prices.map((usd, at) => (gone.has(`${name} ${part.places[at] ?? ''}`) ? '' : usd));
    return left.every((usd) => usd === '') ? [] : [[name, ...left].join(',')];
  });
  return rows.length === 0 ? [] : [{ ...part, rows }];
}
