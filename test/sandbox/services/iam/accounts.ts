import { createHash } from 'node:crypto';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Projects } from '../resource-manager/projects.ts';

export interface ServiceAccount {
  /** `projects/P/serviceAccounts/E` */
  readonly name: string;
  readonly email: string;
  readonly projectId: string;
  readonly uniqueId: string;
  readonly displayName: string;
  readonly description: string;
  readonly disabled: boolean;
  readonly revision: number;
}

/** The service accounts of all projects. */
export interface Accounts {
  /** Throws NOT_FOUND, as all that take an e-mail address. */
  get(email: string): ServiceAccount;
  of(projectId: string): readonly ServiceAccount[];
  /** Throws ALREADY_EXISTS. */
  create(
    projectId: string,
    id: string,
    fields: { displayName: string; description: string; disabled?: boolean },
  ): ServiceAccount;
  change(email: string, fields: { displayName?: string; description?: string }): ServiceAccount;
  /** Its bindings stay behind as `deleted:serviceAccount:…?uid=…`, which a new account of that name does not inherit. */
  delete(email: string): void;
  /** Makes the account if it is not there: for accounts that a test presumes. */
  ensure(email: string): void;
  /** Also true for the accounts that Google makes by itself. */
  exists(email: string): boolean;
}

const OWN = /^([a-z](?:[-a-z0-9]{4,28}[a-z0-9]))@([^.@]+)\.iam\.gserviceaccount\.com$/;
/** Service agents and the default accounts carry the project's number. */
const GOOGLES =
  /^(?:service-)?(\d+)(?:-compute@developer|@cloudbuild|@cloudservices|@[a-z0-9-]+\.iam)\.gserviceaccount\.com$/;

export function createAccounts(options: { readonly projects: Projects; readonly iam: Iam }): Accounts {
  const { projects, iam } = options;
  const accounts = new Map<string, ServiceAccount>();
  let made = 0;

  const get = (email: string): ServiceAccount => {
    const found = accounts.get(email);
    if (found === undefined) throw new ApiError('NOT_FOUND', `Unknown service account: ${email}`);
    return found;
  };
  const create: Accounts['create'] = (projectId, id, fields) => {
    const email = `${id}@${projectId}.iam.gserviceaccount.com`;
    if (!OWN.test(email)) throw new ApiError('INVALID_ARGUMENT', `Invalid service account ID ${id}.`);
    if (accounts.has(email))
      throw new ApiError(
        'ALREADY_EXISTS',
        `Service account ${id} already exists within project projects/${projectId}.`,
      );
    made += 1;
    // A new account of the same name is another one.
    const digits = BigInt(`0x${createHash('sha256').update(`${email} ${made}`).digest('hex').slice(0, 16)}`);
    const uniqueId = `1${String(digits).padStart(20, '0').slice(-20)}`;
    const account = {
      disabled: false,
      ...fields,
      name: `projects/${projectId}/serviceAccounts/${email}`,
      email,
      projectId,
      uniqueId,
      revision: 1,
    };
    accounts.set(email, account);
    return account;
  };

  return {
    get,
    of: (projectId) => [...accounts.values()].filter((account) => account.projectId === projectId),
    create,
    change(email, fields) {
      const present = get(email);
      const changed = { ...present, ...fields, revision: present.revision + 1 };
      accounts.set(email, changed);
      return changed;
    },
    delete(email) {
      const { uniqueId, name } = get(email);
      accounts.delete(email);
      const left = iam.bindings.filter((binding) => binding.member === email && binding.on !== name);
      iam.unbind((binding) => binding.member === email || binding.on === name);
      for (const { role, on } of left)
        iam.bind({ role, on, permissions: [], member: `deleted:serviceAccount:${email}?uid=${uniqueId}` });
    },
    ensure(email) {
      const [, id, projectId] = OWN.exec(email) ?? [];
      if (id !== undefined && projectId !== undefined && !accounts.has(email))
        create(projectId, id, { displayName: '', description: '' });
    },
    exists(email) {
      const number = GOOGLES.exec(email)?.[1];
      return (
        accounts.has(email) ||
        (number !== undefined && projects.all.some((project) => project.number === number))
      );
    },
  };
}
