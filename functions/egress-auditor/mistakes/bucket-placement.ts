import { findReaders, type ReadBucket, type Reader } from './bucket-readers.ts';
import { sum, type EgressFacts } from '../traffic/facts.ts';
import { bucketPriceId, continentOf, isIn, type BucketPlace } from '../traffic/geography.ts';
import { firstRate, NETWORK_PRICES, priceRow, scaleUsd } from '../network-prices.ts';
import { GIB } from '../traffic/pricing.ts';
import { nameVm } from '../traffic/resource-names.ts';
import type { Finding, UsdPerMonth, UsdRange } from '../report/report.ts';
import { shellWord } from './shell.ts';

/** A region with less than this share of a bucket's reads is no second home. */
const MIN_REGION_SHARE = 0.1;

/** Mistakes in where buckets and their readers are. */
export function judgeBuckets(facts: EgressFacts, monthFactor: number): readonly Finding[] {
  return findReaders(facts).flatMap((read) => {
    const place = facts.buckets?.get(read.bucket);
    if (place === undefined) return [];
    const byRegion = groupByRegion(read);
    const far = byRegion.filter(({ region }) => isIn(place, region) === false);
    if (far.length === 0) return [];
    const several = byRegion.filter(({ bytes }) => bytes >= MIN_REGION_SHARE * read.bytes);
    return several.length > 1
      ? judgeSeveral(facts, read, place, several, monthFactor)
      : far.map((group) => judgeFar(facts, read, place, group, monthFactor));
  });
}

interface RegionReads {
  readonly region: string;
  readonly readers: readonly Reader[];
  readonly bytes: number;
}

function groupByRegion({ readers }: ReadBucket): readonly RegionReads[] {
  const groups = new Map<string, Reader[]>();
  for (const reader of readers) groups.set(reader.region, [...(groups.get(reader.region) ?? []), reader]);
  return [...groups]
    .map(([region, own]) => ({ region, readers: own, bytes: sum(own.map(({ bytes }) => bytes)) }))
    .sort((a, b) => b.bytes - a.bytes);
}

function readCost(place: BucketPlace, region: string, monthlyBytes: number): UsdPerMonth {
  const row = bucketPriceId(place, region);
  return row === undefined ? 'unpriced' : scaleUsd(firstRate(priceRow(row)), monthlyBytes / GIB);
}

function judgeFar(
  facts: EgressFacts,
  read: ReadBucket,
  place: BucketPlace,
  { region, readers, bytes }: RegionReads,
  monthFactor: number,
): Finding {
  const names = readers.map(({ vmId }) => nameVm(facts, vmId));
  const [first] = names;
  const abroad = isIn(place, region) === false && !sameContinent(place, region);
  return {
    id: `far-from-bucket:${read.bucket}:${region}`,
    kind: 'far-from-bucket',
    title: `${first?.text ?? ''}${names.length > 1 ? ` and ${names.length - 1} more` : ''} in ${region} ${names.length > 1 ? 'read' : 'reads'} gs://${read.bucket} in ${place.location}: another ${abroad ? 'continent' : 'region'}`,
    resources: [...names.map(({ resource }) => resource), `gs://${read.bucket}`],
    certainty: 'likely',
    evidence: {
      'read in the window': gib(bytes),
      'bucket sent in all': gib(read.bytes),
      'explained by these readers': percent(read.explained),
      'how they were joined':
        'in every step the readers received from Google’s services what the bucket sent, and no other bucket can have sent it',
      'what settles it': 'Cloud Storage usage logs or Data Access audit logs name the reader',
    },
    usdPerMonth: readCost(place, region, bytes * monthFactor),
    command: copyCommand(read.bucket, region),
  };
}

function sameContinent(place: BucketPlace, region: string): boolean {
  const own = place.regions?.map(continentOf) ?? [MULTI_CONTINENT[place.location] ?? 'elsewhere'];
  return own.includes(continentOf(region));
}

const MULTI_CONTINENT: Readonly<Record<string, ReturnType<typeof continentOf>>> = {
  US: 'North America',
  EU: 'Europe',
  ASIA: 'Asia',
};

