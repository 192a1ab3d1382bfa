import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { gcloudMissing } from '../sandbox/gcloud.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { parseScenario } from '../sandbox/scenario.ts';

const OPS = 'ml-ops-example';
const LAB = 'ml-research';
const REGION = 'us-central1';
const FUNCTION = 'idle-notebook-stopper';
const BUCKET = `${OPS}-costguard`;
const NOTEBOOK = `projects/${LAB}/locations/us-central1-c/instances/forgotten`;
const CREATE = 'cloudfunctions.projects.locations.functions.create';
const ROLE = `projects/${LAB}/roles/costguardIdleNotebookStopper`;

/** A new project as Google makes it today: hardly an API enabled, and a default account that may build nothing. */
const SCENARIO = parseScenario({
  name: 'deployment',
  clock: '2026-11-18T21:34:00Z',
  organization: { id: '900100200300', displayName: 'example.com' },
  projects: [
    {
      id: OPS,
      number: '100000000001',
      computeDefaultIsEditor: false,
      disabledServices: [
        'artifactregistry', 'cloudbuild', 'cloudfunctions', 'cloudscheduler', 'eventarc', 'iam', 'pubsub', 'run',
      ].map((name) => `${name}.googleapis.com`), // prettier-ignore
    },
    {
      id: LAB,
      number: '100000000002',
      notebooks: [
        {
          id: 'forgotten',
          zone: 'us-central1-c',
          machineType: 'e2-standard-8',
          created: '-9d',
          lastStart: '-5d',
        },
      ],
    },
  ],
});

const POLICY = `mode: enforce
scope: [projects/${LAB}]
state: gs://${BUCKET}
`;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const skip = gcloudMissing() ?? false;
/** Some sixty starts of gcloud a script, each of a second or so on an idle machine. */
const timeout = 600_000;

