import type { Actual } from '../actual/actual.ts';
import type { Desired } from '../desired/desired.ts';
import type { Problem } from '../desired/problem.ts';
import type { Step } from '../desired/step.ts';
import { goingTopic, judgeGoingTopic, type GoingTopic, type TopicBudgets } from '../plan/topic-budgets.ts';
import { apply } from './apply.ts';
import { effectsOf, type Tools, type Values } from './command.ts';
import { readTopicBudgets } from './read-budgets.ts';

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
  const budgets = await readTopicBudgets(tools, desired.project, topic);
  return { topic, budgets, problems: judgeGoingTopic(topic, budgets, values['disconnect-budgets'] === true) };
}

/** Takes the topic out of the budgets, and reads them again before it goes: what Google takes without a word is not always what it keeps. */
export async function disconnectBudgets(
  tools: Tools,
  { project }: Pick<Desired, 'project'>,
  topic: GoingTopic,
  steps: readonly Step[],
): Promise<void> {
  if (steps.length === 0) return;
  await apply(effectsOf(tools), steps);
  const { notifying, unseen } = await readTopicBudgets(tools, project, topic);
  const still = [
    ...notifying,
    ...[...unseen.keys()].map((account) => `budgets of ${account}, which cannot be seen now`),
  ];
  if (still.length > 0)
    throw new Error(
      `Cannot delete "${topic.name}": ${still.join(', ')} still notify it. Nothing else was changed. Run it again, or open the budget in the console and disconnect it from Pub/Sub there: https://console.cloud.google.com/billing`,
    );
}
