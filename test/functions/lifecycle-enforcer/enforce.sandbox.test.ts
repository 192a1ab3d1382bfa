import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, receiptsIn } from '../../support/observe.ts';
import {
  ABORT,
  decisionOn,
  deleteAfter,
  lifecyclePolicy,
  moveTo,
  rulesOf,
  verdicts,
  withEnforcer,
} from '../../support/bucket-lab.ts';

const NEARLINE = moveTo('NEARLINE', 30);
const FOREIGN = deleteAfter(400, { matchesPrefix: ['tmp/'] });

const MIXED = [
  { name: 'bare' },
  { name: 'foreign', lifecycle: { rule: [FOREIGN] } },
  { name: 'half', lifecycle: { rule: [ABORT, FOREIGN] } },
  { name: 'whole', lifecycle: { rule: [ABORT, moveTo('NEARLINE', 30)] } },
  { name: 'exempt', labels: { 'costguard-exempt': 'true' } },
  { name: 'autoclass', autoclass: { enabled: true } },
];

describe('lifecycle-enforcer over the wire', () => {
  it('adds what is missing and keeps what others wrote, once', () =>
    withEnforcer(MIXED, lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      await world.deliver();
      assert.deepEqual(verdicts(sandbox), {
        autoclass: 'patch done: in-part (autoclass)',
        bare: 'patch done: no-rules',
        exempt: 'keep already: exempt',
        foreign: 'patch done: drift',
        half: 'patch done: drift',
        whole: 'keep already: in-force',
      });
      assert.deepEqual(rulesOf(sandbox, 'bare'), [NEARLINE, ABORT]);
      assert.deepEqual(rulesOf(sandbox, 'foreign'), [FOREIGN, NEARLINE, ABORT]);
      assert.deepEqual(rulesOf(sandbox, 'half'), [ABORT, FOREIGN, NEARLINE]);
      assert.deepEqual(decisionOn(lastReceipt(sandbox, BUCKET), 'half').evidence['diff'], {
        added: [NEARLINE],
        removed: [],
        kept: [FOREIGN],
        equal: [ABORT],
      });
      assert.equal(sandbox.callLog.calls('storage.buckets.list').length, 1);
      assert.deepEqual(rulesOf(sandbox, 'autoclass'), [ABORT]);
      assert.equal(sandbox.callLog.calls('storage.buckets.patch').length, 4);

      sandbox.callLog.clear();
      await world.deliver({ messageId: '2' });
      assert.equal(sandbox.callLog.calls('storage.buckets.patch').length, 0);
      assert.deepEqual(lastReceipt(sandbox, BUCKET).kept, { 'in-force': 4, exempt: 1 });
      assert.equal(verdicts(sandbox)['autoclass'], 'refuse done: autoclass');
    }));

  it('writes at most maxPatches buckets a run, names the rest, and goes on with them at the next tick', () =>
    withEnforcer(MIXED, lifecyclePolicy({ lifecycle: ['maxPatches: 2'] }), async (world) => {
      const { sandbox } = world;
      const written = () => sandbox.callLog.calls('storage.buckets.patch').length;
      await world.deliver();
      assert.equal(written(), 2);
      assert.deepEqual(
        Object.values(verdicts(sandbox)).filter((verdict) => verdict.startsWith('report')),
        ['report done: over-max-patches', 'report done: over-max-patches'],
      );
      await world.deliver({ messageId: '2' });
      assert.equal(written(), 4);
    }));

  it('holds maxPatches in each of several deliveries of one tick, and in two at once, and writes no bucket twice', () =>
    withEnforcer(MIXED, lifecyclePolicy({ lifecycle: ['maxPatches: 2'] }), async (world) => {
      const { sandbox } = world;
      const fault = { kind: 'status', status: 403 } as const;
      const requested = (): number => sandbox.callLog.calls('storage.buckets.patch').length;
      const written = (): readonly string[] =>
        sandbox.callLog
          .calls('storage.buckets.patch')
          .filter(({ status }) => status === 200)
          .map(({ path }) => path);
      sandbox.faults.add({ route: 'storage.buckets.patch', count: 1, fault });
      await assert.rejects(() => world.deliver({ messageId: '1' }));
      assert.deepEqual([requested(), written().length], [2, 1]);
      // The one that was refused takes its place among the two.
      await world.deliver({ messageId: '1' });
      assert.deepEqual([requested(), written().length], [4, 3]);
      await Promise.all([world.deliver({ messageId: '1' }), world.deliver({ messageId: '1' })]);
      assert.equal(written().length, 4);
      assert.equal(new Set(written()).size, 4);
    }));

  it('plans the same in observe mode and writes nothing but the receipt', async () => {
    const plans: object[] = [];
    for (const mode of ['observe', 'enforce'] as const)
      await withEnforcer(MIXED, lifecyclePolicy({ mode }), async (world) => {
        const { sandbox } = world;
        await world.deliver();
        const written = sandbox.callLog.calls('storage.buckets.patch').length;
        assert.equal(written, mode === 'observe' ? 0 : 4);
        plans.push(lastReceipt(sandbox, BUCKET).decisions.map((decision) => ({ ...decision, outcome: '' })));
      });
    assert.deepEqual(plans[0], plans[1]);
  });

  it('replaces its own rules when the policy changes, and no foreign ones', () =>
    withEnforcer(
      [{ name: 'bare' }, { name: 'equal', lifecycle: { rule: [moveTo('NEARLINE', 30)] } }],
      lifecyclePolicy(),
      async (world) => {
        const { sandbox, runtime } = world;
        await world.deliver();
        const changed = lifecyclePolicy({ rules: [moveTo('COLDLINE', 60), ABORT] });
        Object.assign(runtime, { readText: () => Promise.resolve(changed) });
        await world.deliver({ messageId: '2' });
        assert.deepEqual(rulesOf(sandbox, 'bare'), [ABORT, moveTo('COLDLINE', 60)]);
        // It was there before: a rule that merely equals ours.
        assert.deepEqual(rulesOf(sandbox, 'equal'), [NEARLINE, ABORT, moveTo('COLDLINE', 60)]);
        assert.deepEqual(decisionOn(lastReceipt(sandbox, BUCKET), 'bare').evidence['diff'], {
          added: [moveTo('COLDLINE', 60)],
          removed: [NEARLINE],
          kept: [],
          equal: [ABORT],
        });
        assert.equal(receiptsIn(sandbox, BUCKET).length, 2);
      },
    ));
});
