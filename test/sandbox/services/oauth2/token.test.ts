import { describe, expect, it } from 'vitest';
import { createClock } from '../../clock/clock.ts';
import type { Call } from '../../http/route.ts';
import { createTokens } from '../../iam/tokens.ts';
import { oauth2Service } from './routes.ts';

const ADA = 'ada@example.com';

function setUp() {
  const tokens = createTokens(createClock({ startMs: Date.parse('2026-11-18T12:00:00Z'), frozen: true }));
  const [route] = oauth2Service({ tokens });
  if (route === undefined) throw new Error('Cannot test oauth2: it has no route');
  const url = new URL('https://oauth2.googleapis.com/token');
  const request = async (form: Readonly<Record<string, string>>) => {
    const call: Call = {
      method: 'POST', host: url.host, url, headers: {}, params: {}, query: url.searchParams,
      body: Buffer.from(new URLSearchParams(form).toString()), json: () => ({}), principal: '',
    }; // prettier-ignore
    const { status = 200, body } = await route.handle(call);
    return { status, body: body as Readonly<Record<string, unknown>> };
  };
  return { tokens, request };
}

/** RFC 6749, 5.1 (answers), 5.2 (errors) and 6 (refreshing); OpenID Connect Core, 12.2, for the identity token. */
describe('the token endpoint of OAuth 2.0', () => {
  it('gives an access token of the account that a refresh token belongs to', async () => {
    const { tokens, request } = setUp();
    const { status, body } = await request({
      grant_type: 'refresh_token',
      refresh_token: tokens.issueRefresh(ADA),
      client_id: 'gcloud',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(tokens.accountOf(String(body['access_token']))).toBe(ADA);
    expect(tokens.identityOf(String(body['id_token']))).toBe(ADA);
  });

  it('adds an identity token, whose audience is the client, for the scope openid alone', async () => {
    const { tokens, request } = setUp();
    const form = { grant_type: 'refresh_token', refresh_token: tokens.issueRefresh(ADA), client_id: 'me' };
    const cloud = 'https://www.googleapis.com/auth/cloud-platform';
    const without = await request({ ...form, scope: cloud });
    expect([without.body['scope'], without.body['id_token']]).toEqual([cloud, undefined]);
    const { body } = await request({ ...form, scope: `openid ${cloud}` });
    const [, claims = ''] = String(body['id_token']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ aud: 'me', email: ADA });
  });

  it.each([
    ['a refresh token that it did not issue', { grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant'],
    ['no refresh token', { grant_type: 'refresh_token' }, 'invalid_grant'],
    ['another grant', { grant_type: 'password', username: 'ada' }, 'unsupported_grant_type'],
    ['no grant', {}, 'invalid_request'],
  ] as const)('refuses %s with 400 and the error’s name', async (_title, form, error) => {
    const answer = await setUp().request(form);
    expect([answer.status, answer.body['error']]).toEqual([400, error]);
    expect(answer.body['error_description']).toBeTypeOf('string');
  }); // prettier-ignore

  it('needs no token of the caller: the refresh token is the proof', () => {
    const { tokens } = setUp();
    expect(oauth2Service({ tokens })[0]?.signed).toBe(true);
  });
});
