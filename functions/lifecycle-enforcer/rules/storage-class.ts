/** Coldness, the order of at-rest prices: a lifecycle rule never moves an object the other way. */
const RANK: Readonly<Record<string, number>> = {
  STANDARD: 0,
  MULTI_REGIONAL: 0,
  REGIONAL: 0,
  DURABLE_REDUCED_AVAILABILITY: 0,
  NEARLINE: 1,
  COLDLINE: 2,
  ARCHIVE: 3,
};

/** Names of the time before STANDARD; rules may still turn them into it. */
const LEGACY = new Set(['MULTI_REGIONAL', 'REGIONAL', 'DURABLE_REDUCED_AVAILABILITY']);

/** Names for one class: metrics and objects of old have REGIONAL or MULTI_REGIONAL where the API has STANDARD today. */
const STANDARD_NAMES = new Set(['STANDARD', 'REGIONAL', 'MULTI_REGIONAL']);

/** How two names of a class compare. No source tells whether a rule on STANDARD takes objects of the older names. */
export type ClassReading = 'by-name' | 'by-meaning';

/** Whether two names may stand for the same class. */
export function mayBeSameClass(one: string, other: string): boolean {
  return one === other || (STANDARD_NAMES.has(one) && STANDARD_NAMES.has(other));
}

export function isSameClass(one: string, other: string, reading: ClassReading): boolean {
  return reading === 'by-name' ? one === other : mayBeSameClass(one, other);
}

/** Whether the two readings can differ for this name. */
export function isLegacyName(storageClass: string): boolean {
  return storageClass !== 'STANDARD' && STANDARD_NAMES.has(storageClass);
}

/** A class of the time before STANDARD. */
export function isOldClass(storageClass: string): boolean {
  return LEGACY.has(storageClass);
}

/** 0 is the most expensive at rest; undefined for a class that is newer than this code. */
export function coldness(storageClass: string): number | undefined {
  return RANK[storageClass];
}

/** Whether SetStorageClass moves an object from the one class to the other. Source: storage/docs/lifecycle, transitions. */
export function canMove(from: string, to: string): boolean {
  if (to === 'STANDARD') return LEGACY.has(from);
  const [before, after] = [RANK[from], RANK[to]];
  return before !== undefined && after !== undefined && after > before;
}

/** Whether moving from the one class to the other would make at-rest storage more expensive. */
export function isWarmer(from: string, to: string): boolean {
  const [before, after] = [RANK[from], RANK[to]];
  return before !== undefined && after !== undefined && after < before;
}
