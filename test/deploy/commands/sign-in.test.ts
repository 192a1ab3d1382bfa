import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { GoogleAuth, UserRefreshClient } from 'google-auth-library';
import { signIn, tokenAuth } from '../../../deploy/commands/sign-in.ts';

const noGcloud = async () => Promise.reject(new Error('Cannot run gcloud: ENOENT'));

describe('signIn', () => {
  it('names the quota project of a user, who has none of his own', async () => {
    for (const [own, expected] of [
      [undefined, 'ml-ops'],
      ['mine', 'mine'],
    ] as const) {
      const authClient = new UserRefreshClient();
      authClient.setCredentials({ access_token: 'token', expiry_date: Date.now() + 3_600_000 });
      if (own !== undefined) authClient.quotaProjectId = own;
      const standard = new GoogleAuth({ authClient, projectId: '-' });
      const auth = await signIn({ gcloud: noGcloud, environment: {}, standard }, 'ml-ops');
      const headers = await auth.getRequestHeaders('https://billingbudgets.googleapis.com/v1/x');
      assert.equal(headers.get('x-goog-user-project'), expected);
    }
  });

  it('names it for a token of gcloud, and none where none is given', async () => {
    const url = 'https://billingbudgets.googleapis.com/v1/x';
    assert.equal((await tokenAuth('t', 'ml-ops').getRequestHeaders(url)).get('x-goog-user-project'), 'ml-ops');
    assert.equal((await tokenAuth('t').getRequestHeaders(url)).get('x-goog-user-project'), null);
  }); // prettier-ignore
});
