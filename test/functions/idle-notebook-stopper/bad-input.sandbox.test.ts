import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { installFunction } from '../../support/install-function.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import type { ScenarioInput } from '../../sandbox/scenario.ts';
import { withFunction, type World } from '../../support/installed.ts';
import {
  BUCKET, busy, idle, LAB, labPolicy, labScenario, NAME, notebookName, OPERATIONS,
} from '../../support/lab.ts'; // prettier-ignore
import {
  carriedOut,
  lastReceipt,
  memoryIn,
  messagesOf,
  receiptsIn,
  statesOf,
} from '../../support/observe.ts';

const SECOND: NonNullable<ScenarioInput['projects'][number]> = {
  id: 'ml-second',
  number: '100000000003',
  notebooks: [idle('idle-there')],
};
const BOTH = [`projects/${LAB}`, 'projects/ml-second'];

const withLab = (
  test: (world: World) => Promise<void>,
  options: { readonly policy?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<void> =>
  withFunction(
    {
      scenario: labScenario([idle('idle-1')], { others: [SECOND] }),
      policy: options.policy ?? labPolicy(),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    },
    test,
  );

/** Nothing of anybody was touched, and the event does not come again. */
function checkUntouched({ sandbox, fn }: World, deliveries = 1): void {
  assert.deepEqual(carriedOut(sandbox, 'stop'), {});
  assert.deepEqual(receiptsIn(sandbox, BUCKET), []);
  assert.deepEqual(
    sandbox.pubsub.deliveries.map(({ subscription, result }) => [subscription, result]),
    Array.from({ length: deliveries }, () => [fn.subscription, 'acked']),
  );
  assert.deepEqual(sandbox.pubsub.pending(), []);
}

describe('idle-notebook-stopper with a bad policy', () => {
  it('names every problem with its path in one run, and touches nothing', () =>
    withLab(
      async (world) => {
        await world.fn.tick();
        const errors = messagesOf(world.fn.lines, 'ERROR');
        assert.equal(errors.length, 4, errors.join('\n'));
        for (const path of ['scope', 'notebooks.idleAfter', 'notebooks.cpuBelow', 'notebooks'])
          assert.ok(
            errors.some((line) => line.startsWith(`Cannot use the policy: ${path}`)),
            `${path} in\n${errors.join('\n')}`,
          );
        assert.ok(errors.some((line) => line.includes('idleAftr')));
        assert.deepEqual(world.sandbox.callLog.calls(), []);
        checkUntouched(world);
      },
      {
        policy: [
          'mode: enforce',
          `state: gs://${BUCKET}`,
          'notebooks:',
          '  idleAfter: 60',
          '  cpuBelow: 5',
          '  idleAftr: 60m',
          '',
        ].join('\n'),
      },
    ));

  it('says so when the text is not YAML', () =>
    withLab(
      async (world) => {
        await world.fn.tick();
        assert.match(messagesOf(world.fn.lines, 'ERROR').join('\n'), /^Cannot use the policy: /);
        checkUntouched(world);
      },
      { policy: 'mode: [enforce' },
    ));

  it('acts on the corrected policy at the next tick, without a redeployment', () =>
    withLab(async (world) => {
      world.fn.setPolicy('mode: enforce\n');
      await world.fn.tick();
      checkUntouched(world);
      world.fn.setPolicy(labPolicy());
      await world.fn.tick();
      assert.deepEqual(carriedOut(world.sandbox, 'stop'), { 'idle-1': 1 });
    }));
});

describe('idle-notebook-stopper with a policy that POLICY_URI names', () => {
  const ERRORS: Readonly<Record<string, RegExp>> = {
    [`gs://${BUCKET}/policies/none.yaml`]:
      /^Cannot read the policy "gs:\/\/[^"]+\/policies\/none\.yaml": there is no such object$/,
    [`gs://${BUCKET}`]: /^Cannot read the policy "gs:\/\/[^"]+": POLICY_URI is a file path or gs:/,
    'gs://another-users-bucket/costguard.yaml':
      /^Cannot call "storage\.objects\.get": HTTP 40[34]|no such object/,
    'https://example.com/costguard.yaml':
      /^Cannot read the policy "https:\/\/example\.com\/costguard\.yaml": ENOENT/,
    '/nowhere/costguard.yaml': /^Cannot read the policy "\/nowhere\/costguard\.yaml": ENOENT/,
  };
  for (const [uri, expected] of Object.entries(ERRORS))
    it(`${uri}: one clear line, nothing touched`, () =>
      withLab(
        async (world) => {
          await world.fn.tick();
          const errors = messagesOf(world.fn.lines, 'ERROR');
          assert.equal(errors.length, 1, errors.join('\n'));
          assert.match(errors[0] ?? '', expected);
          checkUntouched(world);
        },
        { environment: { POLICY_URI: uri } },
      ));

  it('reads an object of the state bucket anew for each tick', () =>
    withLab(
      async (world) => {
        const { sandbox, fn } = world;
        await putObject(sandbox, 'policies/costguard.yaml', labPolicy({ mode: 'observe' }));
        await fn.tick();
        assert.equal(lastReceipt(sandbox, BUCKET).mode, 'observe');
        assert.deepEqual(carriedOut(sandbox, 'stop'), {});
        await putObject(sandbox, 'policies/costguard.yaml', labPolicy());
        await fn.tick();
        assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
      },
      { environment: { POLICY_URI: `gs://${BUCKET}/policies/costguard.yaml` } },
    ));
});

