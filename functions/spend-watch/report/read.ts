import pMap from 'p-map';
import { messageOf, PermanentError } from '../../../shared/errors.ts';
import { isInScope, listProjects } from '../../../shared/google/projects.ts';
import { noteStrange } from '../../../shared/google/read-items.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { Refusal } from '../../../shared/run/handle-request.ts';
import type { Gap } from '../../../shared/run/receipt.ts';
import { rateOf } from '../../../shared/spend/accrued.ts';
import { sumBands } from '../../../shared/spend/band.ts';
import { ledgerObject, parseLedger, type Ledger, type ReadLedger } from '../../../shared/spend/ledger.ts';
import { messagesObject, parseMessages } from '../../../shared/spend/messages.ts';
import type { State } from '../../../shared/state/state.ts';
import type { Config } from '../config.ts';
import { budgetEvidence } from '../evidence/budget.ts';
import { centsOf } from '../evidence/cents.ts';
import { buildReport, projectPart, type BudgetReport, type BurnReport } from './report.ts';
import type { Wanted } from './request.ts';
import { spendLine } from './spend-line.ts';

const READ_AT_ONCE = 16;

/** More projects than this are not answered in one request. */
const MAX_PROJECTS = 2_000;

/** The ledgers of a budget are held together; one with more projects is told by its receipt alone. */
const MAX_BUDGET_PROJECTS = 100;

/**
 * The burn of the scope, or of one project, from the ledgers and messages in the state bucket. What cannot be read is said in its
 * place. Throws `Refusal` for a project that is not in scope.
 */
export async function readBurn(
  context: EventContext,
  config: Config,
  wanted: Pick<Wanted, 'project'>,
): Promise<BurnReport> {
  const { state, runtime, policy } = context;
  if (state === undefined)
    throw new PermanentError('Cannot read ledgers: the policy has no state bucket; add state: gs://BUCKET');
  const incomplete: Gap[] = [];
  const projects = await projectsOf(context, wanted.project, incomplete);
  const nowMs = runtime.now().getTime();
  const parts = await pMap(
    projects,
    async (project) => projectPart(project, await readLedger(state, project), config, nowMs),
    { concurrency: READ_AT_ONCE },
  );
  const budgets = await pMap(
    config.budgets,
    (budget) => readBudget(state, config, budget, { only: wanted.project, nowMs }),
    { concurrency: 1 },
  );
  const scope = wanted.project === undefined ? policy.scope : [`projects/${wanted.project}`];
  return buildReport(scope, parts, budgets.flat(), incomplete, nowMs);
}

async function projectsOf(
  { api, policy }: EventContext,
  project: string | undefined,
  incomplete: Gap[],
): Promise<readonly string[]> {
  if (project !== undefined) {
    if (await isInScope(api, policy.scope, project)) return [project];
    throw new Refusal(
      403,
      `Cannot look at project ${JSON.stringify(project)}: it is outside the policy’s scope (${policy.scope.join(', ')}), or does not exist`,
    );
  }
  const all = await listProjects(api, policy.scope, (parent, strange) => {
    noteStrange((gap) => void incomplete.push(gap), parent, strange);
  });
  if (all.length > MAX_PROJECTS)
    incomplete.push({
      where: policy.scope.join(', '),
      why: `${all.length} projects, of which the first ${MAX_PROJECTS} are told: name one by project=ID`,
    });
  return all.slice(0, MAX_PROJECTS);
}

async function readLedger(state: State, project: string): Promise<ReadLedger> {
  try {
    return parseLedger(project, (await state.read(ledgerObject(project)))?.text);
  } catch (error) {
    return { kind: 'none', why: `the ledger cannot be read: ${messageOf(error)}` };
  }
}

async function readBudget(
  state: State,
  config: Config,
  budget: string,
  { only, nowMs }: { readonly only: string | undefined; readonly nowMs: number },
): Promise<readonly BudgetReport[]> {
  const unknown = (why: string): readonly BudgetReport[] => {
    const notEvaluable = only === undefined ? why : `${why}; whether it covers ${only} is not known`;
    return [{ budget, name: budget, amount: 0, currencyCode: '', notEvaluable }];
  };
  let text: string | undefined;
  try {
    text = (await state.read(messagesObject(budget)))?.text;
  } catch (error) {
    return unknown(`its messages cannot be read: ${messageOf(error)}`);
  }
  if (text === undefined) return unknown('none of its messages has reached the kill switch yet');
  const messages = parseMessages(text);
  if (messages === undefined) return unknown(`"${messagesObject(budget)}" is damaged`);
  const { projects, displayName, amount, currencyCode, period } = messages;
  if (only !== undefined && !projects.includes(only)) return [];
  const about = { budget, name: displayName, amount, currencyCode };
  if (projects.length > MAX_BUDGET_PROJECTS)
    return [
      {
        ...about,
        notEvaluable: `it has ${projects.length} projects: see the receipt of ${[...projects].sort()[0] ?? ''}`,
      },
    ];
  const ledgers: Ledger[] = [];
  const without: string[] = [];
  for (const project of [...projects].sort()) {
    const read = await readLedger(state, project);
    if (read.kind === 'ledger') ledgers.push(read.ledger);
    else without.push(project);
  }
  const [own, ...others] = ledgers;
  if (own === undefined)
    return [
      {
        ...about,
        notEvaluable: `no ledger of ${without.slice(0, 10).join(', ')}: what runs there is not known`,
      },
    ];
  const evidence = budgetEvidence({ messages, others, without }, own, config, nowMs);
  if (evidence.notEvaluable !== undefined) return [evidence];
  return [
    {
      ...evidence,
      ...(period.endMs === undefined ? {} : { periodEnd: new Date(period.endMs).toISOString() }),
      burnUsdPerHour: centsOf(sumBands(ledgers.map(rateOf))),
      reports: period.points.map(({ atMs, cost }) => ({ at: new Date(atMs).toISOString(), usd: cost })),
      line: spendLine(ledgers, messages, nowMs),
    },
  ];
}
