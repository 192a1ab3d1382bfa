import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const SECRETS = 'https://secretmanager.googleapis.com/v1/projects/lab/secrets';
const READER = 'reader@lab.iam.gserviceaccount.com';

/** Fields and their meaning: google/cloud/secretmanager/v1/service.proto, AccessSecretVersion, and resources.proto. */
describe('Secret Manager v1', () => {
  const { ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '77',
        secrets: [
          {
            id: 'hook',
            versions: [
              { text: 'first' },
              { text: 'second', state: 'DISABLED' },
              { text: 'gone', state: 'DESTROYED' },
              { text: '123456789' },
            ],
            accessors: [READER],
          },
          { id: 'off', versions: [{ text: 'one' }, { text: 'two', state: 'DISABLED' }] },
          { id: 'empty', accessors: [READER] },
        ],
      },
      {
        id: 'unused',
        number: '78',
        disabledServices: ['secretmanager.googleapis.com'],
        secrets: [{ id: 'hook', versions: [{ text: 'x' }] }],
      },
    ],
  });
  const access = (name: string, account?: string) =>
    ask('GET', `${SECRETS}/${name}:access`, undefined, account);

  it('gives a version’s data in base64 with its CRC-32C, under the name by number', async () => {
    const { body } = await access('hook/versions/latest', READER);
    expect(body).toEqual({
      name: 'projects/77/secrets/hook/versions/4',
      // CRC-32C of "123456789" is the check value of the algorithm, 0xE3069283 (RFC 3720, B.4 has others).
      payload: { data: Buffer.from('123456789').toString('base64'), dataCrc32c: String(0xe3069283) },
    });
    expect((await access('hook/versions/1')).body['name']).toBe('projects/77/secrets/hook/versions/1');
  });

  it('knows the project by its number as well', async () => {
    const url = `${SECRETS.replace('lab', '77')}/hook/versions/1:access`;
    expect((await ask('GET', url, undefined, READER)).status).toBe(200);
  });

  it.each([
    ['a disabled version', 'hook/versions/2', '400 FAILED_PRECONDITION'],
    ['a destroyed version', 'hook/versions/3', '400 FAILED_PRECONDITION'],
    ['the latest version where it is disabled', 'off/versions/latest', '400 FAILED_PRECONDITION'],
    ['a version that there is not', 'hook/versions/9', '404 NOT_FOUND'],
    ['the latest version where there is none', 'empty/versions/latest', '404 NOT_FOUND'],
    ['a secret that there is not', 'none/versions/1', '404 NOT_FOUND'],
  ])('refuses %s', async (_title, name, expected) => {
    expect(errorOf(await access(name))).toBe(expected);
  });

  it('refuses a caller without the permission, whether the secret is there or not', async () => {
    for (const name of ['off/versions/1', 'none/versions/1'])
      expect(errorOf(await access(name, READER))).toMatch(/^403 PERMISSION_DENIED/);
  });

  it('is refused where the API is not enabled', async () => {
    const url = `${SECRETS.replace('lab', 'unused')}/hook/versions/1:access`;
    expect(errorOf(await ask('GET', url))).toBe('403 PERMISSION_DENIED SERVICE_DISABLED');
  });
});
