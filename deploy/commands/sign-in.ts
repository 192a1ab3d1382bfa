import { GoogleAuth, OAuth2Client, UserRefreshClient } from 'google-auth-library';
import { messageOf } from '../../shared/errors.ts';
import { throughProxy } from '../../shared/google/clients/through-proxy.ts';
import type { Gcloud } from '../actual/gcloud.ts';

/** Neither gcloud nor application-default credentials give a token. */
export class NotSignedIn extends Error {
  override readonly name = 'NotSignedIn';
}

/** How the user's commands call Google: from the laptop, behind whatever proxy it has. */
export interface SignIn {
  readonly gcloud: Gcloud;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Application-default credentials. */
  readonly standard: GoogleAuth;
}

/**
 * Application-default credentials where there are any, else gcloud's sign-in. `project` is named as the quota project of
 * a user's credentials, without which billingbudgets.googleapis.com refuses them. Throws {@link NotSignedIn}.
 */
export async function signIn(
  { gcloud, environment, standard }: SignIn,
  project: string,
): Promise<GoogleAuth> {
  let why: string;
  try {
    await standard.getAccessToken();
    const client = await standard.getClient();
    if (client instanceof UserRefreshClient) client.quotaProjectId ??= project;
    return throughProxy(standard);
  } catch (error) {
    why = messageOf(error);
  }
  const token = environment['CLOUDSDK_AUTH_ACCESS_TOKEN'] ?? (await gcloudToken(gcloud));
  if (token === undefined)
    throw new NotSignedIn(
      `Not signed in: ${why}\n    gcloud auth login\n    gcloud auth application-default login`,
    );
  return tokenAuth(token, project);
}

/** The caller of a command, by `open` where it says how; undefined where no user is signed in, which `err` is told. */
export async function signedIn(
  open: (() => Promise<GoogleAuth>) | undefined,
  standard: GoogleAuth,
  err: (text: string) => void,
): Promise<GoogleAuth | undefined> {
  try {
    return (await open?.()) ?? standard;
  } catch (error) {
    if (!(error instanceof NotSignedIn)) throw error;
    err(`${error.message}\n`);
    return undefined;
  }
}

/** The token that gcloud is signed in with; undefined when it has none, or is not installed. */
async function gcloudToken(gcloud: Gcloud): Promise<string | undefined> {
  try {
    const { code, stdout } = await gcloud(['auth', 'print-access-token']);
    return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Calls with an access token. */
export function tokenAuth(token: string, quotaProject?: string): GoogleAuth {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token });
  if (quotaProject !== undefined) authClient.quotaProjectId = quotaProject;
  return throughProxy(new GoogleAuth({ authClient, projectId: '-' }));
}
