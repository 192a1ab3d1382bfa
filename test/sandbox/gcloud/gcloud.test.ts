import assert from 'node:assert/strict';
import { ownMetadata } from '../services/notebooks/routes.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createGcloud, gcloudMissing, gcloudVariables, type Gcloud, type GcloudResult } from './gcloud.ts';
import { startSandbox, type Sandbox } from '../sandbox.ts';
import { readScenario } from '../scenario.ts';
import { startWarmGcloud, type WarmGcloud } from './warm-gcloud/warm-gcloud.ts';
import { needs } from '../../support/needs.ts';

const SCENARIO = fileURLToPath(new URL('../scenarios/organisation.yaml', import.meta.url));
const PROJECT = 'ml-research';
const BUCKET = 'ml-ops-example-costguard';
const TOPIC = `projects/${PROJECT}/topics/ticks`;
const SUBSCRIPTION = `projects/${PROJECT}/subscriptions/hold`;
const JSON_FORMAT = '--format=json';

type Shown = Readonly<Record<string, unknown>>;

const missing = gcloudMissing();

describe('the real gcloud in the sandbox', needs(missing), () => {
  let sandbox: Sandbox;
  let warm: WarmGcloud;
  let gcloud: Gcloud;
  /** Sandbox time that each call takes: what gcloud waits for then comes about while it polls. */
  let millisecondsPerCall = 0;

  beforeAll(async () => {
    sandbox = await startSandbox({
      scenario: readScenario(SCENARIO),
      frozen: true,
      latencyMs() {
        if (millisecondsPerCall > 0) void sandbox.clock.advance(millisecondsPerCall);
        return 0;
      },
    });
    sandbox.pubsub.createTopic({ name: TOPIC, labels: { team: 'research' } });
    sandbox.pubsub.createSubscription({ name: SUBSCRIPTION, topic: TOPIC, ackDeadlineSeconds: 30 });
    warm = await startWarmGcloud(sandbox.folder, gcloudVariables(sandbox, 'owner@example.com'));
    gcloud = createGcloud(sandbox, 'owner@example.com', warm.path);
  });

  afterAll(async () => {
    await warm.close();
    await sandbox.close();
  });

  const notebook = (id: string, zone: string) => {
    const found = sandbox.fleet.notebooks.get(`projects/${PROJECT}/locations/${zone}/instances/${id}`);
    assert.ok(found !== undefined, `no notebook ${id}`);
    return found;
  };
  const vm = (name: string, zone: string) => {
    const found = sandbox.fleet.vms.get(`projects/${PROJECT}/zones/${zone}/instances/${name}`);
    assert.ok(found !== undefined, `no VM ${name}`);
    return found;
  };
  const notebookView = (instance: Shown): Shown => {
    const setup = instance['gceSetup'] as Shown;
    return {
      name: instance['name'],
      state: instance['state'],
      health: instance['healthState'],
      creator: instance['creator'],
      createTime: instance['createTime'],
      updateTime: instance['updateTime'],
      labels: instance['labels'],
      machineType: String(setup['machineType']).split('/').at(-1),
      accelerators: setup['acceleratorConfigs'] ?? [],
      metadata: setup['metadata'] ?? {},
      instanceId: setup['instanceId'],
      disksGb: [setup['bootDisk'], ...((setup['dataDisks'] ?? []) as Shown[])].map(
        (disk) => (disk as Shown)['diskSizeGb'],
      ),
    };
  };
  const notebookState = (shown: ReturnType<typeof notebook>): Shown => {
    const { seed, vm: machine, ...known } = shown;
    return {
      name: known.name,
      state: known.state,
      health: known.state === 'ACTIVE' ? seed.healthState : 'HEALTH_STATE_UNSPECIFIED',
      creator: seed.creator,
      createTime: new Date(known.createdMs).toISOString(),
      updateTime: new Date(
        Math.max(known.updatedMs, sandbox.fleet.healthReportOf(shown)?.writtenMs ?? 0),
      ).toISOString(),
      labels: { 'notebooks-product': 'workbench-instances', 'resource-name': known.id, ...known.labels },
      machineType: machine.machineType,
      accelerators: seed.acceleratorConfigs,
      metadata: { ...ownMetadata(shown), ...known.metadata },
      instanceId: machine.id,
      disksGb: machine.disks.map((disk) => String(disk.sizeGb)),
    };
  };
  const vmView = (instance: Shown): Shown => ({
    id: instance['id'],
    name: instance['name'],
    status: instance['status'],
    zone: String(instance['zone']).split('/').at(-1),
    machineType: String(instance['machineType']).split('/').at(-1),
    labels: instance['labels'],
    created: instance['creationTimestamp'],
    started: instance['lastStartTimestamp'],
    stopped: instance['lastStopTimestamp'],
    gpus: ((instance['guestAccelerators'] ?? []) as Shown[]).map((gpu) => [
      String(gpu['acceleratorType']).split('/').at(-1),
      gpu['acceleratorCount'],
    ]),
    disks: (instance['disks'] as Shown[]).map((disk) => [
      disk['deviceName'],
      disk['diskSizeGb'],
      disk['boot'],
    ]),
  });
  const vmState = (machine: ReturnType<typeof vm>): Shown => ({
    id: machine.id,
    name: machine.name,
    status: machine.status,
    zone: machine.zone,
    machineType: machine.machineType,
    labels: machine.labels,
    created: new Date(machine.createdMs).toISOString(),
    started: new Date(machine.lastStartMs).toISOString(),
    stopped: machine.lastStopMs === undefined ? undefined : new Date(machine.lastStopMs).toISOString(),
    gpus: machine.accelerators.map((gpu) => [gpu.type, gpu.count]),
    disks: machine.disks.map((disk) => [disk.name, String(disk.sizeGb), disk.boot]),
  });
  const byName = (a: Shown, b: Shown): number => String(a['name']).localeCompare(String(b['name']));
  const bucketView = (bucket: Shown): Shown => ({
    name: bucket['name'],
    location: bucket['location'],
    storageClass: bucket['default_storage_class'],
    metageneration: bucket['metageneration'],
    versioning: bucket['versioning_enabled'],
    lifecycle: bucket['lifecycle_config'],
    softDelete: (bucket['soft_delete_policy'] as Shown)['retentionDurationSeconds'],
  });
  const bucketState = (): Shown => {
    const shown: Shown | undefined = sandbox.storage.snapshot().buckets.find(({ name }) => name === BUCKET);
    assert.ok(shown !== undefined);
    return {
      name: shown['name'],
      location: shown['location'],
      storageClass: shown['storageClass'],
      metageneration: Number(shown['metageneration']),
      versioning: (shown['versioning'] as Shown)['enabled'],
      lifecycle: shown['lifecycle'],
      softDelete: (shown['softDeletePolicy'] as Shown)['retentionDurationSeconds'],
    };
  };

  it('shows notebooks, machines, buckets, topics, subscriptions and projects as they are', async () => {
    const research = `--project=${PROJECT}`;
    const [notebooks, oneNotebook, machines, filtered, zoned] = await both([
      () => gcloud('workbench instances list', '--location=-', research, JSON_FORMAT),
      () =>
        gcloud(
          'workbench instances describe bert-finetune-t4',
          '--location=us-central1-a',
          research,
          JSON_FORMAT,
        ),
      () => gcloud('compute instances list', research, JSON_FORMAT),
      () => gcloud('compute instances list', '--filter=status=RUNNING AND name~^un', research, JSON_FORMAT),
      () => gcloud('compute instances list', '--zones=us-central1-b,us-central1-c', research, JSON_FORMAT),
    ]);
    assert.deepEqual(
      list(notebooks).map(notebookView).sort(byName),
      sandbox.fleet.notebooksOf(PROJECT).map(notebookState).sort(byName),
    );
    assert.deepEqual(
      notebookView(one(oneNotebook)),
      notebookState(notebook('bert-finetune-t4', 'us-central1-a')),
    );
    const states = sandbox.fleet.vmsOf(PROJECT).map(vmState).sort(byName);
    assert.equal(states.length, 9);
    assert.deepEqual(list(machines).map(vmView).sort(byName), states);
    assert.deepEqual(list(filtered).map(vmView), [vmState(vm('unhealthy-agent', 'us-central1-b'))]);
    assert.deepEqual(
      list(zoned).map(vmView).sort(byName),
      states.filter(({ zone }) => zone === 'us-central1-b' || zone === 'us-central1-c'),
    );

    const [buckets, bucket, topics, subscriptions, project, projects] = await both([
      () => gcloud('storage buckets list', '--project=ml-ops-example', JSON_FORMAT),
      () => gcloud(`storage buckets describe gs://${BUCKET}`, JSON_FORMAT),
      () => gcloud('pubsub topics list', research, JSON_FORMAT),
      () => gcloud('pubsub subscriptions list', research, JSON_FORMAT),
      () => gcloud(`projects describe ${PROJECT}`, JSON_FORMAT),
      () => gcloud('projects list', '--filter=parent.id=500100', JSON_FORMAT),
    ]);
    assert.deepEqual(list(buckets).map(bucketView), [bucketState()]);
    assert.deepEqual(bucketView(one(bucket)), bucketState());
    assert.deepEqual(list(topics), [{ labels: { team: 'research' }, name: TOPIC, state: 'ACTIVE' }]);
    const [subscription] = list(subscriptions);
    assert.deepEqual(
      [subscription?.['name'], subscription?.['topic'], subscription?.['ackDeadlineSeconds']],
      [SUBSCRIPTION, TOPIC, 30],
    );
    assert.deepEqual(one(project), {
      createTime: '2025-01-15T09:30:00Z',
      lifecycleState: 'ACTIVE',
      name: 'ML research',
      parent: { id: '500100', type: 'folder' },
      projectId: PROJECT,
      projectNumber: '100000000002',
    });
    assert.deepEqual(
      list(projects).map(({ projectId }) => projectId),
      ['ml-research', 'ml-vision'],
    );
  });

  it('stops, starts and updates notebooks', async () => {
    const eda = ['--location=us-central1-c', `--project=${PROJECT}`, JSON_FORMAT];
    const idle = notebook('eda-cpu', 'us-central1-c');
    const [fired, stopped] = await (async () => {
      const answer = await gcloud('workbench instances stop thesis-v100', '--async', '--location=us-central1-a', `--project=${PROJECT}`, JSON_FORMAT); // prettier-ignore
      assert.equal(notebook('thesis-v100', 'us-central1-a').state, 'STOPPING');
      millisecondsPerCall = 100_000;
      return [answer, await gcloud('workbench instances stop eda-cpu', ...eda)] as const;
    })();
    const { name, done, metadata } = one(fired);
    const operation = sandbox.fleet.operations.get(String(name));
    assert.deepEqual(
      [done, (metadata as Shown)['target'], (metadata as Shown)['verb']],
      [false, operation?.target, 'stop'],
    );
    assert.equal(one(stopped)['state'], 'STOPPED');
    assert.deepEqual([idle.state, idle.vm.status], ['STOPPED', 'TERMINATED']);

    const again = await gcloud('workbench instances stop eda-cpu', '--async', ...eda);
    assert.deepEqual([again.code, /FAILED_PRECONDITION/.test(again.stderr)], [1, true], again.stderr);
    const started = await gcloud('workbench instances start eda-cpu', ...eda);
    assert.equal(one(started)['state'], 'ACTIVE');
    assert.deepEqual([idle.state, idle.vm.status], ['ACTIVE', 'RUNNING']);

    const updated = await gcloud(
      'workbench instances update eda-cpu',
      '--metadata=idle-timeout-seconds=3600',
      ...eda,
    );
    millisecondsPerCall = 0;
    const merged = { 'enable-guest-attributes': 'FALSE', 'idle-timeout-seconds': '3600' };
    assert.deepEqual(idle.metadata, merged);
    // The clock moved behind the answer, and with it the heartbeat of a running notebook: every 30 seconds.
    const [answered, now] = [notebookView(one(updated)), notebookState(idle)];
    const behindMs = Date.parse(String(now['updateTime'])) - Date.parse(String(answered['updateTime']));
    assert.ok(behindMs >= 0 && behindMs <= 200_000 && behindMs % 30_000 === 0, `${behindMs} ms behind`);
    assert.deepEqual({ ...answered, updateTime: now['updateTime'] }, now);
  });

  it('stops and starts machines, one and several at a time', async () => {
    const flags = ['--zone=us-central1-b', `--project=${PROJECT}`, JSON_FORMAT];
    const machine = vm('unhealthy-agent', 'us-central1-b');
    const several = await gcloud(
      'compute instances stop unhealthy-agent nightly-training-l4',
      '--async',
      ...flags,
    );
    assert.deepEqual(
      list(several).map(({ targetLink, status }) => [String(targetLink).split('/').at(-1), status]),
      [
        ['unhealthy-agent', 'RUNNING'],
        ['nightly-training-l4', 'RUNNING'],
      ],
    );
    assert.deepEqual(
      [machine.status, vm('nightly-training-l4', 'us-central1-b').status],
      ['STOPPING', 'STOPPING'],
    );
    await sandbox.clock.advance(60_000);
    assert.equal(machine.status, 'TERMINATED');
    millisecondsPerCall = 100_000;
    const started = await gcloud('compute instances start unhealthy-agent', ...flags);
    millisecondsPerCall = 0;
    assert.equal(machine.status, 'RUNNING');
    assert.deepEqual(list(started).map(vmView), [vmState(machine)]);
  });

  it('sets and clears lifecycle rules and copies objects both ways', async () => {
    const rules = {
      rule: [
        { action: { type: 'SetStorageClass', storageClass: 'NEARLINE' }, condition: { age: 30, matchesPrefix: ['runs/'] } },
        { action: { type: 'Delete' }, condition: { age: 365, isLive: false } },
      ],
    }; // prettier-ignore
    const file = join(sandbox.folder, 'lifecycle.json');
    writeFileSync(file, JSON.stringify({ lifecycle: rules }));
    const before = bucketState();
    const set = await gcloud(`storage buckets update gs://${BUCKET}`, `--lifecycle-file=${file}`);
    assert.equal(set.code, 0, set.stderr);
    assert.deepEqual(bucketState(), { ...before, lifecycle: rules, metageneration: 2 });
    const local = join(sandbox.folder, 'model.bin');
    // A megabyte and all byte values: neither text nor a single packet.
    writeFileSync(local, Buffer.alloc(1 << 20, Buffer.from(Array.from({ length: 256 }, (_, at) => at))));
    const [shown, copied] = await both([
      () => gcloud(`storage buckets describe gs://${BUCKET}`, JSON_FORMAT),
      () => gcloud(`storage cp ${local} gs://${BUCKET}/runs/model.bin`),
    ]);
    assert.deepEqual(bucketView(one(shown)), bucketState());
    assert.equal(copied.code, 0, copied.stderr);
    const stored = sandbox.storage.bucket(BUCKET)?.objects.live('runs/model.bin');
    assert.ok(stored?.content?.equals(readFileSync(local)), 'the object is the file');

    const back = join(sandbox.folder, 'back.bin');
    const note = join(sandbox.folder, 'note.txt');
    writeFileSync(note, 'übrig\n');
    const [down, noted, cleared] = await both([
      () => gcloud(`storage cp gs://${BUCKET}/runs/model.bin ${back}`),
      () => gcloud(`storage cp ${note} gs://${BUCKET}/note.txt`),
      () => gcloud(`storage buckets update gs://${BUCKET}`, '--clear-lifecycle'),
    ]);
    assert.equal(down.code, 0, down.stderr);
    assert.ok(readFileSync(back).equals(readFileSync(local)), 'the copy is the file');
    assert.equal(noted.code, 0, noted.stderr);
    assert.equal(cleared.code, 0, cleared.stderr);
    assert.deepEqual(bucketState(), { ...before, metageneration: 3 });
    assert.equal((await gcloud(`storage cat gs://${BUCKET}/note.txt`)).stdout.trimEnd(), 'übrig');
  });

  it('publishes a message that a subscriber then gets', async () => {
    const sent = await gcloud(
      `pubsub topics publish ${TOPIC}`,
      '--message={"a":"ü"}',
      '--attribute=kind=tick',
      JSON_FORMAT,
    );
    const [received] = sandbox.pubsub.queue(SUBSCRIPTION).pull(10);
    const { message } = received as unknown as { message: Shown };
    assert.equal(Buffer.from(String(message['data']), 'base64').toString(), '{"a":"ü"}');
    assert.deepEqual(message['attributes'], { kind: 'tick' });
    assert.deepEqual(one(sent)['messageIds'], [message['messageId']]);
  });

  it('is refused what its account has no permission for, and changes nothing', async () => {
    const outsider = createGcloud(sandbox, 'outsider@example.com', warm.path);
    const flags = [`--project=${PROJECT}`, JSON_FORMAT];
    const target = notebook('single-spike-t4', 'us-central1-a');
    const before = [bucketState(), target.state, target.vm.status];
    const refused: readonly [string, () => Promise<GcloudResult>][] = [
      ['notebooks.instances.stop', () => outsider('workbench instances stop single-spike-t4', '--async', '--location=us-central1-a', ...flags)],
      ['compute.instances.stop', () => outsider('compute instances stop single-spike-t4', '--async', '--zone=us-central1-a', ...flags)],
      ['storage.buckets.update', () => outsider(`storage buckets update gs://${BUCKET}`, '--clear-lifecycle')],
      ['pubsub.topics.publish', () => outsider(`pubsub topics publish ${TOPIC}`, '--message=x')],
    ]; // prettier-ignore
    const from = sandbox.callLog.calls().length;
    const results = await both(refused.map(([, run]) => run));
    for (const [index, [permission]] of refused.entries()) {
      const { code, stderr } = results[index] ?? { code: 0, stderr: '' };
      assert.notEqual(code, 0, permission);
      assert.match(stderr, /denied|does not have permission|403/i, permission);
      assert.ok(stderr.includes(permission), `${permission} is named in: ${stderr}`);
    }
    const statuses = sandbox.callLog
      .calls()
      .slice(from)
      .map(({ status }) => status);
    assert.deepEqual(statuses, [403, 403, 403, 403]);
    assert.deepEqual([bucketState(), target.state, target.vm.status], before);
    const projects = await outsider('projects list', JSON_FORMAT);
    assert.deepEqual(list(projects), []);
  });

  it('made no call that the sandbox does not serve', () => {
    const unserved = sandbox.callLog.calls('unknown:*').map(({ id }) => id);
    assert.deepEqual(unserved, []);
    const failures = sandbox.callLog.calls().filter(({ status }) => status === 400 || status >= 500);
    assert.deepEqual(
      failures.map(({ id, status }) => `${status} ${id}`),
      ['400 notebooks.projects.locations.instances.stop'],
    );
  });
});

type Runs = readonly (() => Promise<GcloudResult>)[];

/** Runs at most two at a time: gcloud needs a core of its own. */
async function both<T extends Runs>(runs: readonly [...T]): Promise<{ [K in keyof T]: GcloudResult }> {
  const results: GcloudResult[] = [];
  const queue = [...runs.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results[next[0]] = await next[1]();
  };
  await Promise.all([worker(), worker()]);
  return results as { [K in keyof T]: GcloudResult };
}

function list(result: GcloudResult): Shown[] {
  assert.equal(result.code, 0, result.stderr);
  assert.ok(Array.isArray(result.json), result.stdout);
  return result.json as Shown[];
}

function one(result: GcloudResult): Shown {
  assert.equal(result.code, 0, result.stderr);
  assert.ok(typeof result.json === 'object' && result.json !== null, result.stdout);
  return result.json as Shown;
}
