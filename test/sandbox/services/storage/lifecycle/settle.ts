import type { StorageState, StoredBucket, StoredObject } from '../model.ts';
import { removeVersion, retireLive } from '../object-writes.ts';
import { isLive } from '../object-store.ts';
import { uploadMetFromMs } from './condition.ts';
import { decide, dueMs, programOf, type Decision, type Program } from './decide.ts';
import { measure, measureAt, type Sample } from './samples.ts';
import { adoptRules, DAY_MS } from './timeline.ts';

/** How far back the measurements reach that were made before the sandbox started. */
const PAST_DAYS = 7;

/**
 * Brings a bucket up to the clock: every daily moment since the last time, in order, under the rules that were in force
 * then. Each read or change of a bucket settles it first; that is why a clock that moves a year costs nothing by itself.
 */
export function settle(state: StorageState, bucket: StoredBucket): void {
  const { timeline } = bucket;
  timeline.samples ??= pastSamples(bucket);
  const nowMs = state.clock.now();
  if (nowMs < timeline.nextMs) return;
  const lastMs = timeline.nextMs + Math.floor((nowMs - timeline.nextMs) / DAY_MS) * DAY_MS;
  let program = programOf(timeline.rulesInForce, bucket);
  let agenda: Agenda | undefined;
  let measured = measure(bucket);
  for (let atMs = timeline.nextMs; atMs <= lastMs; atMs += DAY_MS) {
    timeline.nextMs = atMs + DAY_MS;
    if (adoptRules(timeline, atMs)) {
      program = programOf(timeline.rulesInForce, bucket);
      agenda = undefined;
    }
    agenda ??= agendaFrom(bucket, program, atMs, lastMs);
    const changed = sweepObjects(state, bucket, program, atMs, agenda.due(atMs));
    agenda.revise(changed, atMs + DAY_MS);
    if (sweepUploads(state, bucket, program, atMs) || changed.size > 0) measured = measure(bucket);
    if (measured.length > 0) timeline.samples.push({ atMs, measured });
  }
}

function pastSamples(bucket: StoredBucket): Sample[] {
  return Array.from({ length: PAST_DAYS }, (_, at) => {
    const atMs = bucket.timeline.nextMs - (PAST_DAYS - at) * DAY_MS;
    return { atMs, measured: measureAt(bucket, atMs) };
  }).filter(({ measured }) => measured.length > 0);
}

/** Which versions to look at on which of the daily moments. An entry may be out of date; then its version decides nothing. */
interface Agenda {
  due(atMs: number): readonly StoredObject[];
  /** Plans all versions of these objects anew, from `fromMs` on. */
  revise(names: ReadonlySet<string>, fromMs: number): void;
}

function agendaFrom(bucket: StoredBucket, program: Program, firstMs: number, lastMs: number): Agenda {
  const byMoment = new Map<number, StoredObject[]>();
  const plan = (version: StoredObject, fromMs: number): void => {
    const wantedMs = Math.max(dueMs(bucket, program, version), fromMs);
    const atMs = fromMs + Math.ceil((wantedMs - fromMs) / DAY_MS) * DAY_MS;
    if (atMs > lastMs) return;
    const planned = byMoment.get(atMs);
    if (planned === undefined) byMoment.set(atMs, [version]);
    else planned.push(version);
  };
  for (const version of bucket.objects.each()) plan(version, firstMs);
  return {
    due(atMs) {
      const planned = byMoment.get(atMs) ?? [];
      byMoment.delete(atMs);
      return [...new Set(planned)].filter((version) =>
        bucket.objects.versions(version.name).includes(version),
      );
    },
    revise(names, fromMs) {
      for (const name of names) for (const version of bucket.objects.versions(name)) plan(version, fromMs);
    },
  };
}

/** All versions are judged as they stand before the first of them is touched. Returns the names of those that changed. */
function sweepObjects(
  state: StorageState,
  bucket: StoredBucket,
  program: Program,
  atMs: number,
  versions: readonly StoredObject[],
): ReadonlySet<string> {
  const decided = versions.map((version) => ({ version, decision: decide(bucket, program, version, atMs) }));
  const changed = new Set<string>();
  for (const { version, decision } of decided) {
    if (decision === undefined) continue;
    changed.add(version.name);
    carryOut(state, bucket, version, decision, atMs);
  }
  return changed;
}

function carryOut(
  state: StorageState,
  bucket: StoredBucket,
  version: StoredObject,
  decision: NonNullable<Decision>,
  atMs: number,
): void {
  if (decision === 'expire') {
    bucket.objects.remove(version);
    return;
  }
  const { name: object, generation, storageClass, size: bytes } = version;
  const record = { bucket: bucket.name, object, generation, atMs, bytes };
  if (decision === 'delete') {
    if (isLive(version)) retireLive(bucket, version, atMs);
    else removeVersion(bucket, version, atMs);
    state.lifecycleActions.push({
      ...record,
      type: 'Delete',
      storageClass,
      left: whatIsLeft(bucket, version),
    });
    return;
  }
  bucket.objects.put({
    ...version,
    storageClass: decision.moveTo,
    metageneration: version.metageneration + 1,
    updatedMs: atMs,
    storageClassUpdatedMs: atMs,
  });
  state.lifecycleActions.push({
    ...record,
    type: 'SetStorageClass',
    from: storageClass,
    to: decision.moveTo,
  });
}

function whatIsLeft(
  bucket: StoredBucket,
  { name, generation }: StoredObject,
): 'noncurrent' | 'soft-deleted' | 'nothing' {
  const now = bucket.objects.versions(name).find((version) => version.generation === generation);
  if (now === undefined) return 'nothing';
  return now.softDeletedMs === undefined ? 'noncurrent' : 'soft-deleted';
}

/** Tells whether it aborted any. */
function sweepUploads(state: StorageState, bucket: StoredBucket, program: Program, atMs: number): boolean {
  const overdue = [...bucket.uploads].filter((upload) =>
    program.aborts.some((condition) => uploadMetFromMs(condition, upload) <= atMs),
  );
  for (const upload of overdue) {
    bucket.uploads.delete(upload);
    const { name: object, uploadId, size: bytes } = upload;
    const type = 'AbortIncompleteMultipartUpload';
    state.lifecycleActions.push({ bucket: bucket.name, object, uploadId, bytes, atMs, type });
  }
  return overdue.length > 0;
}
