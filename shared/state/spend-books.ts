import pMap from 'p-map';
import { ledgerObject, parseLedger, type Ledger } from '../spend/ledger.ts';
import { messagesObject, parseMessages, whyNoMessages, type BudgetMessages } from '../spend/messages.ts';
import type { State } from './state.ts';

/** Ledgers that are read side by side. */
const READ_AT_ONCE = 8;

/** What a budget's messages said lately; undefined where there is nothing that can be used, or it is about another budget. */
export async function readMessages(state: State, budget: string): Promise<BudgetMessages | undefined> {
  const read = await readMessageBook(state, budget);
  return 'why' in read ? undefined : read;
}

/** The same; in its place why there is nothing that can be used. */
export async function readMessageBook(
  state: State,
  budget: string,
): Promise<BudgetMessages | { readonly why: string }> {
  const text = (await state.read(messagesObject(budget)))?.text;
  const messages = parseMessages(text);
  if (messages === undefined) return whyNoMessages(budget, text);
  return messages.budget === budget
    ? messages
    : { why: `"${messagesObject(budget)}" is about another budget` };
}

/**
 * The ledgers of projects, and those that have none that can be used, each with why: `ml-lab: there is no ledger yet`. Where `nowMs` is
 * given, one that is dated ahead of it is none.
 */
export async function readLedgers(
  state: State,
  projects: readonly string[],
  nowMs = Infinity,
): Promise<{ readonly ledgers: readonly Ledger[]; readonly without: readonly string[] }> {
  const without: string[] = [];
  const ledgers = await pMap(
    projects,
    async (project) => {
      const read = parseLedger(project, (await state.read(ledgerObject(project)))?.text, nowMs);
      if (read.kind === 'ledger') return [read.ledger];
      without.push(`${project}: ${read.why}`);
      return [];
    },
    { concurrency: READ_AT_ONCE },
  );
  return { ledgers: ledgers.flat(), without };
}
