import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { alert, BUDGET, changesIn, switchPolicy, withSwitch } from '../../support/budget-lab.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { RECEIPTS_TOPIC } from '../../support/lab.ts';
import { messagesOf, noticesIn } from '../../support/observe.ts';

const policy = (topic: string, mode: 'observe' | 'enforce' = 'enforce'): string =>
  `${switchPolicy({ mode })}notify:\n  channels: [{kind: topic, topic: ${topic}}]\n`;

describe('budget-kill-switch tells its channels', () => {
  it('of a rung once, however often its budget speaks', () =>
    withSwitch({ policy: policy(RECEIPTS_TOPIC) }, async (world) => {
      world.start();
      const published = subscribeToReceipts(world.sandbox);
      await world.alert(alert(0.55));
      const [notice, ...others] = noticesIn(published());
      assert.deepEqual(others, []);
      assert.equal(notice?.items[0]?.resource, BUDGET);
      assert.match(notice.items[0].text, /^Budget ".*": .* spent since .*Due: notify \(50 %\)/);
      const known = notice.id;
      await world.alert(alert(0.56));
      assert.deepEqual(
        noticesIn(published()).filter(({ id }) => id !== known),
        [],
      );
    }));

  it('after all rungs, and one that cannot be told keeps nothing from being stopped', () =>
    withSwitch({ policy: policy('projects/ml-ops-local/topics/not-ours') }, async (world) => {
      await world.alert(alert(1.05));
      assert.ok(Object.keys(changesIn(world.sandbox)).some((change) => change.includes('stop')));
      assert.match(
        messagesOf(world.lines, 'WARNING').join('\n'),
        /Cannot tell channel 1 \(topic\) of "Budget /,
      );
    }));

  it('of nothing while it observes', () =>
    withSwitch({ policy: policy(RECEIPTS_TOPIC, 'observe') }, async (world) => {
      world.start();
      const published = subscribeToReceipts(world.sandbox);
      await world.alert(alert(1.3));
      assert.deepEqual(noticesIn(published()), []);
    }));
});
