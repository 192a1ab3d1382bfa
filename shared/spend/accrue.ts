import { addBands, NO_BAND, scaleBand, type Band } from './band.ts';
import { addChanges, isGone } from './changes.ts';
import { addLate, appendCheckpoint, thinOut, type Late } from './checkpoints.ts';
import { beganAndEnded, countedAfter, isCounted, stayedUntil, type Ended, type Part } from './ended.ts';
import type { Ledger, Running } from './ledger.ts';
import { accrueOwners } from './owners.ts';
import { billingMidnights } from './pacific.ts';
import { unseenSince } from './region-looks.ts';

const HOUR_MS = 3_600_000;

/** Seen at both ends of a longer pause and without a start of its own, something may have rested in between. */
const LONG_MS = 20 * 60_000;

/** Kept for the budgets' longest period. */
const MAX_DAYS = 400;

/** Gaps that are kept of a look, for those who read the ledger. */
const MAX_GAPS = 10;

/** Something that runs, with its price. */
export type Seen = Omit<Running, 'seenMs' | 'firstMs' | 'proven' | 'expectedMs' | 'highBefore'>;

/** One look at a project. */
export interface SeenNow {
  readonly project: string;
  readonly atMs: number;
  readonly resources: readonly Seen[];
  /** What ended lately, as its API tells. */
  readonly ended?: readonly Ended[];
  /** Whether all could be looked at: what is missing then is gone. */
  readonly complete: boolean;
  /** Kinds that alone could not be looked at, where that is all that is not complete: what is missing of the others is gone. */
  readonly hiddenKinds?: ReadonlySet<string>;
  /** What could not be looked at, for people. */
  readonly gaps?: Ledger['gaps'];
  /** What it was not the turn of, such as `endpoints in us-east4`: what is missing there may go on. */
  readonly skipped?: ReadonlySet<string>;
}

/** The ledger after a look. A look that is not newer than the last one changes nothing. Pure. */
export function accrue(ledger: Ledger | undefined, seen: SeenNow): Ledger {
  if (ledger === undefined) return begin(seen);
  if (seen.atMs <= ledger.lookedMs) return ledger;
  const parts = [...closeIntervals(ledger, seen)];
  const running = parts.flatMap(({ after }) => (after === undefined ? [] : [after]));
  const accrued = parts.map(({ usd }) => usd).reduce(addBands, NO_BAND);
  const kinds: Record<string, number> = { ...ledger.kinds };
  for (const { kind, usd, late: unseen } of parts)
    kinds[kind] = Math.max(0, (kinds[kind] ?? 0) + usd.expected + expectedOf(unseen, ledger.lookedMs));
  const late = parts.flatMap((part) => part.late);
  const isFirst = ledger.completeMs === undefined && seen.complete;
  return {
    ...ledger,
    lookedMs: seen.atMs,
    ...(seen.complete ? { completeMs: seen.atMs } : {}),
    firstHighRate: isFirst ? highRate(seen) : ledger.firstHighRate,
    running,
    checkpoints: nextCheckpoints(
      { ...ledger, checkpoints: addLate(ledger.checkpoints, late) },
      seen.atMs,
      accrued,
    ),
    kinds,
    owners: accrueOwners(ledger.owners, parts, { fromMs: ledger.lookedMs, toMs: seen.atMs }),
    changes: addChanges(ledger, seen),
    gaps: seen.gaps?.slice(0, MAX_GAPS) ?? [],
    days: [...ledger.days, ...newDays(ledger, seen.atMs)].slice(-MAX_DAYS),
  };
}

function expectedOf(late: readonly Late[], untilMs: number): number {
  return late.reduce(
    (sum, one) =>
      sum + one.usdPerHour.expected * hoursOf(one.fromMs, Math.min(untilMs, one.untilMs ?? untilMs)),
    0,
  );
}

/** They are thinned out once an hour. */
function nextCheckpoints(
  { checkpoints, lookedMs }: Ledger,
  atMs: number,
  accrued: Band,
): Ledger['checkpoints'] {
  const next = appendCheckpoint(checkpoints, atMs, accrued);
  return Math.floor(lookedMs / HOUR_MS) === Math.floor(atMs / HOUR_MS) ? next : thinOut(next, atMs);
}

function begin({ project, atMs, resources, complete, gaps = [] }: SeenNow): Ledger {
  return {
    version: 1,
    project,
    sinceMs: atMs,
    lookedMs: atMs,
    ...(complete ? { completeMs: atMs } : {}),
    firstHighRate: highRate({ resources }),
    running: resources.map((one) => ({ ...one, seenMs: atMs, firstMs: atMs })),
    checkpoints: [{ atMs, ...NO_BAND }],
    kinds: {},
    days: [],
    gaps: gaps.slice(0, MAX_GAPS),
  };
}

function highRate({ resources }: Pick<SeenNow, 'resources'>): number {
  return resources.reduce((sum, { rate }) => sum + rate.high, 0);
}

/** By kind, when each billing day began since the last look: what accrued until that look is near enough. */
function newDays({ lookedMs, kinds }: Ledger, atMs: number): Ledger['days'] {
  return billingMidnights(lookedMs, atMs).map((midnightMs) => ({ atMs: midnightMs, kinds: { ...kinds } }));
}

