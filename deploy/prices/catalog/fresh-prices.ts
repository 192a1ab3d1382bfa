import type { Usage } from '../../../shared/prices/book.ts';
import type { Cell } from '../pivot.ts';
import { matchSku, type Match } from './match-sku.ts';
import { unitPrice, type Sku } from './read-skus.ts';

/** Prices of the catalog by book, and what an operator has to look at before they are used. */
export interface FreshPrices {
  readonly cells: readonly FreshCell[];
  readonly problems: readonly string[];
}

export interface FreshCell extends Cell {
  readonly book: Match['book'] | 'machine-prices';
  readonly usage: Usage;
}

/** The prices that SKUs give. Two SKUs of different prices for one thing are a problem, never a choice. */
export function freshPrices(skus: readonly Sku[]): FreshPrices {
  const found = new Map<string, { readonly cell: FreshCell; readonly skuId: string }>();
  const problems: string[] = [];
  for (const sku of skus) {
    const match = matchSku(sku);
    const price = unitPrice(sku);
    if (match === undefined || price === undefined) continue;
    if (price.unit !== match.unit) {
      problems.push(`${sku.skuId} "${sku.description}" is in ${price.unit}, wanted ${match.unit}`);
      continue;
    }
    for (const place of sku.serviceRegions) {
      const key = `${match.book} ${match.name} ${match.usage} ${place}`;
      const before = found.get(key);
      const { book, name, usage } = match;
      if (before === undefined)
        found.set(key, { cell: { book, name, usage, place, usd: String(price.usd) }, skuId: sku.skuId });
      else if (Number(before.cell.usd) !== price.usd)
        problems.push(
          `${usage} ${name} in ${place}: ${before.skuId} says ${before.cell.usd}, ${sku.skuId} "${sku.description}" ${price.usd}`,
        );
    }
  }
  return { cells: [...found.values()].map(({ cell }) => cell), problems };
}
