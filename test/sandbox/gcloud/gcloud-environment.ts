import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokens } from '../iam/tokens.ts';

export interface GcloudEnvironments {
  /** With an access token: the shortest way in. Such a gcloud has no identity tokens. */
  withToken(account: string): Readonly<Record<string, string>>;
  /** Signed in, as after `gcloud auth login`; `curl` reaches the functions, too. */
  signedIn(account: string): Readonly<Record<string, string>>;
}

/** The variables under which the real gcloud, and what is used beside it, talks to the sandbox and to nothing else. */
export function gcloudEnvironments(options: {
  readonly folder: string;
  readonly proxyUrl: string;
  readonly caFile: string;
  readonly tokens: Tokens;
}): GcloudEnvironments {
  const { folder, proxyUrl, caFile, tokens } = options;
  const common = {
    HTTPS_PROXY: proxyUrl,
    // For Node programs beside it, such as the deployment's.
    NODE_EXTRA_CA_CERTS: caFile,
    REQUESTS_CA_BUNDLE: caFile,
    HTTPLIB2_CA_CERTS: caFile,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: caFile,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
    CLOUDSDK_CONFIG: join(folder, 'gcloud'),
  };
  return {
    withToken: (account) => ({ ...common, CLOUDSDK_AUTH_ACCESS_TOKEN: tokens.issueAccess(account) }),
    signedIn(account) {
      const file = join(folder, `${account.replace(/\W/g, '-')}.json`);
      writeFileSync(
        file,
        JSON.stringify({
          type: 'authorized_user',
          client_id: '32555940559.apps.googleusercontent.com',
          client_secret: 'not-a-secret',
          refresh_token: tokens.issueRefresh(account),
        }),
      );
      return { ...common, CURL_CA_BUNDLE: caFile, CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: file };
    },
  };
}
