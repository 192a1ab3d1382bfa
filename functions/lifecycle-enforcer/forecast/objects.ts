import type { Bucket } from '../../../shared/google/buckets.ts';
import {
  exactly,
  HORIZONS,
  shareOf,
  type Forecast,
  type Horizon,
  type HorizonName,
  type Span,
} from './forecast.ts';
import { DAY_MS, lifecycleEvents, type LifecycleEvent, type ObjectVersion } from './object-lifecycle.ts';
import type { ReadRule } from '../rules/condition.ts';
import { coldness } from '../rules/storage-class.ts';
import {
  atRestPrice,
  minimumDays,
  movePrice,
  NOTHING,
  plus,
  type Sum,
} from '../../../shared/prices/storage-prices.ts';
import { weakest } from '../../../shared/prices/mark.ts';
import { GIB, DAYS_PER_MONTH } from '../../../shared/prices/quantities.ts';

export interface RuleChange {
  readonly before: readonly ReadRule[];
  readonly after: readonly ReadRule[];
}

/** Adds up, object by object, what new rules change; memory does not grow with the objects. */
export interface ObjectForecaster {
  /** All versions of one object, newest first. */
  add(versions: readonly ObjectVersion[]): void;
  /** `total`: what the bucket holds in all, where the listing stopped before its end. */
  finish(rest?: { readonly totalBytes: number | undefined }): Forecast;
}

interface Tally {
  deletedBytes: number;
  deletedObjects: number;
  readonly movedBytes: Record<string, number>;
  restBefore: Sum;
  restAfter: Sum;
  onceBefore: Sum;
  onceAfter: Sum;
}

export function forecastObjects(bucket: Bucket, rules: RuleChange, now: Date): ObjectForecaster {
  const tallies = HORIZONS.map(([name, days]) => ({ name, days, tally: emptyTally() }));
  const nowMs = now.getTime();
  const endMs = nowMs + Math.max(...HORIZONS.map(([, days]) => days)) * DAY_MS;
  const unmet = new Set(rules.after.flatMap(({ condition }) => condition.matchesPrefix ?? []));
  let listed = 0;
  let bytes = 0;
  return {
    add(versions) {
      for (const prefix of unmet) if (versions[0]?.name.startsWith(prefix) === true) unmet.delete(prefix);
      const before = lifecycleEvents(versions, rules.before, bucket, nowMs, endMs);
      const after = lifecycleEvents(versions, rules.after, bucket, nowMs, endMs);
      for (const version of versions) {
        listed += 1;
        bytes += version.bytes;
        for (const { days, tally } of tallies)
          tallyVersion(tally, bucket, version, { before, after }, nowMs + days * DAY_MS);
      }
    },
    finish(rest) {
      const total: Span =
        rest === undefined
          ? exactly(bytes)
          : { min: bytes, max: Math.max(bytes, rest.totalBytes ?? Infinity) };
      const unseen = total.max - total.min;
      const horizons: [HorizonName, Horizon][] = tallies.map(({ name, tally }) => [
        name,
        horizonOf(tally, unseen),
      ]);
      const marks = tallies.flatMap(({ tally }) => [tally.restAfter.mark, tally.onceAfter.mark]);
      const deleted = tallies[0]?.tally.deletedBytes ?? 0;
      return {
        source: 'objects',
        notes:
          rest === undefined
            ? []
            : [`sampled: the first ${listed} versions in the order of their names; the rest is not counted`],
        totalBytes: total,
        deletedShare: shareOf({ min: deleted, max: deleted + unseen }, total),
        horizons: byName(horizons),
        mark: weakest(...marks),
        emptyPrefixes: rest === undefined ? [...unmet] : [],
      };
    },
  };
}

function byName(horizons: readonly (readonly [HorizonName, Horizon])[]): Forecast['horizons'] {
  const find = (name: HorizonName): Horizon => {
    const found = horizons.find(([one]) => one === name);
    if (found === undefined) throw new Error(`Cannot forecast: there is no horizon "${name}"`);
    return found[1];
  };
  return { day: find('day'), month: find('month'), year: find('year') };
}

