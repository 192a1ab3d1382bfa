import { bucketLane } from './bucket-lanes.ts';
import { addSteps, type EgressFacts, type Steps, sum } from '../traffic/facts.ts';
import {
  bucketLaneId,
  type BucketPlace,
  bucketPriceId,
  isFreeIn,
  regionOf,
  writePriceIds,
} from '../traffic/geography.ts';
import type { LikelyPart, RawLane } from './lane.ts';
import { findReaders, type ReadBucket } from '../traffic/readers.ts';

/** By lane of reads: what readers that were found read, then what fits the rest of what VMs were measured to receive. */
export function likelyReads(facts: EgressFacts): ReadonlyMap<string, readonly LikelyPart[]> {
  const parts = new Map<string, LikelyPart[]>();
  const add = (id: string, part: LikelyPart): void => {
    parts.set(id, [...(parts.get(id) ?? []), part]);
  };
  const found = findReaders(facts);
  for (const { bucket, bytes, readers } of found) {
    const place = facts.buckets?.get(bucket);
    if (place === undefined) continue;
    const scale = Math.min(1, bytes / sum(readers.map((reader) => reader.bytes)));
    for (const reader of readers) {
      const row = readRow(place, reader.region);
      if (row !== undefined) add(bucketLaneId(place), { rows: [row], bytes: reader.bytes * scale });
    }
  }
  for (const [id, part] of byIngress(facts, found)) add(id, part);
  return parts;
}

function readRow(place: BucketPlace, region: string): string | undefined {
  return isFreeIn(place, region) === true ? 'bucket-free' : bucketPriceId(place, region);
}

/**
 * Where no single reader fits, the VMs together may: what buckets sent and what VMs received are compared step by step, and the
 * regions of these VMs are those that can have read.
 */
function byIngress(
  facts: EgressFacts,
  found: readonly ReadBucket[],
): readonly (readonly [string, LikelyPart])[] {
  const explained = new Set(found.map(({ bucket }) => bucket));
  const readers = new Set(found.flatMap((one) => one.readers.map(({ vmId }) => vmId)));
  const received = restOfIngress(facts, readers);
  const none = facts.reads?.[0]?.steps.map(() => 0) ?? [];
  const ingress = [...received.values()].reduce(addSteps, none);
  const own = (facts.reads ?? []).filter(({ bucket }) => !explained.has(bucket));
  const sent = [...own, ...facts.others.reads].map(({ steps }) => steps).reduce(addSteps, none);
  const lanes = new Map<string, { place: BucketPlace; bytes: number }>();
  for (const read of own) {
    const place = facts.buckets?.get(read.bucket);
    if (place === undefined) continue;
    const fitting = read.steps.map(
      (bytes, at) => bytes * Math.min(1, (ingress[at] ?? 0) / Math.max(1, sent[at] ?? 0)),
    );
    const { id } = bucketLane(read, facts);
    lanes.set(id, { place, bytes: (lanes.get(id)?.bytes ?? 0) + sum(fitting) });
  }
  return [...lanes].flatMap(([id, { place, bytes }]) => {
    const rows = [...received.keys()].map((region) => readRow(place, region));
    const known = rows.flatMap((row) => row ?? []);
    // A region without a price could be the one.
    return bytes === 0 || known.length < rows.length
      ? []
      : [[id, { rows: [...new Set(known)], bytes }] as const];
  });
}

/** By region, what VMs received from Google's services and no bucket explains yet. */
function restOfIngress(
  { received, others }: EgressFacts,
  readers: ReadonlySet<string>,
): ReadonlyMap<string, Steps> {
  const byRegion = new Map<string, Steps>();
  const own = [...(received ?? [])].map(
    ([vmId, { zone, byType }]) => [vmId, { zone, steps: byType['GOOGLE_INTERNAL'] ?? [] }] as const,
  );
  for (const [vmId, { zone, steps }] of [...own, ...others.received]) {
    const region = regionOf(zone);
    if (region === undefined || readers.has(vmId) || sum(steps) === 0) continue;
    const known = byRegion.get(region);
    byRegion.set(region, known === undefined ? steps : addSteps(known, steps));
  }
  return byRegion;
}

/**
 * Of what a region's VMs sent to Google: what buckets elsewhere were measured to receive, shared among the regions that send, and
 * the rest, which was free. Nothing where the metric could not be read.
 */
export function likelyWrites({ writes, buckets, flows }: EgressFacts, lane: RawLane): readonly LikelyPart[] {
  if (writes === undefined || buckets === undefined || lane.price.rows.length < 2) return [];
  const rows = new Set<string>();
  let elsewhere: Steps = lane.steps.map(() => 0);
  for (const [bucket, place] of buckets) {
    const steps = writes.get(bucket);
    const own = writePriceIds(place, lane.from);
    if (steps === undefined || own.length === 0) continue;
    elsewhere = addSteps(elsewhere, steps);
    for (const row of own) rows.add(row);
  }
  const all = (flows ?? [])
    .filter(({ remote }) => remote.locationType === 'GOOGLE_INTERNAL')
    .map(({ steps }) => steps)
    .reduce(addSteps, lane.steps.map(() => 0)); // prettier-ignore
  const bytes = sum(
    lane.steps.map((sent, at) => Math.min(sent, ((elsewhere[at] ?? 0) * sent) / Math.max(1, all[at] ?? 0))),
  );
  const free: LikelyPart = { rows: ['google-apis'], bytes: sum(lane.steps) - bytes };
  return bytes === 0 ? [free] : [free, { rows: [...rows], bytes }];
}
