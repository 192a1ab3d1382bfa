import type { Mark } from '../../shared/prices/mark.ts';
import type { BookPart, Usage } from '../../shared/prices/book.ts';
import type { Origin } from './source-rows.ts';

/** One price: what, where, how much. `usd` stays the text of its source, so that no digit changes. */
export interface Cell {
  readonly name: string;
  readonly place: string;
  readonly usd: string;
}

export interface PartAbout extends Origin {
  readonly usage: Usage;
  readonly mark: Mark;
  readonly note?: string;
  /** Why another part may say something else for the same row. */
  readonly doubt?: string;
}

/** A part of a book: one row a name, one column a place. Throws an Error where a price is none, or stands there twice. */
export function pivot(about: PartAbout, cells: readonly Cell[]): BookPart {
  const found = cells.filter(({ usd }) => usd !== '');
  const places = [...new Set(found.map(({ place }) => place))].sort();
  const byName = new Map<string, Map<string, string>>();
  for (const { name, place, usd } of found) {
    if (!(Number(usd) > 0) || /,/.test(name))
      throw new Error(
        `Cannot use ${about.usage} price "${usd}" of ${name} in ${place}: expected more than 0`,
      );
    const row = byName.get(name) ?? new Map<string, string>();
    if (row.has(place)) throw new Error(`Cannot use ${name} in ${place}: it has two ${about.usage} prices`);
    byName.set(name, row.set(place, usd));
  }
  const { usage, source, asOf, mark, note, doubt } = about;
  return {
    usage,
    source,
    asOf,
    mark,
    ...(note === undefined ? {} : { note }),
    ...(doubt === undefined ? {} : { doubt }),
    places,
    rows: [...byName]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, row]) => [name, ...places.map((place) => shortest(row.get(place)))].join(',')),
  };
}

/** `0.50000` -> `0.5`: the same number in fewer digits. */
function shortest(usd: string | undefined): string {
  return usd === undefined ? '' : String(Number(usd));
}
