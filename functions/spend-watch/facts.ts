import type { SeenNow } from '../../shared/spend/accrue.ts';
import type { Ledger } from '../../shared/spend/ledger.ts';
import type { BudgetMessages } from '../../shared/spend/messages.ts';

/** Something that runs, for people. */
export interface Costly {
  readonly resource: string;
  readonly description: string;
  /** `$3.67/h`, or `unpriced` and why. */
  readonly cost: string;
  /** Expected, USD an hour. */
  readonly usdPerHour: number;
  readonly startedMs: number | undefined;
  readonly owner: string | undefined;
}

/** A budget of the project whose estimate this event makes. */
export interface BudgetFacts {
  readonly messages: BudgetMessages;
  /** The ledgers of its other projects, and the projects that have none that can be read. */
  readonly others: readonly Ledger[];
  readonly without: readonly string[];
}

/** One look at one project. */
export interface ProjectFacts {
  readonly seen: SeenNow;
  readonly costly: readonly Costly[];
  /** The ledger before this look; undefined where it begins. */
  readonly before: Ledger | undefined;
  readonly budgets: readonly BudgetFacts[];
  /** Collections that a region turned out not to offer in this look. */
  readonly notOffered: readonly string[];
}
