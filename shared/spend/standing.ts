import { estimateSpend, type Estimate } from './estimate.ts';
import type { Ledger } from './ledger.ts';
import { MAX_BUDGET_PROJECTS, type BudgetMessages } from './messages.ts';
import { readReports } from './reading.ts';
import { estimateBlocker, machineRate } from './rungs.ts';
import { whyStale } from './stale.ts';

/** What is known of a budget: what its messages said, the ledgers of its projects, and which projects have none that can be used. */
export interface BudgetBooks {
  readonly messages: BudgetMessages;
  readonly ledgers: readonly Ledger[];
  /** `ml-lab: there is no ledger yet` */
  readonly without: readonly string[];
}

/** Where a budget stands: an estimate, and why nothing may be done on it if so; or why there is none. */
export type Standing =
  | { readonly kind: 'estimate'; readonly estimate: Estimate; readonly blocked: string | undefined }
  | { readonly kind: 'none'; readonly why: string };

/** Projects without a ledger that are named. */
const MAX_NAMED = 10;

/** As in the policy's section `watch`. */
export interface StandingOptions {
  readonly discountAtMost: number | null;
  /** Of Vertex AI, those that are looked at; all of them when empty. */
  readonly regions: readonly string[];
}

/** Estimates what is spent by now of a budget, where that can be told. Pure. */
export function standingOf(
  { messages, ledgers, without }: BudgetBooks,
  { discountAtMost, regions }: StandingOptions,
  nowMs: number,
): Standing {
  const { currencyCode, period } = messages;
  const none = (why: string): Standing => ({ kind: 'none', why });
  if (currencyCode !== 'USD') return none(`it counts in ${currencyCode}, and the watch prices in USD`);
  if (period.endMs !== undefined && period.endMs <= nowMs)
    return none('no message of its present period has come yet');
  const unknown = whyProjectsUnknown(messages);
  if (unknown !== undefined) return none(unknown);
  if (without.length > 0 || ledgers.length === 0)
    return none(
      `no ledger of ${without.slice(0, MAX_NAMED).join(', ') || 'its projects'}: what runs there is not known`,
    );
  const reading = readReports(ledgers, messages, period.startMs, discountAtMost);
  const estimate = estimateSpend(ledgers, reading, nowMs, regions);
  const stale = whyStale(ledgers, nowMs);
  return {
    kind: 'estimate',
    estimate,
    blocked:
      stale === undefined
        ? estimateBlocker(estimate, highestRate(ledgers))
        : `${stale}: what runs there now is not known, and no rung fires by this estimate until it is`,
  };
}

/** Why the projects that a budget's messages name are not all that its cost is of. Undefined when they are. Pure. */
function whyProjectsUnknown({
  complete,
  projects,
  filter = [],
  narrowed,
}: BudgetMessages): string | undefined {
  if (narrowed !== undefined && narrowed.length > 0)
    return `it is limited by more than projects (${narrowed.join(', ')}), and an estimate from what runs is not`;
  const count = Math.max(projects.length, filter.length);
  if (count > MAX_BUDGET_PROJECTS)
    return `it has ${count} projects, and of more than ${MAX_BUDGET_PROJECTS} no estimate is made`;
  if (complete && projects.length > 0) return undefined;
  // What an older version kept does not tell the two apart.
  if (narrowed === undefined)
    return 'not all of its projects could be read, or it is limited by more than projects';
  return filter.length === 0
    ? 'its filter names no project, so that it is not known which ones it covers'
    : 'not all of the projects that its filter names could be read';
}

/** What the most expensive machine of all that runs costs an hour. */
function highestRate(ledgers: readonly Ledger[]): { readonly resource: string; readonly usdPerHour: number } {
  let most = { resource: 'nothing', usdPerHour: 0 };
  for (const { running } of ledgers)
    for (const one of running) {
      const usdPerHour = machineRate(one);
      if (!(usdPerHour <= most.usdPerHour)) most = { resource: one.resource, usdPerHour };
    }
  return most;
}