describe('idle-notebook-stopper with a bad tick', () => {
  const BAD: Readonly<Record<string, { readonly text: string; readonly line: RegExp }>> = {
    'not JSON': {
      text: 'please stop everything',
      line: /^Cannot read the tick "please stop everything": it is not JSON .*send \{\} or \{"project": "ID"\}$/,
    },
    'a blank': { text: ' ', line: /^Cannot read the tick " ": it is not JSON/ },
    'an unknown key': { text: '{"projekt": "ml-lab"}', line: /^Cannot read the tick "\{.*projekt/ },
    'a project that is no id': { text: '{"project": "../../ml-lab"}', line: /^Cannot read the tick/ },
    'an array': { text: '[]', line: /^Cannot read the tick "\[\]"/ },
    'one megabyte of something': { text: 'x'.repeat(1_000_000), line: /^Cannot read the tick "x{200}…"/ },
  };
  for (const [name, { text, line }] of Object.entries(BAD))
    it(`keeps ${name} as poison, once, and acknowledges it`, () =>
      withLab(async (world) => {
        const { sandbox, fn } = world;
        sandbox.pubsub.disturb({ duplicates: 1 });
        await fn.tick(text);
        const errors = messagesOf(fn.lines, 'ERROR');
        assert.equal(errors.length, 2);
        for (const error of errors) {
          assert.match(error, line);
          assert.ok(error.length < 600);
        }
        const names = sandbox.storage.objectNames(BUCKET, 'poison/');
        assert.equal(names.length, 1);
        assert.match(names[0] ?? '', /^poison\/idle-notebook-stopper\/\d+\.json$/);
        const record = JSON.parse(sandbox.storage.objectText(BUCKET, names[0] ?? '') ?? '') as object;
        assert.partialDeepStrictEqual(record, {
          function: NAME,
          text,
          receivedAt: '2026-11-18T21:40:00.000Z',
        });
        // One version: the second delivery wrote nothing.
        assert.equal(sandbox.storage.bucket(BUCKET)?.objects.all().length, 1);
        checkUntouched(world, 2);
      }));

  it('refuses a project outside the scope', () =>
    withLab(async (world) => {
      await world.fn.tick({ project: 'ml-second' });
      assert.deepEqual(messagesOf(world.fn.lines, 'ERROR'), [
        'Cannot act on "ml-second": it is outside the policy\'s scope (projects/ml-lab)',
      ]);
      assert.deepEqual(world.sandbox.callLog.calls(), []);
      checkUntouched(world);
    }));

  it('ignores a tick that is older than 60 minutes, and takes one of 60', () =>
    withLab(async (world) => {
      const { sandbox, fn } = world;
      // Nothing is pushed while there is no endpoint.
      const push = sandbox.pubsub.subscription(fn.subscription).pushConfig;
      sandbox.pubsub.modifyPushConfig(fn.subscription, {});
      await fn.tick();
      await sandbox.clock.advance(60 * 60_000 + 1);
      sandbox.pubsub.modifyPushConfig(fn.subscription, push);
      await sandbox.pubsub.idle();
      assert.deepEqual(messagesOf(fn.lines, 'WARNING'), [
        'Ignored the tick "{}" of 2026-11-18T21:40:00.000Z: it is older than 60 minutes',
      ]);
      checkUntouched(world);

      sandbox.pubsub.modifyPushConfig(fn.subscription, {});
      await fn.tick();
      await sandbox.clock.advance(60 * 60_000);
      sandbox.pubsub.modifyPushConfig(fn.subscription, push);
      await sandbox.pubsub.idle();
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
    }));

  it('acknowledges an event that is no Pub/Sub message', () =>
    withLab(async (world) => {
      const response = await fetch(world.fn.service.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-id': '1',
          'ce-source': '//storage.googleapis.com/projects/_/buckets/b',
          'ce-specversion': '1.0',
          'ce-type': 'google.cloud.storage.object.v1.finalized',
        },
        body: JSON.stringify({ bucket: 'b', name: 'o' }),
      });
      assert.equal(response.status, 204);
      assert.deepEqual(messagesOf(world.fn.lines, 'ERROR'), [
        'Cannot read the event: it is not the CloudEvent of a Pub/Sub message',
      ]);
      checkUntouched(world, 0);
    }));
});

