import { lazyBook, type Usage } from './book.ts';
import tpuJson from './books/tpu-prices.json' with { type: 'json' };
import type { CatalogMachine } from './machine-catalog.ts';
import { priceOf, timesPrice, unpriced, type Price } from './price.ts';

const tpus = lazyBook(tpuJson);

/** By the family of the machine that hosts it. Google's Cloud TPU pages name them so; ct5l has no price in any source, tpu7x in the catalog alone. */
const GENERATIONS: Readonly<Record<string, string>> = {
  ct3: 'v3',
  ct3p: 'v3',
  ct4p: 'v4',
  ct5lp: 'v5e',
  ct5p: 'v5p',
  ct6e: 'v6e',
  tpu7x: '7x',
};

/** A chip an hour, its host included: `v5e`. */
export function tpuPrice(generation: string, region: string, usage: Usage): Price {
  const figure = tpus().find(usage, generation, region);
  return figure === undefined ? unpriced(`no price for TPU ${generation} in ${region}`) : priceOf(figure);
}

/** A machine of TPU chips such as `ct5lp-hightpu-4t`; undefined for machines without. */
export function tpuMachinePrice(
  { name, family }: Pick<CatalogMachine, 'name' | 'family'>,
  region: string,
  usage: Usage,
): Price | undefined {
  const generation = GENERATIONS[family];
  const chips = Number(/-(\d+)t$/.exec(name)?.[1]);
  if (generation === undefined || !(chips > 0)) return undefined;
  return timesPrice(tpuPrice(generation, region, usage), chips);
}

/** The day of most of its prices. */
export const tpuPricesDate = (): string => tpus().asOf;
