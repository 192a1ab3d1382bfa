import { judgeBudget } from '../../../shared/preflight/budget.ts';
import type { Check } from '../../../shared/preflight/check.ts';
import type { Policy } from '../../../shared/policy/policy.ts';
import { covers, unknownCoverage } from '../checks/covers.ts';
import type { BillingFacts, ProjectFacts } from '../facts.ts';
import { both, isRead, type Reading } from '../reading.ts';

/**
 * The switch's preflight as far as the budgets tell it. What its own account may do, only a caller can test that may act as that
 * account, and the audit may act as no account: that part is what `npm run preflight` and `npm run audit` add.
 */
export function budgetPreflight(
  policy: Policy,
  switchTopic: string | undefined,
  project: Reading<ProjectFacts>,
  above: Reading<readonly string[]>,
  billing: Reading<BillingFacts | undefined>,
): Reading<readonly Check[]> {
  const { budgets } = policy;
  if (budgets === undefined || switchTopic === undefined)
    return { why: 'the policy has no section "budgets": the switch is neither armed nor disarmed' };
  const linked = both(project, billing);
  if (!isRead(linked)) return linked;
  const [own, paid] = linked.value;
  // What is linked to no billing account costs nothing.
  if (paid === undefined) return { value: [], gaps: linked.gaps };
  const allowed = paid.budgets.filter(({ name }) => budgets.allow.includes(name));
  const guarding = allowed.filter((budget) => covers(budget, own, paid, above) === 'yes');
  const [unknown] = allowed.filter((budget) => covers(budget, own, paid, above) === 'unknown');
  // One that was not seen may be of an account, or of a form, that could not be read.
  const [unread] = allowed.length < budgets.allow.length ? paid.unread : [];
  const why = unknown === undefined ? unread : unknownCoverage(unknown, above);
  const none = why === undefined ? unguarded(own) : maybeGuarded(own, why);
  const checks =
    guarding.length === 0 ? [none] : guarding.flatMap((budget) => judgeBudget(budget, budgets, switchTopic));
  return { value: checks, gaps: linked.gaps };
}

function maybeGuarded({ id }: ProjectFacts, why: string): Check {
  return {
    id: 'budget-scope',
    subject: `projects/${id}`,
    status: 'unknown',
    detail: why,
    remedy: [],
  };
}

function unguarded({ id }: ProjectFacts): Check {
  return {
    id: 'budget-scope',
    subject: `projects/${id}`,
    status: 'fail',
    detail: 'no budget that may trip the switch covers the project',
    remedy: ['Name a budget that covers the project in budgets.allow of costguard.yaml, and deploy'],
  };
}
