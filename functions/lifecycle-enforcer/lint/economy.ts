import { DAYS_PER_MONTH, GIB } from '../../../shared/prices/quantities.ts';
import { atRestPrice, minimumDays, movePrice, type Place } from '../../../shared/prices/storage-prices.ts';
import { objectCells, type Usage } from '../forecast/usage.ts';
import type { ReadRule } from '../rules/condition.ts';
import { implies } from '../rules/implication.ts';
import { coldness } from '../rules/storage-class.ts';

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

/** Undefined for a move whose time in its class cannot be told, because it has no age. */
export function economyOf(
  move: ReadRule,
  rules: readonly ReadRule[],
  bucket: (Place & { readonly storageClass: string }) | undefined,
): Economy | undefined {
  const from = move.condition.age;
  if (from === undefined) return undefined;
  const place = bucket ?? ANYWHERE;
  // Rules that sooner or later match all that this one matches.
  const later = rules.filter((rule) => implies({ ...move.condition, age: Infinity }, rule));
  const ageOf = (all: readonly ReadRule[]): number =>
    all.reduce((first, { condition }) => Math.min(first, condition.age ?? Infinity), Infinity);
  const deletedAt = ageOf(later.filter(({ type }) => type === 'Delete'));
  const movedAt = ageOf(later.filter(({ type, to }) => type === 'SetStorageClass' && colder(to, move.to)));
  const end = Math.min(deletedAt, movedAt, from + 365);
  const days = end - from;
  if (days <= 0) return undefined;
  const earlyDays = deletedAt === end ? Math.max(0, minimumDays(move.to) - end) : 0;
  const [was, is] = [
    atRestPrice(place, sourceOf(move, rules, bucket?.storageClass)),
    atRestPrice(place, move.to),
  ];
  if (was === undefined || is === undefined)
    return { days, earlyDays, savesUsdPerGib: undefined, breakEvenBytes: undefined };
  const savesUsdPerGib = ((was.usd - is.usd) * days - is.usd * earlyDays) / DAYS_PER_MONTH;
  const cost = movePrice(place, move.to);
  return {
    days,
    earlyDays,
    savesUsdPerGib,
    breakEvenBytes: cost === undefined || savesUsdPerGib <= 0 ? undefined : (cost.usd / savesUsdPerGib) * GIB,
  };
}

/** The class that objects have when the move comes: the coldest that an earlier rule gave them all, else the bucket's. */
function sourceOf(move: ReadRule, rules: readonly ReadRule[], standard = 'STANDARD'): string {
  return rules
    .filter(({ type, to }) => type === 'SetStorageClass' && colder(move.to, to))
    .filter((rule) => implies(move.condition, rule))
    .reduce((coldest, { to }) => (colder(to, coldest) ? to : coldest), standard);
}

function colder(one: string, other: string): boolean {
  return (coldness(one) ?? -1) > (coldness(other) ?? -1);
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