/** deploy/*.sh with the real gcloud, from an empty project to the first notebook stopped, and back to nothing. */
void describe('the deployment, end to end', { skip, timeout }, () => {
  let sandbox: Sandbox;
  let checkout: string;
  /** Kills the script that runs, with all its children, once the sandbox has taken such a call. */
  let killAt: string | undefined;
  let kill = (): void => undefined;

  before(async () => {
    sandbox = await startSandbox({
      scenario: SCENARIO,
      frozen: true,
      latencyMs() {
        if (killAt !== undefined && sandbox.callLog.calls(killAt).length > 0) kill();
        return 0;
      },
    });
    // A checkout of its own: the deployment builds, and other tests read the bundles of this one meanwhile.
    checkout = join(sandbox.folder, 'checkout');
    mkdirSync(checkout);
    const repository = resolve(import.meta.dirname, '../..');
    for (const name of ['deploy', 'functions', 'shared', 'package.json'])
      cpSync(join(repository, name), join(checkout, name), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(checkout, 'node_modules'));
    writeFileSync(join(checkout, 'costguard.yaml'), POLICY);
  });

  after(async () => {
    await sandbox.close();
  });

  const run = async (script: string, ...more: readonly string[]): Promise<Ended> => {
    const place = ['--policy=costguard.yaml', `--project=${OPS}`, `--region=${REGION}`];
    const child = spawn(`deploy/${script}.sh`, [FUNCTION, ...place, ...more], {
      cwd: checkout,
      env: {
        PATH: process.env['PATH'],
        HOME: sandbox.folder,
        CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
        CLOUDSDK_STORAGE_PROCESS_COUNT: '1',
        ...sandbox.gcloudEnvironment('owner@example.com'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    kill = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      kill = () => undefined;
    };
    const ended = new Promise<number | null>((resolved, reject) => {
      child.on('error', reject);
      child.on('close', resolved);
    });
    const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, output: `${out}${err}` };
  };
  /** Calls since `from` that may have changed something. */
  const writesSince = (from: number): readonly string[] =>
    sandbox.callLog
      .calls()
      .slice(from)
      .filter(({ method, id }) => method !== 'GET' && !READ_BY_POST.test(id))
      .map(({ id }) => id);
  const notebook = (): string | undefined => sandbox.fleet.notebooks.get(NOTEBOOK)?.state;
  const tick = async (minutes: number): Promise<void> => {
    await sandbox.clock.advance(minutes * 60_000);
    await sandbox.pubsub.idle();
  };

  it(
    'is cut off while Google deploys the function, and finishes when it is run again',
    { timeout },
    async () => {
      killAt = CREATE;
      const cut = await run('deploy');
      killAt = undefined;
      assert.equal(cut.code, null, cut.output);
      await sandbox.functions.operations.idle();
      assert.equal(sandbox.callLog.calls(CREATE).length, 1, cut.output);
      assert.equal(sandbox.jobs.all.length, 0);

      const whole = await run('deploy');
      assert.equal(whole.code, 0, whole.output);
      assert.match(whole.output, /idle-notebook-stopper: started, and its subscription delivers/);
      assert.equal(sandbox.callLog.calls(CREATE).length, 1, 'the function that is there is not made again');

      const [deployed] = sandbox.functions.all;
      const topic = `projects/${OPS}/topics/costguard-${FUNCTION}`;
      assert.ok(deployed?.service?.instances.length === 1, 'an instance of the uploaded source runs');
      const subscription = sandbox.pubsub.subscription(deployed.trigger?.subscription ?? '');
      assert.deepEqual(
        [subscription.topic, subscription.deadLetterPolicy],
        [topic, { deadLetterTopic: `projects/${OPS}/topics/costguard-dead-letters`, maxDeliveryAttempts: 5 }],
      );
      assert.deepEqual(
        sandbox.jobs.all.map(({ config }) => [
          config.schedule,
          config.timeZone,
          config.pubsubTarget?.topicName,
        ]),
        [['*/10 * * * *', 'Etc/UTC', topic]],
      );
    },
  );

  it('changes nothing when all is as it should be', async () => {
    const from = sandbox.callLog.calls().length;
    const again = await run('deploy');
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /Nothing to do/);
    assert.ok(sandbox.callLog.calls().length > from, 'it looked');
    assert.deepEqual(writesSince(from), []);
  });

  it('stops an idle notebook at the next tick, with what gcloud bound and nothing more', async () => {
    const stop = 'notebooks.projects.locations.instances.stop';
    const whole = sandbox.roles.get(ROLE).includedPermissions;
    const without = whole.filter((permission) => permission !== 'notebooks.instances.stop');
    assert.equal(without.length, whole.length - 1);
    sandbox.roles.update(ROLE, { includedPermissions: without }, undefined);
    await tick(6);
    assert.deepEqual(
      sandbox.callLog.calls(stop).map(({ status }) => status),
      [403],
    );
    assert.equal(notebook(), 'ACTIVE');

    sandbox.roles.update(ROLE, { includedPermissions: whole }, undefined);
    await tick(10);
    assert.notEqual(notebook(), 'ACTIVE');
    const stops = sandbox.callLog.calls(stop);
    assert.equal(stops.at(-1)?.principal, `${FUNCTION}@${OPS}.iam.gserviceaccount.com`);
    assert.equal(stops.at(-1)?.status, 200);
    const receipts = sandbox.storage.objectNames(BUCKET, `receipts/${FUNCTION}/`);
    assert.ok(receipts.length > 0, 'the run left its receipt');
  });

  it('is taken away whole, but for the state bucket', async () => {
    const gone = await run('teardown', '--yes');
    assert.equal(gone.code, 0, gone.output);
    const left = {
      functions: sandbox.functions.all.map(({ name }) => name),
      topics: sandbox.pubsub.topics(`projects/${OPS}`).map(({ name }) => name),
      subscriptions: sandbox.pubsub.subscriptions(`projects/${OPS}`).map(({ name }) => name),
      jobs: sandbox.jobs.all.map(({ name }) => name),
      accounts: sandbox.accounts.of(OPS).map(({ email }) => email),
      roles: [OPS, LAB]
        .flatMap((id) => sandbox.roles.of(`projects/${id}`))
        .filter(({ deletedMs }) => deletedMs === undefined),
      bindings: sandbox.iam.bindings
        .filter(({ member }) => member !== 'owner@example.com' && !member.startsWith('project'))
        .map(({ on, role, member }) => `${on} ${role} ${member}`),
    };
    assert.deepEqual(left, {
      functions: [],
      topics: [],
      subscriptions: [],
      jobs: [],
      accounts: [],
      roles: [],
      bindings: [],
    });
    assert.ok(sandbox.storage.bucket(BUCKET) !== undefined, 'the state bucket stays');
  });

  it('asked for nothing that the sandbox does not serve', () => {
    assert.deepEqual(
      sandbox.callLog.calls('unknown:*').map(({ id }) => id),
      [],
    );
    const refused = sandbox.callLog.calls().filter(({ status }) => status === 400 || status >= 500);
    assert.deepEqual(
      refused.map(({ status, id }) => `${status} ${id}`),
      [],
    );
  });
});

/** Methods that read although they are POST. */
const READ_BY_POST = /\.(?:getIamPolicy|testIamPermissions|getAncestry)$|^logging\.entries\.list$/;
