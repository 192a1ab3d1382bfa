import { describe, expect, it } from 'vitest';
import { holdAtTick } from '../../../../functions/budget-kill-switch/message/hold-at-tick.ts';

type Context = Parameters<typeof holdAtTick>[0];
type Config = Parameters<typeof holdAtTick>[1];

const MINUTE_MS = 60_000;
const NOON = Date.parse('2026-11-18T12:00:00Z');
const idsOf = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `b${n}`);

/** The budgets in the order in which a tick looks at what was reached of each; `lost`: those whose memory cannot be read. */
async function orderAt(
  nowMs: number,
  ids: readonly string[],
  lost: readonly string[] = [],
): Promise<{ readonly order: readonly string[]; readonly error: unknown }> {
  const order: string[] = [];
  const state = {
    async read(name: string) {
      const [, , id = ''] = name.split('/');
      order.push(id);
      if (lost.includes(id)) throw new Error(`cannot read ${name}`);
      return Promise.resolve(undefined);
    },
  };
  const context = {
    ...{ state, policy: {}, log: () => undefined },
    runtime: { now: () => new Date(nowMs) },
  } as unknown as Context;
  const config = {
    ...{ mode: 'enforce', basis: 'actual', silenceHours: 0 },
    allow: ids.map((id) => `billingAccounts/A/budgets/${id}`),
  } as unknown as Config;
  const message = { text: '{}', attributes: {}, publishedMs: nowMs } as unknown as Parameters<
    typeof holdAtTick
  >[2];
  const unused = (): never => {
    throw new Error('no budget is in force here');
  };
  const error = await holdAtTick(context, config, message, { lookUp: unused, fire: unused }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { order, error };
}

describe('a tick', () => {
  it.each([1, 2, 3, 7])('looks at each of %i budgets once, and begins with the next one five minutes later', async (count) => {
    const ids = idsOf(count);
    const first: (string | undefined)[] = [];
    for (let tick = 0; tick < 2 * count; tick++) {
      const { order } = await orderAt(NOON + tick * 5 * MINUTE_MS, ids);
      expect(order.toSorted()).toEqual(ids);
      // The same ring, begun at another place.
      expect(order.map((id) => (ids.indexOf(id) + 1) % count)).toEqual([...order.slice(1), order[0]].map((id = '') => ids.indexOf(id)));
      first.push(order[0]);
    }
    expect(new Set(first.slice(0, count)).size).toBe(count);
    expect(first.slice(count)).toEqual(first.slice(0, count));
  });

  it('begins with the same budget where it is delivered again within its five minutes', async () => {
    const { order } = await orderAt(NOON, idsOf(3));
    expect((await orderAt(NOON + 4 * MINUTE_MS, idsOf(3))).order).toEqual(order);
  });

  it('goes on to the next budget after one whose memory cannot be read, and fails in the end', async () => {
    const { order, error } = await orderAt(NOON, idsOf(3), ['b0', 'b1']);
    expect(order.toSorted()).toEqual(idsOf(3));
    expect(String(error)).toContain('cannot read');
  });

  it('looks at nothing where the policy allows no budget', async () => {
    expect(await orderAt(NOON, [])).toEqual({ order: [], error: undefined });
  });
}); // prettier-ignore
