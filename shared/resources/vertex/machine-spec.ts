import * as z from 'zod/mini';
import { boughtAs } from '../../google/vms.ts';
import { vertexOnDemand, vertexSpot } from '../../prices/planning/vertex.ts';
import { isPriced, middleUsd, priceBetween, sumPrices, unpriced, type Price } from '../../prices/price.ts';
import { costOfMachines, machineCount, regionOf, type Machines } from '../cost.ts';
import type { Listed } from '../define-kind.ts';

/** Source: google.cloud.aiplatform.v1 machine_resources.proto and custom_job.proto; int64 fields are texts in JSON. */
export const machineSpec = z.looseObject({
  machineType: z.optional(z.string()),
  acceleratorType: z.optional(z.string()),
  acceleratorCount: z.optional(z.number()),
});

export const workerPools = z.array(
  z.looseObject({
    machineSpec: z.optional(machineSpec),
    replicaCount: z.optional(z.union([z.string(), z.number()])),
  }),
);

export const dedicatedResources = z.looseObject({
  machineSpec: z.optional(machineSpec),
  minReplicaCount: z.optional(z.number()),
  maxReplicaCount: z.optional(z.number()),
  spot: z.optional(z.boolean()),
});

/** Machines of one form, in the region of `resource`. */
export function machinesOf(
  resource: string,
  spec: z.infer<typeof machineSpec> | undefined,
  count: number,
  spot: boolean,
): Machines {
  const { machineType, acceleratorType, acceleratorCount = 0 } = spec ?? {};
  return {
    machineType,
    accelerators:
      acceleratorType === undefined || acceleratorCount === 0
        ? []
        : [{ type: acceleratorType, count: acceleratorCount }],
    zone: regionOfName(resource),
    count,
    spot,
  };
}

/** The machines of a custom job's worker pools. `strategy` is that of its scheduling (custom_job.proto, Scheduling.Strategy). */
export function poolMachines(
  resource: string,
  pools: z.infer<typeof workerPools>,
  strategy = '',
): readonly Machines[] {
  return pools.map((pool) => ({
    ...machinesOf(resource, pool.machineSpec, Number(pool.replicaCount ?? 1), strategy === 'SPOT'),
    ...boughtAs(strategy),
  }));
}

/** How many replicas run: at the least, and at the most. */
export interface Replicas {
  readonly least: number;
  readonly most: number;
}

/**
 * What it may be scaled to, where the API does not tell how many there are. Source: machine_resources.proto, DedicatedResources: the
 * maximum is the minimum where it is not named.
 */
export function replicasOf({
  minReplicaCount: least = 1,
  maxReplicaCount = least,
}: Pick<z.infer<typeof dedicatedResources>, 'minReplicaCount' | 'maxReplicaCount'>): Replicas {
  return { least, most: Math.max(least, maxReplicaCount) };
}

/** `, up to 10` for what may be scaled so far. */
export function upTo(most: number, count: number): string {
  return most > count ? `, up to ${most}` : '';
}

/** What is scaled between two sets of machines costs an hour; the least of them are expected unless others are named. */
export function scaledCost(
  least: readonly Machines[],
  most: readonly Machines[],
  now: Date,
  expected = least,
): Pick<Listed, 'cost' | 'expectedUsd' | 'machines'> {
  return {
    ...scaledPrice(vertexCost(least, now), vertexCost(most, now), vertexCost(expected, now)),
    machines: machineCount(most),
  };
}

/** The same by what each costs. */
export function scaledPrice(
  least: Price,
  most: Price,
  expected = least,
): Pick<Listed, 'cost' | 'expectedUsd'> {
  return {
    cost: priceBetween(least, most),
    ...(isPriced(expected) ? { expectedUsd: middleUsd(expected) } : {}),
  };
}

/** `us-central1` of `projects/P/locations/us-central1/…`. */
export function regionOfName(resource: string): string {
  return resource.split('/')[3] ?? '';
}

/** What machines cost an hour `now` on Vertex AI, for training and prediction. */
export function vertexCost(machines: readonly Machines[], now: Date): Price {
  const [first, ...rest] = machines.map((one) => {
    const region = regionOf(one.zone);
    const { bought, ...plain } = one;
    const onDemand = costOfMachines([{ ...plain, spot: false }], now);
    return one.spot || bought !== undefined
      ? vertexSpot(costOfMachines([one], now), onDemand, region)
      : vertexOnDemand(onDemand, region);
  });
  return first === undefined ? unpriced('no machines reported') : sumPrices([first, ...rest]);
}
