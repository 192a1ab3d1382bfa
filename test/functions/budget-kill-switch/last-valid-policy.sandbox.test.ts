import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import {
  alert,
  ALERTS,
  askRestore,
  BUDGET,
  budgetScenario,
  changesIn,
  PERIOD,
  RUNAWAY,
  switchPolicy,
} from '../../support/budget-lab.ts';
import { startInstance, withFunctionInProcess, type InProcess } from '../../support/in-process.ts';
import { BUCKET } from '../../support/lab.ts';
import { messagesOf } from '../../support/observe.ts';

const URI = `gs://${BUCKET}/costguard.yaml`;
const COPY = 'policy/budget-kill-switch.yaml';
const GOOD = switchPolicy();

async function put(sandbox: Sandbox, name: string, text: string): Promise<void> {
  const owner = 'owner@example.com';
  sandbox.iam.bind({ member: owner, role: 'roles/owner', permissions: 'all', on: `buckets/${BUCKET}` });
  const url = `https://storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`;
  const headers = { authorization: `Bearer ${sandbox.issueToken(owner)}` };
  assert.ok((await fetch(url, { method: 'POST', headers, body: text })).ok);
}

/** The switch with its policy at gs://; the copy beside the bundle names the state bucket and only observes. */
function withPolicyObject(test: (world: InProcess) => Promise<void>): Promise<void> {
  return withFunctionInProcess(
    {
      name: 'budget-kill-switch',
      topic: ALERTS,
      policy: switchPolicy({ mode: 'observe' }),
      scenario: budgetScenario(),
      environment: { POLICY_URI: URI },
      handle: (runtime, event) => handleEvent(runtime, event, guardBudget, ['budgets'], 'keep'),
    },
    test,
  );
}

function generationOf(sandbox: Sandbox): string | undefined {
  return sandbox.storage.bucket(BUCKET)?.objects.live(COPY)?.generation;
}

let messages = 0;
const deliver = (world: InProcess, share: number): Promise<void> =>
  world.deliver({ ...alert(share), messageId: `9${++messages}` });

describe('budget-kill-switch whose policy at gs:// becomes unusable', () => {
  const faults: readonly (readonly [string, (sandbox: Sandbox) => Promise<void> | void])[] = [
    ['invalid', (sandbox) => put(sandbox, 'costguard.yaml', GOOD.replace('mode: enforce', 'mode: on'))],
    ['no YAML', (sandbox) => put(sandbox, 'costguard.yaml', '"')],
    [
      'unreadable for a while',
      ({ faults }) => {
        faults.add({
          route: 'storage.objects.get',
          pathIncludes: 'costguard.yaml',
          fault: { kind: 'status', status: 503 },
        });
      },
    ],
    [
      'refused',
      ({ faults }) => {
        faults.add({
          route: 'storage.objects.get',
          pathIncludes: 'costguard.yaml',
          fault: { kind: 'status', status: 403 },
        });
      },
    ],
  ];
  for (const [name, spoil] of faults)
    it(`goes on with the last valid one, and says so at ERROR with every message: ${name}`, () =>
      withPolicyObject(async (world) => {
        const { sandbox, lines } = world;
        await put(sandbox, 'costguard.yaml', GOOD);
        await deliver(world, 0.1);
        assert.equal(sandbox.storage.objectText(BUCKET, COPY), GOOD);
        assert.deepEqual(messagesOf(lines, 'ERROR'), []);
        await spoil(sandbox);
        await deliver(world, 0.1);
        await deliver(world, 0.9);
        const said = messagesOf(lines, 'ERROR');
        assert.equal(said.length, 2, said.join('\n'));
        for (const text of said) assert.match(text, /is not in force, the last valid policy goes on \(gs:/);
        assert.ok(Object.keys(changesIn(sandbox)).length > 0, 'it acted, as the last valid policy says');
      }));

  for (const [before, after, acts] of [
    ['observe', 'enforce', true],
    ['enforce', 'observe', false],
  ] as const)
    it(`goes on with ${after} where that was the last valid one, after ${before}`, () =>
      withPolicyObject(async (world) => {
        const { sandbox } = world;
        await put(sandbox, 'costguard.yaml', switchPolicy({ mode: before }));
        await deliver(world, 0.1);
        await put(sandbox, 'costguard.yaml', switchPolicy({ mode: after }));
        await deliver(world, 0.1);
        await put(sandbox, 'costguard.yaml', 'scope: []\n');
        await deliver(world, 0.9);
        assert.equal(Object.keys(changesIn(sandbox)).length > 0, acts);
      }));

  it('is restored by budget-restore all the same, which reads the copy and says so', () =>
    withPolicyObject(async (world) => {
      const { sandbox } = world;
      await put(sandbox, 'costguard.yaml', GOOD);
      await deliver(world, 0.9);
      await sandbox.clock.advance(600_000);
      const nb = (): string | undefined =>
        sandbox.fleet.notebooksOf(RUNAWAY).find(({ id }) => id === 'nb-1')?.state;
      assert.equal(nb(), 'STOPPED');
      await put(sandbox, 'costguard.yaml', '"');
      const restore = startInstance(sandbox, {
        name: 'budget-restore',
        policy: switchPolicy({ mode: 'observe' }),
        environment: { POLICY_URI: URI },
        pauses: 'sandbox',
      });
      const answer = await askRestore(restore, 'POST', { budget: BUDGET, period: PERIOD });
      assert.deepEqual([answer.status, answer.complete], [200, true]);
      assert.match(
        messagesOf(restore.lines, 'ERROR')[0] ?? '',
        /is not in force, the last valid policy goes on/,
      );
      assert.equal(sandbox.storage.objectText(BUCKET, COPY), GOOD, 'the switch alone writes the copy');
      await sandbox.clock.advance(600_000);
      assert.equal(nb(), 'ACTIVE');
    }));

  it('writes the copy when the policy changed, and only then', () =>
    withPolicyObject(async (world) => {
      const { sandbox } = world;
      await put(sandbox, 'costguard.yaml', `${GOOD}# one\n`);
      await deliver(world, 0);
      assert.equal(sandbox.storage.objectText(BUCKET, COPY), `${GOOD}# one\n`);
      const generation = generationOf(sandbox);
      for (let i = 0; i < 3; i++) await deliver(world, 0);
      assert.equal(generationOf(sandbox), generation);
      await put(sandbox, 'costguard.yaml', `${GOOD}# two\n`);
      await deliver(world, 0);
      assert.equal(sandbox.storage.objectText(BUCKET, COPY), `${GOOD}# two\n`);
    }));

  it('does nothing and says both errors where the copy is damaged', () =>
    withPolicyObject(async (world) => {
      const { sandbox, lines } = world;
      await put(sandbox, COPY, GOOD.replace('mode: enforce', 'mode: on'));
      await put(sandbox, 'costguard.yaml', 'scope: []\n');
      await deliver(world, 1.3);
      assert.match(
        messagesOf(lines, 'ERROR').join('\n'),
        /Cannot use the copy of the last valid policy[^]*scope/,
      );
      assert.deepEqual(changesIn(sandbox), {});
    }));
});
