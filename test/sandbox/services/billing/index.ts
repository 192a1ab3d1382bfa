import { createBillingClock, type BillingClock } from '../../clock/billing-clock.ts';
import { ApiError } from '../../http/api-error.ts';
import type { Context, Service } from '../../service.ts';
import { compute } from '../compute/index.ts';
import { iam } from '../iam/index.ts';
import type { PubsubService } from '../pubsub/service.ts';
import { pubsub } from '../pubsub/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { vertex } from '../vertex/index.ts';
import { BUDGET_ACCOUNT, budgetsMayPublish, letBudgetsPublish } from './budget-publisher.ts';
import { billingParentOf } from './links.ts';
import { createBillingService, type BillingService } from './service.ts';

export const billing: Service<{
  readonly billing: BillingService;
  readonly billingClock: BillingClock;
  /** Throws what a service of Google answers in a project whose billing is off. */
  readonly requireBilling: (projectId: string, service: string) => void;
}> = {
  name: 'billing',
  create(context) {
    const { clock, hierarchy, of, scenario } = context;
    const { fleet } = of(compute);
    const { projects } = of(resourceManager);
    const topics = of(pubsub).pubsub;
    hierarchy.add((resource) => billingParentOf(scenario, resource));
    const made = createBillingService({
      scenario,
      clock,
      projects,
      fleet,
      iam: context.iam,
      policies: of(iam).policies,
    });
    createBudgetTopics(context, topics);
    const billingClock = createBillingClock({
      clock,
      fleet,
      vertex: of(vertex).vertex,
      billing: made,
      projects,
      scenario,
      publish(topic, message) {
        if (!budgetsMayPublish(context.iam, topic))
          throw new ApiError('PERMISSION_DENIED', `${BUDGET_ACCOUNT} may not publish to ${topic}`);
        topics.publish(topic, [message]);
      },
    });
    return {
      billing: made,
      billingClock,
      requireBilling(projectId, service) {
        made.links.requireEnabled(projectId, service);
      },
    };
  },
  routes: (acts) => acts.billing.routes,
};

/** The topics of the scenario's budgets, to which Cloud Billing may publish. */
function createBudgetTopics({ iam: bindings, scenario }: Context, topics: PubsubService): void {
  for (const topic of new Set(scenario.billing.budgets.map((budget) => budget.topic)))
    if (topic !== undefined) {
      topics.createTopic({ name: topic });
      letBudgetsPublish(bindings, topic);
    }
}
