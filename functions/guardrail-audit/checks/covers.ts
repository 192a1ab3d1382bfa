import type { Budget } from '../../../shared/google/budgets.ts';
import type { ProjectFacts } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';

export type Coverage = 'yes' | 'no' | 'unknown';

/**
 * Whether a budget counts the project, as far as nothing else narrows it. Without projects and ancestors in its filter it counts all of its
 * billing account. `above`: the folders and the organization of the project. Of a filter with both it is not known whether either is enough.
 */
export function covers(
  budget: Budget,
  { id, number }: ProjectFacts,
  above: Reading<readonly string[]>,
): Coverage {
  const { projects, ancestors, narrowed } = budget;
  const isNamed = projects.includes(`projects/${number}`) || projects.includes(`projects/${id}`);
  if (ancestors.length === 0)
    return isNamed || (projects.length === 0 && !narrowed.includes('subaccounts')) ? 'yes' : 'no';
  if (projects.length === 0 && narrowed.includes('subaccounts')) return 'no';
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
