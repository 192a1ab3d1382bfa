import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody } from '../../http/read-body.ts';
import type { Accounts, ServiceAccount } from './accounts.ts';
import { policyRoutes } from './policy-routes.ts';

const HOST = 'iam.googleapis.com';
const COLLECTION = '/v1/projects/(?<project>[^/:]+)/serviceAccounts';
const ACCOUNT = `${COLLECTION}/(?<account>[^/:]+)`;
const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

const fieldsSchema = z.strictObject({
  displayName: z.string().max(100).default(''),
  description: z.string().max(256).default(''),
});
const createSchema = z.strictObject({ accountId: z.string(), serviceAccount: fieldsSchema.prefault({}) });
const patchSchema = z.strictObject({
  serviceAccount: z.looseObject({ displayName: z.string().optional(), description: z.string().optional() }),
  updateMask: z.string(),
});

export interface AccountRoutesOptions {
  readonly accounts: Accounts;
  readonly projects: Projects;
  readonly iam: Iam;
  readonly policies: Policies;
}

/** IAM v1: service accounts and who may use them. Source: google/iam/admin/v1/iam.proto. */
export function accountRoutes(options: AccountRoutesOptions): Route[] {
  const { accounts, projects, iam, policies } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'iam');
  /** `projects/-/serviceAccounts/E` means the project that the account belongs to; an account's unique id names it too. */
  const accountOf = (call: Call): ServiceAccount => accounts.get(call.params['account'] ?? '');
  const onProject =
    (permission: string) =>
    (call: Call): readonly Need[] => [{ permission, on: `projects/${projectOf(call)}` }];
  const onAccount =
    (permission: string) =>
    (call: Call): readonly Need[] => [{ permission, on: accountOf(call).name }];

  return [
    {
      id: 'iam.projects.serviceAccounts.create',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${COLLECTION}$`),
      query: [],
      needs: onProject('iam.serviceAccounts.create'),
      handle(call) {
        const { accountId, serviceAccount } = readBody(createSchema, call);
        return { body: shown(accounts.create(projectOf(call), accountId, serviceAccount)) };
      },
    },
    {
      id: 'iam.projects.serviceAccounts.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${COLLECTION}$`),
      query: ['pageSize', 'pageToken'],
      needs: onProject('iam.serviceAccounts.list'),
      handle(call) {
        const all = accounts.of(projectOf(call));
        const page = pageOfQuery(all, call.query, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE);
        return { body: pageAnswer('accounts', page, shown) };
      },
    },
    {
      id: 'iam.projects.serviceAccounts.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${ACCOUNT}$`),
      query: [],
      needs: onAccount('iam.serviceAccounts.get'),
      handle: (call) => ({ body: shown(accountOf(call)) }),
    },
    {
      id: 'iam.projects.serviceAccounts.patch',
      host: HOST,
      method: 'PATCH',
      path: new RegExp(`^${ACCOUNT}$`),
      query: [],
      needs: onAccount('iam.serviceAccounts.update'),
      handle(call) {
        const { serviceAccount, updateMask } = readBody(patchSchema, call);
        const change = Object.fromEntries(
          updateMask.split(',').map((field) => {
            if (field !== 'displayName' && field !== 'description')
              throw new ApiError('INVALID_ARGUMENT', `Invalid field mask path "${field}".`);
            return [field, serviceAccount[field] ?? ''];
          }),
        );
        return { body: shown(accounts.change(accountOf(call).email, change)) };
      },
    },
    {
      id: 'iam.projects.serviceAccounts.delete',
      host: HOST,
      method: 'DELETE',
      path: new RegExp(`^${ACCOUNT}$`),
      query: [],
      needs: onAccount('iam.serviceAccounts.delete'),
      handle(call) {
        accounts.delete(accountOf(call).email);
        return { body: {} };
      },
    },
    ...policyRoutes({
      host: HOST,
      id: 'iam.projects.serviceAccounts',
      permission: 'iam.serviceAccounts',
      path: ACCOUNT,
      resourceOf: (call) => accountOf(call).name,
      iam,
      policies,
    }),
  ];
}

function shown(account: ServiceAccount): object {
  const { name, email, projectId, uniqueId, displayName, description, disabled, revision } = account;
  return {
    name,
    projectId,
    uniqueId,
    email,
    ...(displayName === '' ? {} : { displayName }),
    ...(description === '' ? {} : { description }),
    ...(disabled ? { disabled } : {}),
    etag: Buffer.from(`account-${revision}`).toString('base64'),
    oauth2ClientId: uniqueId,
  };
}