function emptyTally(): Tally {
  return {
    deletedBytes: 0,
    deletedObjects: 0,
    movedBytes: {},
    restBefore: NOTHING,
    restAfter: NOTHING,
    onceBefore: NOTHING,
    onceAfter: NOTHING,
  };
}

function tallyVersion(
  tally: Tally,
  bucket: Bucket,
  version: ObjectVersion,
  events: { readonly before: readonly LifecycleEvent[]; readonly after: readonly LifecycleEvent[] },
  atMs: number,
): void {
  const before = endOf(version, events.before, bucket, atMs);
  const after = endOf(version, events.after, bucket, atMs);
  if (after.deleted && !before.deleted) {
    tally.deletedBytes += version.bytes;
    tally.deletedObjects += 1;
  } else if (!after.deleted && (coldness(after.storageClass) ?? 0) > (coldness(before.storageClass) ?? 0))
    tally.movedBytes[after.storageClass] = (tally.movedBytes[after.storageClass] ?? 0) + version.bytes;
  tally.restBefore = plus(tally.restBefore, before.billedGib, atRestPrice(bucket, before.storageClass));
  tally.restAfter = plus(tally.restAfter, after.billedGib, atRestPrice(bucket, after.storageClass));
  tally.onceBefore = addOnce(tally.onceBefore, before, bucket);
  tally.onceAfter = addOnce(tally.onceAfter, after, bucket);
}

interface End {
  readonly deleted: boolean;
  readonly storageClass: string;
  /** At that time; what is softly deleted is still billed. */
  readonly billedGib: number;
  readonly moves: readonly string[];
  /** GiB-months of a minimum duration that were left when it was deleted, billed in the last class. */
  readonly earlyGibMonths: number;
}

/** A version as some events leave it at a moment. */
function endOf(version: ObjectVersion, events: readonly LifecycleEvent[], bucket: Bucket, atMs: number): End {
  const gib = version.bytes / GIB;
  let { storageClass } = version;
  const moves: string[] = [];
  for (const event of events) {
    if (event.generation !== version.generation || event.dueMs > atMs) continue;
    if (event.kind === 'move') {
      storageClass = event.to;
      moves.push(event.to);
    } else if (event.kind === 'delete') {
      const softUntilMs = event.dueMs + (bucket.softDeleteSeconds ?? 0) * 1_000;
      const minimumMs = version.createdMs + minimumDays(storageClass) * DAY_MS;
      return {
        deleted: true,
        storageClass,
        billedGib: softUntilMs > atMs ? gib : 0,
        moves,
        earlyGibMonths: (Math.max(0, minimumMs - event.dueMs) / DAY_MS / DAYS_PER_MONTH) * gib,
      };
    }
  }
  return { deleted: false, storageClass, billedGib: gib, moves, earlyGibMonths: 0 };
}

function addOnce(sum: Sum, end: End, bucket: Bucket): Sum {
  const moved = end.moves.reduce((all, to) => plus(all, 1, movePrice(bucket, to)), sum);
  return plus(moved, end.earlyGibMonths, atRestPrice(bucket, end.storageClass));
}

function horizonOf(tally: Tally, unseenBytes: number): Horizon {
  const open = (seen: number, unseen: number): Span => ({ min: seen, max: seen + unseen });
  const moved = Object.entries(tally.movedBytes).map(([to, bytes]): [string, Span] => [
    to,
    open(bytes, unseenBytes),
  ]);
  // How many objects, and what money, the unseen bytes are is not known.
  const unknown = unseenBytes > 0 ? Infinity : 0;
  return {
    deletedBytes: open(tally.deletedBytes, unseenBytes),
    deletedObjects: open(tally.deletedObjects, unknown),
    movedBytes: Object.fromEntries(moved),
    savesUsdPerMonth: difference(tally.restBefore, tally.restAfter, unknown),
    costsUsdOnce: difference(tally.onceAfter, tally.onceBefore, unknown),
  };
}

function difference(one: Sum, other: Sum, unknown: number): Span | undefined {
  if (one.usd === undefined || other.usd === undefined) return undefined;
  const usd = one.usd - other.usd;
  return { min: usd, max: usd + unknown };
}
