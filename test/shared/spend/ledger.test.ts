import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import { accruedBetween, accruedByKind } from '../../../shared/spend/accrued.ts';
import { parseLedger, printLedger, type Ledger } from '../../../shared/spend/ledger.ts';
import { billingMidnights } from '../../../shared/spend/pacific.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.parse('2026-11-20T20:00:00Z');

function vm(over: Partial<Seen> = {}): Seen {
  return { resource: 'a', kind: 'vm', rate: { low: 12, expected: 12, high: 12 }, ...over };
}

/** Looks, so many minutes after noon each: what they saw, and whether that was all. */
function watched(...looks: readonly (readonly [number, readonly Seen[], boolean?])[]): Ledger {
  let ledger: Ledger | undefined;
  for (const [minutes, resources, complete = true] of looks)
    ledger = accrue(ledger, { project: 'p', atMs: NOON + minutes * MINUTE, resources, complete });
  if (ledger === undefined) throw new Error('Cannot watch without a look');
  return ledger;
}

/** Since noon, to a tenth of a cent. */
function spent(ledger: Ledger, fromMinutes = 0): unknown {
  const { low, expected, high } = accruedBetween(
    { ...ledger, running: [] },
    NOON + fromMinutes * MINUTE,
    NOON + 10_000 * MINUTE,
  );
  const round = (usd: number): number => Math.round(usd * 1_000) / 1_000;
  return { low: round(low), expected: round(expected), high: round(high) };
}