/** Read from several regions: what a copy in each of them or a dual-region costs against the transfers. */
function judgeSeveral(
  facts: EgressFacts,
  read: ReadBucket,
  place: BucketPlace,
  groups: readonly RegionReads[],
  monthFactor: number,
): readonly Finding[] {
  const far = groups.filter(({ region }) => isIn(place, region) === false);
  const transfer = far
    .map(({ region, bytes }) => readCost(place, region, bytes * monthFactor))
    .reduce<UsdPerMonth>(addOrUnpriced, { low: 0, high: 0 });
  const stored = facts.bucketBytes.get(read.bucket);
  const { copy, dualRegionExtra } = NETWORK_PRICES.storagePerGibMonth;
  const copies = stored === undefined ? undefined : scaleUsd(copy, (stored / GIB) * far.length);
  const [home, away] = [place.regions?.[0], far[0]?.region];
  const pair =
    far.length === 1 &&
    place.regions?.length === 1 &&
    home !== undefined &&
    away !== undefined &&
    canPair(home, away)
      ? ([home, away] as const)
      : undefined;
  const dual =
    stored === undefined || pair === undefined ? undefined : scaleUsd(dualRegionExtra, stored / GIB);
  const best = dual !== undefined && copies !== undefined && dual.high < copies.high ? 'dual-region' : 'copy';
  const cost = best === 'dual-region' ? dual : copies;
  const saves: UsdPerMonth =
    transfer === 'unpriced' || cost === undefined
      ? 'unpriced'
      : { low: transfer.low - cost.high, high: transfer.high - cost.low };
  // Where storing it twice costs more than sending it, nothing is wrong; where it may, the copy is no sure saving.
  if (saves !== 'unpriced' && saves.low <= 0) return [];
  const resources = groups.flatMap(({ readers }) => readers.map(({ vmId }) => nameVm(facts, vmId).resource));
  return [
    {
      id: `bucket-read-from-several-regions:${read.bucket}`,
      kind: 'bucket-read-from-several-regions',
      title: `gs://${read.bucket} in ${place.location} is read from ${groups.map(({ region }) => region).join(' and ')}: ${best === 'copy' ? `a copy in ${far.map(({ region }) => region).join(' and ')}` : 'a dual-region'} costs less than the transfers`,
      resources: [`gs://${read.bucket}`, ...resources],
      certainty: 'likely',
      evidence: {
        ...Object.fromEntries(groups.map(({ region, bytes }) => [`read from ${region}`, gib(bytes)])),
        stored: stored === undefined ? 'unknown' : gib(stored),
        'transfers a month': usd(transfer),
        'a copy a month': copies === undefined ? 'unknown: the size is unknown' : usd(copies),
        'a dual-region a month, more than now': dual === undefined ? 'not possible or unknown' : usd(dual),
        'explained by these readers': percent(read.explained),
        'what settles it': 'Cloud Storage usage logs or Data Access audit logs name the readers',
      },
      usdPerMonth: saves,
      command:
        best === 'dual-region' && pair !== undefined
          ? dualCommand(read.bucket, pair)
          : far.map(({ region }) => copyCommand(read.bucket, region)).join(' && '),
    },
  ];
}

/** Configurable dual-regions pair regions of the US, of the EU, or of Asia. */
function canPair(a: string, b: string): boolean {
  return (['US', 'EU', 'ASIA'] as const).some((location) => {
    const multi: BucketPlace = { location, regions: undefined };
    return isIn(multi, a) === true && isIn(multi, b) === true;
  });
}

function addOrUnpriced(a: UsdPerMonth, b: UsdPerMonth): UsdPerMonth {
  return a === 'unpriced' || b === 'unpriced' ? 'unpriced' : { low: a.low + b.low, high: a.high + b.high };
}

function copyCommand(bucket: string, region: string): string {
  const copy = shellWord(`gs://${bucket}-${region}`);
  return `gcloud storage buckets create ${copy} --location=${region} && gcloud storage rsync --recursive ${shellWord(`gs://${bucket}`)} ${copy}`;
}

function dualCommand(bucket: string, regions: readonly [string, string]): string {
  const continent = { US: 'US', EU: 'EU', ASIA: 'ASIA' } as const;
  const location =
    Object.values(continent).find(
      (one) => isIn({ location: one, regions: undefined }, regions[0]) === true,
    ) ?? 'US';
  const copy = shellWord(`gs://${bucket}-dual`);
  return `gcloud storage buckets create ${copy} --location=${location} --placement=${regions.join(',')} && gcloud storage rsync --recursive ${shellWord(`gs://${bucket}`)} ${copy}`;
}

export function gib(bytes: number): string {
  const value = bytes / GIB;
  return `${value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)} GiB`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function usd(cost: UsdPerMonth | UsdRange): string {
  if (cost === 'unpriced') return cost;
  const [low, high] = [cost.low, cost.high].map((value) => value.toFixed(2));
  return low === high ? `${low ?? ''} USD` : `${low ?? ''} to ${high ?? ''} USD`;
}
