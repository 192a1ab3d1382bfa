import { momentMs } from '../../clock/moment.ts';
import { ApiError } from '../../http/api-error.ts';
import type { Call, Route } from '../../http/route.ts';
import type { Accounts, ServiceAccount } from './accounts.ts';
import type { AccountSeed, KeySeed } from './seed.ts';

const HOST = 'iam.googleapis.com';
const KEYS = '/v1/projects/(?<project>[^/:]+)/serviceAccounts/(?<account>[^/:]+)/keys';

/** What Google shows for a key that does not expire. */
const NEVER = '9999-12-31T23:59:59Z';

const TYPES = ['USER_MANAGED', 'SYSTEM_MANAGED'] as const;

/** Service account keys, to look at: `projects.serviceAccounts.keys` of IAM v1. Making and deleting them is not imitated. */
export function keyRoutes(options: {
  readonly accounts: Accounts;
  /** By e-mail address. */
  readonly keys: ReadonlyMap<string, readonly KeySeed[]>;
  /** Where relative times of the seed count from. */
  readonly startMs: number;
}): Route[] {
  const { accounts, keys, startMs } = options;
  const accountOf = (call: Call): ServiceAccount => accounts.get(call.params['account'] ?? '');
  return [
    {
      id: 'iam.projects.serviceAccounts.keys.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${KEYS}$`),
      query: ['keyTypes'],
      needs: (call) => [{ permission: 'iam.serviceAccountKeys.list', on: accountOf(call).name }],
      handle(call) {
        const { name, email } = accountOf(call);
        const wanted = call.query.getAll('keyTypes');
        const strange = wanted.find((type) => !TYPES.some((known) => known === type));
        if (strange !== undefined) throw new ApiError('INVALID_ARGUMENT', `Invalid key type ${strange}.`);
        const shown = (keys.get(email) ?? []).filter(
          ({ type }) => wanted.length === 0 || wanted.includes(type),
        );
        // proto3 JSON leaves an empty list out.
        return {
          body: shown.length === 0 ? {} : { keys: shown.map((key) => showKey(name, key, startMs)) },
        };
      },
    },
  ];
}

function showKey(account: string, key: KeySeed, startMs: number): object {
  const { id, type, origin, created, expires, disabled } = key;
  return {
    name: `${account}/keys/${id}`,
    keyAlgorithm: 'KEY_ALG_RSA_2048',
    keyOrigin: origin,
    keyType: type,
    validAfterTime: new Date(momentMs(created, startMs)).toISOString(),
    validBeforeTime: expires === undefined ? NEVER : new Date(momentMs(expires, startMs)).toISOString(),
    ...(disabled
      ? { disabled: true, disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED' }
      : {}),
  };
}

/** Creates the accounts that a scenario names; answers their keys by e-mail address. */
export function seedAccounts(
  accounts: Accounts,
  projects: readonly { readonly id: string; readonly serviceAccounts: readonly AccountSeed[] }[],
): ReadonlyMap<string, readonly KeySeed[]> {
  const keys = new Map<string, readonly KeySeed[]>();
  for (const project of projects)
    for (const seed of project.serviceAccounts) {
      const { email } = accounts.create(project.id, seed.id, {
        displayName: seed.displayName,
        description: '',
        disabled: seed.disabled,
      });
      keys.set(email, seed.keys);
    }
  return keys;
}
