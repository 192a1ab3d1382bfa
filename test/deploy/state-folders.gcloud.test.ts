import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actual, Binding } from '../../deploy/actual/actual.ts';
import { grant, revoke } from '../../deploy/plan/grants.ts';
import { foldersCondition } from '../../shared/preflight/state-folders.ts';
import { createGcloud, gcloudMissing, type Gcloud } from '../sandbox/gcloud/gcloud.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { BUCKET, labScenario, OPERATIONS } from '../support/lab.ts';
import { needs } from '../support/needs.ts';

const URL = `gs://${BUCKET}`;
const ROLE = 'roles/storage.objectUser';
const OWNER = 'owner@example.com';
const MEMBER = 'user:ada@example.com';
const PLACE = { project: OPERATIONS, region: 'us-central1' };
const WHOLE: Binding = { role: ROLE, member: MEMBER };
const FOLDERS: Binding = {
  ...WHOLE,
  condition: foldersCondition(BUCKET, 'spend-watch', ['ledgers/', 'poison/x/']),
};

describe('the real gcloud', needs(gcloudMissing()), () => {
  let sandbox: Sandbox;
  let gcloud: Gcloud;
  beforeAll(async () => {
    sandbox = await startSandbox({ scenario: labScenario([]), frozen: true });
    sandbox.iam.bind({
      member: OWNER,
      role: 'roles/owner',
      permissions: 'all',
      on: `projects/${OPERATIONS}`,
    });
    gcloud = createGcloud(sandbox, OWNER);
  });
  afterAll(() => sandbox.close());

  const present = (...bindings: readonly Binding[]): Pick<Actual, 'bindings'> => ({
    bindings: new Map([[URL, bindings]]),
  });
  const run = async (steps: ReturnType<typeof grant>): Promise<void> => {
    for (const { args } of steps) {
      const [first = '', ...rest] = args;
      const { code, stderr } = await gcloud(first, ...rest);
      expect([code, stderr]).toEqual([0, code === 0 ? stderr : '']);
    }
  };
  const mayWrite = (object: string): boolean =>
    sandbox.iam.allows('ada@example.com', {
      permission: 'storage.objects.create',
      on: `buckets/${BUCKET}`,
      object,
    });

  it('binds folders beside the whole bucket, takes the whole bucket away, then the folders', async () => {
    await run(grant(present(), PLACE, URL, WHOLE, ''));
    await run(grant(present(WHOLE), PLACE, URL, FOLDERS, ''));
    expect(mayWrite('manifests/a.json')).toBe(true);
    await run(revoke(present(WHOLE, FOLDERS), PLACE, URL, WHOLE, ''));
    expect([mayWrite('manifests/a.json'), mayWrite('ledgers/a.json'), mayWrite('poison/x/a')]).toEqual([
      false,
      true,
      true,
    ]);
    const { json } = await gcloud('storage buckets get-iam-policy', URL, '--format=json');
    const { bindings } = json as { readonly bindings: readonly { readonly role: string }[] };
    expect(bindings.filter(({ role }) => role === ROLE)).toEqual([
      { role: ROLE, members: [MEMBER], condition: FOLDERS.condition },
    ]);
    await run(revoke(present(FOLDERS), PLACE, URL, FOLDERS, ''));
    expect(mayWrite('ledgers/a.json')).toBe(false);
  });
});
