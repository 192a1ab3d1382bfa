import { readBook, type BookFile, type BookPart, type Usage } from '../../../shared/prices/book.ts';
import { catalogMachine } from '../../../shared/prices/machine-catalog.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { pivot } from '../pivot.ts';
import type { FreshCell } from './fresh-prices.ts';

/** The books that are made anew from Compute Engine's SKUs. */
export const REFRESHED = ['unit-prices', 'gpu-prices', 'disk-prices', 'machine-prices'] as const;

export type Books = Readonly<Record<(typeof REFRESHED)[number], BookFile>>;

export interface Refreshed {
  readonly books: Books;
  /** One line for each price that is another one now, or new. */
  readonly changes: readonly string[];
}

const SOURCE = 'Cloud Billing Catalog API, services/6F81-5844-456A';

/** Books with the catalog's prices in front; what it does not have stays with its source and day. */
export function refreshBooks(books: Books, fresh: readonly FreshCell[], asOf: string): Refreshed {
  const cells = [...fresh, ...wholeMachines(books, fresh)];
  const changes: string[] = [];
  const entries = REFRESHED.map((name) => {
    const own = cells.filter(({ book }) => book === name);
    const present = readBook(books[name]);
    for (const { usage, name: thing, place, usd } of own) {
      const before = present.find(usage, thing, place);
      const now = Number(usd);
      if (before === undefined) changes.push(`${usage} ${thing} in ${place}: new, ${now}`);
      else if (Math.abs(before.low - now) > 1e-7 * now || before.low !== before.high)
        changes.push(`${usage} ${thing} in ${place}: ${before.low} -> ${now}`);
    }
    const parts = (['on-demand', 'spot'] as const).flatMap((usage): BookPart[] => {
      const some = own.filter((cell) => cell.usage === usage);
      return some.length === 0 ? [] : [pivot({ usage, source: SOURCE, asOf, mark: 'verified' }, some)];
    });
    const kept = books[name].parts.flatMap((part) => withoutFresh(part, own));
    return [name, { ...books[name], parts: [...parts, ...kept] }] as const;
  });
  return { books: Object.fromEntries(entries) as Books, changes };
}

/** Machines that stand in the book as a whole, added up anew where the catalog has every part of them. */
function wholeMachines(books: Books, fresh: readonly FreshCell[]): readonly FreshCell[] {
  const usdOf = new Map(fresh.map((cell) => [`${cell.usage} ${cell.name} ${cell.place}`, Number(cell.usd)]));
  const machines = readBook(books['machine-prices']);
  const sum = (name: string, usage: Usage, place: string): number | undefined => {
    const machine = catalogMachine(name);
    if (machine === undefined) return undefined;
    const { family, billedVcpus, memoryGib, gpu, gpuCount, localSsdGb } = machine;
    const parts: readonly (readonly [thing: string | undefined, amount: number])[] = [
      [`${family}.vcpu`, billedVcpus],
      [`${family}.gib`, memoryGib],
      [gpu, gpuCount],
      ['local-ssd', localSsdGb / HOURS_PER_MONTH],
    ];
    const used = parts.filter(([, amount]) => amount > 0);
    const prices = used.map(
      ([thing = '', amount]) => amount * (usdOf.get(`${usage} ${thing} ${place}`) ?? NaN),
    );
    const usd = prices.reduce((total, price) => total + price, 0);
    return Number.isFinite(usd) ? usd : undefined;
  };
  return (['on-demand', 'spot'] as const).flatMap((usage) =>
    machines.names(usage).flatMap((name) =>
      machines.placesOf(usage, name).flatMap((place): readonly FreshCell[] => {
        const usd = sum(name, usage, place);
        return usd === undefined
          ? []
          : [{ book: 'machine-prices', name, usage, place, usd: usd.toPrecision(9) }];
      }),
    ),
  );
}

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
