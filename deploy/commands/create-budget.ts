import * as z from 'zod/mini';
import type { Policy } from '../../shared/policy/policy.ts';
import { resourceId } from '../../shared/google/resource-name.ts';
import { checkNoOperands, readCommandLine } from '../command-line.ts';
import { checkGcloud, projectNumber } from './host-project.ts';
import { enableBudgets, judgeCurrency, tellScope } from './budget-checks.ts';
import { apply } from './apply.ts';
import { effectsOf, many, PROJECT, readPolicy, required, run, type Tools } from './command.ts';
import { readJson } from '../actual/gcloud.ts';
import { parseList, type Unread } from '../actual/read-answer.ts';
import { topicOf } from '../desired/names.ts';
import {
  findBudget,
  judgeAdoption,
  planBudget,
  type ActualBudget,
  type DesiredBudget,
} from '../plan/budget.ts';
import { NotReady, WrongUsage, type Problem } from '../desired/problem.ts';
import { readBudgets } from './read-budgets.ts';
import { readApis } from '../actual/read-actual.ts';
import { showPlan } from '../desired/step.ts';

const usage = `Usage: deploy/create-budget.sh --policy costguard.yaml --project OPS
           --billing-account ACCOUNT --amount 500USD [options]

Makes the budget that drives the kill switch, or brings an existing one of the
same name up to date: alerts at 50, 80 and 100 % and at each rung of the
policy's ladder, on actual and on forecast cost, credits not counted, sent to
the switch's topic in the operations project, which it makes where it is
missing. Thresholds and projects that it finds stay.
  --policy FILE              the policy: its ladder, and the projects of its
                             scope
  --project OPS              the operations project
  --billing-account ACCOUNT  who pays, such as 0A1B2C-3D4E5F-6A7B8C
  --amount AMOUNT            a month, with the account's currency; needed for a
                             new budget only
  --name NAME                what it is called; "costguard" when absent
  --target PROJECT           a project that it covers, repeatable; when absent
                             all of the policy's scope together: then one amount
                             is for them all, and the ladder acts on all of them
  --plan                     look at what is there and print the commands;
                             change nothing
Exit code: 0 the budget is as it should be, 1 it is not, 2 wrong usage.
`;

const ACCOUNT = /^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/;
const AMOUNT = /^[0-9]+(?:\.[0-9]+)?[A-Z]{3}$/;

/** What every budget tells of, whatever the ladder says. */
const COMMON_THRESHOLDS = [0.5, 0.8, 1];

export async function createBudgetCommand(args: readonly string[], tools: Tools): Promise<number> {
  return run(usage, tools, async () => {
    const { project, account, amount, displayName, policy, targets, planOnly } = await readOptions(args);
    await checkGcloud(tools.gcloud, false);
    const problems: Problem[] = [];
    const desired: DesiredBudget = {
      project,
      account: `billingAccounts/${account}`,
      topic: topicOf('budget-kill-switch'),
      displayName,
      amount,
      projects: await numbersOf(tools, targets.length > 0 ? targets : targetsOf(policy), project, problems),
      thresholds: thresholdsOf(policy),
    };
    problems.push(...(await judgeCurrency(tools, account, amount)));
    if (!(await enableBudgets(tools, project, problems, planOnly))) return 0;
    if (targets.length === 0) tellScope(tools, desired);
    const { budget, problems: unclear } = findBudget(desired, await readBudgets(tools, desired));
    problems.push(...unclear, ...(budget === undefined ? [] : judgeAdoption(desired, budget)));
    if (budget === undefined && unclear.length === 0 && amount === undefined)
      problems.push({
        what: `There is no budget "${displayName}" yet, and no amount for a new one.`,
        remedy: ['Add --amount, such as --amount 500USD'],
      });
    if (problems.length > 0) throw new NotReady(problems);
    const topic = await readTopic(tools, desired);
    const steps = planBudget(desired, { ...topic, budget });
    if (planOnly) {
      tools.out(
        steps.length === 0
          ? '# Nothing to do: the budget is as it should be.\n'
          : `# Nothing was changed.\n\n${showPlan(steps)}`,
      );
      return 0;
    }
    await apply(effectsOf(tools), steps);
    const made = steps.length === 0 ? budget : findBudget(desired, await readBudgets(tools, desired)).budget;
    if (!isKept(tools, desired, made)) return 1;
    tellName(tools, policy, made.name);
    return 0;
  });
}

