/** The last part of a path or URL: `us-central1-a` of `zones/us-central1-a`; text without a slash as it is. */
export function resourceId(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `billingAccounts/A` of `billingAccounts/A/budgets/B`. */
export function accountOf(budget: string): string {
  return budget.split('/').slice(0, 2).join('/');
}

/** The ids in the name of a budget, which gcloud takes one by one: `A` and `B` of `billingAccounts/A/budgets/B`. */
export function budgetIds(budget: string): { readonly account: string; readonly id: string } {
  return { account: resourceId(accountOf(budget)), id: resourceId(budget) };
}
