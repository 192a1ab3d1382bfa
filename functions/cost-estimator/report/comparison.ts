import { percentText } from '../../../shared/units.ts';
import type { Price } from '../../../shared/prices/price.ts';
import type { EstimateReport } from '../decide.ts';

/** One way to run the same job. */
export interface Way {
  readonly what: string;
  readonly where: string;
  readonly perHour: Price | undefined;
  readonly perRun: Price;
  /** How old it is, and what kind of price. */
  readonly about: string;
}

/** On demand, Spot, other regions and other clouds, in the order of reading. */
export function waysOf(report: EstimateReport): readonly Way[] {
  const { onDemand, spot, sustainedUse, preempted, regions, region, wish, clouds } = report;
  const bought = wish.spot ? 'Spot' : 'on demand';
  return [
    way('on demand', onDemand.region, onDemand.totals, ''),
    ...(sustainedUse === undefined || !isLess(sustainedUse.perRun, onDemand.totals.perRun)
      ? []
      : [
          {
            what: 'with sustained use',
            where: region,
            perHour: undefined,
            perRun: sustainedUse.perRun,
            about: 'taken off by Google itself',
          },
        ]),
    way('Spot', spot.region, spot.totals, spotAbout(spot.totals.perHour)),
    {
      what: 'Spot, preempted once',
      where: region,
      perHour: undefined,
      perRun: preempted.perRun,
      about: `${percentText(preempted.restartShare, 0)} of the run is done again`,
    },
    ...regions
      .filter((offer) => offer.region !== region)
      .slice(0, 5)
      .map((offer) => way(`${bought} elsewhere`, offer.region, offer, '')),
    ...clouds.map((offer) => ({
      what: offer.instance === undefined ? offer.cloud : `${offer.cloud} ${offer.instance}`,
      where: offer.region ?? '',
      perHour: offer.usdPerHour,
      perRun: offer.perRun,
      about: cloudAbout(offer.usdPerHour, offer.gpuCount),
    })),
  ];
}

/** A run that is too short for a discount has none. */
const isLess = (a: Price, b: Price): boolean =>
  a.usd !== 'unpriced' && b.usd !== 'unpriced' && a.usd.high < b.usd.high;

function way(
  what: string,
  where: string,
  { perHour, perRun }: { readonly perHour: Price; readonly perRun: Price },
  about: string,
): Way {
  return { what, where, perHour, perRun, about };
}

const spotAbout = (price: Price): string =>
  price.usd === 'unpriced'
    ? price.why
    : `prices of ${price.asOf}${price.note === undefined ? '' : `: ${price.note}`}`;

const cloudAbout = (price: Price, gpus: number): string =>
  price.usd === 'unpriced'
    ? price.why
    : `list price of ${price.asOf}, ${gpus} ${gpus === 1 ? 'GPU' : 'GPUs'}`;
