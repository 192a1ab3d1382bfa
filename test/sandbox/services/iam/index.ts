import { ApiError } from '../../http/api-error.ts';
import { createPolicies, type Policies } from '../../iam/iam-policy.ts';
import type { Context, Service } from '../../service.ts';
import { BUDGET_ACCOUNT } from '../billing/budget-publisher.ts';
import { resourceManager } from '../resource-manager/index.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { accountRoutes } from './account-routes.ts';
import { createAccounts, type Accounts } from './accounts.ts';
import { grantFunction, type GrantOptions } from './grant.ts';
import { keyRoutes, seedAccounts } from './keys.ts';
import { createRoleBook, type RoleBook } from './role-book.ts';
import { roleRoutes } from './role-routes.ts';
import type { KeySeed } from './seed.ts';

export const iam: Service<{
  /** The allow policies of all resources. */
  readonly policies: Policies;
  readonly roles: RoleBook;
  readonly accounts: Accounts;
  /** Service account keys by e-mail address. */
  readonly keys: ReadonlyMap<string, readonly KeySeed[]>;
  /** Gives a function's account its role on the scope, the state bucket and its topics, as deploy does. */
  grant(options: GrantOptions): string;
}> = {
  name: 'iam',
  create(context) {
    const { clock, hierarchy, of, scenario, showsPurgedRoles } = context;
    const { projects } = of(resourceManager);
    const ancestry = (resource: string): readonly string[] => hierarchy.ancestry(resource);
    const roles = createRoleBook({ clock, ancestry, showsPurgedRoles });
    const accounts = createAccounts({ projects, iam: context.iam });
    const keys = seedAccounts(accounts, scenario.projects);
    const policies = policiesOf(context, { projects, roles, accounts });
    for (const { id, iam: bindings } of scenario.projects) policies.seed(`projects/${id}`, bindings);
    return {
      policies,
      roles,
      accounts,
      keys,
      grant: (options) => grantFunction({ accounts, iam: context.iam }, options),
    };
  },
  routes: ({ accounts, keys, roles, policies }, context) => [
    ...accountRoutes({
      accounts,
      projects: context.of(resourceManager).projects,
      iam: context.iam,
      policies,
    }),
    ...keyRoutes({ accounts, keys, startMs: context.startMs }),
    ...roleRoutes({ roles }),
  ],
};

/** Policies name roles and accounts that exist, and are known by now in their project. */
function policiesOf(
  context: Context,
  {
    projects,
    roles,
    accounts,
  }: { readonly projects: Projects; readonly roles: RoleBook; readonly accounts: Accounts },
): Policies {
  return createPolicies(context.iam, {
    ...roles,
    requireGrantable(role, on) {
      roles.requireGrantable(role, on);
      const [, home = ''] = /^projects\/([^/]+)\/roles\//.exec(role) ?? [];
      if (projects.settling.refuses(home, 'role', role))
        throw new ApiError('INVALID_ARGUMENT', `Role (${role}) does not exist in the resource's hierarchy.`);
    },
    requireAccount(email) {
      const [, home = ''] = /@([^.@]+)\.iam\.gserviceaccount\.com$/.exec(email) ?? [];
      if (
        email !== BUDGET_ACCOUNT &&
        (!accounts.exists(email) || projects.settling.refuses(home, 'account', email))
      )
        throw new ApiError('INVALID_ARGUMENT', `Service account ${email} does not exist.`);
    },
  });
}
