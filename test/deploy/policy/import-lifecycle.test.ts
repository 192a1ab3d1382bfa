import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Gcloud } from '../../../deploy/actual/gcloud.ts';
import { importLifecycle } from '../../../deploy/policy/import-lifecycle.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';

const RULES = [
  {
    action: { type: 'SetStorageClass', storageClass: 'NEARLINE' },
    condition: { age: 30, matchesPrefix: ['a/'] },
  },
  { action: { type: 'Delete' }, condition: { createdBefore: '2024-02-29', isLive: false } },
];
const never: Gcloud = () => Promise.reject(new Error('gcloud was called'));

async function fileOf(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'costguard-import-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'lifecycle.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function policiesOf(section: string) {
  return parsePolicy(`scope: [projects/ml-dev]\n${section}`).lifecycle?.policies;
}

describe('importLifecycle', () => {
  it.each([{ rule: RULES }, { lifecycle: { rule: RULES } }, { lifecycle_config: { rule: RULES } }])(
    'makes a section that the policy takes of %o',
    async (content) => {
      const [policy] = policiesOf(await importLifecycle(await fileOf(content), never)) ?? [];
      expect(policy?.rules).toEqual(RULES);
      expect(policy?.match.name).toBe('*');
      expect(policy?.allowDeleteAll).toBe(false);
    },
  );

  it('reads a bucket by gcloud, and matches that bucket alone', async () => {
    const calls: (readonly string[])[] = [];
    const gcloud: Gcloud = (args) => {
      calls.push(args);
      const stdout = JSON.stringify({ name: '9.data', lifecycle: { rule: RULES } });
      return Promise.resolve({ code: 0, stdout, stderr: '' });
    };
    const [policy] = policiesOf(await importLifecycle('gs://9.data/', gcloud)) ?? [];
    expect(calls).toEqual([['storage', 'buckets', 'describe', 'gs://9.data', '--raw', '--format=json']]);
    expect([policy?.name, policy?.match.name]).toEqual(['b-9-data', '9.data']);
    expect(policy?.rules).toEqual(RULES);
  });

  it('says who has to pay where requesters do, and lets that project pay', async () => {
    const gcloud: Gcloud = (args) => {
      const paid = args.includes('--billing-project=ml-dev');
      const stdout = paid ? JSON.stringify({ name: 'paid', lifecycle: { rule: RULES } }) : '';
      const stderr = 'HTTPError 400: Bucket is a requester pays bucket but no user project provided.';
      return Promise.resolve(paid ? { code: 0, stdout, stderr: '' } : { code: 1, stdout, stderr });
    };
    await expect(importLifecycle('gs://paid', gcloud)).rejects.toThrow(
      /requesters pay[^]*npm run policy -- --import gs:\/\/paid --billing-project PROJECT/,
    );
    const [policy] = policiesOf(await importLifecycle('gs://paid', gcloud, 'ml-dev')) ?? [];
    expect(policy?.rules).toEqual(RULES);
  });

  it.each([
    ['{"rule": 7}', /expected \{"rule"/],
    ['{"rule": []}', /no lifecycle rules/],
    ['no JSON', /JSON/],
  ])('says what is wrong with %s', async (content, message) => {
    await expect(importLifecycle(await fileOf(content), never)).rejects.toThrow(message);
  });

  it('says what it wants instead of a name that no bucket has', async () => {
    await expect(importLifecycle('My Bucket', never)).rejects.toThrow(/gs:\/\/NAME/);
  });
});
