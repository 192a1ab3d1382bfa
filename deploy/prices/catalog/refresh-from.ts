import { readBook } from '../../../shared/prices/book.ts';
import type { VertexFile } from '../other-books.ts';
import { freshPrices } from './fresh-prices.ts';
import type { Sku } from './read-skus.ts';
import { CATALOG, refreshBooks, withoutImplausible, type Books } from './refresh.ts';
import { withSums } from './sums.ts';
import { vertexRatio } from './vertex-ratio.ts';

/** The books as they are. */
export interface CurrentBooks {
  readonly books: Books;
  readonly vertex: VertexFile;
  /** Books of which Google's catalog has nothing, with their days. */
  readonly others: readonly { readonly name: string; readonly asOf: string }[];
}

/** The books after a refresh, by file name, and what to say of it. */
export interface RefreshedFiles {
  readonly books: Readonly<Record<string, object>>;
  /** How many prices the catalog gave. */
  readonly prices: number;
  /** What an operator has to look at; the books have nothing of it. */
  readonly problems: readonly string[];
  readonly changes: readonly string[];
  readonly kept: readonly string[];
}

/** Every book that the catalog has prices for, made anew. Pure. */
export function refreshFrom(skus: readonly Sku[], current: CurrentBooks, today: string): RefreshedFiles {
  const fresh = freshPrices(skus);
  const clear = withoutImplausible(current.books, fresh.cells);
  const summed = withSums(clear.cells, readBook(current.books['machine-prices']));
  const sums = withoutImplausible(current.books, summed.cells);
  const { books, changes, kept } = refreshBooks(current.books, sums.cells, today);
  const about = { source: CATALOG, asOf: today };
  const vertex = vertexRatio(skus, sums.cells, current.vertex, about);
  const others = current.others.map(({ name, asOf }) => `${name} of ${asOf}`).join(', ');
  return {
    books: { ...books, 'vertex-prices': vertex.book ?? current.vertex },
    prices: sums.cells.length,
    problems: [
      ...fresh.problems,
      ...clear.problems,
      ...summed.problems,
      ...sums.problems,
      ...vertex.problems,
    ],
    changes: [...changes, ...vertexChange(current.vertex, vertex.book)],
    kept: [
      ...kept,
      vertex.book === undefined
        ? `vertex-prices: nothing in the catalog to compare, as of ${current.vertex.asOf}`
        : `vertex-prices: from ${vertex.book.seenIn.length} regions of today`,
      `Not in Google's catalog: ${others}`,
    ],
  };
}

function vertexChange(before: VertexFile, now: VertexFile | undefined): readonly string[] {
  if (now === undefined) return [];
  return (['onDemandRatio', 'feeShare'] as const)
    .filter((what) => before[what] !== now[what])
    .map((what) => `Vertex AI ${what}: ${before[what]} -> ${now[what]}`);
}