describe('accrue', () => {
  it('counts a whole interval for what is there at both ends', () => {
    expect(spent(watched([0, [vm()]], [5, [vm()]]))).toEqual({ low: 1, expected: 1, high: 1 });
  });

  it('counts from its own start what is new, and from no moment in particular without one', () => {
    const told = watched([0, []], [5, [vm({ startedMs: NOON + 2 * MINUTE })]]);
    expect(spent(told)).toEqual({ low: 0.6, expected: 0.6, high: 1 });
    expect(spent(watched([0, []], [5, [vm()]]))).toEqual({ low: 0, expected: 0.5, high: 1 });
  });

  it('counts what is gone in high only for sure', () => {
    expect(spent(watched([0, [vm()]], [5, []]))).toEqual({ low: 0, expected: 0.5, high: 1 });
  });

  it('counts from the second start what was started again in between', () => {
    const ledger = watched(
      [0, [vm({ startedMs: NOON - HOUR })]],
      [5, [vm({ startedMs: NOON + 4 * MINUTE })]],
    );
    expect(spent(ledger)).toEqual({ low: 0.2, expected: 0.2, high: 1 });
  });

  it('freezes low while a listing fails, and makes up for it once the resource is seen again', () => {
    const failing = watched([0, [vm()]], [5, [], false], [10, [], false]);
    expect(spent(failing)).toEqual({ low: 0, expected: 2, high: 2 });
    const again = accrue(failing, {
      project: 'p',
      atMs: NOON + 15 * MINUTE,
      resources: [vm()],
      complete: true,
    });
    expect(spent(again)).toEqual({ low: 3, expected: 3, high: 3 });
    // What it makes up for belongs to the time in which it ran.
    expect(spent(again, 10)).toEqual({ low: 1, expected: 1, high: 1 });
  });

  it('counts in high, since it was seen last, what grew while it was out of sight', () => {
    const grown = vm({ rate: { low: 60, expected: 60, high: 60 } });
    const ledger = watched([0, [vm()]], [5, [], false], [10, [], false], [15, [grown]]);
    expect(spent(ledger)).toEqual({ low: 3, expected: 5, high: 15 });
  });

  const TEN = { low: 120, expected: 120, high: 120 };
  it.each<readonly [string, Partial<Seen>, Partial<Seen>, number]>([
    ['the same start', { startedMs: NOON }, { startedMs: NOON }, 4],
    ['the same creation of a job', { createdMs: NOON }, { createdMs: NOON }, 4],
    ['a start of its own', { startedMs: NOON }, { startedMs: NOON + 12 * MINUTE }, 2.6 + 10],
    ['more machines', { startedMs: NOON }, { startedMs: NOON, machines: 10 }, 3 + 10],
    ['neither start nor creation, as endpoints have it', {}, {}, 3 + 10],
    ['no price before', { startedMs: NOON, unpriced: 'no price' }, { startedMs: NOON }, 3 + 10],
    [
      'a price before that was known as little',
      { startedMs: NOON, rate: { low: 12, expected: 40, high: 120 } },
      { startedMs: NOON },
      3 + 10,
    ],
  ])('counts ten times the price in low by what the listing says: %s', (_, was, now, low) => {
    const ledger = watched(
      [0, [vm(was)]],
      [5, [vm(was)]],
      [10, [vm(was)]],
      [15, [vm({ rate: TEN, ...now })]],
      [20, [vm({ rate: TEN, ...now })]],
    );
    expect(spent(ledger)).toMatchObject({ low });
    expect(ledger.running[0]?.rate).toMatchObject({ expected: 120, high: 120 });
  });

  it('holds a price that leapt out of low for as long as it does, and no longer', () => {
    const [was, leapt] = [vm({ startedMs: NOON }), vm({ startedMs: NOON, rate: TEN })];
    const looks = (seen: Seen, from: number, to: number): (readonly [number, readonly Seen[]])[] =>
      Array.from({ length: (to - from) / 5 + 1 }, (_, index) => [from + 5 * index, [seen]]);
    const before = looks(was, 0, 10);
    expect(spent(watched(...before, ...looks(leapt, 15, 25)))).toMatchObject({ low: 5 });
    expect(spent(watched(...before, ...looks(leapt, 15, 90)))).toMatchObject({ low: 18, expected: 157.5 });
    // One that is within what it was at the most is believed again, and the guard begins anew with it.
    const back = [...before, ...looks(leapt, 15, 40), ...looks(was, 45, 60)];
    expect(watched(...back).running[0]).not.toHaveProperty('highBefore');
    expect(spent(watched(...back, ...looks(leapt, 65, 90)))).toMatchObject({ low: 18 });
    const restarted = looks({ ...leapt, startedMs: NOON + 40 * MINUTE }, 45, 90);
    expect(spent(watched(...before, ...looks(leapt, 15, 40), ...restarted))).toMatchObject({ low: 99 });
  });

  it('takes nothing for sure of a long pause that has no start stamp', () => {
    expect(spent(watched([0, [vm()]], [60, [vm()]]))).toEqual({ low: 0, expected: 12, high: 12 });
    const stamped = vm({ startedMs: NOON - HOUR });
    expect(spent(watched([0, [stamped]], [60, [stamped]]))).toEqual({ low: 12, expected: 12, high: 12 });
  });

  it('ignores a look that comes twice or late', () => {
    const ledger = watched([0, [vm()]], [5, [vm()]]);
    expect(accrue(ledger, { project: 'p', atMs: NOON + 5 * MINUTE, resources: [], complete: true })).toBe(
      ledger,
    );
    expect(accrue(ledger, { project: 'p', atMs: NOON, resources: [], complete: true })).toBe(ledger);
  });

  it('splits what accrues at the billing midnight, in Pacific time, summer or winter', () => {
    expect(billingMidnights(Date.parse('2026-07-01T00:00Z'), Date.parse('2026-07-01T12:00Z'))).toEqual([
      Date.parse('2026-07-01T07:00Z'),
    ]);
    const midnight = Date.parse('2026-11-21T08:00Z');
    let ledger = accrue(undefined, {
      project: 'p',
      atMs: midnight - 5 * MINUTE,
      resources: [vm()],
      complete: true,
    });
    ledger = accrue(ledger, {
      project: 'p',
      atMs: midnight + 10 * MINUTE,
      resources: [vm()],
      complete: true,
    });
    expect(accruedBetween({ ...ledger, running: [] }, midnight, midnight + HOUR)).toEqual({
      low: 2,
      expected: 2,
      high: 2,
    });
    expect(accruedByKind(ledger, midnight - HOUR)).toEqual({ vm: 3 });
  });

  it.each([
    ['in summer', '2026-08-01T07:00:00Z'],
    ['in winter', '2026-12-01T08:00:00Z'],
  ])('keeps a look that is at the billing midnight itself, %s, for the periods that begin there', (_, at) => {
    const midnight = Date.parse(at);
    let ledger: Ledger | undefined;
    for (let atMs = midnight - HOUR; atMs < midnight + 70 * 24 * HOUR; atMs += HOUR)
      ledger = accrue(ledger, { project: 'p', atMs, resources: [vm({ startedMs: 0 })], complete: true });
    if (ledger === undefined) throw new Error('Cannot watch without a look');
    expect(ledger.checkpoints.filter(({ atMs }) => atMs === midnight)).toHaveLength(1);
    expect(accruedBetween(ledger, midnight, midnight + 24 * HOUR).low).toBeCloseTo(12 * 24, 6);
  });

  it('stays bounded over a year of looks, and keeps every sum', () => {
    let ledger = watched([0, [vm({ startedMs: 0 })]]);
    const YEAR_HOURS = 400 * 24;
    for (let hours = 1; hours <= YEAR_HOURS; hours++)
      ledger = accrue(ledger, {
        project: 'p',
        atMs: NOON + hours * HOUR,
        resources: [vm({ startedMs: 0 })],
        complete: true,
      });
    expect(JSON.stringify(ledger).length).toBeLessThan(150_000);
    expect(ledger.checkpoints.at(-1)?.low).toBeCloseTo(12 * YEAR_HOURS, 3);
  });

  it('takes 0.4 KB for each resource that runs', () => {
    const resources = Array.from({ length: 1_000 }, (_, index) =>
      vm({
        ...{ resource: `projects/ml-research-prod/zones/us-central1-a/instances/gke-train-pool-${index}` },
        ...{ startedMs: NOON, createdMs: NOON, description: '1 x n1-standard-8 with 1 x nvidia-tesla-t4' },
        ...{ rate: { low: 1.234567, expected: 2.345678, high: 3.456789 }, owner: 'grace-hopper' },
      }),
    );
    const size = (count: number): number =>
      printLedger(watched([0, resources.slice(0, count)], [5, resources.slice(0, count)])).length;
    expect((size(1_000) - size(1)) / 999).toBeLessThan(400);
  });

  it('never lets low pass expected, nor expected high, whatever the looks see', () => {
    const look = fc.record({
      minutes: fc.integer({ min: 1, max: 90 }),
      seen: fc.subarray(['a', 'b', 'c']),
      complete: fc.boolean(),
      startedBefore: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 30 }), (looks) => {
        let [ledger, atMs]: [Ledger | undefined, number] = [undefined, NOON];
        for (const { minutes, seen, complete, startedBefore } of looks) {
          atMs += minutes * MINUTE;
          const started = startedBefore === undefined ? {} : { startedMs: atMs - startedBefore * MINUTE };
          const resources = seen.map((resource) => vm({ resource, ...started }));
          ledger = accrue(ledger, { project: 'p', atMs, resources, complete });
          expect(parseLedger('p', JSON.stringify(ledger)).kind).toBe('ledger');
        }
      }),
    );
  });
});

