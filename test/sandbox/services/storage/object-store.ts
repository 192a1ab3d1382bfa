import type { StoredObject } from './model.ts';

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
}

export function isLive(object: StoredObject): boolean {
  return object.deletedMs === undefined && object.softDeletedMs === undefined;
}

export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function createObjectStore(): ObjectStore {
  const byName = new Map<string, readonly StoredObject[]>();
  let sorted: readonly string[] | undefined;
  const versions = (name: string): readonly StoredObject[] => byName.get(name) ?? [];
  const names = (): readonly string[] => (sorted ??= [...byName.keys()].sort(compareNames));

  return {
    live: (name) => versions(name).find(isLive),
    versions,
    put(object) {
      const others = versions(object.name).filter((other) => other.generation !== object.generation);
      if (!byName.has(object.name)) sorted = undefined;
      byName.set(
        object.name,
        [...others, object].sort((a, b) => Number(BigInt(a.generation) - BigInt(b.generation))),
      );
    },
    remove(object) {
      const rest = versions(object.name).filter((other) => other.generation !== object.generation);
      if (rest.length > 0) byName.set(object.name, rest);
      else if (byName.delete(object.name)) sorted = undefined;
    },
    names,
    all: () => names().flatMap(versions),
  };
}
