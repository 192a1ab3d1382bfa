import * as z from 'zod/mini';
import vertexJson from '../books/vertex-prices.json' with { type: 'json' };
import { isPriced, sumPrices, timesPrice, type Price } from '../price.ts';

const vertex = z
  .object({
    source: z.string(),
    asOf: z.iso.date(),
    onDemandRatio: z.number(),
    feeShare: z.number(),
    seenIn: z.array(z.string()),
  })
  .parse(vertexJson);

/** The day of the ratio. */
export const vertexDate = (): string => vertex.asOf;

/** What Vertex AI bills for cores, memory and GPUs on demand, or for a disk: Compute Engine's price and 15 %. */
export function vertexOnDemand(compute: Price, region: string): Price {
  return inferred(timesPrice(compute, vertex.onDemandRatio), region);
}

/** With Spot the Compute Engine price, and a fee of 15 % of the price on demand. */
export function vertexSpot(spot: Price, onDemand: Price, region: string): Price {
  return inferred(sumPrices([spot, timesPrice(onDemand, vertex.feeShare)]), region);
}

function inferred(price: Price, region: string): Price {
  if (!isPriced(price)) return price;
  const { source, asOf, seenIn } = vertex;
  return {
    ...price,
    source: `${price.source}; ratio of Vertex AI: ${source}`,
    asOf: price.asOf < asOf ? price.asOf : asOf,
    ...(seenIn.includes(region)
      ? {}
      : { mark: 'third-party', note: `the ratio is known of ${seenIn.join(', ')} only` }),
  };
}
