/**
 * Something that was read from Google, or could not be. `gaps` are the parts that are missing from the value: what it shows is
 * there, what it does not show may be there too.
 */
export type Reading<T> = Read<T> | Unread;

export interface Read<T> {
  readonly value: T;
  readonly gaps: readonly Gap[];
}

/** What is missing, in one sentence. One of an API that is off in the audited project says so: it does not cap the grade. */
export type Gap = string | OffHere;

export interface OffHere {
  readonly why: string;
  readonly isOffHere: true;
}

/** `why` in one sentence, `remedy` the command that makes it readable, where there is one. */
export interface Unread {
  readonly why: string;
  readonly remedy?: string;
  /** Its API is switched off, in whatever project. */
  readonly isDisabled?: true;
  /** It is switched off in the audited project itself, and nothing else is in the way. */
  readonly isOffHere?: true;
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
  if (!isRead(a)) return isRead(b) ? withOthers(a, b.gaps) : worst(a, b);
  if (!isRead(b)) return withOthers(b, a.gaps);
  return { value: [a.value, b.value], gaps: [...a.gaps, ...b.gaps] };
}

/** An API that is off here is not the only reason where the other reading lacks something as well. */
function withOthers(unread: Unread, gaps: readonly Gap[]): Unread {
  const others = gaps.filter((gap) => typeof gap === 'string');
  if (unread.isOffHere !== true || others.length === 0) return unread;
  return { why: [unread.why, ...others].join('; ') };
}

/** The first that something else is in the way of than an API that is off here. */
function worst(first: Unread, ...more: readonly Unread[]): Unread {
  return [first, ...more].find(({ isOffHere }) => isOffHere !== true) ?? first;
}

export function gapOf({ why, isOffHere }: Unread): Gap {
  return isOffHere === true ? { why, isOffHere } : why;
}

export function gapText(gap: Gap): string {
  return typeof gap === 'string' ? gap : gap.why;
}

/** Readings of one kind from several places: what could be read, and the others as gaps; unread when all of them are. */
export function joinReadings<T>(readings: readonly Reading<readonly T[]>[]): Reading<readonly T[]> {
  const read = readings.filter((one) => isRead(one));
  const unread = readings.filter((one): one is Unread => !isRead(one));
  const [first, ...more] = unread;
  if (read.length === 0 && first !== undefined) return worst(first, ...more);
  return {
    value: read.flatMap(({ value }) => value),
    gaps: [...read.flatMap(({ gaps }) => gaps), ...unread.map(gapOf)],
  };
}
