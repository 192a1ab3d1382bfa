import { otherClouds, type CloudOffer } from '../../../shared/prices/planning/clouds.ts';
import { isPriced, timesPrice, type Price } from '../../../shared/prices/price.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { agedSpot } from '../../../shared/prices/spot.ts';
import type { Resource } from './lines.ts';
import { optionOf, sustainedUse, type Option, type SustainedUse } from './option.ts';
import type { EstimateWish } from './wish.ts';

/** A wish whose machines are known to be possible in the regions to look at. */
export interface EstimateTask {
  readonly wish: EstimateWish;
  readonly resources: readonly Resource[];
  /** Where all of its machines are offered. */
  readonly regions: readonly string[];
  /** One of them, or `any`. */
  readonly region: string;
}

/** A region beside the requested one. */
export interface RegionOffer {
  readonly region: string;
  readonly perHour: Price;
  readonly perRun: Price;
}

/** The same machines on another cloud; `count` of them for a run. */
export interface CloudRun extends CloudOffer {
  readonly resource: string;
  readonly perRun: Price;
  readonly perMonth: Price;
}

export interface Estimate {
  readonly wish: EstimateWish;
  /** The requested region, or the cheapest. */
  readonly region: string;
  /** As requested: on demand or Spot. */
  readonly chosen: Option;
  readonly onDemand: Option;
  readonly spot: Option;
  readonly sustainedUse: SustainedUse | undefined;
  /** A Spot run that is preempted once. */
  readonly preempted: { readonly restartShare: number; readonly perRun: Price };
  /** The cheapest first, those without a price last; at most so many. */
  readonly regions: readonly RegionOffer[];
  readonly offeredIn: readonly string[];
  readonly clouds: readonly CloudRun[];
  readonly notes: readonly string[];
}

const MAX_REGIONS = 8;

/** Pure: the same task at the same time, the same answer. */
export function decideEstimate(task: EstimateTask, now: Date): Estimate {
  const { wish, resources } = task;
  const usage = wish.spot ? 'spot' : 'on-demand';
  const offers = task.regions
    .map((region) => {
      const { totals } = optionOf(resources, wish.data, { region, usage, where: wish.where, now });
      return { region, perHour: totals.perHour, perRun: totals.perRun };
    })
    .sort((a, b) => costOf(a.perRun) - costOf(b.perRun) || (a.region < b.region ? -1 : 1));
  const region = task.region === 'any' ? (offers[0]?.region ?? '') : task.region;
  const at = (bought: Option['usage']): Option =>
    optionOf(resources, wish.data, { region, usage: bought, where: wish.where, now });
  const [onDemand, spot] = [at('on-demand'), at('spot')];
  const onCompute = wish.where === 'compute' || wish.where === 'workbench';
  return {
    wish,
    region,
    chosen: wish.spot ? spot : onDemand,
    onDemand,
    spot,
    sustainedUse: onCompute ? sustainedUse(onDemand, resources) : undefined,
    preempted: {
      restartShare: wish.restartShare,
      perRun: timesPrice(spot.totals.perRun, 1 + wish.restartShare),
    },
    regions: offers.slice(0, MAX_REGIONS),
    offeredIn: task.regions,
    clouds: resources.flatMap((resource) => cloudRuns(resource, region, now)),
    notes: notesOf(task, region),
  };
}

const costOf = (price: Price): number => (isPriced(price) ? price.usd.high : Infinity);

function cloudRuns(resource: Resource, region: string, now: Date): readonly CloudRun[] {
  const { wish, configuration } = resource;
  if (configuration === undefined) return [];
  const { gpu, vcpus } = configuration;
  const needed = { gpu: gpu?.type, gpuCount: gpu?.count ?? 0, vcpus, region };
  return otherClouds(needed).map((offer) => ({
    ...offer,
    spotUsdPerHour: agedSpot(offer.spotUsdPerHour, offer.usdPerHour, now),
    resource: wish.name,
    perRun: timesPrice(offer.usdPerHour, wish.count * wish.hours),
    perMonth: timesPrice(offer.usdPerHour, wish.count * HOURS_PER_MONTH),
  }));
}

function notesOf(
  { wish, resources, region: requested, regions }: EstimateTask,
  region: string,
): readonly string[] {
  const machines = resources.flatMap(({ configuration }) => configuration ?? []);
  const unsold = machines.filter(({ soldOnDemand }) => !soldOnDemand).map(({ machineType }) => machineType);
  const hasDisk = resources.some(({ wish: one }) => one.kind === 'disk');
  const vertex = wish.where === 'training' || wish.where === 'prediction';
  return [
    ...wish.assumed.map((text) => `Assumed: ${text}.`),
    ...(requested === 'any' ? [`${region} is the cheapest of ${regions.length} regions that offer it.`] : []),
    ...(unsold.length === 0
      ? []
      : [`Not sold on demand: ${[...new Set(unsold)].join(', ')}; only as Spot, flex-start or reservation.`]),
    ...(machines.length > 0 && !hasDisk
      ? [
          'No boot disk is counted: add one by diskGb and diskType (--disk-gb, --disk-type). It bills while the machine is stopped, too.',
        ]
      : []),
    ...(vertex
      ? [
          'Vertex AI on demand is Compute Engine and 15 %, without local SSD; beside Spot it takes a fee of 15 % of the price on demand.',
        ]
      : []),
    'List prices: committed-use and negotiated discounts, credits and taxes are not in them. A month is 730 hours.',
    'What is billed by the byte counts once a run, a day and a month.',
  ];
}
