import type { Actual } from '../actual/actual.ts';
import { boundBefore } from '../actual/bound-before.ts';
import { billingAccountsOf, type Desired } from '../desired/desired.ts';
import { topicOf } from '../desired/names.ts';
import type { Problem } from '../desired/problem.ts';
import { shellLine, type Step } from '../desired/step.ts';
import { quotaFlag } from './budget.ts';
import { accountOf, budgetIds, resourceId } from '../../shared/google/resource-name.ts';

/** A topic that a teardown deletes and budgets may notify. */
export interface GoingTopic {
  /** `projects/P/topics/T` */
  readonly name: string;
  /** The same with the project's number, as Google may show it. */
  readonly byNumber: string;
  /** `billingAccounts/A`: whose budgets may notify it. */
  readonly accounts: readonly string[];
  /** Steps of the teardown before the one that deletes it. */
  readonly stepsBefore: number;
}

/** What budgets do with such a topic. */
export interface TopicBudgets {
  /** `billingAccounts/A/budgets/B` of those that notify it. */
  readonly notifying: readonly string[];
  /** Of these accounts that cannot be told, and why. */
  readonly unseen: ReadonlyMap<string, string>;
}

/** The switch's topic, where these steps delete it; undefined where it stays. Pure. */
export function goingTopic(desired: Desired, actual: Actual, steps: readonly Step[]): GoingTopic | undefined {
  const { project, policy, functions } = desired;
  const listener = functions.find(({ settings }) => settings.trigger === 'budget');
  if (listener === undefined) return undefined;
  const id = topicOf(listener.name);
  const stepsBefore = steps.findIndex(
    ({ args }) => args.slice(0, 4).join(' ') === `pubsub topics delete ${id}`,
  );
  if (stepsBefore === -1) return undefined;
  // The section may be out of the policy by now: the function itself remembers on whose budgets it had rights.
  const before = boundBefore(actual, listener.name).map(({ on }) => on);
  const accounts = [
    ...billingAccountsOf(policy),
    ...before.filter((on) => on.startsWith('billingAccounts/')),
  ];
  return {
    name: `projects/${project}/topics/${id}`,
    byNumber: `projects/${actual.projectNumber}/topics/${id}`,
    accounts: [...new Set(accounts)].sort(),
    stepsBefore,
  };
}

/** The commands that take the topic out of the budgets. */
export function planDisconnection(project: string, notifying: readonly string[]): readonly Step[] {
  return notifying.map((name) => ({
    why: `${name} notifies no topic any more; its e-mails go on`,
    args: setTopic(name, project, ''),
  }));
}

function setTopic(budget: string, project: string, topic: string): readonly string[] {
  const { account, id } = budgetIds(budget);
  return [
    ...['billing', 'budgets', 'update', id, `--billing-account=${account}`, quotaFlag(project)],
    `--notifications-rule-pubsub-topic=${topic}`,
  ];
}

/** What is said of `budgets` that were to be disconnected, where the topic is still there; empty where all of them notify it. Pure. */
export function saidOfDisconnected(
  { name }: Pick<GoingTopic, 'name'>,
  project: string,
  budgets: readonly string[],
  { notifying, unseen }: TopicBudgets,
): string {
  const isUnseen = (budget: string): boolean => unseen.has(accountOf(budget));
  const changed = budgets.filter((budget) => !notifying.includes(budget));
  if (changed.length === 0) return '';
  const silent = changed.filter((budget) => !isUnseen(budget));
  const unknown = changed.filter(isUnseen);
  return [
    `${name} is still there.`,
    ...silent.map((budget) => `${budget} notifies nothing now.`),
    ...unknown.map((budget) => `Whether ${budget} still notifies it cannot be told now.`),
    'Run the teardown again to go on, or connect them again:',
    ...changed.map((budget) => `    ${shellLine(setTopic(budget, project, name))}`),
  ].join('\n');
}

/** Why a topic must not be deleted yet. `disconnects`: what notifies it is taken off it first. Pure. */
export function judgeGoingTopic(
  { name }: GoingTopic,
  { notifying, unseen }: TopicBudgets,
  disconnects: boolean,
): readonly Problem[] {
  return [
    ...(disconnects || notifying.length === 0
      ? []
      : [
          {
            what: `${name} would go, and ${notifying.join(', ')} ${notifying.length === 1 ? 'notifies' : 'notify'} it: the messages would go nowhere, without a word.`,
            remedy: [
              'Run it again with --disconnect-budgets: it takes the topic out of these budgets, which stay, before it deletes it',
              'Or with --leave-budgets, which deletes the topic all the same',
            ],
          },
        ]),
    ...[...unseen].map(([account, why]) => ({
      what: `${name} would go, and whether budgets of ${account} notify it cannot be told: ${why}`,
      remedy: [
        `gcloud billing accounts add-iam-policy-binding ${resourceId(account)} --member=user:YOUR_EMAIL --role=roles/billing.costsManager`,
        'Or run it again with --leave-budgets, which deletes the topic without looking',
      ],
    })),
  ];
}

/** What is said of budgets that a teardown leaves as they are; empty where there are none to think of. Pure. */
export function saidOfBudgets({ name, accounts }: GoingTopic, budgets: TopicBudgets | undefined): string {
  const again =
    'No message of theirs arrives until deploy.sh makes the topic again, with their right to publish to it.';
  if (accounts.length === 0)
    return `${name} goes. The policy names no budget, so that none was looked at: one that notifies it then notifies nothing.`;
  if (budgets === undefined)
    return `${name} goes, and budgets of ${accounts.join(', ')} stay and may still notify it. ${again}`;
  return budgets.notifying.length === 0
    ? ''
    : `${name} goes, and these budgets stay: ${budgets.notifying.join(', ')}.`;
}
