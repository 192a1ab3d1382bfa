import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { importLifecycle } from '../../../deploy/policy/import-lifecycle.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { createGcloud, gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { ABORT, deleteAfter, lifecyclePolicy, moveTo, withEnforcer } from '../../support/bucket-lab.ts';
import { LAB } from '../../support/lab.ts';
import { needs } from '../../support/needs.ts';

const NEARLINE = moveTo('NEARLINE', 30);
const FOREIGN = [
  deleteAfter(400, { matchesPrefix: ['tmp/'] }),
  {
    action: { type: 'Delete' as const },
    condition: { createdBefore: '2024-02-29', isLive: false, numNewerVersions: 2 },
  },
];
const BY_GCLOUD = deleteAfter(90, { matchesSuffix: ['.bak'] });

const missing = gcloudMissing();

describe('lifecycle-enforcer beside the real gcloud', needs(missing), () => {
  it('leaves all foreign rules and what it wants for gcloud to describe', () =>
    withEnforcer(
      [{ name: 'shared-data', lifecycle: { rule: [...FOREIGN] } }, { name: 'set-by-gcloud' }],
      lifecyclePolicy(),
      async (world) => {
        const { sandbox } = world;
        const gcloud = createGcloud(sandbox, 'owner@example.com');
        const shown = async (bucket: string): Promise<unknown> => {
          const { json, stderr } = await gcloud(`storage buckets describe gs://${bucket}`, '--format=json');
          assert.ok(json !== undefined, stderr);
          return (json as { readonly lifecycle_config?: unknown }).lifecycle_config;
        };
        const set = async (rule: readonly object[]): Promise<void> => {
          const file = join(sandbox.folder, 'lifecycle.json');
          writeFileSync(file, JSON.stringify({ lifecycle: { rule } }));
          const { code, stderr } = await gcloud(
            'storage buckets update gs://set-by-gcloud',
            `--lifecycle-file=${file}`,
          );
          assert.equal(code, 0, stderr);
        };
        await set([BY_GCLOUD]);
        await world.deliver();
        assert.deepEqual(await Promise.all(['shared-data', 'set-by-gcloud'].map(shown)), [
          { rule: [...FOREIGN, NEARLINE, ABORT] },
          { rule: [BY_GCLOUD, NEARLINE, ABORT] },
        ]);

        // gcloud replaces the whole list: ours are gone, and come back beside what is there then.
        await set([BY_GCLOUD, ABORT]);
        await world.deliver({ messageId: '2' });
        assert.deepEqual(await shown('set-by-gcloud'), { rule: [BY_GCLOUD, ABORT, NEARLINE] });
      },
    ));

  it('imports the rules of a bucket whose requesters pay where a project that pays is named', () =>
    withEnforcer(
      [{ name: 'paid', billing: { requesterPays: true }, lifecycle: { rule: [...FOREIGN] } }],
      lifecyclePolicy(),
      async ({ sandbox }) => {
        const owner = createGcloud(sandbox, 'owner@example.com');
        const gcloud = async (args: readonly string[]) => {
          const { code, stdout, stderr } = await owner(args.join(' '));
          return { code: code ?? 1, stdout, stderr };
        };
        await assert.rejects(importLifecycle('gs://paid', gcloud), /requesters pay/);
        const section = await importLifecycle('gs://paid', gcloud, LAB);
        const [policy] = parsePolicy(`scope: [projects/${LAB}]\n${section}`).lifecycle?.policies ?? [];
        assert.deepEqual(policy?.rules, FOREIGN);
      },
    ));
});
