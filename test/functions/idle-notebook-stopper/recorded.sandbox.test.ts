import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { createLog } from '../../../shared/run/log.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import type { DecidedOutcome, Receipt } from '../../../shared/run/receipt.ts';
import { sweepProject } from '../../../shared/run/sweep-project.ts';
import { scriptedApi, type SentRequest } from '../../support/scripted-api.ts';
import { emptyWorld, fakeGoogle } from '../../support/fake-google.ts';
import { askGoogle } from '../../support/ask-google.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import { idle, LAB, labScenario, notebookName } from '../../support/lab.ts';

const PROJECT = 'cloud-custodian';
const PUBLIC = 'c7n-notebook-public-default-e84a';
const PRIVATE = 'c7n-notebook-private-default-e84a';
/** Hours after the recording, so that nothing is young. */
const NOW = Date.parse('2026-08-12T21:00:00Z');

interface Shown {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly updateTime: string;
  readonly gceSetup: Readonly<Record<string, unknown>> & { readonly instanceId: string };
}

function recorded(file: string): { readonly instances: readonly Shown[] } & Shown {
  const url = new URL(`../../fixtures/notebooks-v2-heartbeat/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { body: never }).body;
}

const LISTED = recorded('notebook_v2.list');
const LISTED_LATER = recorded('test_notebook_v2_update_metadata.list');
const READ = recorded('test_notebook_v2_get.get');
const READ_AFTER_PATCH = recorded('test_notebook_v2_update_metadata.get');
const PATCHED = recorded('test_notebook_v2_update_metadata.patch');

function named(listing: { readonly instances: readonly Shown[] }, id: string): Shown {
  const found = listing.instances.find(({ name }) => name.endsWith(`/${id}`));
  assert.ok(found !== undefined);
  return found;
}

/** Both recorded instances idle for hours; `read` is what a get answers, `startedAt` when its VM was started by then. */
async function sweepRecorded(
  read: (id: string) => Shown,
  startedAt = '2026-08-12T17:29:00Z',
  also: { readonly instances?: readonly unknown[]; readonly vms?: readonly unknown[] } = {},
): Promise<{
  readonly outcomes: readonly DecidedOutcome[];
  readonly stopped: readonly string[];
  readonly receipt: Receipt;
}> {
  const vms = LISTED.instances.map(({ name, gceSetup }) => ({
    id: gceSetup.instanceId,
    name: name.split('/').at(-1),
    status: 'RUNNING',
    lastStartTimestamp: '2026-08-12T17:29:00Z',
  }));
  const answer = ({ method, target, query }: SentRequest): unknown => {
    const id = target.split('/').at(-1)?.split(':')[0] ?? '';
    if (method === 'POST')
      return { name: `projects/${PROJECT}/locations/us-east1-b/operations/1`, done: false };
    if (target.endsWith('/locations/-/instances'))
      return { instances: [...(also.instances ?? []), ...LISTED.instances] };
    if (target.startsWith('notebooks.')) return read(id);
    if (target.endsWith('/aggregated/instances'))
      return { items: { 'zones/us-east1-b': { instances: [...(also.vms ?? []), ...vms] } } };
    if (target.endsWith('/aggregated/disks')) return { items: {} };
    if (target.includes('/zones/us-east1-b/instances/'))
      return { id, name: 'vm', lastStartTimestamp: startedAt };
    const value =
      query['aggregation.perSeriesAligner'] === 'ALIGN_COUNT' ? { int64Value: '60' } : { doubleValue: 0.01 };
    return {
      timeSeries: vms.map((vm) => ({
        resource: { labels: { instance_id: vm.id } },
        points: [{ interval: { endTime: new Date(NOW).toISOString() }, value }],
      })),
    };
  };
  const { api, requested } = scriptedApi(answer);
  const { runtime, world } = fakeGoogle({
    world: emptyWorld(NOW, []),
    functionName: 'idle-notebook-stopper',
    ownProject: 'ml-ops',
    policyText: () => '',
  });
  const policy = parsePolicy(`mode: enforce\nscope: [projects/${PROJECT}]\nnotebooks:\n`);
  const log = createLog((line) => void world.lines.push(line), {});
  const context = { runtime, api, policy, state: undefined, log };
  const { errors } = await sweepProject(context, notebookSweep, PROJECT, {
    messageId: 'message-1',
    runId: 'run-1',
    startedAt: new Date(NOW),
    part: { id: 'message-1', part: 1, after: '' },
    earlier: [],
  });
  errors.throwIfAny(PROJECT);
  const [receipt] = world.lines
    .map((line) => (JSON.parse(line) as { receipt?: Receipt }).receipt)
    .filter((one) => one !== undefined);
  assert.ok(receipt !== undefined);
  return {
    receipt,
    outcomes: world.lines
      .map((line) => (JSON.parse(line) as { decision?: DecidedOutcome }).decision)
      .filter((decision) => decision !== undefined),
    stopped: requested
      .filter(({ target }) => target.endsWith(':stop'))
      .map(({ target }) => target.split('/').at(-1) ?? '')
      .sort(),
  };
}

describe('idle-notebook-stopper on recorded answers', () => {
  it('the recording shows updateTime moving on instances that no one touched', () => {
    for (const id of [PUBLIC, PRIVATE])
      assert.notEqual(named(LISTED, id).updateTime, named(LISTED_LATER, id).updateTime);
  });

  it('stops an idle instance although its updateTime and healthInfo moved between the listing and the stop', async () => {
    const { stopped, outcomes } = await sweepRecorded((id) => named(LISTED_LATER, id));
    assert.deepEqual(stopped, [`${PRIVATE}:stop`, `${PUBLIC}:stop`]);
    assert.deepEqual(
      outcomes.map(({ action, outcome }) => `${action} ${outcome}`),
      ['stop done', 'stop done'],
    );
  });

  it('stops it although a get has the image and disk types that a listing lacks', async () => {
    const { stopped } = await sweepRecorded((id) => (id === PUBLIC ? READ : named(LISTED, id)));
    assert.deepEqual(stopped, [`${PRIVATE}:stop`, `${PUBLIC}:stop`]);
  });

  it('keeps the one whose metadata was patched in between, and names the key', async () => {
    const { stopped, outcomes } = await sweepRecorded((id) =>
      id === PUBLIC ? READ_AFTER_PATCH : named(LISTED_LATER, id),
    );
    assert.deepEqual(stopped, [`${PRIVATE}:stop`]);
    const kept = outcomes.find(({ reason }) => reason === 'changed-since');
    assert.equal(kept?.evidence['changed'], 'its metadata idle-timeout-seconds was changed');
  });

  const setup = (id: string, change: object): Shown => {
    const instance = named(LISTED_LATER, id);
    return { ...instance, gceSetup: { ...instance.gceSetup, ...change } };
  };
  const CHANGES: Readonly<Record<string, { read: (id: string) => Shown; changed: RegExp }>> = {
    'another machine type': {
      read: (id) => setup(id, { machineType: 'projects/p/zones/us-east1-b/machineTypes/g2-standard-4' }),
      changed: /^its machine type is .*g2-standard-4$/,
    },
    'an accelerator': {
      read: (id) => setup(id, { acceleratorConfigs: [{ type: 'NVIDIA_TESLA_T4', coreCount: '1' }] }),
      changed: /^its accelerators are 1 x NVIDIA_TESLA_T4$/,
    },
    'a label': {
      read: (id) => ({ ...named(LISTED_LATER, id), labels: { team: 'vision' } }),
      changed: /^its label consumer-project-id was changed$/,
    },
    'another VM under the same name': {
      read: (id) => setup(id, { instanceId: '1' }),
      changed: /^it is another instance, created at /,
    },
  };
  for (const [what, { read, changed }] of Object.entries(CHANGES))
    it(`keeps one that got ${what} meanwhile`, async () => {
      const { stopped, outcomes } = await sweepRecorded(read);
      assert.deepEqual(stopped, []);
      for (const { evidence } of outcomes) assert.match(String(evidence['changed']), changed);
    });

  it('says in the receipt how many time series it read, in all and for each notebook', async () => {
    const { receipt } = await sweepRecorded((id) => named(LISTED_LATER, id));
    // Three metrics, of which each takes two queries; two VMs without a GPU.
    assert.deepEqual(receipt.seriesRead, { total: 12, perResource: 6 });
  });

  it('keeps an instance that it cannot read as not evaluable, names where, and stops the others', async () => {
    const bad = {
      ...named(LISTED, PUBLIC),
      name: 'projects/p/locations/z/instances/bad',
      labels: { team: 5 },
    };
    const { stopped, receipt } = await sweepRecorded((id) => named(LISTED_LATER, id), undefined, {
      instances: [bad, 'not even an object'],
    });
    assert.equal(stopped.length, 2);
    assert.deepEqual(receipt.kept, { 'not-evaluable': 2 });
    assert.deepEqual(receipt.incomplete, [
      {
        where: 'projects/p/locations/z/instances/bad',
        why: 'not evaluable: the answer has another form than documented at instances[0].labels.team: it is 5',
      },
      {
        where: `projects/${PROJECT} notebooks`,
        why: 'not evaluable: the answer has another form than documented at instances[1]: it is "not even an object", not object',
      },
    ]);
  });

  it('does not take a notebook for one without a VM when that VM cannot be read', async () => {
    const ghost = {
      ...named(LISTED, PUBLIC),
      name: 'projects/cloud-custodian/locations/us-east1-b/instances/ghost',
    };
    const { stopped, receipt } = await sweepRecorded((id) => named(LISTED_LATER, id), undefined, {
      instances: [{ ...ghost, gceSetup: { ...ghost.gceSetup, instanceId: '77' } }],
      vms: [{ id: '77', name: 'ghost', status: 9 }],
    });
    assert.equal(stopped.length, 2);
    assert.deepEqual(receipt.kept, { 'not-evaluable': 1 });
    assert.match(receipt.incomplete[0]?.why ?? '', /instances\[0\]\.status: it is 9, not string$/);
  });

  it('keeps one whose VM was started meanwhile', async () => {
    const { stopped, outcomes } = await sweepRecorded(
      (id) => named(LISTED_LATER, id),
      '2026-08-12T20:59:59Z',
    );
    assert.deepEqual(stopped, []);
    assert.equal(outcomes[0]?.evidence['changed'], 'its VM was started at 2026-08-12T20:59:59.000Z');
  });

  it('stops it although Workbench wrote its own metadata anew', async () => {
    const metadata = (id: string) => named(LISTED_LATER, id).gceSetup['metadata'] as object;
    const { stopped } = await sweepRecorded((id) =>
      setup(id, {
        metadata: { ...metadata(id), version: '20261101', 'proxy-backend-id': 'f00', title: 'x' },
      }),
    );
    assert.equal(stopped.length, 2);
  });
});

/** Every path of a value with the JSON type there; elements of lists and keys of the maps in `open` are one path. */
function shapeOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => shapeOf(one, `${path}[]`)))];
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  const entries = Object.entries(value);
  if (entries.length === 0) return [`${path}: {}`];
  return entries.flatMap(([key, inner]) =>
    shapeOf(inner, `${path}.${/\.(?:labels|metadata)$/.test(path) && path !== '.metadata' ? '*' : key}`),
  );
}

function unique(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].sort();
}

describe('the sandbox beside the recorded answers', () => {
  const HOST = 'https://notebooks.googleapis.com/v2';
  const name = notebookName('public-1');
  let sandbox: Sandbox;
  const ask = async (method: string, path: string, body?: object) => {
    const { status, body: answer } = await askGoogle(
      sandbox,
      'owner@example.com',
      method,
      `${HOST}/${path}`,
      body,
    );
    assert.equal(status, 200, JSON.stringify(answer));
    return answer;
  };
  const get = () => ask('GET', name);
  beforeAll(async () => {
    sandbox = await startSandbox({
      scenario: labScenario([idle('public-1', { externalIp: '203.0.113.7' }), idle('private-1')]),
      frozen: true,
    });
  });
  afterAll(() => sandbox.close());

  it('lists what was recorded, path by path and type by type', async () => {
    const listed = await ask('GET', `projects/${LAB}/locations/-/instances`);
    assert.deepEqual(unique(shapeOf(listed)), unique(shapeOf(LISTED)));
  });
  it('gets what was recorded', async () => {
    assert.deepEqual(unique(shapeOf(await get())), unique(shapeOf(READ)));
  });
  it('answers a patch as recorded', async () => {
    const patched = await ask('PATCH', `${name}?updateMask=gce_setup.metadata`, {
      gceSetup: { metadata: { 'idle-timeout-seconds': '3600' } },
    });
    assert.deepEqual(unique(shapeOf(patched)), unique(shapeOf(PATCHED)));
  });
  it('moves updateTime and healthInfo within 31 seconds, and nothing else', async () => {
    const still = (shown: Readonly<Record<string, unknown>>): object => ({
      ...shown,
      updateTime: '',
      healthInfo: '',
    });
    const first = await get();
    await sandbox.clock.advance(31_000);
    const later = await get();
    assert.deepEqual(still(later), still(first));
    assert.notEqual(later['updateTime'], first['updateTime']);
    assert.notDeepEqual(later['healthInfo'], first['healthInfo']);
  });
});
