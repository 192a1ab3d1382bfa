import { budgetIds } from '../google/resource-name.ts';

/** The start of the command that changes a budget; `name`: `billingAccounts/A/budgets/B`. */
export function updateBudget(name: string): string {
  const { account, id } = budgetIds(name);
  return `gcloud billing budgets update ${id} --billing-account=${account}`;
}
