import type { Iam } from '../../iam/iam.ts';

/** Google's own account that sends the messages of all budgets. */
export const BUDGET_ACCOUNT = 'billing-budget-alert@system.gserviceaccount.com';

const PUBLISH = 'pubsub.topics.publish';

/** Connecting a topic to a budget grants the account the role on it. Deleted and made again, a topic has lost it. */
export function letBudgetsPublish(iam: Iam, topic: string): void {
  if (!budgetsMayPublish(iam, topic))
    iam.bind({ member: BUDGET_ACCOUNT, role: 'roles/pubsub.publisher', permissions: [PUBLISH], on: topic });
}

/** Without it the messages are lost, and no one is told. */
export function budgetsMayPublish(iam: Iam, topic: string): boolean {
  return iam.allows(BUDGET_ACCOUNT, { permission: PUBLISH, on: topic });
}
