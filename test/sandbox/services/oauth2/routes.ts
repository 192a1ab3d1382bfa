import { ApiError } from '../../http/api-error.ts';
import type { Route } from '../../http/route.ts';
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
        if (form.get('grant_type') !== 'refresh_token')
          throw new ApiError('INVALID_ARGUMENT', 'The sandbox knows the grant type refresh_token alone.');
        const account = tokens.refreshOf(form.get('refresh_token') ?? '');
        if (account === undefined) return { status: 400, body: { error: 'invalid_grant' } };
        return {
          body: {
            access_token: tokens.issueAccess(account),
            expires_in: LIFETIME_SECONDS,
            token_type: 'Bearer',
            scope: form.get('scope') ?? 'openid https://www.googleapis.com/auth/cloud-platform',
            id_token: tokens.issueIdentity(account, form.get('client_id') ?? ''),
          },
        };
      },
    },
  ];
}
