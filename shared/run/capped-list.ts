/** The first items of a list: as many as fit into some bytes of JSON. */
export interface Capped<T> {
  readonly items: readonly T[];
  /** Of all that were added. */
  count(): number;
  add(item: T): void;
}

/** Starts a list that takes items until they fill `maxBytes` as JSON. */
export function startCapped<T>(maxBytes: number): Capped<T> {
  const items: T[] = [];
  let bytes = 0;
  let count = 0;
  return {
    items,
    count: () => count,
    add(item) {
      count += 1;
      // Once one did not fit none is taken any more: the first ones are what was promised.
      if (bytes <= maxBytes) bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
      if (bytes <= maxBytes) items.push(item);
    },
  };
}

/** The first items of a list, as many as fit into `maxBytes` of JSON. */
export function cap<T>(all: readonly T[], maxBytes: number): readonly T[] {
  const capped = startCapped<T>(maxBytes);
  for (const item of all) capped.add(item);
  return capped.items;
}
