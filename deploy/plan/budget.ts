import { MADE_BY } from '../desired/names.ts';
import type { Problem } from '../desired/problem.ts';
import type { Step } from '../desired/step.ts';
import { budgetIds, resourceId } from '../../shared/google/resource-name.ts';

/** A budget as it is to be. */
export interface DesiredBudget {
  readonly project: string;
  /** `billingAccounts/A` */
  readonly account: string;
  /** Id of the topic in `project`. */
  readonly topic: string;
  readonly displayName: string;
  /** With its currency, such as `500USD`; undefined leaves an existing budget's as it is. */
  readonly amount: string | undefined;
  /** Numbers, in the form `projects/123`, with their ids. */
  readonly projects: ReadonlyMap<string, string>;
  /** Shares of the amount, ascending. */
  readonly thresholds: readonly number[];
}

export interface ActualBudget {
  /** `billingAccounts/A/budgets/B` */
  readonly name: string;
  readonly displayName: string;
  /** `500USD`; undefined where it follows last period's cost. */
  readonly amount: string | undefined;
  /** `projects/123` */
  readonly projects: readonly string[];
  readonly topic: string | undefined;
  readonly excludesCredits: boolean;
  /** It blocks a service at its amount, and so can have no topic. */
  readonly capsSpend: boolean;
  /** `0.5 current`, `0.5 forecasted` */
  readonly rules: readonly string[];
}

/** The budget that `desired` means: the one that already speaks to the topic, or else bears the name. */
export function findBudget(
  desired: DesiredBudget,
  actual: readonly ActualBudget[],
): { readonly budget: ActualBudget | undefined; readonly problems: readonly Problem[] } {
  const named = actual.filter(({ displayName }) => displayName === desired.displayName);
  const wired = named.filter(({ topic }) => topic === fullTopic(desired));
  const candidates = wired.length > 0 ? wired : named;
  if (candidates.length < 2) return { budget: candidates[0], problems: [] };
  return {
    budget: undefined,
    problems: [
      {
        what: `${candidates.length} budgets of ${desired.account} are called "${desired.displayName}": ${candidates.map(({ name }) => name).join(', ')}.`,
        remedy: ['Rename all but one of them, or choose another name with --name'],
      },
    ],
  };
}

/** Why an existing budget must not be taken over: it was made for something else. */
export function judgeAdoption(desired: DesiredBudget, budget: ActualBudget): readonly Problem[] {
  const problems: Problem[] = [];
  const other = 'Choose another name with --name, so that a budget of its own is made';
  if (budget.topic !== undefined && budget.topic !== fullTopic(desired))
    problems.push({
      what: `${budget.name} ("${budget.displayName}") already speaks to ${budget.topic}, and a budget has one topic.`,
      remedy: [other, updateLine(budget, `--notifications-rule-pubsub-topic=${fullTopic(desired)}`)],
    });
  if (budget.capsSpend)
    problems.push({
      what: `${budget.name} ("${budget.displayName}") caps the spend of a service (spendCap), and such a budget speaks to no topic: the switch would never hear of it.`,
      remedy: [other],
    });
  if (budget.projects.length === 0)
    problems.push({
      what: `${budget.name} ("${budget.displayName}") covers the whole billing account; the switch acts on projects that a budget names.`,
      remedy: [other],
    });
  return problems;
}

function updateLine({ name }: ActualBudget, flag: string): string {
  const { account, id } = budgetIds(name);
  return `gcloud billing budgets update ${id} --billing-account=${account} ${flag}`;
}

function fullTopic({ project, topic }: Pick<DesiredBudget, 'project' | 'topic'>): string {
  return `projects/${project}/topics/${topic}`;
}

