import assert from 'node:assert/strict';
import { Conflict, type State } from '../../../../shared/state/state.ts';
import { judgeNotification } from '../../../../functions/budget-kill-switch/decide.ts';
import type { Told } from '../../../../functions/budget-kill-switch/message/latest.ts';
import { budget, config, MIDMONTH, notification } from '../builder.ts';
import { describe, it } from 'vitest';
import {
  noteSpend,
  rateOf,
  readReported,
} from '../../../../functions/budget-kill-switch/message/spend-rate.ts';

const MINUTE_MS = 60_000;
const sample = (minute: number, cost: number) => ({ atMs: minute * MINUTE_MS, cost });

describe('rateOf', () => {
  const cases: readonly [
    name: string,
    before: readonly (readonly [minute: number, cost: number])[],
    now: readonly [minute: number, cost: number],
    perHour: number | undefined,
  ][] = [
    ['nothing to compare with', [], [0, 10], undefined],
    ['too short a time', [[0, 10]], [14.99, 12], undefined],
    ['a quarter of an hour', [[0, 10]], [15, 12], 8],
    ['six hours', [[0, 10]], [360, 22], 2],
    ['more than six hours', [[0, 10]], [360.01, 22], undefined],
    ['the oldest that still counts', [[0, 0], [100, 10], [200, 30]], [400, 60], 10],
    ['nothing was spent', [[0, 10]], [60, 10], 0],
    ['a credit came', [[0, 10]], [60, 4], 0],
    ['a message from before all others', [[60, 10]], [0, 8], undefined],
    ['the same message again', [[60, 10]], [60, 10], undefined],
  ]; // prettier-ignore
  for (const [name, before, now, perHour] of cases)
    it(name, () => {
      assert.equal(rateOf(before.map((one) => sample(...one)), sample(...now)), perHour); // prettier-ignore
    });
});

describe('noteSpend', () => {
  const told = (costAmount: number) => ({
    notification: notification({ costAmount }),
    verdict: judgeNotification(notification({ costAmount }), budget(), config(), MIDMONTH) as Told['verdict'],
  });
  const noteAt = async (state: State, minute: number, costAmount: number) => {
    const noted = await noteSpend(state, at(minute), told(costAmount), minute * MINUTE_MS, {
      take: (one) => one,
    });
    return noted.rate;
  };
  const at = (minute: number) => ({
    now: () => new Date(minute * MINUTE_MS),
    sleep: () => Promise.resolve(),
    random: () => 0,
  });

  it('drops samples that are dated ahead of the clock, and notes again', async () => {
    let text = JSON.stringify({ version: 1, samples: [sample(1e9, 10)] });
    const state = {
      read: () => Promise.resolve({ text, generation: '1', ageMs: 0 }),
      write: (_name: string, data: string) => Promise.resolve((text = data)),
    } as unknown as State;
    assert.equal(await noteAt(state, 0, 10), undefined);
    assert.equal(await noteAt(state, 30, 12), 4);
  });

  it('notes again where another run wrote meanwhile', async () => {
    let text = '{"version":1,"samples":[]}';
    let writes = 0;
    const state = {
      read: () => Promise.resolve({ text, generation: String(writes), ageMs: 0 }),
      write(_name: string, data: string) {
        if (++writes === 1) {
          text = JSON.stringify({ version: 1, samples: [{ ...sample(0, 10), amount: 100, forecast: 0 }] });
          return Promise.reject(new Conflict('changed'));
        }
        return Promise.resolve((text = data));
      },
    } as unknown as State;
    assert.equal(await noteAt(state, 30, 12), 4);
    assert.equal((await readReported(state, notification({ costAmount: 12 }), 0)).isReported, true);
    assert.equal((await readReported(state, notification({ costAmount: 10 }), 0)).isReported, true);
  });
});
