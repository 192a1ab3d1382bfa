import { NO_BAND, type Band } from './band.ts';
import type { Late } from './checkpoints.ts';
import type { Ledger, Running } from './ledger.ts';
import { endedSince, listingOf, WARM_MS } from './region-looks.ts';

const HOUR_MS = 3_600_000;

/** Something that ended, with its price while it ran. */
export interface Ended extends Omit<Running, 'seenMs' | 'firstMs' | 'proven' | 'expectedMs' | 'startedMs'> {
  /** Not later than it began; milliseconds since the epoch. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** What failed is not billed, unless by its user's fault: which of them it is the API does not tell. */
  readonly isFailed: boolean;
}

/** What one resource accrued since the last look, and how it goes on. */
export interface Part {
  readonly kind: string;
  readonly owner: string | undefined;
  readonly usd: Band;
  readonly after: Running | undefined;
  /** What ran without being seen, from a moment up to the last look. */
  readonly late: readonly Late[];
}

/** Whether an earlier look has counted something that ended. */
export function isCounted({ looks, sinceMs, lookedMs }: Ledger, { resource, endedMs }: Ended): boolean {
  const sinceLook = endedSince(looks, listingOf(resource) ?? '', lookedMs);
  return endedMs <= Math.max(sinceMs, sinceLook ?? lookedMs);
}

/**
 * When the oldest of what ran in a collection at its last look was created, or first seen, milliseconds since the epoch: where that
 * ended, its listing shows it. No more than a week. Undefined where nothing ran.
 */
export function runsSince(ledger: Ledger | undefined, listing: string, nowMs: number): number | undefined {
  const since = (ledger?.running ?? [])
    .filter(({ resource }) => listingOf(resource) === listing)
    .map(({ createdMs, firstMs, seenMs }) => createdMs ?? firstMs ?? seenMs);
  return since.length === 0 ? undefined : Math.max(Math.min(...since), nowMs - WARM_MS);
}

/**
 * Not seen to run: between its start and its end, and not before `unseenMs`, when its collection was looked at last. `low` counts
 * nothing of it, for a job that waits for machines has a start already (seen of Vertex AI, 2026-07).
 */
export function beganAndEnded(
  { kind, owner, rate, startedMs, endedMs, isFailed }: Ended,
  unseenMs: number,
  { lookedMs }: Ledger,
  atMs: number,
): Part {
  const fromMs = Math.max(startedMs, unseenMs);
  const untilMs = Math.min(endedMs, atMs);
  const usdPerHour = { low: 0, expected: isFailed ? rate.expected / 2 : rate.expected, high: rate.high };
  const hours = hoursOf(Math.max(fromMs, lookedMs), untilMs);
  return {
    ...{ kind, owner, after: undefined },
    usd: { low: 0, expected: usdPerHour.expected * hours, high: usdPerHour.high * hours },
    late: fromMs < Math.min(lookedMs, untilMs) ? [{ fromMs, untilMs, usdPerHour }] : [],
  };
}

/** What of a resource that goes on has been counted, to be taken back where it fails. */
export function countedAfter(
  was: Running,
  { rate }: Pick<Running, 'rate'>,
  atMs: number,
): Pick<Running, 'proven' | 'expectedMs'> {
  const before = provenOf(was);
  // While it waited for machines nothing counted.
  const sinceMs = before.usdPerHour === 0 ? atMs : before.sinceMs;
  const usdPerHour = Math.max(before.usdPerHour, rate.low);
  const expectedMs = was.rate.expected === 0 ? atMs : expectedSince(was);
  return {
    ...(sinceMs === was.firstMs && usdPerHour === rate.low ? {} : { proven: { sinceMs, usdPerHour } }),
    ...(expectedMs === was.firstMs ? {} : { expectedMs }),
  };
}

function expectedSince({ expectedMs, firstMs, seenMs }: Running): number {
  return expectedMs ?? firstMs ?? seenMs;
}

function provenOf({ proven, firstMs, seenMs, rate }: Running): NonNullable<Running['proven']> {
  return proven ?? { sinceMs: firstMs ?? seenMs, usdPerHour: rate.low };
}

/** Seen to run, and ended since: until then all of it. What failed is taken out of `low` again since it was seen first, and half of it out of `expected`. */
export function stayedUntil(end: Ended, was: Running, { lookedMs }: Ledger, atMs: number): Part {
  const untilMs = Math.min(end.endedMs, atMs);
  const hours = hoursOf(lookedMs, untilMs);
  const least = end.isFailed ? 0 : Math.min(was.rate.low, end.rate.low);
  const expected = end.rate.expected * hoursOf(Math.max(end.startedMs, lookedMs), untilMs);
  return {
    ...{ kind: was.kind, owner: was.owner, after: undefined },
    usd: {
      low: least * hours,
      expected: end.isFailed ? expected / 2 : expected,
      high: Math.max(was.rate.high, end.rate.high) * hours,
    },
    late: end.isFailed
      ? takenBack(was)
      : was.seenMs < lookedMs
        ? [{ fromMs: was.seenMs, untilMs, usdPerHour: { ...NO_BAND, low: least } }]
        : [],
  };
}

function takenBack(was: Running): readonly Late[] {
  const { sinceMs, usdPerHour } = provenOf(was);
  return [
    { fromMs: sinceMs, untilMs: was.seenMs, usdPerHour: { ...NO_BAND, low: -usdPerHour } },
    // It went on in `expected` also while it was not seen.
    { fromMs: expectedSince(was), usdPerHour: { ...NO_BAND, expected: -was.rate.expected / 2 } },
  ];
}

function hoursOf(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / HOUR_MS;
}
