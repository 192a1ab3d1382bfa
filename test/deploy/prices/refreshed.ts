import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REFRESHED } from '../../../deploy/prices/catalog/match-sku.ts';
import { refreshFrom, type CurrentBooks } from '../../../deploy/prices/catalog/refresh-from.ts';
import { BOOKS_FOLDER } from '../../../deploy/prices/generate.ts';
import { vertexSchema } from '../../../deploy/prices/other-books.ts';
import { bookSchema, readBook, type Usage } from '../../../shared/prices/book.ts';
import { catalogSku, type Listed } from '../../support/catalog-sku.ts';

const file = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(join(BOOKS_FOLDER, `${name}.json`), 'utf8'));

export const present: CurrentBooks = {
  books: Object.fromEntries(
    await Promise.all(REFRESHED.map(async (name) => [name, bookSchema.parse(await file(name))] as const)),
  ) as CurrentBooks['books'],
  vertex: vertexSchema.parse(await file('vertex-prices')),
  others: [{ name: 'aws-prices', asOf: '2026-01-21' }],
};

/** The books of the repository after a refresh from these SKUs. */
export function refresh(skus: readonly Listed[]) {
  const { books, ...said } = refreshFrom(skus.map(catalogSku), present, '2026-11-26');
  const find = (name: (typeof REFRESHED)[number], usage: Usage, thing: string, place = 'us-central1') =>
    readBook(books[name]).find(usage, thing, place);
  return { ...said, books, find };
}
