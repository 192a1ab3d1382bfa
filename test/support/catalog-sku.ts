/** The services of the Cloud Billing Catalog API by what they sell: https://cloud.google.com/skus */
const SERVICES = {
  compute: ['6F81-5844-456A', 'Compute Engine'],
  storage: ['95FF-2EF5-5EA1', 'Cloud Storage'],
  networking: ['E505-1604-58F8', 'Networking'],
  tpu: ['E000-3F24-B8AA', 'Cloud TPU'],
  vertex: ['C7E2-9256-1C43', 'Vertex AI'],
} as const;

export interface Listed {
  readonly description: string;
  readonly usd: number;
  readonly service?: keyof typeof SERVICES;
  readonly unit?: string;
  readonly usageType?: string;
  readonly region?: string;
  readonly regions?: readonly string[];
  readonly freeUpTo?: number;
  /** Beside `usd`, which is that of the first tier. */
  readonly more?: readonly { readonly from: number; readonly usd: number }[];
}

/** A SKU as the Cloud Billing Catalog API gives it. */
export function catalogSku(listed: Listed, at: number) {
  const { description, usd, unit = 'h', usageType = 'OnDemand', region = 'us-central1' } = listed;
  const { freeUpTo, regions = [region], more = [], service = 'compute' } = listed;
  const [serviceId, serviceDisplayName] = SERVICES[service];
  const skuId = `0000-0000-${String(at).padStart(4, '0')}`;
  const tier = (startUsageAmount: number, price: number) => ({
    startUsageAmount,
    unitPrice: {
      currencyCode: 'USD',
      units: String(Math.floor(price)),
      nanos: Math.round((price - Math.floor(price)) * 1e9),
    },
  });
  return {
    name: `services/${serviceId}/skus/${skuId}`,
    skuId,
    description,
    category: { serviceDisplayName, resourceFamily: 'Compute', resourceGroup: 'CPU', usageType },
    serviceRegions: [...regions],
    pricingInfo: [
      {
        effectiveTime: '2026-11-18T00:00:00Z',
        pricingExpression: {
          usageUnit: unit,
          displayQuantity: 1,
          tieredRates: [
            ...(freeUpTo === undefined ? [] : [tier(0, 0)]),
            tier(freeUpTo ?? 0, usd),
            ...more.map(({ from, usd: price }) => tier(from, price)),
          ],
        },
      },
    ],
    serviceProviderName: 'Google',
  };
}
