import { z } from 'zod';

const BUDGET_NAME = /^billingAccounts\/([^/]+)\/budgets\/[^/]+$/;

const budgetSchema = z.strictObject({
  /** billingAccounts/A/budgets/B */
  name: z.string().regex(BUDGET_NAME),
  displayName: z.string().max(60),
  /** Ids; without any it covers all projects of the account. */
  projects: z.array(z.string()).default([]),
  usd: z.number().positive(),
  /** Thresholds of spend that has happened, as fractions of the amount. */
  thresholds: z.array(z.number().nonnegative()).default([]),
  forecastThresholds: z.array(z.number().nonnegative()).default([]),
  /** projects/P/topics/T; it is there when the sandbox starts. */
  topic: z
    .string()
    .regex(/^projects\/[^/]+\/topics\/[^/]+$/)
    .optional(),
  creditTypesTreatment: z
    .enum(['INCLUDE_ALL_CREDITS', 'EXCLUDE_ALL_CREDITS', 'INCLUDE_SPECIFIED_CREDITS'])
    .default('INCLUDE_ALL_CREDITS'),
  creditTypes: z.array(z.string()).default([]),
  calendarPeriod: z.enum(['MONTH', 'QUARTER', 'YEAR']).default('MONTH'),
  /** What was spent in the period that runs when the clock starts, beside what its projects say. */
  spentUsd: z.number().nonnegative().default(0),
});

/** The key `billing` of a scenario. */
export const billingSeedSchema = z.strictObject({
  /** The first one pays for all projects that name none. */
  accounts: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[^/]+$/),
        displayName: z.string().default('Billing account'),
        open: z.boolean().default(true),
        currencyCode: z.string().length(3).default('USD'),
        /** Of a subaccount: the id of the account through which it is resold. */
        masterAccount: z.string().optional(),
      }),
    )
    .min(1)
    .prefault([{ id: '00AAAA-00AAAA-00AAAA' }]),
  budgets: z.array(budgetSchema).default([]),
  /** Budget messages tell the cost as it was this long ago. */
  notificationLagMinutes: z.number().nonnegative().default(0),
  /** Share of the messages that are published twice. */
  duplicateProbability: z.number().min(0).max(1).default(0),
  /** Share of the messages that are published after the one that follows them. */
  reorderProbability: z.number().min(0).max(1).default(0),
  /** For the times between messages and the two shares. */
  seed: z.int().default(1),
  /** How long `billingEnabled` still reads as before after a change. */
  readDelaySeconds: z.number().nonnegative().default(0),
});

export type BillingSeed = z.infer<typeof billingSeedSchema>;
export type BudgetSeed = BillingSeed['budgets'][number];