/** The commands that lead to the budget; none when it is right already. What it has beyond that stays. Pure. */
export function planBudget(
  desired: DesiredBudget,
  actual: {
    readonly pubsubEnabled: boolean;
    readonly topicExists: boolean;
    readonly budget: ActualBudget | undefined;
  },
): readonly Step[] {
  const { project, topic } = desired;
  const steps: Step[] = [];
  if (!actual.pubsubEnabled)
    steps.push({
      why: 'Budgets speak through Pub/Sub',
      args: ['services', 'enable', 'pubsub.googleapis.com', `--project=${project}`],
    });
  if (!actual.topicExists)
    steps.push({
      why: 'The topic that the budget speaks to',
      args: [
        'pubsub',
        'topics',
        'create',
        topic,
        `--project=${project}`,
        `--labels=${MADE_BY.key}=${MADE_BY.value}`,
      ],
    });
  return [
    ...steps,
    ...(actual.budget === undefined ? [planCreation(desired)] : planChange(desired, actual.budget)),
  ];
}

const EXCLUDE_CREDITS = '--credit-types-treatment=exclude-all-credits';

function accountFlag({ account }: DesiredBudget): string {
  return `--billing-account=${resourceId(account)}`;
}

/**
 * Without a quota project the API refuses a user's credentials ("requires a quota project, which is not set by default"),
 * and gcloud takes the project of its configuration, where the API may not be enabled.
 */
export function quotaFlag(project: string): string {
  return `--billing-project=${project}`;
}

function rulesFor(thresholds: readonly number[]): ReadonlyMap<string, string> {
  return new Map(
    thresholds.flatMap((share) => [
      [`${share} current`, `percent=${share}`] as const,
      [`${share} forecasted`, `percent=${share},basis=forecasted-spend`] as const,
    ]),
  );
}

function planCreation(desired: DesiredBudget): Step {
  const { project, displayName, amount = '', projects, thresholds } = desired;
  return {
    why: `The budget "${displayName}" of ${amount} a month, credits not counted, for ${[...projects.values()].join(', ')}`,
    args: [
      'billing',
      'budgets',
      'create',
      accountFlag(desired),
      quotaFlag(project),
      `--display-name=${displayName}`,
      `--budget-amount=${amount}`,
      `--filter-projects=${[...projects.values()].map((id) => `projects/${id}`).join(',')}`,
      '--calendar-period=month',
      EXCLUDE_CREDITS,
      ...[...rulesFor(thresholds).values()].map((rule) => `--threshold-rule=${rule}`),
      `--notifications-rule-pubsub-topic=${fullTopic(desired)}`,
    ],
  };
}

function planChange(desired: DesiredBudget, budget: ActualBudget): readonly Step[] {
  const { project, amount, projects, thresholds } = desired;
  const missingProjects = [...projects.keys()].filter((number) => !budget.projects.includes(number));
  const missingRules = [...rulesFor(thresholds)].filter(([rule]) => !budget.rules.includes(rule));
  const changes: readonly (readonly [string, readonly string[]])[] = [
    ...(amount !== undefined && amount !== budget.amount
      ? [[`its amount is ${budget.amount ?? "last period's cost"}`, [`--budget-amount=${amount}`]] as const]
      : []),
    ...(missingProjects.length > 0
      ? [
          [
            `it misses ${missingProjects.map((number) => projects.get(number) ?? '').join(', ')}`,
            [`--filter-projects=${[...budget.projects, ...missingProjects].join(',')}`],
          ] as const,
        ]
      : []),
    ...(budget.excludesCredits ? [] : [['credits hide what is really spent', [EXCLUDE_CREDITS]] as const]),
    ...(missingRules.length > 0
      ? [[`it misses thresholds`, missingRules.map(([, rule]) => `--add-threshold-rule=${rule}`)] as const]
      : []),
    ...(budget.topic === undefined
      ? [['it notifies no topic', [`--notifications-rule-pubsub-topic=${fullTopic(desired)}`]] as const]
      : []),
  ];
  if (changes.length === 0) return [];
  return [
    {
      why: `The budget "${budget.displayName}": ${changes.map(([why]) => why).join('; ')}`,
      args: [
        'billing',
        'budgets',
        'update',
        resourceId(budget.name),
        accountFlag(desired),
        quotaFlag(project),
        ...changes.flatMap(([, flags]) => flags),
      ],
    },
  ];
}
