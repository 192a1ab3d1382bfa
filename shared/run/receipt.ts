import { startCapped } from './capped-list.ts';
import type { UsedBook } from '../prices/age/book-age.ts';
import type { UsdPerHour } from '../prices/money.ts';
import { shorten } from './receipt/shorten.ts';
import { startTally } from './receipt/tally.ts';
import type { Mode } from '../policy/policy.ts';

/** What was decided about one resource. `keep` is a decision too, with its reason. */
export interface Decision {
  /** The resource's full name, e.g. `projects/P/locations/Z/instances/N`. */
  readonly resource: string;
  readonly action: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  /** What the action changes per hour (a stop saves it, a start costs it), or what the resource costs when it is kept. */
  readonly usdPerHour: UsdPerHour;
}

/** `already`: the world was so without us. */
export type OutcomeKind = 'planned' | 'done' | 'already' | 'failed';

export type DecidedOutcome = Decision & { readonly outcome: OutcomeKind };

/** Something that could not be looked at. */
export interface Gap {
  readonly where: string;
  readonly why: string;
}

/** A decision on its way to the log and the stored receipt. */
export interface HandedOn {
  readonly outcome: DecidedOutcome;
  /** The same as JSON. */
  readonly text: string;
  /** Whether it is one of those that only keep, which are not logged. */
  readonly kept: boolean;
}

export interface Failure {
  readonly resource: string;
  readonly error: string;
}

/** The record of one run, see design §4. */
export interface Receipt {
  readonly function: string;
  readonly runId: string;
  readonly mode: Mode;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly policyDigest: string;
  readonly projects: readonly string[];
  /** In the stored receipt all decisions; in the published one the first of those that are not `keep`. */
  readonly decisions: readonly DecidedOutcome[];
  /** How many decisions are not `keep`, by action and outcome: `{"patch done": 12}`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many were kept, by reason. */
  readonly kept: Readonly<Record<string, number>>;
  readonly incomplete: readonly Gap[];
  readonly failures: readonly Failure[];
  readonly savings: Savings;
  /** Only where one event was not enough. */
  readonly sweep?: PartLink | undefined;
  /** Where Monitoring was read: time series that it returned and billed, and how many that is for each resource looked at. */
  readonly seriesRead?: { readonly total: number; readonly perResource: number } | undefined;
  /** Points written to Monitoring, which bills them by their bytes; absent where none were. */
  readonly pointsWritten?: number | undefined;
  /** Price books behind `usdPerHour` that are older than 90 days; absent where none is. */
  readonly oldPrices?: readonly OldPrices[] | undefined;
  /** Attempts by call. */
  readonly apiCalls: Readonly<Record<string, number>>;
}

/** A price book that is older than 90 days: what it has prices of, and its day. */
export type OldPrices = Pick<UsedBook, 'book' | 'asOf'>;

/** Which part of a sweep a receipt is of, where one event was not enough. */
export interface PartLink {
  /** The same in all parts: the id of the tick's message. */
  readonly id: string;
  /** 1 is the first. */
  readonly part: number;
  /** `gs://…`: the receipt of the part before. */
  readonly previous?: string | undefined;
  /** Whether another part follows. */
  readonly goesOn: boolean;
}

/** The sum over the stops that were carried out (planned, in observe mode); `unpriced` counts those without a price. */
export interface Savings {
  readonly usdPerHour: number;
  readonly unpriced: number;
}

/** What the published and the logged receipt leave out; all of it is in the stored one. */
export interface Omitted {
  readonly decisions: number;
  readonly incomplete: number;
  readonly failures: number;
}

/** A receipt that is short enough for one message, however much was decided. */
export interface ReceiptSummary extends Receipt {
  /** Absent when it is whole but for what was kept. */
  readonly omitted?: Omitted;
}

