import type { Clock } from '../../clock/clock.ts';
import type { Fleet } from '../compute/fleet.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import type { Route } from '../../http/route.ts';
import type { Scenario } from '../../scenario.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { budgetService } from './budget-service.ts';
import { createBudgets, type Budgets } from './budgets.ts';
import { createCloudCatalog, type CloudCatalog } from './cloud-catalog.ts';
import { cloudBillingService, type LinkReading } from './cloud-billing.ts';
import { createBillingLinks, type BillingLinks } from './links.ts';

export interface BillingService {
  /** Which reading of Google's documentation it follows from now on; the stricter one is the default. */
  takeRights(reading: LinkReading): void;
  readonly links: BillingLinks;
  readonly budgets: Budgets;
  readonly catalog: CloudCatalog;
  readonly routes: readonly Route[];
}

/** How long a project's machines outlive its billing. */
const HALT_AFTER_MS = 60_000;

/** Cloud Billing and its budgets, and what Google does to the machines of a project whose billing is off. */
export function createBillingService(options: {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly projects: Projects;
  readonly fleet: Fleet;
  readonly iam: Iam;
  readonly policies: Policies;
}): BillingService {
  const { scenario, clock, projects, fleet, iam, policies } = options;
  const links = createBillingLinks({ scenario, clock });
  const catalog = createCloudCatalog();
  const budgets = createBudgets({ links, projects, seeds: scenario.billing.budgets });
  const haltLater = (projectId: string): void => {
    const paidBefore = links.paidPeriods(projectId).length;
    clock.after(HALT_AFTER_MS, () => {
      const paidSince = links.paidPeriods(projectId).length > paidBefore;
      if (!paidSince && fleet.haltProject(projectId)) haltLater(projectId);
    });
  };
  links.onDisabled(haltLater);
  let reading: LinkReading = 'project-and-account';
  return {
    takeRights: (next) => void (reading = next),
    links,
    budgets,
    catalog,
    routes: [
      ...catalog.routes,
      ...cloudBillingService({ links, projects, iam, policies, scenario, reading: () => reading }),
      ...budgetService({ budgets, projects, iam }),
    ],
  };
}
