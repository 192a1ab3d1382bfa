export type StoredType = 'live-object' | 'noncurrent-object' | 'soft-deleted-object' | 'multipart-upload';

/** What everything of one storage class and type is together. */
export interface Total {
  readonly storageClass: string;
  readonly type: StoredType;
  readonly bytes: number;
  readonly count: number;
}

/** Sums by storage class and type. */
export interface Totals {
  add(storageClass: string, type: StoredType, bytes: number): void;
  subtract(storageClass: string, type: StoredType, bytes: number): void;
  /** A copy, without what there is nothing of. */
  list(): readonly Total[];
}

export function createTotals(): Totals {
  const sums: { -readonly [Key in keyof Total]: Total[Key] }[] = [];
  const sumOf = (storageClass: string, type: StoredType): (typeof sums)[number] => {
    // A handful at most: looking through them is cheaper than a key.
    for (const sum of sums) if (sum.type === type && sum.storageClass === storageClass) return sum;
    const sum = { storageClass, type, bytes: 0, count: 0 };
    sums.push(sum);
    return sum;
  };
  return {
    add(storageClass, type, bytes) {
      const sum = sumOf(storageClass, type);
      sum.bytes += bytes;
      sum.count += 1;
    },
    subtract(storageClass, type, bytes) {
      const sum = sumOf(storageClass, type);
      sum.bytes -= bytes;
      sum.count -= 1;
    },
    list: () => sums.filter(({ count }) => count > 0).map((sum) => ({ ...sum })),
  };
}
