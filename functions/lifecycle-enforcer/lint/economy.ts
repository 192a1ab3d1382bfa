import type { Bucket } from '../../../shared/google/buckets.ts';
import { DAYS_PER_MONTH, GIB } from '../../../shared/prices/quantities.ts';
import { atRestPrice, minimumDays, movePrice, type Place } from '../../../shared/prices/storage-prices.ts';
import { objectCells, type Usage } from '../forecast/usage.ts';
import { DAY_MS, lifecycleEvents, type LifecycleEvent } from '../forecast/object-lifecycle.ts';
import type { ReadRule } from '../rules/condition.ts';

/** What moving an object to a colder class is worth while it stays there. */
export interface Economy {
  /** How long it stays: until the next move or the deletion, at most a year. */
  readonly days: number;
  /** Days of the class's minimum duration that are left when it is deleted, and billed all the same. */
  readonly earlyDays: number;
  /** Saved at rest, less what is left of the minimum duration; undefined without prices. */
  readonly savesUsdPerGib: number | undefined;
  /** An object of this size saves just what moving it costs; undefined without prices or when nothing is saved. */
  readonly breakEvenBytes: number | undefined;
}

/** Where prices are those of a policy without a bucket: the location that the book knows best. */
const ANYWHERE: Place = { location: 'US-CENTRAL1', locationType: 'region' };

/** Longer than any age that makes a difference. */
const LIFE_DAYS = 40 * 365;

/** Undefined for a move that no object written today comes to, such as one that waits for a custom time. */
export function economyOf(
  move: ReadRule,
  rules: readonly ReadRule[],
  bucket: Bucket | undefined,
  now: Date,
): Economy | undefined {
  // What comes back to STANDARD from a class of old costs the same there.
  if (move.to === 'STANDARD') return undefined;
  const starts = [bucket?.storageClass || 'STANDARD', ...(move.condition.matchesStorageClass ?? [])];
  for (const start of starts) {
    const life = lifeOf(move, start, rules, bucket, now);
    const at = life.findIndex(({ to }) => to === move.to);
    const moved = life[at];
    if (moved === undefined) continue;
    const next = life[at + 1];
    return worthOf(moved, next, life[at - 1]?.to ?? start, bucket ?? ANYWHERE);
  }
  return undefined;
}

/** Days of the minimum duration that are left when a Delete comes to an object that no rule has moved. */
export function earlyDeletion(
  rule: ReadRule,
  storageClass: string,
  rules: readonly ReadRule[],
  bucket: Bucket,
  now: Date,
): { readonly afterDays: number; readonly earlyDays: number } | undefined {
  const [first] = lifeOf(rule, storageClass, rules, bucket, now);
  if (first === undefined || first.to !== undefined) return undefined;
  const earlyDays = minimumDays(storageClass) - first.day;
  return earlyDays > 0 ? { afterDays: first.day, earlyDays } : undefined;
}

interface Turn {
  /** Days after it was written. */
  readonly day: number;
  /** Undefined: it is deleted. */
  readonly to: string | undefined;
}

/** What becomes of an object that is written now, has the names that a rule matches, and is not touched again. */
function lifeOf(
  { condition }: ReadRule,
  storageClass: string,
  rules: readonly ReadRule[],
  bucket: Bucket | undefined,
  now: Date,
): readonly Turn[] {
  const nowMs = now.getTime();
  const name = `${condition.matchesPrefix?.[0] ?? ''}object${condition.matchesSuffix?.[0] ?? ''}`;
  const object = { name, generation: '1', bytes: 1, storageClass, createdMs: nowMs, held: false };
  const settings = { versioned: bucket?.versioned ?? false, autoclass: false };
  return lifecycleEvents([object], rules, settings, nowMs, nowMs + LIFE_DAYS * DAY_MS)
    .filter(({ kind }) => kind !== 'noncurrent')
    .map((event: LifecycleEvent) => ({
      day: (event.dueMs - nowMs) / DAY_MS,
      to: event.kind === 'move' ? event.to : undefined,
    }));
}

function worthOf(moved: Turn, next: Turn | undefined, from: string, place: Place): Economy | undefined {
  const to = moved.to ?? '';
  const end = Math.min(next?.day ?? Infinity, moved.day + 365);
  const days = end - moved.day;
  if (days <= 0) return undefined;
  const deleted = next !== undefined && next.to === undefined && next.day === end;
  const earlyDays = deleted ? Math.max(0, minimumDays(to) - end) : 0;
  const [was, is] = [atRestPrice(place, from), atRestPrice(place, to)];
  if (was === undefined || is === undefined)
    return { days, earlyDays, savesUsdPerGib: undefined, breakEvenBytes: undefined };
  const savesUsdPerGib = ((was.usd - is.usd) * days - is.usd * earlyDays) / DAYS_PER_MONTH;
  const cost = movePrice(place, to);
  return {
    days,
    earlyDays,
    savesUsdPerGib,
    breakEvenBytes: cost === undefined || savesUsdPerGib <= 0 ? undefined : (cost.usd / savesUsdPerGib) * GIB,
  };
}

/** Undefined where the metrics do not tell. */
export function meanObjectBytes(usage: Usage): number | undefined {
  if (usage.kind !== 'measured') return undefined;
  const cells = objectCells(usage.cells);
  const counts = cells.map(({ count }) => count);
  if (counts.includes(undefined)) return undefined;
  const count = counts.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  return count === 0 ? undefined : cells.reduce((sum, { bytes }) => sum + bytes, 0) / count;
}
