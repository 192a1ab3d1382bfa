import { percentText } from '../../../shared/units.ts';
import type { Finding } from '../report/report.ts';
import type { EgressFacts } from '../traffic/facts.ts';
import { bucketLaneId, type BucketPlace, isIn } from '../traffic/geography.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { copyCommand } from './bucket-far.ts';
import { readCost, type RegionReads } from './bucket-placement.ts';
import type { ReadBucket } from '../traffic/readers.ts';
import { gib, usd } from './evidence-text.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { sumUsd, type UsdPerMonth } from '../../../shared/prices/money.ts';
import { copyingUsd, isFar, lessUsd, storedUsd } from './bucket-options.ts';

/** Read from several regions: what a copy in each of them or a dual-region costs against the transfers. */
export function judgeSeveral(
  facts: EgressFacts,
  read: ReadBucket,
  place: BucketPlace,
  groups: readonly RegionReads[],
  monthFactor: number,
): readonly Finding[] {
  const far = groups.filter(({ region }) => isFar(place, region));
  const transfer = sumUsd(far.map(({ region, bytes }) => readCost(place, region, bytes * monthFactor)));
  const stored = facts.bucketBytes.get(read.bucket);
  const copies = sumUsd(far.map(({ region }) => storedUsd([region], stored)));
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
    pair === undefined ? undefined : lessUsd(storedUsd(pair, stored), storedUsd([pair[0]], stored));
  const best = dual !== undefined && cheaper(dual, copies) ? 'dual-region' : 'copy';
  const saves = lessUsd(transfer, best === 'dual-region' && dual !== undefined ? dual : copies);
  // Where storing it twice costs more than sending it, nothing is wrong; where it may, the copy is no sure saving.
  if (saves !== 'unpriced' && saves.low <= 0) return [];
  const resources = groups.flatMap(({ readers }) => readers.map(({ vmId }) => nameVm(facts, vmId).resource));
  return [
    {
      id: `bucket-read-from-several-regions:${read.bucket}`,
      kind: 'bucket-read-from-several-regions',
      title: `gs://${read.bucket} in ${place.location} is read from ${groups.map(({ region }) => region).join(' and ')}: ${best === 'copy' ? `a copy in ${far.map(({ region }) => region).join(' and ')}` : 'a dual-region'} costs less than the transfers`,
      resources: [`gs://${read.bucket}`, ...resources],
      lanes: [bucketLaneId(place)],
      certainty: 'likely',
      evidence: {
        ...Object.fromEntries(groups.map(({ region, bytes }) => [`read from ${region}`, gib(bytes)])),
        stored: stored === undefined ? 'unknown' : gib(stored),
        'transfers a month': usd(transfer),
        'a copy a month': stored === undefined ? 'unknown: the size is unknown' : usd(copies),
        'a dual-region a month, more than now': dual === undefined ? 'not possible' : usd(dual),
        'copying it once': usd(
          copyingUsd(
            place,
            far.map(({ region }) => region),
            stored,
          ),
        ),
        'explained by these readers': percentText(read.explained, 0),
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

function cheaper(one: UsdPerMonth, other: UsdPerMonth): boolean {
  return one !== 'unpriced' && other !== 'unpriced' && one.high < other.high;
}

/** Configurable dual-regions pair regions of the US, of the EU, or of Asia. */
function canPair(a: string, b: string): boolean {
  return (['US', 'EU', 'ASIA'] as const).some((location) => {
    const multi: BucketPlace = { location, regions: undefined };
    return isIn(multi, a) === true && isIn(multi, b) === true;
  });
}

function dualCommand(bucket: string, regions: readonly [string, string]): string {
  const continent = { US: 'US', EU: 'EU', ASIA: 'ASIA' } as const;
  const location =
    Object.values(continent).find(
      (one) => isIn({ location: one, regions: undefined }, regions[0]) === true,
    ) ?? 'US';
  const copy = shellWord(`gs://${bucket}-dual`);
  return `gcloud storage buckets create ${copy} --location=${location} --placement=${regions.join(',')} && gcloud storage rsync ${shellWord(`gs://${bucket}`)} ${copy} --recursive`;
}
