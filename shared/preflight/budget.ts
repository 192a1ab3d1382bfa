import type { Budget } from '../google/budgets.ts';
import type { BudgetsPolicy, Policy } from '../policy/policy.ts';
import { MAX_BUDGET_PROJECTS } from '../spend/messages.ts';
import { percentText } from '../units.ts';
import { notPassed, pass, type Check } from './check.ts';
import { budgetIds } from '../google/resource-name.ts';
import { updateBudget } from '../report/budget-command.ts';

/** What a budget has to be like for the switch to hear of it and to act on it. Pure. */
export function judgeBudget(budget: Budget, policy: BudgetsPolicy, topic: string): readonly Check[] {
  return [
    judgeTopic(budget, topic),
    judgeThresholds(budget, policy),
    judgeCredits(budget),
    judgeProjects(budget, policy),
    judgeScope(budget),
    judgeAmount(budget, policy),
    ...(policy.basis === 'live' ? [judgeEstimate(budget)] : []),
  ];
}

/** Where the console shows a budget. */
export function budgetsPage(name: string): string {
  return `Console: https://console.cloud.google.com/billing/${budgetIds(name).account}/budgets`;
}

function judgeTopic({ name, topic }: Budget, desired: string): Check {
  const place = { id: 'budget-topic', subject: name };
  if (topic === desired) return pass(place, `its messages go to ${desired}`);
  return notPassed(
    place,
    'fail',
    `its messages go to ${topic ?? 'no topic'}, so that the switch on ${desired} never hears of it`,
    [`${updateBudget(name)} --notifications-rule-pubsub-topic=${desired}`],
  );
}

/**
 * A message names the highest threshold that is exceeded. Without a rule at a rung's share a forecast cannot reach that
 * rung, and without any rule no message counts as an alert.
 */
function judgeThresholds({ name, thresholds, period }: Budget, { basis, ladder }: BudgetsPolicy): Check {
  const place = { id: 'budget-thresholds', subject: name };
  const lacks = (basisOfRule: 'current' | 'forecast') => (rung: { readonly at: number }) =>
    !thresholds.some((rule) => rule.basis === basisOfRule && Math.abs(rule.share - rung.at) < 1e-6);
  const current = ladder.filter(lacks('current'));
  const isForecast = basis === 'forecast' || basis === 'either';
  const forecast = !isForecast
    ? []
    : ladder.filter((rung) => rung.do !== 'unlink-billing').filter(lacks('forecast'));
  if (current.length === 0 && forecast.length === 0)
    return pass(place, `it has a threshold at every rung${isForecast ? ', of spend and of forecast' : ''}`);

  const missing = [
    ...current.map((rung) => `${percentText(rung.at)} of spend`),
    ...forecast.map((rung) => `${percentText(rung.at)} of forecast`),
  ];
  // Google forecasts calendar periods only (google/cloud/billing/budgets/v1/budget_model.proto).
  const noForecast = period.kind === 'custom' && forecast.length > 0;
  const flags = [
    ...current.map((rung) => ` --add-threshold-rule=percent=${rung.at}`),
    ...(noForecast
      ? []
      : forecast.map((rung) => ` --add-threshold-rule=percent=${rung.at},basis=forecasted-spend`)),
  ];
  return notPassed(place, 'fail', `it has no threshold at ${missing.join(', ')}`, [
    ...(flags.length > 0 ? [`${updateBudget(name)}${flags.join('')}`] : []),
    ...(noForecast
      ? ['Set budgets.basis: actual, or give the budget a calendar period: Google forecasts no custom period']
      : []),
  ]);
}

function judgeCredits({ name, credits }: Budget): Check {
  const place = { id: 'budget-credits', subject: name };
  const exclude = `${updateBudget(name)} --credit-types-treatment=exclude-all-credits`;
  switch (credits) {
    case 'exclude-all':
      return pass(place, 'credits are left out of its cost');
    case 'include-all':
      return notPassed(
        place,
        'warn',
        'it subtracts all credits, so that trial and promotional credit hides what is really spent until it is used up',
        [exclude],
      );
    case 'include-specified':
      return notPassed(
        place,
        'warn',
        'it subtracts the credits that it names, so that these hide a part of what is really spent',
        [`${exclude} --filter-credit-types=`],
      );
    case 'unknown':
      return notPassed(
        place,
        'unknown',
        'how it treats credits is told in a way that costguard does not know',
        [`${budgetsPage(name)}: look at the budget's credits`],
      );
  }
}

