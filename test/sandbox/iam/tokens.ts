import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';

/** What accounts prove themselves with: access tokens to Google's APIs, identity tokens to services on Cloud Run. */
export interface Tokens {
  /** It ends after so many seconds of sandbox time; without them never, as the credentials of one who renews it in time. */
  issueAccess(account: string, seconds?: number): string;
  /** An identity token in the form of a JWT, so that clients can read when it ends. */
  issueIdentity(account: string, audience: string): string;
  /** What a person's gcloud keeps after signing in, to get the other two with. */
  issueRefresh(account: string): string;
  /** The account behind an access token that has not ended. */
  accountOf(token: string): string | undefined;
  /** The account behind an identity token that has not ended. */
  identityOf(token: string): string | undefined;
  /** The account behind a refresh token. */
  refreshOf(token: string): string | undefined;
}

export const LIFETIME_SECONDS = 3_600;

export function createTokens(clock: Clock): Tokens {
  const access = new Map<string, { readonly account: string; readonly untilMs: number }>();
  const refreshes = new Map<string, string>();
  const identities = new Map<string, { readonly account: string; readonly untilMs: number }>();
  return {
    issueAccess(account, seconds = Infinity) {
      const token = `ya29.sandbox-${randomBytes(12).toString('hex')}`;
      access.set(token, { account, untilMs: clock.now() + seconds * 1_000 });
      return token;
    },
    issueIdentity(account, audience) {
      const issued = Math.floor(clock.now() / 1_000);
      const claims = {
        aud: audience,
        email: account,
        email_verified: true,
        iss: 'https://accounts.google.com',
        iat: issued,
        exp: issued + LIFETIME_SECONDS,
      };
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const token = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${randomBytes(24).toString('base64url')}`;
      identities.set(token, { account, untilMs: (issued + LIFETIME_SECONDS) * 1_000 });
      return token;
    },
    issueRefresh(account) {
      const token = `1//sandbox-${randomBytes(24).toString('base64url')}`;
      refreshes.set(token, account);
      return token;
    },
    accountOf(token) {
      const found = access.get(token);
      return found !== undefined && clock.now() < found.untilMs ? found.account : undefined;
    },
    refreshOf: (token) => refreshes.get(token),
    identityOf(token) {
      const found = identities.get(token);
      return found !== undefined && clock.now() < found.untilMs ? found.account : undefined;
    },
  };
}
