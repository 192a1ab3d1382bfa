import type { StrangeItem } from '../google/read-items.ts';
import type { BookDate } from '../prices/age/book-age.ts';
import type { Mode, Policy, PolicySection } from '../policy/policy.ts';
import type { EventContext } from './handle-event.ts';
import type { DecidedOutcome, Decision, Gap } from './receipt.ts';

/**
 * A function that goes through the resources of a project: gather pages of facts, decide on each, act on what is not to
 * be kept. `decide` and `limit` are pure.
 */
export interface Sweep<Config, Facts> {
  /**
   * `whole` (the default): one call of `act` after the listing, for functions whose limits need to see all plans. `page`:
   * one for each page as it comes, so that memory does not grow with the plans, and one at the end to tidy up. Only `page` goes
   * on in further events: the limits of a `whole` sweep (`maxStops`) bound what it does, and the next delivery or tick sees
   * the rest.
   */
  readonly actOn?: 'whole' | 'page';
  /**
   * For `page`: the place of a page's last resource in the order of the listing, undefined for a page without one. `gather`
   * leaves out what is not behind `run.after`. With it a run that does not fit into one event goes on in another.
   */
  placeOf?(page: readonly Facts[]): string | undefined;
  /** Whether one project of a tick tells what is of all of them: `run.earlier` says which. */
  readonly tellsOfAll?: true;
  /** The sections of the policy that it reads; all when absent. */
  readonly sections?: readonly PolicySection[];
  /** What the function reads of the policy. Throws `PermanentError` where the policy does not have its section. */
  configure(policy: Policy): Config & { readonly mode: Mode };
  /** Yields the facts page by page; what cannot be read goes to `run.gap`. A throw ends the listing, not the run. */
  gather(run: Run, config: Config): AsyncIterable<readonly Facts[]>;
  decide(facts: Facts, config: Config, now: Date): readonly Decision[];
  /**
   * Orders what is to be done and turns what is over the limits into reports. `used` is what pages and parts before have used up of a
   * cap on what `countsAgainstCap`.
   */
  limit(plans: readonly Plan<Facts>[], config: Config, used: number): readonly Plan<Facts>[];
  /** Whether a decision uses up one of the run's cap, for sweeps by `page`. */
  countsAgainstCap?(decision: Decision): boolean;
  /** Whether `act` needs these facts although their resource is kept. */
  watches(facts: Facts, config: Config, now: Date): boolean;
  /** Carries the plans out and reports each outcome. Also called without plans, to tidy up what is remembered. */
  act(run: Run, config: Config, work: Work<Facts>, report: Reporter<Facts>): Promise<void>;
  /** The price books behind `usdPerHour`; none where it is always 0. */
  books(): readonly BookDate[];
  /** Whether a decision, carried out, saves its `usdPerHour`. */
  saves(decision: Decision): boolean;
}

/** A decision that is not `keep`, with the facts behind it. */
export interface Plan<Facts> {
  readonly decision: Decision;
  readonly facts: Facts;
}

export interface Work<Facts> {
  readonly plans: readonly Plan<Facts>[];
  readonly watched: readonly Facts[];
  /** Whether every resource was seen: what is missing then does not exist. */
  readonly complete: boolean;
}

export interface Run extends EventContext {
  readonly runId: string;
  readonly projectId: string;
  /** The Pub/Sub message's id: the same in each delivery of one tick. */
  readonly messageId: string;
  readonly startedAt: Date;
  /**
   * Of a sweep that `tellsOfAll`: the projects of the tick before this one, which tells where none of them does; none of the first or
   * only one. Undefined of those that never tell, and of a message that a user sent.
   */
  readonly earlier: readonly string[] | undefined;
  /** Resources up to this place in the order of the listing were dealt with in an earlier event. */
  readonly after: string;
  /**
   * Notes what could not be read. A `cause` that may pass, or a right that is missing, makes the event fail in the end, so that it
   * is read again.
   */
  readonly gap: (gap: Gap & { readonly cause?: unknown }) => void;
  /**
   * Keeps resources that are there and cannot be read, as `not-evaluable`, and notes that the run is not complete.
   * `where` names the listing.
   */
  readonly keepStrange: (where: string, strange: readonly StrangeItem[]) => void;
}

export interface Reporter<Facts> {
  outcome(plan: Plan<Facts>, outcome: DecidedOutcome): void;
  /** The action failed: the outcome is `failed`, and the event fails in the end when a retry can help. */
  failure(plan: Plan<Facts>, error: unknown): void;
}
