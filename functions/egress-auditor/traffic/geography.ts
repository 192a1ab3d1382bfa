import { type Area, areaOf, vmPriceId } from '../../../shared/prices/planning/areas.ts';
import { DUAL_REGIONS } from '../../../shared/prices/dual-regions.ts';

/** Where zones, regions and buckets are, as far as prices and placement care. */

/** `us-central1` of `us-central1-a`; undefined for what is no zone, such as `global`. */
export function regionOf(zone: string): string | undefined {
  return /^([a-z]+-[a-z]+\d+)-[a-z]$/.exec(zone)?.[1];
}

export type Continent =
  'North America' | 'South America' | 'Europe' | 'Asia' | 'Oceania' | 'Middle East' | 'Africa' | 'elsewhere';

const CONTINENTS: Readonly<Record<Area, Continent>> = {
  'us-canada': 'North America',
  'south-america': 'South America',
  europe: 'Europe',
  asia: 'Asia',
  indonesia: 'Asia',
  oceania: 'Oceania',
  'middle-east': 'Middle East',
  africa: 'Africa',
  elsewhere: 'elsewhere',
};

export function continentOf(region: string): Continent {
  return region === 'northamerica-south1' ? 'North America' : CONTINENTS[areaOf(region)];
}

/** Where a bucket keeps its data. */
export interface BucketPlace {
  /** As the API writes it: `US-CENTRAL1`, `EU`, `NAM4`. */
  readonly location: string;
  /** The regions of a region or dual-region; undefined for a multi-region and for a code that is not known. */
  readonly regions: readonly string[] | undefined;
}

const MULTI_REGIONS: Readonly<Record<string, { readonly area: Area; readonly contains: RegExp }>> = {
  US: { area: 'us-canada', contains: /^us-/ },
  // London and Zurich are outside the European Union.
  EU: { area: 'europe', contains: /^europe-(?!west2$|west6$)/ },
  ASIA: { area: 'asia', contains: /^asia-/ },
};

export function bucketPlace(location: string, dataLocations?: readonly string[]): BucketPlace {
  const custom = dataLocations?.map((region) => region.toLowerCase());
  if (custom !== undefined && custom.length > 0) return { location, regions: custom };
  const region = location.toLowerCase();
  return {
    location,
    regions: /^[a-z]+-[a-z]+\d+$/.test(region) ? [region] : DUAL_REGIONS[location],
  };
}

/** Whether the bucket's data is in a region; undefined when that cannot be told. */
export function isIn(bucket: BucketPlace, region: string): boolean | undefined {
  if (bucket.regions !== undefined) return bucket.regions.includes(region);
  return MULTI_REGIONS[bucket.location]?.contains.test(region);
}

/** The lane of what is read from buckets of one place. */
export function bucketLaneId({ location, regions }: BucketPlace): string {
  const pair = (regions?.length ?? 0) > 1 && DUAL_REGIONS[location] === undefined ? regions : undefined;
  return `bucket-reads:${location}${pair === undefined ? '' : `:${[...pair].sort().join('+')}`}`;
}

/** Whether reading the bucket from a region is free: only where that region itself has the data. */
export function isFreeIn(bucket: BucketPlace, region: string): boolean | undefined {
  if (bucket.regions !== undefined) return bucket.regions.includes(region);
  // Since October 2022 reads from a multi-region cost as between regions, wherever in it the reader is.
  return MULTI_REGIONS[bucket.location] === undefined ? undefined : false;
}

/** The rows that reading a bucket costs at the least, wherever the reader is. */
export function cheapestReads(bucket: BucketPlace): readonly string[] {
  if (bucket.regions !== undefined) return ['bucket-free'];
  if (bucket.location === 'US') return ['bucket-us-canada'];
  if (bucket.location === 'EU') return ['bucket-europe'];
  return bucket.location === 'ASIA' ? ['bucket-free', 'bucket-asia'] : ['bucket-free'];
}

/** The rows that writing from a region into a bucket may cost; none where it is free. */
export function writePriceIds(bucket: BucketPlace, region: string): readonly string[] {
  if (bucket.regions !== undefined)
    return bucket.regions.includes(region)
      ? []
      : bucket.regions.flatMap((other) => vmPriceId(region, other) ?? []);
  const area = MULTI_REGIONS[bucket.location]?.area;
  const capital = area === undefined ? undefined : CAPITALS[area];
  return capital === undefined ? [] : [vmPriceId(region, capital) ?? []].flat();
}

/** The row for reading a bucket from a region outside its location; undefined where no source has a price. */
export function bucketPriceId(bucket: BucketPlace, region: string): string | undefined {
  const multi = MULTI_REGIONS[bucket.location]?.area;
  const from = bucket.regions ?? (multi === undefined ? [] : [CAPITALS[multi] ?? '']);
  const [first] = from;
  if (first === undefined || first === '') return undefined;
  const sameArea = areaOf(first) === areaOf(region);
  if (sameArea && areaOf(region) === 'us-canada') return 'bucket-us-canada';
  if (sameArea && areaOf(region) === 'europe') return 'bucket-europe';
  if (sameArea && areaOf(region) === 'asia') return 'bucket-asia';
  return vmPriceId(first, region);
}

/** A region that stands for its area. */
const CAPITALS: Readonly<Partial<Record<Area, string>>> = {
  'us-canada': 'us-central1',
  europe: 'europe-west1',
  asia: 'asia-east1',
};

/** Whether two places are on one continent, by the name that the metric's `remote_continent` has. */
export function onContinent(region: string, remoteContinent: string): boolean {
  const own = continentOf(region);
  if (remoteContinent === 'America') return own === 'North America' || own === 'South America';
  if (remoteContinent === 'Asia') return own === 'Asia' || own === 'Middle East';
  return own === remoteContinent;
}