function* closeIntervals(ledger: Ledger, seen: SeenNow): Generator<Part> {
  const before = new Map(ledger.running.map((one) => [one.resource, one]));
  for (const listed of seen.resources) {
    const was = before.get(listed.resource);
    const one = was === undefined ? listed : atProvenPrice(was, listed);
    before.delete(one.resource);
    const after: Running = {
      ...{ ...one, seenMs: seen.atMs, firstMs: was?.firstMs ?? seen.atMs },
      ...(was === undefined ? {} : countedAfter(was, one, seen.atMs)),
    };
    const { kind, owner } = one;
    yield was === undefined
      ? { kind, owner, ...appeared(ledger, seen, one), after }
      : { kind, owner, ...stayed(ledger, seen, was, one), after };
  }
  const ended = new Map((seen.ended ?? []).map((one) => [one.resource, one]));
  for (const was of before.values()) {
    const end = ended.get(was.resource);
    ended.delete(was.resource);
    if (end !== undefined) {
      yield stayedUntil(end, was, ledger, seen.atMs);
      continue;
    }
    yield isGone(seen, was)
      ? { kind: was.kind, owner: was.owner, usd: gone(ledger, seen, was), late: [], after: undefined }
      : {
          kind: was.kind,
          owner: was.owner,
          // Not seen is not gone: `low` waits, the others go on.
          usd: { ...scaleBand(was.rate, hoursOf(ledger.lookedMs, seen.atMs)), low: 0 },
          late: [],
          after: was,
        };
  }
  for (const one of ended.values())
    if (!isCounted(ledger, one))
      yield beganAndEnded(one, unseenFrom(ledger, one.resource), ledger, seen.atMs);
}

/** A price that is so many times what it was at the most is one gone wrong, where the listing says the same. */
const LEAP = 2;

/**
 * A machine, or job, that is the one that it was costs what it did: a price that leaps is in `expected` and `high`, and `low` goes on with
 * the earlier one until it is started anew. What may change while it runs, such as an endpoint, tells neither start nor creation.
 */
function atProvenPrice(was: Running, now: Seen): Seen & Pick<Running, 'highBefore'> {
  const isSame =
    (now.startedMs ?? now.createdMs) !== undefined &&
    now.startedMs === was.startedMs &&
    now.createdMs === was.createdMs &&
    now.machines === was.machines;
  const highBefore = was.highBefore ?? was.rate.high;
  const leaps = was.unpriced === undefined && was.rate.low > 0 && now.rate.low > LEAP * highBefore;
  return isSame && leaps ? { ...now, rate: { ...now.rate, low: was.rate.low }, highBefore } : now;
}

/** Seen at both ends, or missed in between: then it comes to `low` now for the time in which it ran. */
function stayed(ledger: Ledger, seen: SeenNow, was: Running, now: Seen): Pick<Part, 'usd' | 'late'> {
  const { lookedMs } = ledger;
  const restarted = now.startedMs !== undefined && now.startedMs > was.seenMs;
  const unsure = now.startedMs === undefined && seen.atMs - was.seenMs > LONG_MS;
  const lowFromMs = restarted ? Math.min(now.startedMs, seen.atMs) : was.seenMs;
  const hours = hoursOf(Math.max(lowFromMs, lookedMs), seen.atMs);
  const least = unsure ? 0 : Math.min(was.rate.low, now.rate.low);
  return {
    usd: {
      low: least * hours,
      expected:
        ((was.rate.expected + now.rate.expected) / 2) * (restarted ? hours : hoursOf(lookedMs, seen.atMs)),
      high: Math.max(was.rate.high, now.rate.high) * hoursOf(lookedMs, seen.atMs),
    },
    late: [
      ...(lowFromMs < lookedMs ? [{ fromMs: lowFromMs, usdPerHour: { ...NO_BAND, low: least } }] : []),
      // It may have grown as soon as it was out of sight.
      ...(was.seenMs < lookedMs && now.rate.high > was.rate.high
        ? [{ fromMs: was.seenMs, usdPerHour: { ...NO_BAND, high: now.rate.high - was.rate.high } }]
        : []),
    ],
  };
}

/** New since the last look that saw all of its collection: from its own start on, where that is told; else it may have begun at any moment since. */
function appeared(
  ledger: Ledger,
  { atMs }: SeenNow,
  { resource, rate, startedMs }: Seen,
): Pick<Part, 'usd' | 'late'> {
  const { lookedMs } = ledger;
  const unseenMs = unseenFrom(ledger, resource);
  const hours = hoursOf(lookedMs, atMs);
  const most: Late = { fromMs: unseenMs, usdPerHour: { ...NO_BAND, high: rate.high } };
  if (startedMs === undefined)
    return {
      usd: { low: 0, expected: (rate.expected * hours) / 2, high: rate.high * hours },
      late: unseenMs < lookedMs ? [most] : [],
    };
  const fromMs = Math.min(atMs, Math.max(startedMs, unseenMs));
  const known = scaleBand(rate, hoursOf(Math.max(fromMs, lookedMs), atMs));
  return {
    usd: { ...known, high: rate.high * hours },
    late: unseenMs < lookedMs ? [most, { fromMs, usdPerHour: { ...rate, high: 0 } }] : [],
  };
}

/** Since when a resource that was not there may have run: since the last look that saw all of its collection. */
function unseenFrom({ completeMs, sinceMs, lookedMs, looks }: Ledger, resource: string): number {
  const turnMs = Math.max(sinceMs, unseenSince(looks, resource, lookedMs) ?? lookedMs);
  return Math.min(completeMs ?? sinceMs, lookedMs, turnMs);
}

/** Gone since the last look, at any moment. */
function gone({ lookedMs }: Ledger, { atMs }: SeenNow, { rate }: Running): Band {
  const hours = hoursOf(lookedMs, atMs);
  return { low: 0, expected: (rate.expected * hours) / 2, high: rate.high * hours };
}

function hoursOf(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / HOUR_MS;
}
