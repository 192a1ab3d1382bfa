import * as z from 'zod/mini';
import { patientGcloud } from './apply.ts';
import { effectsOf, type Tools } from './command.ts';
import { readJson } from '../actual/gcloud.ts';
import { quotaFlag, type PresentBudget, type WantedBudget } from '../plan/budget.ts';

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

/** The budgets of an account. Throws `GcloudFailed`. */
export async function readBudgets(
  tools: Tools,
  { account, project }: Pick<WantedBudget, 'account' | 'project'>,
): Promise<readonly PresentBudget[]> {
  const answer = await readJson(patientGcloud(effectsOf(tools)), [
    'billing',
    'budgets',
    'list',
    `--billing-account=${account.replace('billingAccounts/', '')}`,
    quotaFlag(project),
  ]);
  return z.array(budgetSchema).parse(answer).map(toBudget);
}

function toBudget(one: z.infer<typeof budgetSchema>): PresentBudget {
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
