import * as z from 'zod/mini';
import type { Api } from '../../../shared/google/api.ts';
import { listPages } from '../../../shared/google/list-pages.ts';

/** The services of the Cloud Billing Catalog API that the books hold prices of. */
export const SERVICES = {
  compute: 'services/6F81-5844-456A',
  storage: 'services/95FF-2EF5-5EA1',
  networking: 'services/E505-1604-58F8',
  /** The first generations of TPUs; the later ones are in Compute Engine. */
  tpu: 'services/E000-3F24-B8AA',
  vertex: 'services/C7E2-9256-1C43',
} as const;

const PAGE_SIZE = 5_000;

const money = z.looseObject({
  currencyCode: z.optional(z.string()),
  units: z._default(z.union([z.string(), z.number()]), '0'),
  nanos: z._default(z.number(), 0),
});

const skuSchema = z.looseObject({
  /** `services/…/skus/…` */
  name: z.string(),
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

/** Every SKU of these services in USD, page by page. Throws `GoogleApiError`. */
export async function readSkus(api: Api): Promise<readonly Sku[]> {
  const skus: Sku[] = [];
  const query = { currencyCode: 'USD', pageSize: String(PAGE_SIZE) };
  for (const service of Object.values(SERVICES)) {
    const url = `https://cloudbilling.googleapis.com/v1/${service}/skus`;
    for await (const part of listPages(api, 'cloudbilling.services.skus.list', { url, query }, page))
      skus.push(...part.skus);
  }
  return skus;
}

/** From how much on a unit costs how much, in USD, lowest first; what is free is in it. */
export interface Tariff {
  readonly unit: string;
  readonly tiers: readonly { readonly from: number; readonly usd: number }[];
}

/** The tariff in force: the last of those that a SKU shows. */
export function tariffOf({ pricingInfo }: Sku): Tariff | undefined {
  const expression = pricingInfo.at(-1)?.pricingExpression;
  if (expression === undefined) return undefined;
  const tiers = expression.tieredRates.map(({ startUsageAmount, unitPrice: { units, nanos } }) => ({
    from: startUsageAmount,
    usd: Number(units) + nanos / 1e9,
  }));
  return { unit: expression.usageUnit, tiers: tiers.sort((a, b) => a.from - b.from) };
}
