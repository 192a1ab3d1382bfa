import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Message } from '../../http/proto-service.ts';
import type { Projects } from '../resource-manager/projects.ts';

/* What the comments of google/cloud/billing/budgets/v1/budget_model.proto demand of a budget. */

const money = z.object({
  currencyCode: z.string().optional(),
  units: z.string().default('0'),
  nanos: z.int().min(0).max(999_999_999).optional(),
});

const budget = z.object({
  displayName: z.string().max(60, 'display_name is limited to 60 characters').optional(),
  budgetFilter: z
    .object({
      projects: z.array(z.string()).optional(),
      resourceAncestors: z.array(z.string().regex(/^(?:folders|organizations)\/\d+$/)).optional(),
      creditTypes: z.array(z.string()).optional(),
      creditTypesTreatment: z.string().default('INCLUDE_ALL_CREDITS'),
      services: z.array(z.string().regex(/^services\/[^/]+$/)).optional(),
      subaccounts: z.array(z.string().regex(/^billingAccounts\/[^/]+$/)).optional(),
      labels: z.record(z.string(), z.unknown()).optional(),
      calendarPeriod: z.string().optional(),
      customPeriod: z.record(z.string(), z.unknown()).optional(),
    })
    .prefault({}),
  amount: z.object(
    { specifiedAmount: money.optional(), lastPeriodAmount: z.object({}).optional() },
    'amount is required',
  ),
  thresholdRules: z
    .array(
      z.object({
        thresholdPercent: z.number('threshold_percent is required').nonnegative(),
        spendBasis: z.string().default('CURRENT_SPEND'),
      }),
    )
    .default([]),
  notificationsRule: z
    .object({
      pubsubTopic: z.string().optional(),
      schemaVersion: z.string().optional(),
      monitoringNotificationChannels: z.array(z.string()).optional(),
      disableDefaultIamRecipients: z.boolean().optional(),
      enableProjectLevelRecipients: z.boolean().optional(),
    })
    .optional(),
});

type Budget = z.infer<typeof budget>;

/** The budget as Google returns it: defaults filled in, projects by number. Throws INVALID_ARGUMENT. */
export function checkBudget(
  value: Message,
  options: { readonly currency: string; readonly projects: Projects },
): Message {
  const parsed = budget.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const given = parsed.data;
  checkFilter(given);
  checkNotifications(given);
  const { customPeriod } = given.budgetFilter;
  return {
    ...given,
    budgetFilter: {
      ...given.budgetFilter,
      ...(given.budgetFilter.projects === undefined
        ? {}
        : { projects: given.budgetFilter.projects.map((name) => byNumber(name, options.projects)) }),
      ...(customPeriod === undefined ? { calendarPeriod: given.budgetFilter.calendarPeriod ?? 'MONTH' } : {}),
    },
    amount: checkAmount(given, options.currency),
  };
}

function checkAmount({ amount, budgetFilter }: Budget, currency: string): Message {
  const { specifiedAmount, lastPeriodAmount } = amount;
  if ((specifiedAmount === undefined) === (lastPeriodAmount === undefined))
    throw invalid('amount must have exactly one of specified_amount and last_period_amount');
  if (specifiedAmount === undefined) {
    if (budgetFilter.customPeriod !== undefined)
      throw invalid('last_period_amount can be set only with a calendar period');
    return { lastPeriodAmount: {} };
  }
  if ((specifiedAmount.currencyCode ?? currency) !== currency)
    throw invalid(`currency_code must be that of the billing account, ${currency}`);
  if (Number(specifiedAmount.units) < 0) throw invalid('specified_amount must not be negative');
  return { specifiedAmount: { ...specifiedAmount, currencyCode: currency } };
}

function checkFilter({ budgetFilter, thresholdRules }: Budget): void {
  const { calendarPeriod, customPeriod, creditTypes = [], creditTypesTreatment, labels = {} } = budgetFilter;
  if (calendarPeriod !== undefined && customPeriod !== undefined)
    throw invalid('budget_filter must have at most one of calendar_period and custom_period');
  if (customPeriod !== undefined && customPeriod['startDate'] === undefined)
    throw invalid('custom_period.start_date is required');
  if ((creditTypesTreatment === 'INCLUDE_SPECIFIED_CREDITS') !== creditTypes.length > 0)
    throw invalid('credit_types must be given with INCLUDE_SPECIFIED_CREDITS, and only then');
  const values = Object.values(labels);
  if (values.length > 1 || values.some((list) => !Array.isArray(list) || list.length !== 1))
    throw invalid('labels take a single key with a single value');
  if (
    customPeriod !== undefined &&
    thresholdRules.some(({ spendBasis }) => spendBasis === 'FORECASTED_SPEND')
  )
    throw invalid('FORECASTED_SPEND can be used only with a calendar period');
}

const MAX_CHANNELS = 5;

function checkNotifications({ notificationsRule = {}, thresholdRules, budgetFilter }: Budget): void {
  const {
    pubsubTopic = '',
    schemaVersion = '',
    monitoringNotificationChannels: channels = [],
  } = notificationsRule;
  if (pubsubTopic !== '' && !/^projects\/[^/]+\/topics\/[^/]+$/.test(pubsubTopic))
    throw invalid('pubsub_topic must be projects/{project_id}/topics/{topic_id}');
  if (pubsubTopic !== '' && schemaVersion !== '1.0')
    throw invalid('schema_version must be "1.0" when pubsub_topic is set');
  if (channels.length > MAX_CHANNELS)
    throw invalid(`at most ${MAX_CHANNELS} monitoring_notification_channels`);
  const projectLevel = notificationsRule.enableProjectLevelRecipients === true;
  if (projectLevel && budgetFilter.projects?.length !== 1)
    throw invalid('enable_project_level_recipients needs a budget of a single project');
  const untold =
    notificationsRule.disableDefaultIamRecipients === true && channels.length === 0 && !projectLevel;
  if (untold && thresholdRules.length > 0)
    throw invalid('threshold_rules need at least one kind of e-mail recipient');
}

function byNumber(name: string, projects: Projects): string {
  const idOrNumber = /^projects\/([^/]+)$/.exec(name)?.[1];
  const known = projects.all.find(({ id, number }) => idOrNumber === id || idOrNumber === number);
  if (known === undefined) throw invalid(`budget_filter.projects: no project "${name}"`);
  return `projects/${known.number}`;
}

function invalid(why: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `Invalid budget: ${why}.`);
}
