/** The last part of a path or URL: `us-central1-a` of `zones/us-central1-a`; text without a slash as it is. */
export function resourceId(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Whether a name leads to what it says when it stands in an address. `..`, also escaped, a backslash, `?`, `#` and line breaks lead
 * elsewhere: `projects/A/../B/zones/Z/instances/I` is a VM of B. Source: https://url.spec.whatwg.org/#path-state
 */
export function isPlainName(name: string): boolean {
  const address = `https://host/${name}`;
  return !/[?#%]/.test(name) && URL.canParse(address) && new URL(address).href === address;
}

/** `billingAccounts/A` of `billingAccounts/A/budgets/B`. */
export function accountOf(budget: string): string {
  return budget.split('/').slice(0, 2).join('/');
}

/** The ids in the name of a budget, which gcloud takes one by one: `A` and `B` of `billingAccounts/A/budgets/B`. */
export function budgetIds(budget: string): { readonly account: string; readonly id: string } {
  return { account: resourceId(accountOf(budget)), id: resourceId(budget) };
}
