import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { gcloudMissing } from '../gcloud.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { parseScenario } from '../../scenario.ts';
import { findInstallation, startWarmGcloud, type WarmGcloud } from './warm-gcloud.ts';
import { needs } from '../../../support/needs.ts';

const PROJECT = 'ml-ops-example';
const SCENARIO = parseScenario({
  name: 'one project',
  projects: [{ id: PROJECT, number: '100000000001' }],
  storage: { buckets: [{ name: 'ml-ops-example-state', project: PROJECT, location: 'US-CENTRAL1' }] },
});
const LIST = ['pubsub', 'topics', 'list', `--project=${PROJECT}`];

describe('startWarmGcloud', needs(gcloudMissing()), () => {
  let sandbox: Sandbox;
  let gcloud: WarmGcloud;
  let environment: Readonly<Record<string, string>>;
  let latencyMs = 0;

  beforeAll(async () => {
    sandbox = await startSandbox({ scenario: SCENARIO, frozen: true, latencyMs: () => latencyMs });
    sandbox.pubsub.createTopic({ name: `projects/${PROJECT}/topics/ticks` });
    environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: sandbox.folder,
      CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
      ...sandbox.gcloudEnvironment('owner@example.com'),
    };
    gcloud = await startWarmGcloud(sandbox.folder, environment);
  });
  afterAll(async () => {
    await gcloud.close();
    await sandbox.close();
  });

  const start = (path: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    spawn('gcloud', args, {
      env: { ...environment, PATH: path, ...more },
      cwd: sandbox.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  const run = async (path: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const child = start(path, args, more);
    const closed = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await closed;
    return { code: child.exitCode, stdout, stderr };
  };

  it('answers as the installed gcloud does, with its exit codes and messages', async () => {
    const commands = [
      [...LIST, '--format=json'],
      ['pubsub', 'topics', 'describe', 'nothing', `--project=${PROJECT}`],
      ['pubsub', 'topics', 'paint'],
      ['config', 'get', 'project'],
    ];
    for (const args of commands) {
      const more = { CLOUDSDK_CORE_PROJECT: PROJECT };
      const plain = await run(environment['PATH'] ?? '', args, more);
      assert.deepEqual(await run(gcloud.path, args, more), plain, args.join(' '));
    }
  });

  it('acts as the account of its caller, not as the one it was started for', async () => {
    const outsider = sandbox.gcloudEnvironment('outsider@example.com');
    const { code, stderr } = await run(gcloud.path, LIST, outsider);
    assert.equal(code, 1);
    assert.match(stderr, /pubsub\.topics\.list/);
  });

  it('does not run a read again whose requests are answered as before, and any other command always', async () => {
    const folder = join(sandbox.folder, 'remembering');
    mkdirSync(folder);
    const remembering = await startWarmGcloud(folder, environment, sandbox);
    try {
      const list = [...LIST, '--format=json'];
      const ask = async (...args: readonly string[]) => ({
        ...(await run(remembering.path, args)),
        spared: remembering.spared,
      });
      const first = await ask(...list);
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(await ask(...list), { ...first, spared: 1 });
      assert.deepEqual(await run(remembering.path, list), await run(environment['PATH'] ?? '', list));
      assert.equal(remembering.spared, 2);

      sandbox.pubsub.createTopic({ name: `projects/${PROJECT}/topics/another` });
      const changed = await ask(...list);
      assert.match(changed.stdout, /topics\/another"/);
      assert.deepEqual([first.spared, changed.spared], [0, 2]);
      const outsider = await run(remembering.path, list, sandbox.gcloudEnvironment('outsider@example.com'));
      assert.match(outsider.stderr, /pubsub\.topics\.list/);

      const create = ['pubsub', 'topics', 'create', 'once', `--project=${PROJECT}`];
      assert.equal((await ask(...create)).code, 0);
      assert.match((await ask(...create)).stderr, /already exists/);
      assert.equal(remembering.spared, 2);
    } finally {
      await remembering.close();
    }
  });

  it('runs a read whose configuration is another one, and each while requests may be made to fail', async () => {
    const folder = join(sandbox.folder, 'configured');
    mkdirSync(folder);
    // Of its own: no other test sees this project.
    const configured = { CLOUDSDK_CONFIG: join(folder, 'config') };
    const remembering = await startWarmGcloud(folder, { ...environment, ...configured }, sandbox);
    const ask = (...args: readonly string[]) => run(remembering.path, args, configured);
    const list = ['pubsub', 'topics', 'list', '--format=json'];
    try {
      await ask('config', 'set', 'project', PROJECT);
      const first = await ask(...list);
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(await ask(...list), first);
      assert.equal(remembering.spared, 1);
      await ask('config', 'set', 'project', 'ml-ops-other');
      assert.match((await ask(...list)).stderr, /ml-ops-other/);
      await ask('config', 'set', 'project', PROJECT);
      assert.deepEqual(await ask(...list), first);
      assert.equal(remembering.spared, 2);

      sandbox.faults.add({ route: 'pubsub.projects.topics.list', count: 1, fault: { kind: 'status', status: 403 } });
      assert.match((await ask(...list)).stderr, /Injected by a fault rule/);
      assert.deepEqual(await ask(...list), first);
      assert.equal(remembering.spared, 2);
      sandbox.faults.clear();
      assert.deepEqual(await ask(...list), first);
      assert.equal(remembering.spared, 3);
    } finally {
      sandbox.faults.clear();
      await remembering.close();
    }
  }); // prettier-ignore

  const KILLED = [
    ['pubsub', 'topics', 'create', 'a', 'b', 'c'],
    // It starts a process of its own.
    ['storage', 'buckets', 'update', 'gs://ml-ops-example-state', '--versioning'],
  ];
  for (const command of KILLED)
    it(`ends a command whose asker is killed, and what it started: ${command.join(' ')}`, async () => {
      const ids = (): number => sandbox.callLog.calls(`${command[0] ?? ''}.*`).length;
      const before = ids();
      latencyMs = 300;
      const child = start(gcloud.path, [...command, `--project=${PROJECT}`]);
      while (ids() === before) await new Promise((resolve) => setTimeout(resolve, 10));
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      // The command holds the standard streams: they end with it.
      await Promise.all([text(child.stdout), text(child.stderr)]);
      latencyMs = 0;
      assert.equal(ids(), before + 1, 'nothing more was requested');
    });

  it('is the installation that gcloud tells of itself', async () => {
    const format = '--format=json(basic.python_location,installation.sdk_root)';
    const { stdout } = await run(environment['PATH'] ?? '', ['info', format]);
    const { basic, installation } = JSON.parse(stdout) as Info;
    assert.deepEqual(await findInstallation(environment), {
      python: basic.python_location,
      root: installation.sdk_root,
    });
  });

  it('copies at once what commands write to, and what they would write to is right', async () => {
    const { python } = await findInstallation(environment);
    const { stdout } = await promisify(execFile)(python, ['-SB', '-c', WRITES, sandbox.folder], {
      cwd: import.meta.dirname,
    });
    const [first, second, third] = JSON.parse(stdout) as readonly (readonly [number, string])[];
    assert.ok(first !== undefined && second !== undefined && third !== undefined, stdout);
    assert.ok(first[0] >= 1_000, `${first[0]} faults of the first command`);
    // Where the kernel cannot, it is as slow as before.
    if (existsSync('/proc/self/pagemap')) assert.ok(third[0] < 500, `${third[0]} faults of the third`);
    assert.deepEqual([first[1], second[1], third[1]], ['0 to 1', '0 to 2', '0 to 3']);
  });
});

interface Info {
  readonly basic: { readonly python_location: string };
  readonly installation: { readonly sdk_root: string };
}

/** Three commands that each write to the same thousand pages; the faults that each took, and what it read and wrote there. */
const WRITES = `
import json, os, resource, sys
import written_pages
pages = written_pages.WrittenPages(sys.argv[1])
memory = bytearray(1_000 * written_pages.SIZE)
places = range(0, len(memory), written_pages.SIZE)
for place in places: memory[place] = 0
told = []
for number in (1, 2, 3):
  tells = pages.will_tell()
  reader, writer = os.pipe()
  pid = os.fork()
  if pid == 0:
    pages.copy()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    found = {memory[place] for place in places}
    for place in places: memory[place] = number
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    if tells: pages.tell()
    os.write(writer, json.dumps([faults, f'{found.pop()} to {memory[0]}']).encode())
    os._exit(0)
  os.waitpid(pid, 0)
  pages.learn(pid)
  told.append(json.loads(os.read(reader, 100)))
print(json.dumps(told))
`;
