import { describe, expect, it } from 'vitest';
import { billing, ended } from '../../../functions/spend-watch/seen.ts';
import { unpriced, type Price } from '../../../shared/prices/price.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-18T15:00:00Z');
const CONFIG = { unpricedAtMost: 10, ownerLabel: undefined };

const priced = (usd: number): Price => ({
  ...{ usd: { low: usd, high: usd }, source: 's', asOf: '2026-11-01' },
  ...{ mark: 'verified', note: undefined },
});

const vm = (cost: Price, machines?: number): RunningResource => ({
  kind: 'vm',
  resource: 'projects/1/zones/z/instances/a',
  state: 'RUNNING',
  description: 'a',
  labels: {},
  memberLabels: [],
  cost,
  leastShare: 1,
  startedMs: START,
  startedBy: undefined,
  fate: { kind: 'named', why: 'w' },
  command: 'c',
  memberKeys: [],
  ownerKeys: [],
  partOf: undefined,
  ...(machines === undefined ? {} : { machines }),
});

const seen = (cost: Price, machines?: number): Seen | undefined => billing([vm(cost, machines)], CONFIG)[0];

describe('what waits for its machines', () => {
  it('stays in the ledger, with nothing in low and expected', () => {
    const waiting = { ...vm(priced(0)), waits: 'waits for machines; then $5.00/h' };
    expect(billing([waiting, vm(priced(0))], CONFIG)).toMatchObject([
      { rate: { low: 0, expected: 0, high: 10 }, unpriced: 'waits for machines; then $5.00/h' },
    ]);
  });
});

describe('what has no price', () => {
  it('counts in high what it costs at the most, where that is known and below the bound of the policy', () => {
    const suspended = vm(unpriced('its saved memory bills'));
    const rates = [0.19, 50, undefined].map((atMostUsd) =>
      billing([atMostUsd === undefined ? suspended : { ...suspended, atMostUsd }], CONFIG)[0]?.rate,
    );
    expect(rates.map((rate) => rate?.high)).toEqual([0.19, 10, 10]);
    expect(rates.map((rate) => [rate?.low, rate?.expected])).toEqual([[0, 0], [0, 0], [0, 0]]);
  });
}); // prettier-ignore

describe('a price that no machine has', () => {
  it('counts in high alone, and says so', () => {
    const unknown = { rate: { low: 0, expected: 0, high: 9_000 }, unpriced: expect.any(String) as string };
    expect(seen(priced(9_000))).toMatchObject({
      ...unknown,
      unpriced: 'would cost $9000.00 an hour for one machine, more than the 5000 that any does',
    });
    expect(seen(unpriced('no price of its disk', 8_990))).toMatchObject(unknown);
    const times = { startedMs: START, endedMs: START + MINUTE, isFailed: false };
    expect(ended([{ ...vm(priced(9_000)), ...times }], CONFIG)).toMatchObject([unknown]);
  });

  it('is that of one machine', () => {
    expect(seen(priced(9_000), 100)).toMatchObject({ machines: 100, rate: { low: 9_000, high: 9_000 } });
    expect(seen(priced(9_000), 100)).not.toHaveProperty('unpriced');
    expect(seen(priced(900_000), 100)?.rate).toEqual({ low: 0, expected: 0, high: 900_000 });
    expect(seen(priced(5_000))).not.toHaveProperty('unpriced');
    expect(seen(priced(5_001), 0)).toHaveProperty('unpriced');
  });

  it('leaves nothing in low once the machine is gone', () => {
    let ledger: Ledger | undefined;
    for (let minute = 0; minute <= 40; minute += 5) {
      const resources = minute <= 20 ? billing([vm(priced(9_000))], CONFIG) : [];
      ledger = accrue(ledger, { project: 'p', atMs: START + minute * MINUTE, resources, complete: true });
    }
    expect(ledger?.running).toEqual([]);
    expect(ledger?.checkpoints.at(-1)).toMatchObject({ low: 0, expected: 0 });
    expect(ledger?.checkpoints.at(-1)?.high).toBeGreaterThan(3_000 - 1);
  });
});
