import * as z from 'zod/mini';
import { patientGcloud } from './apply.ts';
import { effectsOf, type Tools } from './command.ts';
import { GcloudFailed, readJson } from '../actual/gcloud.ts';
import { parseList } from '../actual/read-answer.ts';
import { textField } from '../../shared/google/read-items.ts';
import { NotReady } from '../desired/problem.ts';
import { shellLine } from '../desired/step.ts';
import { quotaFlag, type ActualBudget, type DesiredBudget } from '../plan/budget.ts';
import type { GoingTopic, TopicBudgets } from '../plan/topic-budgets.ts';
import { resourceId } from '../../shared/google/resource-name.ts';

const budgetSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  amount: z.optional(
    z.looseObject({
      specifiedAmount: z.optional(
        z.looseObject({
          currencyCode: z.optional(z.string()),
          units: z.optional(z.union([z.string(), z.number()])),
          nanos: z.optional(z.number()),
        }),
      ),
    }),
  ),
  budgetFilter: z.optional(
    z.looseObject({
      projects: z.optional(z.array(z.string())),
      creditTypesTreatment: z.optional(z.string()),
    }),
  ),
  thresholdRules: z.optional(
    z.array(z.looseObject({ thresholdPercent: z.optional(z.number()), spendBasis: z.optional(z.string()) })),
  ),
  notificationsRule: z.optional(z.looseObject({ pubsubTopic: z.optional(z.string()) })),
  spendCap: z.optional(z.unknown()),
});

/**
 * The budgets of an account. One that cannot be read is named and left out; throws `NotReady` where it could be the desired one,
 * of which there would be two then.
 */
export async function readBudgets(
  tools: Tools,
  { account, project, displayName }: Pick<DesiredBudget, 'account' | 'project' | 'displayName'>,
): Promise<readonly ActualBudget[]> {
  const args = listOf(account, project);
  const answer = await readJson(patientGcloud(effectsOf(tools)), args);
  const budgets = parseList(args, budgetSchema, answer, ({ says, raw }) => {
    if ((textField(raw, 'displayName') ?? displayName) === displayName)
      throw new NotReady([
        {
          what: `Whether a budget "${displayName}" is there cannot be told: ${says}.`,
          remedy: [shellLine(args)],
        },
      ]);
    tools.err(`A budget is left out: ${says}\n`);
  });
  return budgets.map(toBudget);
}

function listOf(account: string, project: string): readonly string[] {
  const place = `--billing-account=${resourceId(account)}`;
  return ['billing', 'budgets', 'list', place, quotaFlag(project)];
}

/** Which budgets of these accounts notify the topic, and of which accounts that cannot be told. */
export async function readTopicBudgets(
  { gcloud }: Pick<Tools, 'gcloud'>,
  project: string,
  { name, byNumber, accounts }: GoingTopic,
): Promise<TopicBudgets> {
  const notifying: string[] = [];
  const unseen = new Map<string, string>();
  for (const account of accounts) {
    const args = listOf(account, project);
    try {
      const answer = await readJson(gcloud, args);
      // One without a topic that can be read may notify this one.
      const budgets = parseList(args, budgetSchema, answer, ({ says }) => void unseen.set(account, says));
      const topics = budgets.map(toBudget).filter(({ topic }) => topic === name || topic === byNumber);
      notifying.push(...topics.map((budget) => budget.name));
    } catch (error) {
      if (!(error instanceof GcloudFailed)) throw error;
      unseen.set(account, error.message);
    }
  }
  return { notifying, unseen };
}

function toBudget(one: z.infer<typeof budgetSchema>): ActualBudget {
  const { units = 0, nanos = 0, currencyCode = '' } = one.amount?.specifiedAmount ?? {};
  const topic = one.notificationsRule?.pubsubTopic;
  return {
    name: one.name,
    displayName: one.displayName ?? '',
    amount:
      one.amount?.specifiedAmount === undefined ? undefined : `${Number(units) + nanos / 1e9}${currencyCode}`,
    projects: one.budgetFilter?.projects ?? [],
    topic: topic === '' ? undefined : topic,
    capsSpend: one.spendCap !== undefined && one.spendCap !== null,
    excludesCredits: one.budgetFilter?.creditTypesTreatment === 'EXCLUDE_ALL_CREDITS',
    rules: (one.thresholdRules ?? []).map(
      ({ thresholdPercent = 0, spendBasis }) =>
        `${thresholdPercent} ${spendBasis === 'FORECASTED_SPEND' ? 'forecasted' : 'current'}`,
    ),
  };
}