describe('idle-notebook-stopper where one project of two cannot be read', () => {
  const withBoth = (
    second: Partial<typeof SECOND>,
    prepare: (sandbox: Sandbox) => void,
    where: string,
    why: RegExp,
    deliveredAgain = 0,
  ): Promise<void> =>
    withFunction(
      {
        scenario: labScenario([idle('idle-1')], { others: [{ ...SECOND, ...second }] }),
        policy: labPolicy({ scope: BOTH }),
      },
      async ({ sandbox, fn }) => {
        prepare(sandbox);
        await fn.tick();
        assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
        assert.equal(statesOf(sandbox)['idle-there'] ?? 'ACTIVE', 'ACTIVE');
        const receipts = receiptsIn(sandbox, BUCKET);
        assert.deepEqual(receipts.map(({ projects }) => projects.join()).sort(), [LAB, 'ml-second']);
        for (const { projects, incomplete, decisions } of receipts) {
          if (projects.includes(LAB)) {
            assert.deepEqual(incomplete, []);
            continue;
          }
          const gap = incomplete.find((known) => known.where === where);
          assert.match(gap?.why ?? JSON.stringify(incomplete), why);
          assert.ok(decisions.every(({ action }) => action === 'keep'));
        }
        assert.equal(sandbox.pubsub.pending().length, deliveredAgain);
        assert.ok(messagesOf(fn.lines, 'WARNING').some((text) => /^ml-second .*INCOMPLETE/.test(text)));
      },
    );

  it('403 on everything: incomplete, delivered again, and the other one is done', () =>
    withBoth(
      {},
      (sandbox) => {
        sandbox.iam.unbind(({ on }) => on === 'projects/ml-second');
      },
      'projects/ml-second',
      /HTTP 403: Permission 'notebooks\.instances\.list' denied/,
      1,
    ));

  it('404 on everything: incomplete, the other one is done', () =>
    withBoth(
      {},
      (sandbox) => {
        const fault = { kind: 'status', status: 404, message: 'Project was not found.' } as const;
        sandbox.faults.add({ route: '*', pathIncludes: '/projects/ml-second/', fault });
      },
      'projects/ml-second',
      /HTTP 404: Project was not found/,
    ));

  it('a project that does not exist: incomplete', () =>
    withFunction(
      { scenario: labScenario([idle('idle-1')]), policy: labPolicy({ scope: BOTH }) },
      async ({ sandbox, fn }) => {
        await fn.tick();
        assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
        const other = receiptsIn(sandbox, BUCKET).find(({ projects }) => projects.includes('ml-second'));
        assert.match(other?.incomplete.at(-1)?.why ?? '', /may not exist/);
      },
    ));

  it('the Notebooks API is disabled: incomplete, says so', () =>
    withBoth(
      { disabledServices: ['notebooks.googleapis.com'] },
      () => undefined,
      'projects/ml-second',
      /notebooks API has not been used in project 100000000003 before or it is disabled/,
    ));

  it('the Compute API is disabled: incomplete, its notebooks are kept', () =>
    withBoth(
      { disabledServices: ['compute.googleapis.com'] },
      () => undefined,
      'projects/ml-second VMs',
      /compute API has not been used/,
    ));
});

