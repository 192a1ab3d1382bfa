import { budgetIds } from '../google/resource-name.ts';

/** `A/B` of `billingAccounts/A/budgets/B`: where a budget's objects lie in the state bucket, below a folder for each kind. */
export function budgetPath(budget: string): string {
  const { account, id } = budgetIds(budget);
  return `${account}/${id}`;
}
