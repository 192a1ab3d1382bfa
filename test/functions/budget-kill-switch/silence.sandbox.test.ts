import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  SMALL_PROJECT,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { messagesOf } from '../../support/observe.ts';

const HOUR_MS = 3_600_000;
const TICK = { text: '{}', attributes: {} };
const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });

const said = ({ lines }: SwitchWorld): readonly string[] =>
  messagesOf(lines, 'ERROR').filter((text) => text.startsWith('No message of '));

async function ticks(world: SwitchWorld, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    await world.sandbox.clock.advance(HOUR_MS);
    await world.alert(TICK);
  }
}

describe('a budget of which no message comes', () => {
  it('is an alert after budgets.silence, once, and again after as long', () =>
    withSwitch({ scenario }, async (world) => {
      await world.alert(alert(0.4));
      await ticks(world, 23);
      assert.deepEqual(said(world), []);
      await ticks(world, 3);
      assert.equal(said(world).length, 1);
      assert.match(said(world)[0] ?? '', new RegExp(`^No message of ${BUDGET} for 24 h .*: 24 h\\)`));
      await ticks(world, 24);
      assert.equal(said(world).length, 2);
      assert.deepEqual(changesIn(world.sandbox), {});
    }));

  for (const mode of ['enforce', 'observe'] as const)
    it(`is one also where none has ever come, in ${mode} mode`, () =>
      withSwitch({ scenario, policy: switchPolicy({ mode, lines: ['silence: 2h'] }) }, async (world) => {
        await world.alert(TICK);
        await ticks(world, 1);
        assert.deepEqual(said(world), []);
        await ticks(world, 1);
        assert.equal(said(world).length, 1);
      }));

  it('ends with a message in observe mode as well', () =>
    withSwitch(
      { scenario, policy: switchPolicy({ mode: 'observe', lines: ['silence: 2h'] }) },
      async (world) => {
        await world.alert(TICK);
        await ticks(world, 1);
        await world.alert(alert(0.4));
        await ticks(world, 1);
        assert.deepEqual(said(world), []);
        await ticks(world, 1);
        assert.equal(said(world).length, 1);
      },
    ));

  it('ends with the next message, a heartbeat too, and begins anew', () =>
    withSwitch({ scenario, policy: switchPolicy({ lines: ['silence: 2h'] }) }, async (world) => {
      await world.alert(alert(0.4));
      await ticks(world, 2);
      assert.equal(said(world).length, 1);
      await world.alert(alert(0.4));
      await ticks(world, 1);
      await world.alert(alert(0.4));
      await ticks(world, 1);
      assert.equal(said(world).length, 1);
      await ticks(world, 1);
      assert.equal(said(world).length, 2);
    }));

  it('is one as well where messages come and none counts, and says where to look', () =>
    withSwitch({ scenario, policy: switchPolicy({ lines: ['silence: 2h'] }) }, async (world) => {
      await world.alert(alert(0.4));
      for (let hour = 0; hour < 2; hour++) {
        await world.alert(alert(0.6, { data: { currencyCode: 'EUR' } }));
        await ticks(world, 1);
      }
      assert.match(
        said(world)[0] ?? '',
        new RegExp(`^No message of ${BUDGET} for 2 h .* at WARNING of messages that do not count$`),
      );
      assert.match(
        messagesOf(world.lines, 'WARNING').join('\n'),
        /other-currency: the message counts in EUR, the budget in USD/,
      );
    }));

  it('is none with silence: 0', () =>
    withSwitch({ scenario, policy: switchPolicy({ lines: ['silence: 0'] }) }, async (world) => {
      await world.alert(TICK);
      await ticks(world, 30);
      assert.deepEqual(said(world), []);
    }));
});
