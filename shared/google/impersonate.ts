import { Impersonated, type GoogleAuth } from 'google-auth-library';

export type { GoogleAuth };
import { messageOf } from '../errors.ts';

/** No token for the other account: its status and reason are the cause's. */
export class CannotImpersonate extends Error {
  override readonly name = 'CannotImpersonate';
}

/**
 * Authorised requests in the name of a service account. Needs iam.serviceAccounts.getAccessToken on it
 * (roles/iam.serviceAccountTokenCreator) and the API iamcredentials.googleapis.com. Requests throw
 * {@link CannotImpersonate} when there is no token to be had.
 */
export function impersonate(auth: GoogleAuth, account: string): Pick<GoogleAuth, 'request'> {
  let opening: Promise<Impersonated> | undefined;
  const open = async (): Promise<Impersonated> =>
    new Impersonated({
      sourceClient: await auth.getClient(),
      targetPrincipal: account,
      targetScopes: ['https://www.googleapis.com/auth/cloud-platform'],
      // Long enough for one look around.
      lifetime: 600,
    });
  const ready = async (): Promise<Impersonated> => {
    try {
      const client = await (opening ??= open());
      await client.getAccessToken();
      return client;
    } catch (cause) {
      throw new CannotImpersonate(`Cannot act as "${account}": ${messageOf(cause)}`, { cause });
    }
  };
  return {
    async request<T>(options: Parameters<GoogleAuth['request']>[0]) {
      return (await ready()).request<T>(options);
    },
  };
}
