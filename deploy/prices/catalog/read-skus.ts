import * as z from 'zod/mini';
import type { Api } from '../../../shared/google/api.ts';
import { listPages } from '../../../shared/google/list-pages.ts';

/** Compute Engine in the Cloud Billing Catalog API. */
const COMPUTE_ENGINE = 'services/6F81-5844-456A';

const PAGE_SIZE = 5_000;

const money = z.looseObject({
  currencyCode: z.optional(z.string()),
  units: z._default(z.union([z.string(), z.number()]), '0'),
  nanos: z._default(z.number(), 0),
});

const skuSchema = z.looseObject({
  skuId: z.string(),
  description: z.string(),
  category: z.looseObject({ usageType: z.string() }),
  serviceRegions: z._default(z.array(z.string()), []),
  pricingInfo: z._default(
    z.array(
      z.looseObject({
        pricingExpression: z.looseObject({
          usageUnit: z.string(),
          tieredRates: z._default(
            z.array(z.looseObject({ startUsageAmount: z._default(z.number(), 0), unitPrice: money })),
            [],
          ),
        }),
      }),
    ),
    [],
  ),
});

/** A SKU of the catalog, as far as prices are made of it. */
export type Sku = z.infer<typeof skuSchema>;

const page = z.looseObject({ skus: z._default(z.array(skuSchema), []) });

/** Every SKU of Compute Engine in USD, page by page. Throws `GoogleApiError`. */
export async function readSkus(api: Api): Promise<readonly Sku[]> {
  const skus: Sku[] = [];
  const url = `https://cloudbilling.googleapis.com/v1/${COMPUTE_ENGINE}/skus`;
  const query = { currencyCode: 'USD', pageSize: String(PAGE_SIZE) };
  for await (const part of listPages(api, 'cloudbilling.services.skus.list', { url, query }, page))
    skus.push(...part.skus);
  return skus;
}

/** USD for one unit: of the first tier that costs something. Undefined for what is free, and for tiers of several prices. */
export function unitPrice({ pricingInfo }: Sku): { readonly usd: number; readonly unit: string } | undefined {
  const expression = pricingInfo.at(-1)?.pricingExpression;
  if (expression === undefined) return undefined;
  const paid = expression.tieredRates
    .map(({ unitPrice: { units, nanos } }) => Number(units) + nanos / 1e9)
    .filter((usd) => usd > 0);
  const [usd, ...others] = [...new Set(paid)];
  return usd === undefined || others.length > 0 ? undefined : { usd, unit: expression.usageUnit };
}
