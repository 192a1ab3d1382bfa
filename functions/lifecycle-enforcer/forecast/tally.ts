import type { Bucket } from '../../../shared/google/buckets.ts';
import { weakest, type Mark } from '../../../shared/prices/mark.ts';
import { DAYS_PER_MONTH, GIB } from '../../../shared/prices/quantities.ts';
import type { Range } from '../../../shared/units.ts';
import {
  atRestPrice,
  minimumDays,
  movePrice,
  NOTHING,
  plus,
  type Sum,
} from '../../../shared/prices/storage-prices.ts';
import { coldness } from '../rules/storage-class.ts';
import { HORIZONS, type Forecast, type Horizon, type HorizonName } from './forecast.ts';
import { DAY_MS, type LifecycleEvent, type ObjectVersion } from './object-lifecycle.ts';

interface Tally {
  deletedBytes: number;
  deletedObjects: number;
  readonly movedBytes: Record<string, number>;
  restBefore: Sum;
  restAfter: Sum;
  onceBefore: Sum;
  onceAfter: Sum;
}

/** What rules would do to the versions of one object, before and after a change. */
export interface EventChange {
  readonly before: readonly LifecycleEvent[];
  readonly after: readonly LifecycleEvent[];
}

/** Adds up what a change of rules does by each horizon, in one reading of the rules. */
export interface Tallies {
  add(versions: readonly ObjectVersion[], events: EventChange): void;
  /** `unseenBytes`: what the bucket holds that was not listed. */
  horizons(unseenBytes: number): Forecast['horizons'];
  mark(): Mark;
}

export function createTallies(bucket: Bucket, nowMs: number): Tallies {
  const tallies = new Map<HorizonName, { days: number; tally: Tally }>(
    HORIZONS.map(([name, days]) => [name, { days, tally: emptyTally() }]),
  );
  return {
    add(versions, events) {
      for (const version of versions)
        for (const { days, tally } of tallies.values())
          tallyVersion(tally, bucket, version, events, nowMs + days * DAY_MS);
    },
    horizons(unseenBytes) {
      const at = (name: HorizonName): Horizon =>
        horizonOf(tallies.get(name)?.tally ?? emptyTally(), unseenBytes);
      return { day: at('day'), month: at('month'), year: at('year') };
    },
    mark: () =>
      weakest(...[...tallies.values()].flatMap(({ tally }) => [tally.restAfter.mark, tally.onceAfter.mark])),
  };
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
  events: EventChange,
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
  const open = (seen: number, unseen: number): Range => ({ low: seen, high: seen + unseen });
  const moved = Object.entries(tally.movedBytes).map(([to, bytes]): [string, Range] => [
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

function difference(one: Sum, other: Sum, unknown: number): Range | undefined {
  if (one.usd === undefined || other.usd === undefined) return undefined;
  const usd = one.usd - other.usd;
  return { low: usd, high: usd + unknown };
}
