import type { Budget } from '../../../shared/google/budgets.ts';
import type { ProjectFacts } from '../facts.ts';

/** A budget without projects in its filter counts all of its billing account, as far as nothing else narrows it. */
export function covers({ projects, narrowed }: Budget, { id, number }: ProjectFacts): boolean {
  if (projects.length === 0)
    return !narrowed.includes('resourceAncestors') && !narrowed.includes('subaccounts');
  return projects.includes(`projects/${number}`) || projects.includes(`projects/${id}`);
}