/** Collects a run's outcomes. What was decided is handed on as it comes, so that memory does not grow with the decisions. */
export interface ReceiptBuilder {
  keep(decision: Decision): void;
  add(outcome: DecidedOutcome): void;
  incomplete(gap: Gap): void;
  fail(failure: Failure): void;
  isComplete(): boolean;
  /** Whether there are so many gaps and failures, which are held until the end, that another receipt should go on. */
  isLong(): boolean;
  link(part: PartLink): void;
  /** The oldest `most` of what was decided and not taken yet. The builder forgets it. */
  take(most: number): readonly HandedOn[];
  /** What is published: no decisions that keep, and of each list not more than fits into `maxBytes` of JSON. */
  summary(finishedAt: Date, apiCalls: Readonly<Record<string, number>>, maxBytes?: number): ReceiptSummary;
  /** The stored receipt without its decisions. */
  rest(finishedAt: Date, apiCalls: Readonly<Record<string, number>>): Omit<Receipt, 'decisions'>;
}

/**
 * Of each list in a published receipt. Three of them stay far below the 10 MB that Pub/Sub takes, also as base64.
 * Source: https://cloud.google.com/pubsub/quotas#resource_limits
 */
const MAX_PUBLISHED_BYTES = 1_000_000;

/** Gaps and failures of one receipt, a few hundred bytes each. */
const MAX_HELD = 10_000;

export interface ReceiptHead {
  readonly functionName: string;
  readonly runId: string;
  readonly mode: Mode;
  readonly startedAt: Date;
  readonly policyDigest: string;
  readonly projects: readonly string[];
  /** Time series read so far; called when the receipt is written. */
  readonly seriesRead?: () => Receipt['seriesRead'];
  /** Points written so far; called when the receipt is written. */
  readonly pointsWritten?: () => number;
  /** What its prices come from; none for a function that prices nothing. */
  readonly books: readonly UsedBook[];
}

/** Starts a receipt. `saves` tells which actions count as savings. */
export function startReceipt(head: ReceiptHead, saves: (decision: Decision) => boolean): ReceiptBuilder {
  const kept: Record<string, number> = {};
  const tally = startTally(saves);
  const gaps = new Map<string, Gap>();
  const failures: Failure[] = [];
  const first = startCapped<DecidedOutcome>(MAX_PUBLISHED_BYTES);
  let sweep: PartLink | undefined;
  const untaken: Omit<HandedOn, 'text'>[] = [];

  const rest: ReceiptBuilder['rest'] = (finishedAt, apiCalls) => ({
    function: head.functionName,
    runId: head.runId,
    mode: head.mode,
    startedAt: head.startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    policyDigest: head.policyDigest,
    projects: head.projects,
    outcomes: tally.outcomes,
    kept,
    incomplete: [...gaps.values()],
    failures,
    savings: tally.savings,
    ...(sweep === undefined ? {} : { sweep }),
    ...knownOf(head),
    apiCalls,
  });

  return {
    keep(decision) {
      kept[decision.reason] = (kept[decision.reason] ?? 0) + 1;
      untaken.push({ outcome: { ...decision, outcome: 'already' }, kept: true });
    },
    add(outcome) {
      untaken.push({ outcome, kept: false });
      first.add(outcome);
      tally.add(outcome);
    },
    incomplete: (gap) => void gaps.set(JSON.stringify([gap.where, gap.why]), gap),
    fail: (failure) => void failures.push(failure),
    isComplete: () => gaps.size === 0,
    isLong: () => gaps.size + failures.length > MAX_HELD,
    link: (part) => void (sweep = part),
    take: (most) => untaken.splice(0, most).map((one) => ({ ...one, text: JSON.stringify(one.outcome) })),
    summary: (finishedAt, apiCalls, maxBytes = MAX_PUBLISHED_BYTES) =>
      shorten(rest(finishedAt, apiCalls), first, maxBytes),
    rest,
  };
}

/** What a receipt has only where there is something to say. */
function knownOf({
  seriesRead,
  pointsWritten,
  books,
}: ReceiptHead): Pick<Receipt, 'seriesRead' | 'pointsWritten' | 'oldPrices'> {
  const read = seriesRead?.();
  const written = pointsWritten?.() ?? 0;
  const old = books.filter((book) => book.old).map(({ book, asOf }) => ({ book, asOf }));
  return {
    ...(read === undefined ? {} : { seriesRead: read }),
    ...(written === 0 ? {} : { pointsWritten: written }),
    ...(old.length === 0 ? {} : { oldPrices: old }),
  };
}
