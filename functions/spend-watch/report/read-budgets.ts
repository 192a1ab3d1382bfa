import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import { rateOf } from '../../../shared/spend/accrued.ts';
import { sumBands } from '../../../shared/spend/band.ts';
import { ledgerObject, parseLedger, type ReadLedger } from '../../../shared/spend/ledger.ts';
import {
  MAX_BUDGET_PROJECTS,
  messagesObject,
  parseMessages,
  whyNoMessages,
  type BudgetMessages,
} from '../../../shared/spend/messages.ts';
import { standingOf } from '../../../shared/spend/standing.ts';
import type { State } from '../../../shared/state/state.ts';
import type { Config } from '../config.ts';
import { budgetEvidence } from '../evidence/budget.ts';
import { centsOf } from '../evidence/cents.ts';
import type { BudgetReport } from './report.ts';
import { spendLine } from './spend-line.ts';

/** Objects of the state bucket that are read side by side. */
export const READ_AT_ONCE = 32;

/** Ledgers that are held together. */
const MAX_LEDGERS = MAX_BUDGET_PROJECTS;

/** Of all budgets' lines of spend together: each sample takes a fit. */
const MAX_SAMPLES = 2_000;

/** The ledger of a project, or why there is none that can be used. */
export async function readLedger(state: State, project: string, nowMs: number): Promise<ReadLedger> {
  try {
    return parseLedger(project, (await state.read(ledgerObject(project)))?.text, nowMs);
  } catch (error) {
    return { kind: 'none', why: `the ledger cannot be read: ${messageOf(error)}` };
  }
}

export interface BudgetOptions {
  /** The project that is requested; undefined for all of the scope. */
  readonly only: string | undefined;
  readonly nowMs: number;
}

/** Where the policy's budgets stand, in its order. Those about other projects than the one that is requested are left out. */
export async function readBudgets(
  state: State,
  config: Config,
  options: BudgetOptions,
): Promise<readonly BudgetReport[]> {
  const all = await pMap(config.budgets, (budget) => readBudgetMessages(state, budget, options), {
    concurrency: READ_AT_ONCE,
  });
  const reports: BudgetReport[] = [];
  for (const group of groupsOf(all)) {
    const projects = [...new Set(group.flatMap(projectsOf))];
    const read = await pMap(projects, (project) => readLedger(state, project, options.nowMs), {
      concurrency: READ_AT_ONCE,
    });
    const ledgers = new Map(projects.map((project, index) => [project, read[index]]));
    for (const one of group)
      reports.push(
        ...(one.kind === 'told' ? one.reports : [reportBudget(one.messages, ledgers, config, options.nowMs)]),
      );
  }
  return reports;
}

function projectsOf(one: BudgetRead): readonly string[] {
  return one.kind === 'told' ? [] : one.messages.projects;
}

/** In their order, as many together as their ledgers may be held. */
function groupsOf(all: readonly BudgetRead[]): readonly (readonly BudgetRead[])[] {
  const groups: BudgetRead[][] = [];
  let held = Infinity;
  for (const one of all) {
    const more = projectsOf(one).length;
    if (held + more > MAX_LEDGERS) {
      groups.push([]);
      held = 0;
    }
    held += more;
    groups.at(-1)?.push(one);
  }
  return groups;
}

/** A budget's messages, or what can be told without its ledgers. */
type BudgetRead =
  | { readonly kind: 'told'; readonly reports: readonly BudgetReport[] }
  | { readonly kind: 'messages'; readonly messages: BudgetMessages };

async function readBudgetMessages(
  state: State,
  budget: string,
  { only, nowMs }: BudgetOptions,
): Promise<BudgetRead> {
  const nothing = { budget, displayName: budget, amount: 0, currencyCode: '' };
  const unknown = (why: string, about: AboutBudget = nothing): BudgetRead => {
    const notEvaluable = only === undefined ? why : `${why}; whether it covers ${only} is not known`;
    return { kind: 'told', reports: [notEvaluableReport(about, notEvaluable)] };
  };
  let text: string | undefined;
  try {
    text = (await state.read(messagesObject(budget)))?.text;
  } catch (error) {
    return unknown(`its messages cannot be read: ${messageOf(error)}`);
  }
  const messages = parseMessages(text);
  if (messages === undefined) return unknown(whyNoMessages(budget, text).why);
  const { projects } = messages;
  if (projects.length === 0) return unknown(whyNone(messages, nowMs), messages);
  if (only !== undefined && !projects.includes(only)) return { kind: 'told', reports: [] };
  if (projects.length <= MAX_LEDGERS) return { kind: 'messages', messages };
  return { kind: 'told', reports: [notEvaluableReport(messages, whyNone(messages, nowMs))] };
}

/** Why a budget none of whose ledgers is read has no estimate. */
function whyNone(messages: BudgetMessages, nowMs: number, without: readonly string[] = []): string {
  const standing = standingOf(
    { messages, ledgers: [], without },
    { discountAtMost: null, regions: [] },
    nowMs,
  );
  return standing.kind === 'none' ? standing.why : 'its ledgers were not read';
}

type AboutBudget = Pick<BudgetMessages, 'budget' | 'displayName' | 'amount' | 'currencyCode'>;

function notEvaluableReport(
  { budget, displayName, amount, currencyCode }: AboutBudget,
  notEvaluable: string,
): BudgetReport {
  return { budget, name: displayName, amount, currencyCode, notEvaluable };
}

function reportBudget(
  messages: BudgetMessages,
  read: ReadonlyMap<string, ReadLedger | undefined>,
  config: Config,
  nowMs: number,
): BudgetReport {
  const projects = [...messages.projects].sort();
  const ledgers = projects.flatMap((project) => {
    const one = read.get(project);
    return one?.kind === 'ledger' ? [one.ledger] : [];
  });
  const without = projects.flatMap((project) => {
    const one = read.get(project);
    return one?.kind === 'ledger' ? [] : [`${project}: ${one?.why ?? 'its ledger was not read'}`];
  });
  const [own, ...others] = ledgers;
  if (own === undefined) return notEvaluableReport(messages, whyNone(messages, nowMs, without));
  const evidence = budgetEvidence({ messages, others, without }, own, config, nowMs);
  if (evidence.notEvaluable !== undefined) return evidence;
  const { period } = messages;
  return {
    ...evidence,
    ...(period.endMs === undefined ? {} : { periodEnd: new Date(period.endMs).toISOString() }),
    ...(evidence.growthUsdPerHour === undefined
      ? {}
      : { burnUsdPerHour: centsOf(sumBands(ledgers.map(rateOf))) }),
    reports: period.points.map(({ atMs, cost }) => ({ at: new Date(atMs).toISOString(), usd: cost })),
    line: spendLine(ledgers, messages, {
      nowMs,
      discountAtMost: config.discountAtMost,
      regions: config.regions,
      most: Math.floor(MAX_SAMPLES / config.budgets.length),
    }),
  };
}