function judgeProjects({ name, projects }: Budget, { ladder }: BudgetsPolicy): Check {
  const place = { id: 'budget-projects', subject: name };
  if (projects.length > 0) return pass(place, `its filter names ${projects.join(', ')}`);
  if (ladder.every((rung) => rung.do === 'notify'))
    return pass(place, 'its filter names no project, and the ladder only notifies');
  return notPassed(place, 'fail', 'its filter names no project, so that the ladder never goes above notify', [
    `${updateBudget(name)} --filter-projects=projects/TARGET_PROJECT`,
  ]);
}

function judgeScope({ name, narrowed }: Budget): Check {
  const place = { id: 'budget-scope', subject: name };
  if (narrowed.length === 0) return pass(place, 'it counts the whole cost of what it covers');
  return notPassed(
    place,
    'warn',
    `its filter also names ${narrowed.join(', ')}, so that its share is not that of its projects' whole cost`,
    [`${budgetsPage(name)}: open the budget and take ${narrowed.join(', ')} out of its scope`],
  );
}

function judgeAmount(
  { name, amount }: Budget,
  { ladder, minAmount }: Pick<BudgetsPolicy, 'ladder' | 'minAmount'>,
): Check {
  const place = { id: 'budget-amount', subject: name };
  const remedy = [`${updateBudget(name)} --budget-amount=AMOUNT`];
  const acts = ladder.some((rung) => rung.do !== 'notify');
  if (amount.kind === 'last-period')
    return notPassed(
      place,
      acts ? 'fail' : 'warn',
      `its amount is the last period's cost, so that the rungs move with it from period to period${acts ? `, and none above notify acts where that was below budgets.minAmount, ${minAmount}` : ''}`,
      remedy,
    );
  const { units, currencyCode } = amount;
  if (!(units > 0))
    return notPassed(place, 'fail', `its amount is ${units}: no share of it can be told`, remedy);
  if (currencyCode === '') return notPassed(place, 'fail', `its amount is ${units} of no currency`, remedy);
  if (acts && units < minAmount)
    return notPassed(
      place,
      'fail',
      `its amount is ${units} ${currencyCode}, below budgets.minAmount, ${minAmount}: no rung above notify acts`,
      [...remedy, 'Or set a lower budgets.minAmount in the policy'],
    );
  return pass(place, `its amount is ${units} ${currencyCode}`);
}

/** spend-watch prices in USD, and knows a budget's cost by its projects. */
function judgeEstimate({ name, amount, narrowed, projects }: Budget): Check {
  const place = { id: 'budget-estimate', subject: name };
  const why =
    amount.kind === 'specified' && !['', 'USD'].includes(amount.currencyCode)
      ? `it counts in ${amount.currencyCode}, and spend-watch prices in USD`
      : narrowed.length > 0
        ? 'it is limited by more than projects, which an estimate from what runs is not'
        : projects.length > MAX_BUDGET_PROJECTS
          ? `it has ${projects.length} projects, and of more than ${MAX_BUDGET_PROJECTS} no estimate is made`
          : projects.length === 0
            ? 'its filter names no project, so that it is not known which ones it covers'
            : undefined;
  if (why === undefined) return pass(place, 'its spend can be estimated from what runs in its projects');
  return notPassed(place, 'fail', `budgets.basis is live, and no estimate of it can count: ${why}`, [
    `Set budgets.basis: actual, or give the budget an amount in USD and a filter of projects alone, ${MAX_BUDGET_PROJECTS} at the most`,
  ]);
}

/** Whether stops by an estimate know how much discounts take off list prices; nothing where the ladder counts no estimates. Pure. */
export function judgeDiscount({ budgets, watch }: Pick<Policy, 'budgets' | 'watch'>): readonly Check[] {
  if (budgets?.basis !== 'live' || watch === undefined) return [];
  const place = { id: 'policy-discount', subject: 'policy' };
  const { discountAtMost } = watch;
  return [
    discountAtMost === null
      ? notPassed(
          place,
          'warn',
          'watch.discountAtMost is not written: stops by the estimate count a fifth of list prices, and may come a day late',
          [
            'Set watch.discountAtMost in the policy: 0 where you pay list prices, 0.2 where contracts and commitments take off 20 % at the most',
          ],
        )
      : pass(
          place,
          `stops by the estimate count list prices less ${percentText(discountAtMost)}, watch.discountAtMost`,
        ),
  ];
}
