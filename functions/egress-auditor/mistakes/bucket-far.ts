import { percentText } from '../../../shared/units.ts';
import type { Finding } from '../report/report.ts';
import type { EgressFacts } from '../traffic/facts.ts';
import { type BucketPlace, continentOf, isIn } from '../traffic/geography.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { readCost, type RegionReads } from './bucket-placement.ts';
import type { ReadBucket } from './bucket-readers.ts';
import { gib } from './evidence-text.ts';
import { shellWord } from './shell.ts';

export function judgeFar(
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
      'explained by these readers': percentText(read.explained, 0),
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

export function copyCommand(bucket: string, region: string): string {
  const copy = shellWord(`gs://${bucket}-${region}`);
  return `gcloud storage buckets create ${copy} --location=${region} && gcloud storage rsync --recursive ${shellWord(`gs://${bucket}`)} ${copy}`;
}
