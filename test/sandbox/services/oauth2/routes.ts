import type { Reply, Route } from '../../http/route.ts';
import { LIFETIME_SECONDS, type Tokens } from '../../iam/tokens.ts';

/**
 * Where a person's gcloud gets its tokens: with `openid` among the scopes, as gcloud requests at the sign-in, an identity
 * token comes along. Its audience is the program. Source: developers.google.com/identity/protocols/oauth2/web-server,
 * "Refreshing an access token"; googlecloudsdk/core/config.py, CLOUDSDK_SCOPES.
 */
export function oauth2Service({ tokens }: { readonly tokens: Tokens }): Route[] {
  return [
    {
      id: 'oauth2.token',
      host: 'oauth2.googleapis.com',
      method: 'POST',
      path: /^\/token$/,
      query: [],
      // The refresh token in the body is what proves who calls.
      signed: true,
      needs: () => [],
      handle(call) {
        const form = new URLSearchParams(call.body.toString());
        const grant = form.get('grant_type') ?? '';
        if (grant === '') return refusal('invalid_request', 'Required parameter is missing: grant_type');
        if (grant !== 'refresh_token')
          return refusal('unsupported_grant_type', `Invalid grant_type: ${grant}`);
        const account = tokens.refreshOf(form.get('refresh_token') ?? '');
        if (account === undefined) return refusal('invalid_grant', 'Bad Request');
        const scope = form.get('scope') ?? 'openid https://www.googleapis.com/auth/cloud-platform';
        return {
          body: {
            access_token: tokens.issueAccess(account),
            expires_in: LIFETIME_SECONDS,
            token_type: 'Bearer',
            scope,
            ...(scope.split(' ').includes('openid')
              ? { id_token: tokens.issueIdentity(account, form.get('client_id') ?? '') }
              : {}),
          },
        };
      },
    },
  ];
}

/** RFC 6749, 5.2. */
function refusal(error: string, description: string): Reply {
  return { status: 400, body: { error, error_description: description } };
}
