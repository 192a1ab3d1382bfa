import * as z from 'zod/mini';
import { apply } from './apply.ts';
import { effectsOf, type Tools } from './command.ts';
import { isUnseen, readJsonIfAny } from '../actual/gcloud.ts';
import { parseOne, type Unread } from '../actual/read-answer.ts';
import type { DesiredBudget } from '../plan/budget.ts';
import { NotReady, type Problem } from '../desired/problem.ts';
import { readApis } from '../actual/read-actual.ts';
import { showPlan, type Step } from '../desired/step.ts';

const accountSchema = z.looseObject({ currencyCode: z.optional(z.string()) });

/** Google takes no budget in another currency than its account's (google/type/money in budget_model.proto). */
export async function judgeCurrency(
  { gcloud }: Tools,
  account: string,
  amount: string | undefined,
): Promise<readonly Problem[]> {
  if (amount === undefined) return [];
  // Who may make budgets may not always see the account; then Google itself refuses a wrong currency.
  const args = ['billing', 'accounts', 'describe', account];
  const answer = await readJsonIfAny(gcloud, args, isUnseen);
  const { currencyCode } = parseOne(args, accountSchema, answer ?? {});
  if (currencyCode === undefined || currencyCode === '' || amount.endsWith(currencyCode)) return [];
  return [
    {
      what: `--amount is ${amount}, and billingAccounts/${account} is billed in ${currencyCode}: a budget takes no other currency.`,
      remedy: [`Give the amount in ${currencyCode}, such as --amount 500${currencyCode}`],
    },
  ];
}

/** False where a plan ends here: without the API no budget can be seen. */
export async function enableBudgets(
  tools: Tools,
  project: string,
  problems: readonly Problem[],
  plan: boolean,
): Promise<boolean> {
  const tell = ({ says }: Unread): void => {
    tools.err(`An API is left out: ${says}\n`);
  };
  if ((await readApis(tools.gcloud, project, tell)).has(BUDGETS_API)) return true;
  if (problems.length > 0) throw new NotReady(problems);
  const step: Step = {
    why: `Budgets are read and made with ${project} as the quota project`,
    args: ['services', 'enable', BUDGETS_API, `--project=${project}`],
  };
  if (plan)
    tools.out(`# Nothing was changed. No budget can be seen before this has run:\n\n${showPlan([step])}`);
  else await apply(effectsOf(tools), [step]);
  return !plan;
}

const BUDGETS_API = 'billingbudgets.googleapis.com';

/** Without --target one budget is for all projects: that has to be said, and what else there is. */
export function tellScope({ out }: Tools, { displayName, projects }: DesiredBudget): void {
  const ids = [...projects.values()];
  if (ids.length < 2) return;
  out(
    `# One budget, "${displayName}", covers the whole scope, ${ids.join(', ')}: when their cost together passes a rung, the ladder acts on all of them.\n# For a budget of its own for each project run this once for each, with the options above and:\n${ids.map((id) => `#   --name ${displayName}-${id} --target ${id}\n`).join('')}`,
  );
}
