import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { deployCommand } from '../../deploy/commands/deploy.ts';
import { installedGcloud } from '../../deploy/actual/gcloud.ts';
import { gcloudMissing } from '../sandbox/gcloud/gcloud.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { parseScenario } from '../sandbox/scenario.ts';
import { startWarmGcloud } from '../sandbox/gcloud/warm-gcloud/warm-gcloud.ts';
import { needs } from '../support/needs.ts';

const OPS = 'ml-ops-fresh';
const repository = resolve(import.meta.dirname, '../..');
const missing = gcloudMissing();

/** A project that was made a moment ago, in which nothing that is made is known everywhere at once. */
const SCENARIO = parseScenario({
  name: 'fresh',
  clock: '2026-11-18T09:00:00Z',
  organization: { id: '900100200300', displayName: 'example.com' },
  projects: [
    {
      id: OPS,
      number: '100000000001',
      computeDefaultIsEditor: false,
      settles: 1,
      disabledServices: ['artifactregistry', 'cloudbuild', 'cloudfunctions', 'cloudscheduler', 'eventarc', 'iam', 'pubsub', 'run'].map((name) => `${name}.googleapis.com`),
    },
    { id: 'ml-lab', number: '100000000002', settles: 1 },
  ],
}); // prettier-ignore

describe(
  'the first deployment into a new project, with the real gcloud',
  needs(missing, { timeout: 1_800_000 }),
  () => {
    let sandbox: Sandbox;
    let close = async (): Promise<void> => undefined;
    let out = '';
    let err = '';
    let deploy: () => Promise<number>;

    beforeAll(async () => {
      sandbox = await startSandbox({ scenario: SCENARIO, frozen: true });
      const environment = {
        PATH: process.env['PATH'] ?? '',
        HOME: sandbox.folder,
        CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
        CLOUDSDK_STORAGE_PROCESS_COUNT: '1',
        ...sandbox.gcloudEnvironment('owner@example.com'),
      };
      const gcloud = await startWarmGcloud(sandbox.folder, environment);
      close = async () => {
        await gcloud.close();
        await sandbox.close();
      };
      const policyFile = join(sandbox.folder, 'costguard.yaml');
      writeFileSync(policyFile, `scope: [projects/ml-lab]\nstate: gs://${OPS}-costguard\nnotebooks:\n`);
      deploy = () =>
        deployCommand(
          ['idle-notebook-stopper', `--policy=${policyFile}`, `--project=${OPS}`, '--region=us-central1'],
          {
            gcloud: installedGcloud({ ...environment, PATH: gcloud.path }, repository),
            missingPermissions: async () => [],
            // No one waits: the sandbox counts refusals, not minutes.
            sleep: async () => undefined,
            now: () => new Date(sandbox.clock.now()),
            out: (text) => void (out += text),
            err: (text) => void (err += text),
            build: async () => undefined,
            distDir: join(repository, 'dist'),
            ask: async () => '',
            probeFunction: async () => ({ status: 405, allow: 'GET' }),
            preflight: async () => ({ code: 0, text: '', settling: false }),
          },
        );
    });
    afterAll(async () => {
      await close();
    });

    it('waits for each thing that Google does not know everywhere yet, says so, and ends well', async () => {
    assert.equal(await deploy(), 0, `${out}\n${err}`);
    const waited = [...new Set([...out.matchAll(/waiting for (.*), up to \d+ min/g)].map(([, what]) => what))];
    assert.deepEqual(waited.sort(), [
      'a new role to be known everywhere',
      'a new service account to be known everywhere',
      'an API that was just enabled to be known everywhere',
      'the repository of the functions’ images',
      'the rights of Eventarc’s own account',
      'the rights of the account that builds',
    ]);
    assert.match(out, /idle-notebook-stopper: started, and its subscription delivers/);
  }); // prettier-ignore
  },
);
