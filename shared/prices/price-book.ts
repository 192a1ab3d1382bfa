import * as z from 'zod/mini';
import { mark } from './mark.ts';
import bookJson from './price-book.json' with { type: 'json' };

const provenance = { source: z.string(), mark, note: z.optional(z.string()) };

const positive = z.number().check(z.positive());

const positiveInt = z.int().check(z.positive());

const usd = positive;

const priceBookSchema = z.strictObject({
  asOf: z.iso.date(),
  currency: z.literal('USD'),
  priceKind: z.string(),
  hoursPerMonth: positive,
  sources: z.record(z.string(), z.string()),
  unitPrices: z.array(
    z.strictObject({
      family: z.string(),
      region: z.string(),
      usdPerVcpuHour: usd,
      usdPerGibHour: usd,
      ...provenance,
    }),
  ),
  shapes: z.array(
    z.strictObject({
      series: z.string(),
      gibPerVcpu: positive,
      vcpus: z.array(positiveInt),
      ...provenance,
    }),
  ),
  sharedCores: z.array(
    z.strictObject({
      type: z.string(),
      vcpus: positive,
      memoryGib: positive,
      ...provenance,
    }),
  ),
  gpuMachines: z.array(
    z.strictObject({ type: z.string(), gpu: z.string(), count: positiveInt, ...provenance }),
  ),
  wholeVms: z.array(
    z.strictObject({
      type: z.string(),
      region: z.string(),
      usdPerHour: usd,
      // What the price is made of besides the GPUs, as far as it is known; the tests add it up.
      vcpus: z.optional(positiveInt),
      memoryGib: z.optional(positiveInt),
      localSsdGb: z.optional(positiveInt),
      hostUsdPerHour: z.optional(usd),
      ...provenance,
    }),
  ),
  gpus: z.array(z.strictObject({ gpu: z.string(), region: z.string(), usdPerHour: usd, ...provenance })),
  disks: z.array(
    z.strictObject({
      type: z.string(),
      region: z.string(),
      usdPerGbMonth: usd,
      usdPerIopsMonth: z.optional(usd),
      ...provenance,
    }),
  ),
  externalIpv4: z.strictObject({ usdPerHour: usd, ...provenance }),
});

/**
 * The price book: on-demand list prices in USD, each row with its source (a key of `sources`) and its {@link Mark}.
 * What no source gave is absent, and then unpriced.
 */
export const PRICE_BOOK = priceBookSchema.parse(bookJson);

/** The day the price book was compiled, ISO 8601. Its sources are older; `PRICE_BOOK.sources` dates them. */
export const PRICE_BOOK_DATE: string = PRICE_BOOK.asOf;
