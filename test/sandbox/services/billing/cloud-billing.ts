import { createRequire } from 'node:module';
import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import { protoRoutes, textOf, type Message } from '../../http/proto-service.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import type { Scenario } from '../../scenario.ts';
import { pageOfRequest } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import type { BillingAccount, BillingLinks } from './links.ts';

const protos = createRequire(import.meta.url)('@google-cloud/billing/build/protos/protos.json') as object;

const MAX_PAGE_SIZE = 100;
const NONE = (): readonly Need[] => [];

/**
 * What a change of a link takes beside the project's own right, where Google's pages disagree. `project`: the API reference and a
 * published switch. `project-and-account`: the page on custom roles for billing, which also wants the account's right to unlink,
 * and to see the project's services to link it.
 */
export const LINK_READINGS = ['project', 'project-and-account'] as const;

export type LinkReading = (typeof LINK_READINGS)[number];

export interface CloudBillingOptions {
  readonly reading: () => LinkReading;
  readonly links: BillingLinks;
  readonly projects: Projects;
  readonly iam: Iam;
  readonly policies: Policies;
  readonly scenario: Scenario;
}

/** Cloud Billing v1, as far as accounts and their links to projects go. */
export function cloudBillingService(options: CloudBillingOptions): Route[] {
  const { links, projects, iam, policies, scenario, reading } = options;
  const projectOf = (request: Message): string =>
    projects.require(/^projects\/([^/]+)/.exec(String(request['name']))?.[1] ?? '');
  const onAccount =
    (permission: string, field = 'name') =>
    (request: Message): readonly Need[] => [{ permission, on: String(request[field]) }];
  const showLink = (projectId: string, billingEnabled = links.readsEnabled(projectId)): Message => ({
    name: `projects/${projectId}/billingInfo`,
    projectId,
    billingAccountName: nameOf(links.accountOf(projectId)),
    billingEnabled,
  });
  const showAccount = (account: BillingAccount): Message => ({
    name: nameOf(account.id),
    open: account.open,
    displayName: account.displayName,
    masterBillingAccount: nameOf(account.masterAccount),
    ...(scenario.organization === undefined ? {} : { parent: `organizations/${scenario.organization.id}` }),
    currencyCode: account.currencyCode,
  });
  const list = (field: string, all: readonly Message[], request: Message): Message => {
    const { items, nextPageToken = '' } = pageOfRequest(all, request, MAX_PAGE_SIZE);
    return { [field]: items, nextPageToken };
  };

  /** Permissions on both sides of the link that is requested, and on the account whose link goes. */
  const updateNeeds = (request: Message): readonly Need[] => {
    const projectId = projectOf(request);
    const on = `projects/${projectId}`;
    const strict = reading() === 'project-and-account';
    const account = accountRequested(request);
    if (account === undefined) {
      const present = links.accountOf(projectId);
      return [
        { permission: 'resourcemanager.projects.deleteBillingAssignment', on },
        ...(strict && present !== undefined
          ? [{ permission: 'billing.resourceAssociations.delete', on: nameOf(present) }]
          : []),
      ];
    }
    return [
      { permission: 'resourcemanager.projects.createBillingAssignment', on },
      { permission: 'billing.resourceAssociations.create', on: nameOf(account) },
      ...(strict
        ? ['serviceusage.services.list', 'serviceusage.effectivepolicy.get'].map((permission) => ({
            permission,
            on,
          }))
        : []),
    ];
  };

  const accountIn = (request: Message): string => {
    const name = String(request['resource']);
    links.account(accountId(name));
    return name;
  };

  const listAccounts = (request: Message, call: Call): Message => {
    if (textOf(request['filter']) !== '')
      throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${textOf(request['filter'])}".`);
    const parent = textOf(request['parent']);
    const organization =
      scenario.organization === undefined ? undefined : `organizations/${scenario.organization.id}`;
    const visible = parent === '' || parent === organization ? links.accounts : [];
    return list(
      'billingAccounts',
      visible
        .filter(({ id }) =>
          iam.allows(call.principal, { permission: 'billing.accounts.get', on: nameOf(id) }),
        )
        .map(showAccount),
      request,
    );
  };

  return protoRoutes({
    host: 'cloudbilling.googleapis.com',
    protos,
    service: 'google.cloud.billing.v1.CloudBilling',
    methods: {
      GetProjectBillingInfo: {
        id: 'cloudbilling.projects.getBillingInfo',
        needs: (request) => [
          { permission: 'resourcemanager.projects.get', on: `projects/${projectOf(request)}` },
        ],
        handle: (request) => showLink(projectOf(request)),
      },
      UpdateProjectBillingInfo: {
        id: 'cloudbilling.projects.updateBillingInfo',
        needs: updateNeeds,
        handle(request) {
          const projectId = projectOf(request);
          links.change(projectId, accountRequested(request));
          return showLink(projectId, links.enabled(projectId));
        },
      },
      ListProjectBillingInfo: {
        id: 'cloudbilling.billingAccounts.projects.list',
        needs: onAccount('billing.resourceAssociations.list'),
        handle: (request) =>
          list(
            'projectBillingInfo',
            projects.all
              .filter(({ id }) => nameOf(links.accountOf(id)) === request['name'])
              .map(({ id }) => showLink(id)),
            request,
          ),
      },
      GetBillingAccount: {
        id: 'cloudbilling.billingAccounts.get',
        needs: onAccount('billing.accounts.get'),
        handle: (request) => showAccount(links.account(accountId(String(request['name'])))),
      },
      ListBillingAccounts: {
        id: 'cloudbilling.billingAccounts.list',
        needs: NONE,
        handle: listAccounts,
      },
      GetIamPolicy: {
        id: 'cloudbilling.billingAccounts.getIamPolicy',
        needs: onAccount('billing.accounts.getIamPolicy', 'resource'),
        handle: (request) => ({ ...policies.read(accountIn(request)) }),
      },
      SetIamPolicy: {
        id: 'cloudbilling.billingAccounts.setIamPolicy',
        needs: onAccount('billing.accounts.setIamPolicy', 'resource'),
        handle: (request) => ({ ...policies.write(accountIn(request), request['policy']) }),
      },
      TestIamPermissions: {
        id: 'cloudbilling.billingAccounts.testIamPermissions',
        needs: NONE,
        handle(request, call) {
          const on = String(request['resource']);
          const requested = z.array(z.string()).parse(request['permissions'] ?? []);
          return {
            permissions: requested.filter((permission) => iam.allows(call.principal, { permission, on })),
          };
        },
      },
    },
  });
}

/**
 * The account that a request wants to link; undefined means none, which is also what a request without
 * `billingAccountName` or without any body calls for (google/cloud/billing/v1/cloud_billing.proto).
 */
function accountRequested(request: Message): string | undefined {
  const info = (request['projectBillingInfo'] ?? {}) as Message;
  const name = textOf(info['billingAccountName']);
  return name === '' ? undefined : accountId(name);
}

function accountId(name: string): string {
  const id = /^billingAccounts\/([^/]+)$/.exec(name)?.[1];
  if (id === undefined)
    throw new ApiError('INVALID_ARGUMENT', `Invalid billing account name "${name}": use billingAccounts/ID.`);
  return id;
}

function nameOf(account: string | undefined): string {
  return account === undefined ? '' : `billingAccounts/${account}`;
}
