import pMap from 'p-map';
import type { BudgetMessages } from '../../shared/spend/messages.ts';
import { standingOf } from '../../shared/spend/standing.ts';
import { whyStale } from '../../shared/spend/stale.ts';
import { readLedgers, readMessageBook } from '../../shared/state/spend-books.ts';
import type { State } from '../../shared/state/state.ts';
import type { BudgetFacts, BudgetUnknown, ProjectFacts } from './facts.ts';

/** Why there is no estimate is the same by any. */
const NO_OPTIONS = { discountAtMost: null, regions: [] } as const;

/** Budgets whose messages are read side by side. */
const READ_AT_ONCE = 8;

/** Whose budgets, by which clock, and what comes before its event in the tick, as in `Run`. */
export interface OwnBudgets {
  readonly project: string;
  readonly nowMs: number;
  readonly earlier: readonly string[] | undefined;
}

/**
 * The budgets of a project: those whose estimate its event makes, those that another project of theirs tells of, and those of which it
 * is not known whether they are about it. The first project of a tick that is looked at tells beside these of those that no event
 * estimates.
 */
export async function gatherBudgets(
  state: State,
  budgets: readonly string[],
  { project, nowMs, earlier }: OwnBudgets,
): Promise<Pick<ProjectFacts, 'budgets' | 'toldIn' | 'unestimated'>> {
  const isFirst = earlier !== undefined && (await firstWatched(state, earlier, nowMs)) === undefined;
  const unknown: BudgetUnknown[] = [];
  const unwatched: BudgetUnknown[] = [];
  const all = await pMap(
    budgets,
    async (budget) => {
      const messages = await readMessageBook(state, budget);
      if ('why' in messages) {
        unknown.push(unknownFor(project, budget, budget, messages.why));
        return [];
      }
      if (messages.projects.length === 0) unknown.push(unknownOf(messages, project, nowMs));
      if (!messages.projects.includes(project)) {
        if (isFirst && messages.projects.length > 0)
          unwatched.push(...(await unwatchedOf(state, messages, nowMs)));
        return [];
      }
      return [{ messages, teller: await tellerOf(state, messages, project, nowMs) }];
    },
    { concurrency: READ_AT_ONCE },
  );
  const mine = all.flat();
  const own = mine.filter(({ teller }) => teller === project);
  const unestimated = isFirst ? sorted([...unknown, ...unwatched]) : [];
  return {
    unestimated,
    budgets: await pMap(own, ({ messages }) => readOthers(state, messages, project, nowMs), {
      concurrency: 1,
    }),
    toldIn: [
      ...mine
        .filter(({ teller }) => teller !== project)
        .map(({ messages: { budget, displayName }, teller }) => ({
          budget,
          name: displayName,
          toldIn: teller,
        })),
      ...(isFirst ? unestimated : sorted(unknown)),
    ],
  };
}

/** More than a hundred projects, or none in its filter: the switch does not keep which ones. */
function unknownOf(messages: BudgetMessages, project: string, nowMs: number): BudgetUnknown {
  const { budget, displayName } = messages;
  const standing = standingOf({ messages, ledgers: [], without: [] }, NO_OPTIONS, nowMs);
  const why = standing.kind === 'none' ? standing.why : 'its projects are not known';
  return unknownFor(project, budget, displayName, why);
}

function unknownFor(project: string, budget: string, name: string, why: string): BudgetUnknown {
  return { budget, name, notEvaluable: `${why}; whether it covers ${project} is not known` };
}

/**
 * The first of a budget's projects by name that is being looked at makes its estimate. Out of the policy's scope there are no looks, and
 * no receipt: the ledger tells that without a call to Resource Manager in each look. That this project is looked at is certain.
 */
async function tellerOf(
  state: State,
  { projects }: BudgetMessages,
  project: string,
  nowMs: number,
): Promise<string> {
  const earlier = projects.filter((other) => other < project);
  return (await firstWatched(state, earlier, nowMs)) ?? project;
}

/** The first by name of those that were looked at lately; undefined where none was. */
async function firstWatched(
  state: State,
  projects: readonly string[],
  nowMs: number,
): Promise<string | undefined> {
  const ordered = [...projects].sort();
  // Nearly always the first one is, and one read does.
  for (const some of [ordered.slice(0, 1), ordered.slice(1)]) {
    const { ledgers } = await readLedgers(state, some, nowMs);
    const watched = ledgers.find((ledger) => whyStale([ledger], nowMs) === undefined);
    if (watched !== undefined) return watched.project;
  }
  return undefined;
}

/** A budget none of whose projects is looked at: they are out of the policy's scope, or their looks fail. */
async function unwatchedOf(
  state: State,
  { budget, displayName, projects }: BudgetMessages,
  nowMs: number,
): Promise<readonly BudgetUnknown[]> {
  if ((await firstWatched(state, projects, nowMs)) !== undefined) return [];
  const notEvaluable =
    'none of its projects is looked at: they are out of the policy’s scope, or their looks fail';
  return [{ budget, name: displayName, notEvaluable }];
}

function sorted(budgets: readonly BudgetUnknown[]): readonly BudgetUnknown[] {
  return [...budgets].sort((a, b) => a.budget.localeCompare(b.budget));
}

async function readOthers(
  state: State,
  messages: BudgetMessages,
  project: string,
  nowMs: number,
): Promise<BudgetFacts> {
  const others = messages.projects.filter((other) => other !== project);
  const { ledgers, without } = await readLedgers(state, others, nowMs);
  return { messages, others: ledgers, without };
}
