/**
 * Something that was read from Google, or could not be. `gaps` are the parts that are missing from the value: what it shows is
 * there, what it does not show may be there too.
 */
export type Reading<T> = Read<T> | Unread;

export interface Read<T> {
  readonly value: T;
  readonly gaps: readonly string[];
}

/** `why` in one sentence, `remedy` the command that makes it readable, where there is one. */
export interface Unread {
  readonly why: string;
  readonly remedy?: string;
  /** Its API is switched off. */
  readonly isDisabled?: true;
}

export function whole<T>(value: T): Read<T> {
  return { value, gaps: [] };
}

export function isRead<T>(reading: Reading<T>): reading is Read<T> {
  return 'value' in reading;
}

/** What a judgement makes of one that was read. */
export function mapReading<T, R>(reading: Reading<T>, make: (value: T) => R): Reading<R> {
  return isRead(reading) ? { value: make(reading.value), gaps: reading.gaps } : reading;
}

/** Two readings that one judgement needs: unread when one of them is. */
export function both<A, B>(a: Reading<A>, b: Reading<B>): Reading<readonly [A, B]> {
  if (!isRead(a)) return a;
  if (!isRead(b)) return b;
  return { value: [a.value, b.value], gaps: [...a.gaps, ...b.gaps] };
}

/** Readings of one kind from several places: what could be read, and the others as gaps; unread when all of them are. */
export function joinReadings<T>(readings: readonly Reading<readonly T[]>[]): Reading<readonly T[]> {
  const read = readings.filter((one) => isRead(one));
  const unread = readings.filter((one): one is Unread => !isRead(one));
  const [first] = unread;
  if (read.length === 0 && first !== undefined) return first;
  return {
    value: read.flatMap(({ value }) => value),
    gaps: [...read.flatMap(({ gaps }) => gaps), ...unread.map(({ why }) => why)],
  };
}
