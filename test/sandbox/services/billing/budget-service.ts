import { createRequire } from 'node:module';
import { protoRoutes, textOf, type Message } from '../../http/proto-service.ts';
import type { Need, Route } from '../../http/route.ts';
import type { Iam } from '../../iam/iam.ts';
import { pageAnswer, pageOfRequest } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { letBudgetsPublish } from './budget-publisher.ts';
import type { Budgets } from './budgets.ts';

const protos = createRequire(import.meta.url)(
  '@google-cloud/billing-budgets/build/protos/protos.json',
) as object;

const MAX_PAGE_SIZE = 100;

/** Cloud Billing Budget v1. */
export function budgetService(options: {
  readonly budgets: Budgets;
  readonly projects: Projects;
  readonly iam: Iam;
}): Route[] {
  const { budgets, projects, iam } = options;
  const budgetIn = (request: Message): Message => (request['budget'] ?? {}) as Message;
  const onAccount = (method: string, of: (request: Message) => unknown) => (request: Message) => [
    {
      permission: `billing.budgets.${method}`,
      on: String(of(request)).replace(/\/budgets\/.*$/, ''),
    },
  ];
  /** Connecting a topic lets Cloud Billing publish to it: the caller must be allowed to set the topic's policy. */
  const topicNeeds = (request: Message, present: string): readonly Need[] => {
    const topic = topicOf(budgetIn(request));
    const connects = /^projects\/[^/]+\/topics\/[^/]+$/.test(topic) && topic !== present;
    return !connects ? [] : [{ permission: 'pubsub.topics.setIamPolicy', on: topic }];
  };
  const connected = (present: string, budget: Message): Message => {
    const topic = topicOf(budget);
    if (topic !== '' && topic !== present) letBudgetsPublish(iam, topic);
    return budget;
  };
  const presentTopic = (name: string): string =>
    topicOf(budgets.all().find((budget) => budget['name'] === name) ?? {});

  const list = (request: Message): Message => {
    const scope = /^projects\/([^/]+)$/.exec(textOf(request['scope']))?.[1];
    const wanted =
      scope === undefined ? undefined : `projects/${projects.get(projects.require(scope)).seed.number}`;
    const all = budgets
      .of(String(request['parent']))
      .filter((budget) => wanted === undefined || projectsOf(budget).join() === wanted);
    return pageAnswer('budgets', pageOfRequest(all, request, MAX_PAGE_SIZE));
  };

  return protoRoutes({
    host: 'billingbudgets.googleapis.com',
    protos,
    service: 'google.cloud.billing.budgets.v1.BudgetService',
    methods: {
      GetBudget: {
        id: 'billingbudgets.billingAccounts.budgets.get',
        needs: onAccount('get', (request) => request['name']),
        handle: (request) => budgets.get(String(request['name'])),
      },
      ListBudgets: {
        id: 'billingbudgets.billingAccounts.budgets.list',
        needs: onAccount('list', (request) => request['parent']),
        handle: list,
      },
      CreateBudget: {
        id: 'billingbudgets.billingAccounts.budgets.create',
        needs: (request) => [
          ...onAccount('create', () => request['parent'])(request),
          ...topicNeeds(request, ''),
        ],
        handle: (request) => connected('', budgets.create(String(request['parent']), budgetIn(request))),
      },
      UpdateBudget: {
        id: 'billingbudgets.billingAccounts.budgets.patch',
        needs: (request) => [
          ...onAccount('update', () => budgetIn(request)['name'])(request),
          ...topicNeeds(request, presentTopic(String(budgetIn(request)['name']))),
        ],
        handle(request) {
          const present = presentTopic(String(budgetIn(request)['name']));
          return connected(present, budgets.update(budgetIn(request), textOf(request['updateMask'])));
        },
      },
      DeleteBudget: {
        id: 'billingbudgets.billingAccounts.budgets.delete',
        needs: onAccount('delete', (request) => request['name']),
        handle(request) {
          budgets.delete(String(request['name']));
          return {};
        },
      },
    },
  });
}

function topicOf(budget: Message): string {
  return textOf(((budget['notificationsRule'] ?? {}) as Message)['pubsubTopic']);
}

function projectsOf(budget: Message): readonly unknown[] {
  return (((budget['budgetFilter'] ?? {}) as Message)['projects'] ?? []) as readonly unknown[];
}
