/** What deploy calls the things that it makes. The preflight and the tests' sandbox count on the same names. */

export const TRIGGER_ACCOUNT = 'costguard-trigger';

export const BUILD_ACCOUNT = 'costguard-build';

export const DEAD_LETTERS = 'costguard-dead-letters';

export const DEAD_LETTERS_HOLD = 'costguard-dead-letters-hold';

/** Topics, subscriptions, functions, alert policies and dashboards that deploy made bear this label; teardown removes no other. */
export const MADE_BY = { key: 'managed-by', value: 'costguard' } as const;

/** The same for what has no labels: service accounts and jobs. */
export const MADE_BY_TEXT = 'Made by the deployment of costguard.';

/** The variable in which a function's own configuration remembers where its account holds roles. */
export const BOUND_ON = 'COSTGUARD_BOUND_ON';

/** The one in which it remembers which kind of roles its account holds on billing accounts. */
export const BILLING_ROLES = 'COSTGUARD_BILLING_ROLES';

/** Custom: of the organization that owns a billing account, where one does. */
export type BillingRoles = 'predefined' | 'custom';

export function topicOf(name: string): string {
  return `costguard-${name}`;
}

export function jobOf(name: string): string {
  return `costguard-${name}`;
}

/** Display name of the alert policy over a function's log. */
export function alertOf(name: string): string {
  return `costguard: ${name} acted or failed`;
}

/** Id of the dashboard over a function's metrics, in the operations project. */
export function dashboardOf(name: string): string {
  return `costguard-${name}`;
}

export function emailOf(account: string, project: string): string {
  // A project of a domain, `example.com:ops`, comes reversed in addresses.
  return `${account}@${project.split(':').reverse().join('.')}.iam.gserviceaccount.com`;
}

/** The id of a topic in the operations project; undefined for one elsewhere, which is its owner's affair. */
export function ownTopic(topic: string | undefined, project: string): string | undefined {
  const prefix = `projects/${project}/topics/`;
  return topic?.startsWith(prefix) === true ? topic.slice(prefix.length) : undefined;
}
