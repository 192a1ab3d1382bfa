import type { SeenNow } from '../../shared/spend/accrue.ts';
import type { Ledger } from '../../shared/spend/ledger.ts';
import type { BudgetMessages } from '../../shared/spend/messages.ts';
import type { RegionsLooked } from './looks/remember.ts';

/** A budget of the project whose estimate this event makes. */
export interface BudgetFacts {
  readonly messages: BudgetMessages;
  /** The ledgers of its other projects, and the projects that have none that can be read. */
  readonly others: readonly Ledger[];
  readonly without: readonly string[];
}

/** A budget that the first of its watched projects tells of, so that one event reads all of its ledgers. */
export interface BudgetElsewhere {
  readonly budget: string;
  readonly name: string;
  /** The project in whose receipt its spend and rungs are. */
  readonly toldIn: string;
}

/** A budget of which no project is known, or none is looked at, so that no event makes its estimate. */
export interface BudgetUnknown {
  readonly budget: string;
  readonly name: string;
  readonly notEvaluable: string;
}

/** A GPU that does nothing, and what says so. */
export interface IdleGpu {
  readonly resource: string;
  readonly why: string;
}

/** A look at the load of GPUs. */
export interface GpuLook {
  /** When it was made; undefined where none was due. */
  readonly atMs?: number;
  readonly idle: readonly IdleGpu[];
  /** How many machines and endpoints with GPUs have a load that is not known, of those that ran for long enough; undefined where no look was due. */
  readonly unknown?: number;
}

/** One look at one project. */
export interface ProjectFacts {
  readonly seen: SeenNow;
  /** The ledger before this look; undefined where it begins. */
  readonly before: Ledger | undefined;
  readonly budgets: readonly BudgetFacts[];
  /** Budgets of several projects whose numbers are in the receipt of another one of them, or in none. */
  readonly toldIn: readonly (BudgetElsewhere | BudgetUnknown)[];
  /** Budgets that no event of the tick estimates; empty but in the first one, which tells of them for all. */
  readonly unestimated: readonly BudgetUnknown[];
  readonly gpus: GpuLook;
  /** Collections that a region turned out not to offer in this look. */
  readonly notOffered: readonly string[];
  /** What it listed of Vertex AI, and what it was not the turn of. */
  readonly looked: RegionsLooked;
}
