import type { Budget } from '../../../shared/google/budgets.ts';
import type { BillingFacts, ProjectFacts } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';

export type Coverage = 'yes' | 'no' | 'unknown';

/**
 * Whether a budget of the account that pays for the project, or of the one above that, counts the project, as far as nothing else narrows
 * it. Where its filter names subaccounts it counts those alone, and its own account where that is among them; without projects and
 * ancestors it counts all that these pay for. `above`: the folders and the organization of the project. Of a filter with both it is not known whether either is enough.
 */
export function covers(
  budget: Budget,
  { id, number }: ProjectFacts,
  { account }: Pick<BillingFacts, 'account'>,
  above: Reading<readonly string[]>,
): Coverage {
  const { projects, ancestors, subaccounts } = budget;
  if (subaccounts.length > 0 && !subaccounts.includes(account)) return 'no';
  const isNamed = projects.includes(`projects/${number}`) || projects.includes(`projects/${id}`);
  if (ancestors.length === 0) return isNamed || projects.length === 0 ? 'yes' : 'no';
  if (!isRead(above)) return 'unknown';
  const isBelow = above.value.some((one) => ancestors.includes(one));
  if (projects.length > 0 && isNamed !== isBelow) return 'unknown';
  return isBelow ? 'yes' : 'no';
}

/** Why that is not known. */
export function unknownCoverage({ name, displayName }: Budget, above: Reading<readonly string[]>): string {
  const budget = displayName === '' ? name : `the budget ${JSON.stringify(displayName)}`;
  return `whether ${budget} covers the project is not known: ${isRead(above) ? 'its filter has projects and folders, and only one of them names the project' : above.why}`;
}
