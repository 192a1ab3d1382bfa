import { percentText } from '../../../shared/units.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { Check } from '../../../shared/preflight/check.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import { covers, unknownCoverage } from './covers.ts';
import type { AuditFacts, BillingFacts, ProjectFacts } from '../facts.ts';
import { both, type Reading } from '../reading.ts';
import type { RuleId } from '../rules/rules.ts';
import { judge, type Found, type Judgement, type Outcome } from './outcome.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';
import { updateBudget } from '../../../shared/report/budget-command.ts';

/** At which shares of the amount an alert is due. */
const DESIRED = [0.5, 0.8, 1];

export function checkBudgets(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  const linked = both(facts.project, facts.billing);
  const ofBudgets = (rule: RuleId, look: (budget: Budget) => Found | undefined): Outcome =>
    judge(rule, linked, ([project, billing]) => judgeCovering(project, facts.above, billing, look));
  return [
    judge('budget-missing', linked, ([project, billing]) => judgeMissing(project, facts.above, billing)),
    ofBudgets('budget-thresholds', thresholds),
    ofBudgets('budget-topic', (budget) => wiring(budget, config)),
    ofBudgets('budget-credits', credits),
    judge('switch-preflight', facts.preflight, (checks) => ({
      looked: checks.length,
      found: checks.flatMap(failedCheck),
      gaps: checks
        .filter(({ status }) => status === 'unknown')
        .map(({ subject, detail }) => `${subject}: ${detail}`),
    })),
  ];
}

/** What is linked to no billing account costs nothing, and needs no budget. */
const UNBILLED = 'the project is linked to no billing account: nothing is billed';

/** One budget that passes is enough: others may be for finance. Without any there is nothing to judge, which is no pass. */
function judgeCovering(
  project: ProjectFacts,
  above: Reading<readonly string[]>,
  billing: BillingFacts | undefined,
  look: (budget: Budget) => Found | undefined,
): Judgement {
  if (billing === undefined) return { looked: 0, found: [], notes: [UNBILLED] };
  const { covering, unknown, unread } = budgetsOf(billing, project, above);
  if (covering.length === 0)
    return {
      looked: 0,
      found: [],
      gaps:
        unknown.length + unread.length === 0
          ? ['no budget covers the project: there is none to judge']
          : [...unknown.map((budget) => unknownCoverage(budget, above)), ...unread],
    };
  // What narrows a budget makes it blind to the rest of the project; those that count everything come first.
  const whole = covering.filter(({ narrowed }) => narrowed.every((by) => WHOLE_BY.has(by)));
  const judged = whole.length > 0 ? whole : covering;
  const found = anyPasses(judged, look);
  if (found.length === 0) return { looked: judged.length, found };
  const maybe = unknown.filter((budget) => look(budget) === undefined);
  const gaps = [...maybe.map((budget) => unknownCoverage(budget, above)), ...unread];
  return gaps.length === 0 ? { looked: judged.length, found } : { looked: judged.length, found: [], gaps };
}

/** By these a budget is limited to projects that it counts whole. */
const WHOLE_BY: ReadonlySet<string> = new Set(['resourceAncestors', 'subaccounts']);

/** The budgets that count the project, those of which that is not known, and why there may be others. */
function budgetsOf(billing: BillingFacts, project: ProjectFacts, above: Reading<readonly string[]>) {
  const { budgets, unread } = billing;
  return {
    covering: budgets.filter((budget) => covers(budget, project, billing, above) === 'yes'),
    unknown: budgets.filter((budget) => covers(budget, project, billing, above) === 'unknown'),
    unread,
  };
}

function judgeMissing(
  project: ProjectFacts,
  above: Reading<readonly string[]>,
  billing: BillingFacts | undefined,
): Judgement {
  if (billing === undefined) return { looked: 0, found: [], notes: [UNBILLED] };
  const { covering, unknown, unread } = budgetsOf(billing, project, above);
  const looked = billing.budgets.length;
  if (covering.length > 0) return { looked, found: [] };
  const gaps = [...unknown.map((budget) => unknownCoverage(budget, above)), ...unread];
  return gaps.length > 0 ? { looked, found: [], gaps } : { looked, found: missing(project, billing) };
}

