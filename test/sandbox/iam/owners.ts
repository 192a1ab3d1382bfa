import type { Scenario } from '../scenario.ts';
import type { Iam } from './iam.ts';

/** Lets the scenario's owners do everything. */
export function bindOwners(iam: Iam, scenario: Scenario): void {
  for (const owner of scenario.owners)
    for (const top of topsOf(scenario))
      iam.bind({ member: owner, role: 'roles/owner', permissions: 'all', on: top });
}

/** The resources at the top of the scenario's tree. */
function topsOf(scenario: Scenario): readonly string[] {
  if (scenario.organization !== undefined) return [`organizations/${scenario.organization.id}`];
  return [
    ...scenario.projects.filter(({ parent }) => parent === undefined).map(({ id }) => `projects/${id}`),
    ...scenario.billing.accounts.map(({ id }) => `billingAccounts/${id}`),
  ];
}
