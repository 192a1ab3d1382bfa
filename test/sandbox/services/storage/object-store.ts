import type { StoredObject } from './model.ts';
import { createTotals, type StoredType, type Total } from './totals.ts';

/** All versions of all objects of one bucket. Records are never changed in place: `put` replaces a version by its generation. */
export interface ObjectStore {
  live(name: string): StoredObject | undefined;
  /** Every version in ascending order of generation: noncurrent, live and soft-deleted. */
  versions(name: string): readonly StoredObject[];
  put(object: StoredObject): void;
  remove(object: StoredObject): void;
  /** Names in the service's order, which is that of their UTF-8 bytes. */
  names(): readonly string[];
  all(): readonly StoredObject[];
  /** All versions, in no order: cheaper than `all`. */
  each(): Iterable<StoredObject>;
  readonly isEmpty: boolean;
  /** Classes and types that have a version; kept up with every change, so that asking costs nothing. */
  totals(): readonly Total[];
}

export function isLive(object: StoredObject): boolean {
  return object.deletedMs === undefined && object.softDeletedMs === undefined;
}

/** What a version was at a moment since when no one has changed it; undefined before its creation. */
export function typeAt(
  { createdMs, deletedMs = Infinity, softDeletedMs = Infinity }: StoredObject,
  atMs: number,
): StoredType | undefined {
  if (createdMs > atMs) return undefined;
  if (softDeletedMs <= atMs) return 'soft-deleted-object';
  return deletedMs <= atMs ? 'noncurrent-object' : 'live-object';
}

function typeOf({ deletedMs, softDeletedMs }: StoredObject): StoredType {
  if (softDeletedMs !== undefined) return 'soft-deleted-object';
  return deletedMs === undefined ? 'live-object' : 'noncurrent-object';
}

/** The order of UTF-8, which differs from that of UTF-16 only where a surrogate meets a unit above all surrogates. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function compareGenerations(a: StoredObject, b: StoredObject): number {
  return a.generation.length - b.generation.length || (a.generation < b.generation ? -1 : 1);
}

const NO_VERSIONS: readonly StoredObject[] = [];

/** `seeds` are the objects that are there at the start. They are made at the first look. */
export function createObjectStore(seeds: () => Iterable<StoredObject> = () => []): ObjectStore {
  let seeded = false;
  const byName = new Map<string, readonly StoredObject[]>();
  const totals = createTotals();
  let sorted: readonly string[] | undefined;

  const discount = (object: StoredObject): void => {
    totals.subtract(object.storageClass, typeOf(object), object.size);
  };
  const add = (object: StoredObject): void => {
    const there = byName.get(object.name);
    totals.add(object.storageClass, typeOf(object), object.size);
    if (there === undefined) {
      sorted = undefined;
      byName.set(object.name, [object]);
      return;
    }
    const replaced = there.find((other) => other.generation === object.generation);
    if (replaced !== undefined) discount(replaced);
    const others = replaced === undefined ? there : there.filter((other) => other !== replaced);
    byName.set(object.name, others.length === 0 ? [object] : [...others, object].sort(compareGenerations));
  };

  const versionsByName = (): Map<string, readonly StoredObject[]> => {
    if (!seeded) {
      seeded = true;
      for (const object of seeds()) add(object);
    }
    return byName;
  };
  const versions = (name: string): readonly StoredObject[] => versionsByName().get(name) ?? NO_VERSIONS;
  const names = (): readonly string[] => {
    const known = versionsByName();
    return (sorted ??= [...known.keys()].sort(compareNames));
  };

  return {
    live: (name) => versions(name).find(isLive),
    versions,
    put(object) {
      versionsByName();
      add(object);
    },
    remove(object) {
      const there = versions(object.name);
      const removed = there.find((other) => other.generation === object.generation);
      if (removed === undefined) return;
      discount(removed);
      if (there.length > 1)
        byName.set(
          object.name,
          there.filter((other) => other !== removed),
        );
      else if (byName.delete(object.name)) sorted = undefined;
    },
    names,
    all: () => names().flatMap(versions),
    *each() {
      for (const group of versionsByName().values()) yield* group;
    },
    get isEmpty() {
      return versionsByName().size === 0;
    },
    totals() {
      versionsByName();
      return totals.list();
    },
  };
}
