import type { Actual } from '../actual/actual.ts';
import type { Desired } from '../desired/desired.ts';
import type { Problem } from '../desired/problem.ts';
import type { Step } from '../desired/step.ts';
import {
  goingTopic,
  judgeGoingTopic,
  planDisconnection,
  saidOfDisconnected,
  type GoingTopic,
  type TopicBudgets,
} from '../plan/topic-budgets.ts';
import { apply } from './apply.ts';
import { effectsOf, type Tools, type Values } from './command.ts';
import { readTopicBudgets } from './read-budgets.ts';
import { accountOf, resourceId } from '../../shared/google/resource-name.ts';

/** What a teardown knows of the budgets that notify the topic which it deletes. */
export interface BudgetsLook {
  readonly topic?: GoingTopic | undefined;
  /** Undefined where nothing was looked at. */
  readonly budgets?: TopicBudgets | undefined;
  /** Why it must not begin. */
  readonly problems: readonly Problem[];
}

/** A topic and the budgets that notify it are kept together: without a word a budget would notify nothing. */
export async function lookAtBudgets(
  tools: Tools,
  desired: Desired,
  actual: Actual,
  steps: readonly Step[],
  values: Values,
): Promise<BudgetsLook> {
  const topic = goingTopic(desired, actual, steps);
  if (topic === undefined || values['leave-budgets'] === true) return { topic, problems: [] };
  const disconnects = values['disconnect-budgets'] === true;
  const budgets = await readTopicBudgets(tools, desired.project, topic);
  const problems = [
    ...judgeGoingTopic(topic, budgets, disconnects),
    ...(disconnects ? await checkDisconnection(tools, budgets) : []),
  ];
  return { topic, budgets, problems };
}

/** What the caller may not do is found before anything goes. */
async function checkDisconnection(
  { missingPermissions }: Pick<Tools, 'missingPermissions'>,
  { notifying }: TopicBudgets,
): Promise<readonly Problem[]> {
  const accounts = new Set(notifying.map(accountOf));
  const problems: Problem[] = [];
  for (const account of accounts)
    for (const permission of await missingPermissions(account, ['billing.budgets.update']))
      problems.push({
        what: `You lack ${permission} on ${account}, without which its budgets cannot be disconnected.`,
        remedy: [
          `gcloud billing accounts add-iam-policy-binding ${resourceId(account)} --member=user:YOUR_EMAIL --role=roles/billing.costsManager`,
        ],
      });
  return problems;
}

/** A teardown's steps, in their order. */
export interface TeardownSteps {
  readonly before: readonly Step[];
  /** Of the budgets that notify the topic; empty where they are left as they are. */
  readonly disconnection: readonly Step[];
  /** From the topic's own deletion on. */
  readonly after: readonly Step[];
}

/** Budgets are disconnected directly before the topic goes: a step that fails earlier leaves a switch that still hears of them. Pure. */
export function aroundTopic(
  { project }: Pick<Desired, 'project'>,
  steps: readonly Step[],
  { topic, budgets }: Pick<BudgetsLook, 'topic' | 'budgets'>,
  disconnects: boolean,
): TeardownSteps {
  const stepsBefore = topic?.stepsBefore ?? steps.length;
  return {
    before: steps.slice(0, stepsBefore),
    disconnection: disconnects ? planDisconnection(project, budgets?.notifying ?? []) : [],
    after: steps.slice(stepsBefore),
  };
}

/** Carries a teardown out. Says which budgets notify nothing where the topic stays after that, and how to connect them again. */
export async function applyTeardown(
  tools: Tools,
  { project }: Pick<Desired, 'project'>,
  { before, disconnection, after }: TeardownSteps,
  { topic, budgets }: Pick<BudgetsLook, 'topic' | 'budgets'>,
): Promise<void> {
  const effects = effectsOf(tools);
  const stepsInAll = before.length + disconnection.length + after.length;
  const applyPart = (steps: readonly Step[], stepsBefore: number): Promise<void> =>
    apply(effects, steps, { stepsBefore, stepsInAll });
  await applyPart(before, 0);
  if (topic === undefined || disconnection.length === 0) return applyPart(after, before.length);
  try {
    await applyPart(disconnection, before.length);
    await requireDisconnected(tools, project, topic);
    await applyPart(after.slice(0, 1), before.length + disconnection.length);
  } catch (error) {
    await sayDisconnected(tools, project, topic, budgets?.notifying ?? []);
    throw error;
  }
  return applyPart(after.slice(1), before.length + disconnection.length + 1);
}

/** Reads the budgets again before the topic goes: what Google takes without a word is not always what it keeps. */
async function requireDisconnected(tools: Tools, project: string, topic: GoingTopic): Promise<void> {
  const { notifying, unseen } = await readTopicBudgets(tools, project, topic);
  const still = [
    ...notifying,
    ...[...unseen.keys()].map((account) => `budgets of ${account}, which cannot be seen now`),
  ];
  if (still.length > 0)
    throw new Error(
      `Cannot delete "${topic.name}": ${still.join(', ')} still notify it. Run it again, or open the budget in the console and disconnect it from Pub/Sub there: https://console.cloud.google.com/billing`,
    );
}

async function sayDisconnected(
  tools: Tools,
  project: string,
  topic: GoingTopic,
  before: readonly string[],
): Promise<void> {
  const said = saidOfDisconnected(topic, project, before, await readTopicBudgets(tools, project, topic));
  if (said !== '') tools.err(`${said}\n\n`);
}