describe('parseLedger', () => {
  const text = JSON.stringify(watched([0, [vm()]], [5, [vm()]]));

  it('gives back what was written', () => {
    expect(parseLedger('p', text)).toEqual({ kind: 'ledger', ledger: JSON.parse(text) as unknown });
  });

  const damaged: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['is missing', undefined, /there is no ledger yet/],
    ['is no JSON', text.slice(0, 60), /not JSON/],
    ['lacks a field', text.replace('"running"', '"walking"'), /damaged: running/],
    ['is of another project', text.replace('"p"', '"q"'), /is of "q"/],
    ['is of an earlier version', text.replace('"version":1', '"version":0'), /damaged: version/],
    [
      'has a rate below zero',
      text.replace('"rate":{"low":12', '"rate":{"low":-12'),
      /the rate of "a" is out of order/,
    ],
    [
      'has a rate whose bounds are swapped',
      text.replace('"high":12', '"high":1'),
      /the rate of "a" is out of order/,
    ],
    [
      'has an expected sum that shrinks',
      text.replace('"low":1,"expected":1', '"low":0,"expected":-0.005'),
      /less than the one/,
    ],
    [
      'saw all after its last look',
      text.replace(/"completeMs":\d+/, '"completeMs":9999999999999'),
      /saw all is after its last look/,
    ],
    ['has sums that shrink', text.replace('"low":1,', '"low":-1,'), /less than the one before/],
    ['does not reach to its last look', text.replace(/"lookedMs":\d+/, '"lookedMs":1'), /do not reach/],
  ];
  for (const [what, given, why] of damaged)
    it(`begins anew, and says why, where the ledger ${what}`, () => {
      const read = parseLedger('p', given);
      expect(read.kind).toBe('none');
      expect(read.kind === 'none' && read.why).toMatch(why);
    });

  it('begins anew where the ledger is of a moment to come, and takes clocks that differ by minutes', () => {
    const looked = NOON + 5 * MINUTE;
    expect(parseLedger('p', text, looked - 4 * MINUTE).kind).toBe('ledger');
    expect(parseLedger('p', text, looked - 6 * MINUTE)).toEqual({
      kind: 'none',
      why: 'the ledger is of 2026-11-20T20:05:00.000Z, which is still to come',
    });
  });

  it('leaves alone what a later costguard wrote', () => {
    expect(parseLedger('p', text.replace('"version":1', '"version":2'))).toMatchObject({ kind: 'newer' });
  });
});
