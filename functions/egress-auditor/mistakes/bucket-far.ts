import { percentText } from '../../../shared/units.ts';
import type { Finding } from '../report/report.ts';
import type { EgressFacts } from '../traffic/facts.ts';
import { bucketLaneId, type BucketPlace, continentOf, isIn } from '../traffic/geography.ts';
import { nameVm } from '../traffic/resource-names.ts';
import type { UsdPerMonth } from '../../../shared/prices/money.ts';
import { copyingUsd, homeOf, lessUsd, movingUsd, storedUsd } from './bucket-options.ts';
import { readCost, type RegionReads } from './bucket-placement.ts';
import type { ReadBucket } from '../traffic/readers.ts';
import { gib, usd } from './evidence-text.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { moveCommand } from './zone-pairs.ts';

/** Readers outside a bucket's region: what a copy beside them, or they beside the bucket, save on balance. */
export function judgeFar(
  facts: EgressFacts,
  read: ReadBucket,
  place: BucketPlace,
  group: RegionReads,
  monthFactor: number,
): readonly Finding[] {
  const { region, readers, bytes } = group;
  const transfer = readCost(place, region, bytes * monthFactor);
  const stored = facts.bucketBytes.get(read.bucket);
  const copy = lessUsd(transfer, storedUsd([region], stored));
  const home = homeOf(place);
  const move = home === undefined ? undefined : lessUsd(transfer, movingUsd(facts, group, home, monthFactor));
  const choice = better(copy, move);
  // Neither saves anything: then the place of the bucket is no mistake.
  if (choice === undefined) return [];
  const names = readers.map(({ vmId }) => nameVm(facts, vmId));
  const [first] = names;
  const advice =
    choice.kind === 'copy' ? `a copy in ${region} costs less` : `moving to ${home ?? ''} costs less`;
  return [
    {
      id: `far-from-bucket:${read.bucket}:${region}`,
      kind: 'far-from-bucket',
      title: `${first?.text ?? ''}${names.length > 1 ? ` and ${names.length - 1} more` : ''} in ${region} ${names.length > 1 ? 'read' : 'reads'} gs://${read.bucket} in ${place.location}, ${distance(place, region)}: ${advice}`,
      resources: [...names.map(({ resource }) => resource), `gs://${read.bucket}`],
      lanes: [bucketLaneId(place)],
      certainty: 'likely',
      evidence: {
        'read in the window': gib(bytes),
        'bucket sent in all': gib(read.bytes),
        'explained by these readers': percentText(read.explained, 0),
        'the transfer a month': usd(transfer),
        stored: stored === undefined ? 'unknown' : gib(stored),
        [`a copy in ${region} a month`]: usd(storedUsd([region], stored)),
        'copying it once': usd(copyingUsd(place, [region], stored)),
        'a copy saves a month, on balance': usd(copy),
        ...(move === undefined ? {} : { [`moving the readers to ${home ?? ''} saves a month`]: usd(move) }),
        'how they were joined':
          'in every step the readers received from Google’s services what the bucket sent, and no other bucket can have sent it',
        'what settles it': 'Cloud Storage usage logs or Data Access audit logs name the reader',
      },
      usdPerMonth: choice.saves,
      command:
        choice.kind === 'copy'
          ? copyCommand(read.bucket, region)
          : moveAll(facts, group, home ?? region) || copyCommand(read.bucket, region),
    },
  ];
}

interface Choice {
  readonly kind: 'copy' | 'move';
  readonly saves: UsdPerMonth;
}

/** What saves more for certain; undefined where nothing does. What has no price may save. */
function better(copy: UsdPerMonth, move: UsdPerMonth | undefined): Choice | undefined {
  const priced = ([['copy', copy], ['move', move]] as const).flatMap(([kind, saves]) =>
    saves === undefined || saves === 'unpriced' ? [] : [{ kind, saves }],
  ); // prettier-ignore
  const best = priced.filter(({ saves }) => saves.low > 0).sort((a, b) => b.saves.low - a.saves.low)[0];
  if (best !== undefined) return best;
  return copy === 'unpriced' ? { kind: 'copy', saves: copy } : undefined;
}

function distance(place: BucketPlace, region: string): string {
  if (place.regions === undefined && isIn(place, region) === true) return 'a multi-region';
  return isIn(place, region) === false && !sameContinent(place, region)
    ? 'another continent'
    : 'another region';
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

function moveAll(facts: EgressFacts, { readers }: RegionReads, home: string): string {
  return readers
    .flatMap(({ vmId }) => facts.vms?.get(vmId) ?? [])
    .map((vm) => moveCommand(facts.project, vm, `${home}-a`))
    .join(' && ');
}

export function copyCommand(bucket: string, region: string): string {
  const copy = shellWord(`gs://${bucket}-${region}`);
  return `gcloud storage buckets create ${copy} --location=${region} && gcloud storage rsync ${shellWord(`gs://${bucket}`)} ${copy} --recursive`;
}