/** Whether the budget can be seen as it was made: what Google takes without a word is not always what it keeps. */
function isKept(
  { err }: Tools,
  desired: DesiredBudget,
  made: ActualBudget | undefined,
): made is ActualBudget {
  if (made === undefined) {
    err('The new budget cannot be seen yet; run the same command again in a minute.\n');
    return false;
  }
  const open = planBudget(desired, { pubsubEnabled: true, topicExists: true, budget: made });
  for (const { why } of open) err(`Google has not kept all of it. ${why}\n`);
  return open.length === 0;
}

/** The options, and the policy that they name. */
async function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values, positionals } = readCommandLine(usage, args, {
    policy: text,
    project: text,
    'billing-account': text,
    amount: text,
    name: text,
    target: { type: 'string', multiple: true },
    plan: { type: 'boolean' },
  });
  checkNoOperands(positionals);
  return {
    project: required(values, 'project', 'my-ops-project', PROJECT),
    account: required(values, 'billing-account', '0A1B2C-3D4E5F-6A7B8C', ACCOUNT),
    amount: values['amount'] === undefined ? undefined : plain(required(values, 'amount', '500USD', AMOUNT)),
    displayName: values['name'] === undefined ? 'costguard' : required(values, 'name', 'NAME', /^.{1,60}$/),
    policy: await readPolicy(required(values, 'policy', 'costguard.yaml'), { budgetsToCome: true }),
    targets: many(values, 'target'),
    planOnly: values['plan'] === true,
  };
}

/** `500.00USD` as `500USD`. */
function plain(amount: string): string {
  return `${Number(amount.slice(0, -3))}${amount.slice(-3)}`;
}

/** What has to be in the policy for the switch to do more than notify. */
function tellName({ out }: Tools, policy: Policy, name: string): void {
  if (policy.budgets?.allow.includes(name) === true) out(`The budget is as it should be: ${name}\n`);
  else
    out(
      `The budget is as it should be. Name it in the policy, and run deploy/deploy.sh again:\n  budgets:\n    allow: [${name}]\n`,
    );
}

function thresholdsOf(policy: Policy): readonly number[] {
  const shares = [...COMMON_THRESHOLDS, ...(policy.budgets?.ladder ?? []).map(({ at }) => at)];
  return [...new Set(shares)].sort((a, b) => a - b);
}

/** A budget can cover folders, but the switch acts on projects that a budget names. */
function targetsOf({ scope }: Policy): readonly string[] {
  const wide = scope.filter((on) => !on.startsWith('projects/'));
  if (wide.length > 0)
    throw new WrongUsage(
      `The policy's scope holds ${wide.join(', ')}, and the switch acts on projects that a budget names: name them with --target.`,
    );
  return scope.map((on) => on.slice('projects/'.length));
}

/** The API knows the projects of a budget by number. */
async function numbersOf(
  { gcloud }: Tools,
  ids: readonly string[],
  host: string,
  problems: Problem[],
): Promise<ReadonlyMap<string, string>> {
  const numbers = new Map<string, string>();
  for (const id of ids) {
    if (id === host)
      problems.push({
        what: `${id} is the operations project: the switch runs in it and never touches it.`,
        remedy: ['Leave it out; run costguard in a project of its own'],
      });
    const number = await projectNumber(gcloud, id, problems);
    if (number !== undefined) numbers.set(`projects/${number}`, id);
  }
  return numbers;
}

async function readTopic(
  { gcloud, err }: Tools,
  { project, topic }: DesiredBudget,
): Promise<{ readonly pubsubEnabled: boolean; readonly topicExists: boolean }> {
  const tell = ({ says }: Unread): void => {
    err(`Left out: ${says}\n`);
  };
  if (!(await readApis(gcloud, project, tell)).has('pubsub.googleapis.com'))
    return { pubsubEnabled: false, topicExists: false };
  const args = ['pubsub', 'topics', 'list', `--project=${project}`];
  const topics = parseList(args, z.looseObject({ name: z.string() }), await readJson(gcloud, args), tell);
  return { pubsubEnabled: true, topicExists: topics.some(({ name }) => resourceId(name) === topic) };
}
