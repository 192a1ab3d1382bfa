import type { UsdPerHour } from './compute-price.ts';
import type { Mode } from './policy.ts';

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
  /** In the stored receipt all decisions; in the published and the logged one those that are not `keep`. */
  readonly decisions: readonly DecidedOutcome[];
  /** How many were kept, by reason. */
  readonly kept: Readonly<Record<string, number>>;
  readonly incomplete: readonly Gap[];
  readonly failures: readonly Failure[];
  readonly savings: Savings;
  /** Attempts by call. */
  readonly apiCalls: Readonly<Record<string, number>>;
}

/** The sum over the stops that were carried out (planned, in observe mode); `unpriced` counts those without a price. */
export interface Savings {
  readonly usdPerHour: number;
  readonly unpriced: number;
}

/** Collects a run's outcomes. Kept decisions are held as text, about 1 KB each, so that memory stays small. */
export interface ReceiptBuilder {
  keep(decision: Decision): void;
  add(outcome: DecidedOutcome): void;
  incomplete(gap: Gap): void;
  fail(failure: Failure): void;
  isComplete(): boolean;
  /** Without the kept decisions: what is logged and published. */
  summary(finishedAt: Date, apiCalls: Readonly<Record<string, number>>): Receipt;
  /** The whole receipt as JSON text, in pieces. */
  text(finishedAt: Date, apiCalls: Readonly<Record<string, number>>): Iterable<string>;
}

export interface ReceiptHead {
  readonly functionName: string;
  readonly runId: string;
  readonly mode: Mode;
  readonly startedAt: Date;
  readonly policyDigest: string;
  readonly projects: readonly string[];
}

/** Starts a receipt. `saves` tells which actions count as savings. */
export function startReceipt(head: ReceiptHead, saves: (decision: Decision) => boolean): ReceiptBuilder {
  const keptTexts: string[] = [];
  const kept: Record<string, number> = {};
  const outcomes: DecidedOutcome[] = [];
  const gaps: Gap[] = [];
  const failures: Failure[] = [];

  const summary: ReceiptBuilder['summary'] = (finishedAt, apiCalls) => ({
    function: head.functionName,
    runId: head.runId,
    mode: head.mode,
    startedAt: head.startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    policyDigest: head.policyDigest,
    projects: head.projects,
    decisions: outcomes,
    kept,
    incomplete: gaps,
    failures,
    savings: savingsOf(
      outcomes.filter(
        (outcome) => outcome.outcome !== 'failed' && outcome.outcome !== 'already' && saves(outcome),
      ),
    ),
    apiCalls,
  });

  return {
    keep(decision) {
      kept[decision.reason] = (kept[decision.reason] ?? 0) + 1;
      keptTexts.push(JSON.stringify({ ...decision, outcome: 'already' }));
    },
    add: (outcome) => void outcomes.push(outcome),
    incomplete(gap) {
      if (!gaps.some((known) => known.where === gap.where && known.why === gap.why)) gaps.push(gap);
    },
    fail: (failure) => void failures.push(failure),
    isComplete: () => gaps.length === 0,
    summary,
    *text(finishedAt, apiCalls) {
      const { decisions, ...rest } = summary(finishedAt, apiCalls);
      yield `${JSON.stringify(rest).slice(0, -1)},"decisions":[`;
      let first = true;
      for (const piece of [...decisions.map((decision) => JSON.stringify(decision)), ...keptTexts]) {
        yield first ? piece : `,\n${piece}`;
        first = false;
      }
      yield ']}\n';
    },
  };
}

function savingsOf(outcomes: readonly DecidedOutcome[]): Savings {
  let usdPerHour = 0;
  let unpriced = 0;
  for (const { usdPerHour: price } of outcomes) {
    if (price === 'unpriced') unpriced += 1;
    else usdPerHour += price;
  }
  return { usdPerHour, unpriced };
}