function missing(project: ProjectFacts, { account: payer, parent, budgets }: BillingFacts): readonly Found[] {
  const accounts = [payer, ...(parent === undefined ? [] : [parent])];
  const rules = DESIRED.map((share) => ` --threshold-rule=percent=${share}`).join('');
  return [
    {
      resource: `projects/${project.id}`,
      detail: `none of the ${budgets.length} budgets of ${accounts.join(' and ')} covers it`,
      evidence: {
        billingAccount: payer,
        ...(parent === undefined ? {} : { masterBillingAccount: parent }),
        budgets: budgets.length,
      },
      commands: [
        `gcloud billing budgets create --billing-account=${resourceId(payer)} --display-name=${shellWord(project.id)} --budget-amount=AMOUNT --filter-projects=projects/${project.id}${rules} --credit-types-treatment=exclude-all-credits`,
      ],
    },
  ];
}

/** Nothing when one of the budgets passes, else what is wrong with each. */
function anyPasses(
  budgets: readonly Budget[],
  look: (budget: Budget) => Found | undefined,
): readonly Found[] {
  const found = budgets.map(look);
  return found.includes(undefined) ? [] : found.filter((one) => one !== undefined);
}

function thresholds(budget: Budget): Found | undefined {
  const shares = budget.thresholds.filter(({ basis }) => basis === 'current').map(({ share }) => share);
  const lacks = DESIRED.filter((desired) => !shares.some((share) => Math.abs(share - desired) < 1e-6));
  if (lacks.length === 0) return undefined;
  const percent = lacks.map((share) => percentText(share));
  return {
    resource: budget.name,
    detail: `${named(budget)} has no threshold at ${percent.join(', ')} of actual spend`,
    evidence: { missing: percent, has: shares.map((share) => percentText(share)) },
    commands: [
      `${updateBudget(budget.name)}${lacks.map((share) => ` --add-threshold-rule=percent=${share}`).join('')}`,
    ],
  };
}

function wiring(budget: Budget, { switchTopic, operationsProject }: AuditConfig): Found | undefined {
  const { topic, name } = budget;
  if (switchTopic === undefined ? topic !== undefined : topic === switchTopic) return undefined;
  const desired = switchTopic ?? `projects/${operationsProject}/topics/costguard-budget-kill-switch`;
  return {
    resource: name,
    detail: `the messages of ${named(budget)} go to ${topic ?? 'no topic'}`,
    evidence: { topic: topic ?? 'none', desired },
    commands: [`${updateBudget(budget.name)} --notifications-rule-pubsub-topic=${desired}`],
  };
}

function credits(budget: Budget): Found | undefined {
  if (budget.credits === 'exclude-all') return undefined;
  const what = budget.credits === 'include-all' ? 'all credits' : 'credits that it names';
  return {
    resource: budget.name,
    detail:
      budget.credits === 'unknown'
        ? `how ${named(budget)} treats credits is told in a way that costguard does not know`
        : `${named(budget)} subtracts ${what}`,
    evidence: { credits: budget.credits },
    commands: [
      `${updateBudget(budget.name)} --credit-types-treatment=exclude-all-credits${budget.credits === 'include-specified' ? ' --filter-credit-types=' : ''}`,
    ],
  };
}

function failedCheck({ id, subject, status, detail, remedy }: Check): readonly Found[] {
  if (status !== 'fail') return [];
  return [{ resource: subject, place: id, detail, evidence: { check: id, status }, commands: remedy }];
}

function named({ displayName, name }: Budget): string {
  return displayName === '' ? name : `the budget ${JSON.stringify(displayName)}`;
}
