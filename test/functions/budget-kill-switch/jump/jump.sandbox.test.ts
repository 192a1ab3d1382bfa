import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  SMALL_PROJECT,
  switchPolicy,
  withSwitch,
  type Alert,
  type SwitchWorld,
} from '../../../support/budget-lab.ts';
import { subscribeToReceipts } from '../../../support/installed.ts';
import { RECEIPTS_TOPIC } from '../../../support/lab.ts';
import { messagesOf, noticesIn } from '../../../support/observe.ts';

const MINUTE_MS = 60_000;
const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });
const TICK = { text: '{}', attributes: {} };

type Mode = 'observe' | 'enforce';

const policyOf = (mode: Mode, jump = 0.5): string =>
  `${switchPolicy({ mode, jump })}notify:\n  channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]\n`;

const play = (test: (world: SwitchWorld) => Promise<void>, mode: Mode = 'enforce'): Promise<void> =>
  withSwitch({ scenario, policy: policyOf(mode) }, test);

/** One message after the other, 25 minutes apart as Google sends them. */
async function deliver(world: SwitchWorld, ...alerts: readonly Alert[]): Promise<void> {
  for (const one of alerts) {
    await world.alert(one);
    await world.sandbox.clock.advance(25 * MINUTE_MS);
  }
}

const waits = ({ lines }: SwitchWorld, severity = 'ERROR'): readonly string[] =>
  messagesOf(lines, severity).filter((text) => /^Budget "[^"]*": [\d.]+ USD reported/.test(text));
const changed = ({ sandbox }: SwitchWorld): string => Object.keys(changesIn(sandbox)).join('; ');

describe('a cost far beyond the last known one', () => {
  it('notifies, and stops and unlinks with the second message that reports as much', () =>
    play(async (world) => {
      world.start();
      const published = subscribeToReceipts(world.sandbox);
      await deliver(world, alert(0.4), alert(1.3));
      await world.alert(TICK);
      expect(changed(world)).toBe('');
      expect(waits(world)).toEqual([
        expect.stringMatching(
          /^Budget "ML runaway, monthly": 1300\.00 USD reported, 900\.00 USD more than the last known figure \(400\.00 USD at .*Z\)\. One message is believed up to 50 % of the budget more than two messages reported \(budgets\.jump\): stop-notebooks \(80 %\), stop-compute \(100 %\), unlink-billing \(120 %\) wait for a second message/,
        ),
      ]);
      expect(messagesOf(world.lines, 'WARNING').join('\n')).toMatch(/Due: notify \(50 %\)\. Next: stop-notebooks at 80 %/);
      const told = noticesIn(published()).map(({ items }) => items[0]?.text ?? '');
      expect(told.filter((text) => text.startsWith('Budget') && !text.includes('Due:'))).toEqual(waits(world));
      await deliver(world, alert(1.31));
      expect(changed(world)).toMatch(/instances.*:?stop/);
      expect(changed(world)).toContain('updateBillingInfo');
    })); // prettier-ignore

  it('keeps in force what the last known one reaches, and is dropped by a message that contradicts it', () =>
    play(async (world) => {
      await deliver(world, alert(0.6), alert(0.85));
      const notebooks = changed(world);
      expect(notebooks).toMatch(/^[^;]*stop$/);
      await deliver(world, alert(1.5), alert(0.86), alert(1.5));
      await world.alert(TICK);
      expect(changed(world)).toBe(notebooks);
      expect(waits(world)).toHaveLength(2);
      for (const text of waits(world)) expect(text).toMatch(/: stop-compute \(100 %\), unlink-billing \(120 %\) wait/);
    })); // prettier-ignore

  it('the first message that is known acts at once', () =>
    play(async (world) => {
      await world.alert(alert(1.5));
      expect(changed(world)).toContain('updateBillingInfo');
      expect(waits(world)).toEqual([]);
    }));

  it('is planned as it would be done while observing, and told no channel', () =>
    play(async (world) => {
      world.start();
      const published = subscribeToReceipts(world.sandbox);
      await deliver(world, alert(0.4), alert(1.05), alert(1.06));
      expect(waits(world, 'WARNING')).toHaveLength(1);
      const planned = messagesOf(world.lines, 'WARNING').filter((text) => text.startsWith('Would act'));
      expect(planned[0]).toMatch(/Due: notify \(50 %\)\. Next: stop-notebooks/);
      expect(planned[1]).toMatch(/Due: notify \(50 %\), stop-notebooks \(80 %\), stop-compute \(100 %\) on/);
      expect(noticesIn(published())).toEqual([]);
    }, 'observe'));
});
