import { lazyBook, type Usage } from './book.ts';
import gpuJson from './books/gpu-prices.json' with { type: 'json' };
import { priceOf, unpriced, type Price } from './price.ts';

const gpus = lazyBook(gpuJson);

/** One GPU an hour, attached or as its part of a machine, by its accelerator type's name. */
export function gpuPrice(gpu: string, region: string, usage: Usage): Price {
  const figure = gpus().find(usage, gpu, region);
  if (figure !== undefined) return priceOf(figure);
  const elsewhere = cheapest(gpu, usage) ?? (usage === 'on-demand' ? cheapest(gpu, 'spot') : undefined);
  return unpriced(`no ${usage === 'spot' ? 'Spot price' : 'price'} for ${gpu} in ${region}`, elsewhere);
}

/** What it costs where it is cheapest; undefined where it has no price anywhere. */
function cheapest(gpu: string, usage: Usage): number | undefined {
  const prices = gpus()
    .placesOf(usage, gpu)
    .flatMap((place) => gpus().find(usage, gpu, place)?.low ?? []);
  return prices.length === 0 ? undefined : Math.min(...prices);
}

/** The day of most of its prices. */
export const gpuPricesDate = (): string => gpus().asOf;