describe('idle-notebook-stopper with nothing to do', () => {
  for (const [name, notebooks] of Object.entries({
    'a project without notebooks': [],
    'a project with a busy one only': [busy('busy-1')],
  }))
    it(`${name}: a complete receipt, no write but that, no memory`, () =>
      withFunction({ scenario: labScenario(notebooks), policy: labPolicy() }, async ({ sandbox, fn }) => {
        await fn.tick();
        const receipt = lastReceipt(sandbox, BUCKET);
        assert.deepEqual(receipt.incomplete, []);
        assert.equal(receipt.decisions.length, notebooks.length);
        assert.deepEqual(receipt.savings, { usdPerHour: 0, unpriced: 0 });
        assert.equal(receipt.apiCalls['monitoring.timeSeries.list'] ?? 0, notebooks.length * 6);
        assert.deepEqual(memoryIn(sandbox, BUCKET, LAB), {});
        assert.equal(sandbox.callLog.calls('storage.objects.insert').length, 1);
        assert.match(messagesOf(fn.lines, 'INFO').at(-1) ?? '', /^ml-lab \(enforce\); nothing to do; /);
      }));
});

describe('idle-notebook-stopper with a damaged memory', () => {
  for (const text of [
    '',
    'not JSON',
    '{"version": 2, "notebooks": {}}',
    '{"version": 1, "notebooks": {"a": 1}}',
  ])
    it(`${JSON.stringify(text)}: stops nothing, says so once, leaves it as it is`, () =>
      withLab(async ({ sandbox, fn }) => {
        const name = `memory/${NAME}/${LAB}.json`;
        await putObject(sandbox, name, text);
        await fn.tick();
        assert.deepEqual(carriedOut(sandbox, 'stop'), {});
        assert.equal(sandbox.storage.objectText(BUCKET, name), text);
        const errors = messagesOf(fn.lines, 'ERROR');
        assert.equal(errors.length, 1);
        assert.match(
          errors[0] ?? '',
          /^Cannot read the memory "memory\/idle-notebook-stopper\/ml-lab\.json": /,
        );
        assert.equal(lastReceipt(sandbox, BUCKET).incomplete.length, 1);
        assert.deepEqual(sandbox.pubsub.pending(), []);
      }));
});

describe('idle-notebook-stopper without a state bucket', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ scenario: labScenario([idle('idle-1')]), frozen: true });
  });
  afterAll(() => sandbox.close());

  it('stops what is idle and logs its receipt', async () => {
    const fn = await installFunction(sandbox, {
      name: NAME,
      operationsProject: OPERATIONS,
      policyText: `mode: enforce\nscope: [projects/${LAB}]\nnotebooks:\n`,
    });
    try {
      await fn.tick();
      await fn.tick();
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1 });
      assert.deepEqual(sandbox.callLog.calls('storage.*'), []);
      assert.match(
        messagesOf(fn.lines, 'NOTICE').join(),
        new RegExp(
          `^stop \\(done\\) ${notebookName('idle-1')}: idle, \\$0\\.19/h\\. It rested for 60 minutes `,
        ),
      );
    } finally {
      await fn.close();
    }
  });
});

/** Puts an object into the state bucket, as its owner. */
async function putObject(sandbox: Sandbox, name: string, text: string): Promise<void> {
  const upload = sandbox.storage.routes.find(({ id }) => id === 'storage.objects.insert');
  assert.ok(upload !== undefined);
  const query = new URLSearchParams({ uploadType: 'media', name });
  const url = new URL(`https://storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o?${query.toString()}`);
  const params = { ...upload.path.exec(url.pathname)?.groups };
  await upload.handle({
    method: 'POST',
    host: url.host,
    url,
    headers: { 'content-type': 'text/plain' },
    params,
    query,
    body: Buffer.from(text),
    json: () => ({}),
    principal: 'owner@example.com',
  });
}
