import { describe, expect, it } from 'vitest';
import { askGoogle, errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const ACCOUNT = 'stopper@lab.iam.gserviceaccount.com';
const HOST = 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts';
const CLOUD = 'https://www.googleapis.com/auth/cloud-platform';
const PROJECT = 'https://cloudresourcemanager.googleapis.com/v3/projects/lab';

/** Fields and their meaning: google/iam/credentials/v1/common.proto. */
describe('IAM Service Account Credentials v1', () => {
  const { sandbox, ask } = useSandbox({
    clock: '2026-11-18T12:00:00Z',
    projects: [{ id: 'lab', number: '77' }],
  });
  const generate = (verb: 'AccessToken' | 'IdToken', body: object, account = ACCOUNT) =>
    ask('POST', `${HOST}/${account}:generate${verb}`, body);
  /** What the project answers to a request with the token. */
  const statusWith = async (token: string): Promise<number> => {
    return (await askGoogle({ ...sandbox(), issueToken: () => token }, ACCOUNT, 'GET', PROJECT)).status;
  };

  it('gives an access token of the account for an hour, with the end in whole seconds', async () => {
    const { body } = await generate('AccessToken', { scope: [CLOUD] });
    expect(Object.keys(body).sort()).toEqual(['accessToken', 'expireTime']);
    expect(body['expireTime']).toBe('2026-11-18T13:00:00Z');
    expect(await statusWith(String(body['accessToken']))).toBe(403);
    const permissions = ['resourcemanager.projects.get'];
    sandbox().iam.bind({ member: ACCOUNT, role: 'viewer', permissions, on: 'projects/lab' });
    expect(await statusWith(String(body['accessToken']))).toBe(200);
  });

  it('gives one that ends when its lifetime does', async () => {
    const { body } = await generate('AccessToken', { scope: [CLOUD], lifetime: '600s' });
    const token = String(body['accessToken']);
    expect(await statusWith(token)).toBe(200);
    await sandbox().clock.advance(600_000);
    expect(await statusWith(token)).toBe(401);
  });

  it('gives an identity token for an audience', async () => {
    const { body } = await generate('IdToken', { audience: 'https://f.run.app', includeEmail: true });
    const [, claims = ''] = String(body['token']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      aud: 'https://f.run.app',
      email: ACCOUNT,
      iss: 'https://accounts.google.com',
    });
  });

  it.each([
    ['no scope', 'AccessToken', {}],
    ['an empty list of scopes', 'AccessToken', { scope: [] }],
    ['a lifetime above an hour', 'AccessToken', { scope: [CLOUD], lifetime: '3601s' }],
    ['a lifetime without its unit', 'AccessToken', { scope: [CLOUD], lifetime: '600' }],
    ['an identity token without an audience', 'IdToken', { includeEmail: true }],
    ['a field that there is not', 'IdToken', { audience: 'a', email: true }],
  ] as const)('refuses %s', async (_title, verb, body) => {
    expect(errorOf(await generate(verb, body))).toBe('400 INVALID_ARGUMENT');
  });

  it('needs the right to the account’s tokens, and an account', async () => {
    const url = `${HOST}/${ACCOUNT}:generateAccessToken`;
    const outsider = await ask('POST', url, { scope: [CLOUD] }, 'outsider@example.com');
    expect(errorOf(outsider)).toMatch(/^403 PERMISSION_DENIED/);
    const none = await generate('AccessToken', { scope: [CLOUD] }, 'x@none.iam.gserviceaccount.com');
    expect(errorOf(none)).toBe('404 NOT_FOUND');
  });
});
