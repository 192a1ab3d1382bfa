import type { Condition } from '../../iam/condition.ts';
import type { Iam } from '../../iam/iam.ts';
import { hasRole, PREDEFINED_ROLES, roleFile, stateGrants } from '../../iam/roles.ts';
import type { Accounts } from './accounts.ts';

export interface GrantOptions {
  readonly functionName: string;
  readonly operationsProject: string;
  /** `projects/P`, `folders/N` or `organizations/N`. */
  readonly scope: readonly string[];
  readonly stateBucket?: string | undefined;
  /** Full topic names that the function publishes to. */
  readonly topics: readonly string[];
  /** `billingAccounts/A`, for functions with a role there. */
  readonly billingAccounts?: readonly string[];
  /** The policy has the function write metrics to the operations project. */
  readonly metrics?: boolean;
  /** E-mail addresses of accounts that the function may act as. */
  readonly actsAs?: readonly string[];
}

/** Gives a function's account its roles, and answers its e-mail address. */
export function grantFunction(
  { accounts, iam }: { readonly accounts: Accounts; readonly iam: Iam },
  options: GrantOptions,
): string {
  const { functionName: name, operationsProject } = options;
  const account = `${name}@${operationsProject}.iam.gserviceaccount.com`;
  accounts.ensure(account);
  const bindRole = (role: string, on: readonly string[], condition?: Condition): void => {
    for (const resource of on)
      iam.bind({ member: account, role, permissions: roleFile(role), on: resource, condition });
  };
  const bindPredefined = (role: string, on: string): void => {
    iam.bind({ member: account, role, permissions: PREDEFINED_ROLES[role] ?? [], on });
  };
  bindRole(`${name}/role.yaml`, options.scope);
  if (options.stateBucket !== undefined) {
    const { read, write, folders, reads, others } = stateGrants(name);
    const objects = `projects/_/buckets/${options.stateBucket}/objects/`;
    const begins = (folder: string): string => `resource.name.startsWith("${objects}${folder}")`;
    const expression = folders.map(begins).join(' || ');
    const own = [...folders, ...reads];
    const hidden = others
      .filter((one) => !/^(?:poison|receipts)\//.test(one) && !own.some((mine) => one.startsWith(mine)))
      .map((one) => {
        const visible = own.filter((mine) => mine.startsWith(one)).map((mine) => ` && !${begins(mine)}`);
        return visible.length === 0 ? begins(one) : `(${begins(one)}${visible.join('')})`;
      });
    bindRole(
      read,
      [`buckets/${options.stateBucket}`],
      hidden.length === 0
        ? undefined
        : { title: 'what others keep to themselves', expression: `!(${hidden.join(' || ')})` },
    );
    bindRole(write, [`buckets/${options.stateBucket}`], { title: 'its folders', expression });
  }
  if (hasRole(`${name}/billing-account-role.yaml`))
    bindRole(`${name}/billing-account-role.yaml`, options.billingAccounts ?? []);
  if (options.metrics === true && hasRole(`${name}/metrics-role.yaml`))
    bindRole(`${name}/metrics-role.yaml`, [`projects/${operationsProject}`]);
  for (const email of options.actsAs ?? []) {
    accounts.ensure(email);
    bindPredefined('roles/iam.serviceAccountUser', accounts.get(email).name);
  }
  for (const topic of options.topics) bindPredefined('roles/pubsub.publisher', topic);
  return account;
}
