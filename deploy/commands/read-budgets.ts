import * as z from 'zod/mini';
import { patientGcloud } from './apply.ts';
import { effectsOf, type Tools } from './command.ts';
import { readJson } from '../actual/gcloud.ts';
import { parseList } from '../actual/read-answer.ts';
import { textField } from '../../shared/google/read-items.ts';
import { NotReady } from '../desired/problem.ts';
import { shellLine } from '../desired/step.ts';
import { quotaFlag, type ActualBudget, type DesiredBudget } from '../plan/budget.ts';

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
  const place = `--billing-account=${account.replace('billingAccounts/', '')}`;
  const args = ['billing', 'budgets', 'list', place, quotaFlag(project)];
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
