import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askGoogle } from '../../../support/ask-google.ts';
import { LAB, labScenario } from '../../../support/lab.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';

const OWNER = 'owner@example.com';
const IAM = `https://iam.googleapis.com/v1/projects/${LAB}/serviceAccounts`;
const trainer = `trainer@${LAB}.iam.gserviceaccount.com`;
const [mine, googles] = ['a'.repeat(40), 'b'.repeat(40)];

describe('service account keys of the sandbox', () => {
  let sandbox: Sandbox;
  const ask = (path: string, account = OWNER) => askGoogle(sandbox, account, 'GET', `${IAM}${path}`);

  beforeAll(async () => {
    const scenario = labScenario([], {
      project: {
        serviceAccounts: [
          {
            id: 'trainer',
            keys: [
              { id: mine, created: '-400d' },
              { id: googles, type: 'SYSTEM_MANAGED', expires: '+10d' },
            ],
          },
          { id: 'retired', disabled: true },
        ],
        iam: [{ role: 'roles/editor', members: [`serviceAccount:${trainer}`, 'user:ada@example.com'] }],
      },
    });
    sandbox = await startSandbox({ scenario, frozen: true });
    sandbox.iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: `projects/${LAB}` });
  });
  afterAll(() => sandbox.close());

  it('lists those of one account, by type, with the date that Google shows for keys without an end', async () => {
    const { body } = await ask(`/${trainer}/keys?keyTypes=USER_MANAGED`);
    expect(body['keys']).toEqual([
      {
        name: `projects/${LAB}/serviceAccounts/${trainer}/keys/${mine}`,
        keyAlgorithm: 'KEY_ALG_RSA_2048',
        keyOrigin: 'GOOGLE_PROVIDED',
        keyType: 'USER_MANAGED',
        validAfterTime: '2025-10-14T21:40:00.000Z',
        validBeforeTime: '9999-12-31T23:59:59Z',
      },
    ]);
    expect((await ask(`/${trainer}/keys`)).body['keys']).toHaveLength(2);
    expect((await ask(`/retired@${LAB}.iam.gserviceaccount.com/keys`)).body).toEqual({});
  });

  it('refuses a type that there is not, and an account without iam.serviceAccountKeys.list', async () => {
    expect((await ask(`/${trainer}/keys?keyTypes=MINE`)).status).toBe(400);
    expect((await ask(`/${trainer}/keys`, 'outsider@example.com')).status).toBe(403);
  });

  it('shows a disabled account as such, and only it', async () => {
    const { body } = await ask('');
    const accounts = body['accounts'] as readonly { readonly email: string; readonly disabled?: boolean }[];
    expect(accounts.map(({ email, disabled }) => [email.split('@')[0], disabled])).toEqual([
      ['trainer', undefined],
      ['retired', true],
    ]);
  });

  it('shows the bindings of the scenario in the policy of the project', async () => {
    const url = `https://cloudresourcemanager.googleapis.com/v3/projects/${LAB}:getIamPolicy`;
    const { body } = await askGoogle(sandbox, OWNER, 'POST', url, {});
    expect(body['bindings']).toContainEqual({
      role: 'roles/editor',
      members: [`serviceAccount:${trainer}`, 'user:ada@example.com'],
    });
  });
});
