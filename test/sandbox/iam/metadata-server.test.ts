import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startMetadataServer } from './metadata-server.ts';

describe('startMetadataServer', () => {
  let server: Awaited<ReturnType<typeof startMetadataServer>>;
  beforeAll(async () => {
    server = await startMetadataServer({
      account: 'f@p.iam.gserviceaccount.com',
      projectId: 'p',
      projectNumber: '12',
      issueToken: (account) => `token-of-${account}`,
      issueIdentity: (account, audience) => `${account} to ${audience}`,
    });
  });
  afterAll(() => {
    server.close();
  });

  const GOOGLE = { 'metadata-flavor': 'Google' };
  const cases: readonly [string, string, Record<string, string>, number, string | RegExp][] = [
    [
      'the token',
      'instance/service-accounts/default/token',
      GOOGLE,
      200,
      /"access_token":"token-of-f@p\.iam/,
    ],
    ['the account', 'instance/service-accounts/default/email', GOOGLE, 200, 'f@p.iam.gserviceaccount.com'],
    [
      'an identity token for an audience',
      'instance/service-accounts/default/identity?audience=https://a.run.app',
      GOOGLE,
      200,
      'f@p.iam.gserviceaccount.com to https://a.run.app',
    ],
    ['the project', 'project/project-id', GOOGLE, 200, 'p'],
    ['the number', 'project/numeric-project-id', GOOGLE, 200, '12'],
    [
      'no answer without the header',
      'instance/service-accounts/default/token',
      {},
      403,
      /Missing Metadata-Flavor/,
    ],
    ['no answer with another header', 'project/project-id', { 'metadata-flavor': 'Other' }, 403, /Missing/],
    ['nothing elsewhere', 'instance/attributes/ssh-keys', GOOGLE, 404, /unknown path/],
  ];
  for (const [name, path, headers, status, text] of cases)
    it(`gives ${name}`, async () => {
      const answer = await fetch(`http://${server.host}/computeMetadata/v1/${path}`, { headers });
      const body = await answer.text();
      assert.deepEqual([answer.status, answer.headers.get('metadata-flavor')], [status, 'Google']);
      if (typeof text === 'string') assert.equal(body, text);
      else assert.match(body, text);
    });
});
