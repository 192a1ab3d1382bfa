import { GoogleAuth, Impersonated } from 'google-auth-library';
import { messageOf } from '../errors.ts';
import { throughProxy } from './clients/through-proxy.ts';

export type { GoogleAuth };

/** No token for the other account: its status and reason are the cause's. */
export class CannotImpersonate extends Error {
  override readonly name = 'CannotImpersonate';
}

/**
 * The identity of a service account, borrowed. Needs iam.serviceAccounts.getAccessToken on it
 * (roles/iam.serviceAccountTokenCreator) and the API iamcredentials.googleapis.com. Requests throw
 * {@link CannotImpersonate} when there is no token to be had.
 */
export function impersonate(auth: GoogleAuth, account: string): GoogleAuth {
  let opening: Promise<Impersonated> | undefined;
  const open = async (): Promise<Impersonated> =>
    new Impersonated({
      sourceClient: await auth.getClient(),
      targetPrincipal: account,
      targetScopes: ['https://www.googleapis.com/auth/cloud-platform'],
      // Long enough for one look around.
      lifetime: 600,
    });
  const borrowed = new GoogleAuth({ projectId: '-' });
  borrowed.getClient = async () => {
    try {
      const client = await (opening ??= open());
      await client.getAccessToken();
      return client;
    } catch (cause) {
      throw new CannotImpersonate(`Cannot act as "${account}": ${messageOf(cause)}`, { cause });
    }
  };
  return throughProxy(borrowed);
}
