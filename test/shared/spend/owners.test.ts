import { describe, expect, it } from 'vitest';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { accrueOwners, OTHER_OWNERS } from '../../../shared/spend/owners.ts';

const MINUTE = 60_000;
/** Ten minutes before the last day of the month ends in Pacific time. */
const LATE = Date.parse('2026-12-01T07:50:00Z');

function vm(resource: string, owner: string | undefined, over: Partial<Seen> = {}): Seen {
  const rate = { low: 12, expected: 12, high: 12 };
  return { resource, kind: 'vm', rate, ...(owner === undefined ? {} : { owner }), ...over };
}

function looks(...all: readonly (readonly [number, readonly Seen[], boolean?])[]): Ledger {
  let ledger: Ledger | undefined;
  for (const [minutes, resources, complete = true] of all)
    ledger = accrue(ledger, { project: 'p', atMs: LATE + minutes * MINUTE, resources, complete });
  if (ledger === undefined) throw new Error('Cannot watch without a look');
  return ledger;
}

describe('accrueOwners', () => {
  it('adds up by owner, and by none', () => {
    const both = [vm('a', 'alice'), vm('b', undefined)];
    const { owners } = looks([0, both], [5, both]);
    expect(owners).toEqual({ alice: { dayUsd: 1, monthUsd: 1 }, 'no owner': { dayUsd: 1, monthUsd: 1 } });
  });

  it('begins anew with the billing day and month, in the midst of an interval', () => {
    const one = [vm('a', 'alice')];
    expect(looks([0, one], [5, one], [15, one]).owners).toEqual({ alice: { dayUsd: 1, monthUsd: 1 } });
  });

  it('counts what ran unseen for its owner, for the time in which it did', () => {
    const started = vm('a', 'alice', { startedMs: LATE + 30 * MINUTE });
    const { owners } = looks([0, []], [60, [], false], [65, [started]]);
    expect(owners?.['alice']?.dayUsd).toBeCloseTo(7);
  });

  it('keeps the largest fifty lines, the last of them for all others', () => {
    const parts = Array.from({ length: 80 }, (_, index) => ({
      owner: `owner-${index}`,
      usd: { low: index, expected: index + 1, high: index },
      late: [],
    }));
    const owners = accrueOwners({}, parts, { fromMs: LATE - 5 * MINUTE, toMs: LATE });
    expect(Object.keys(owners)).toHaveLength(50);
    expect(owners[OTHER_OWNERS]?.monthUsd).toBe((31 * 32) / 2);
    expect(Object.values(owners).reduce((sum, { monthUsd }) => sum + monthUsd, 0)).toBe((80 * 81) / 2);
  });
});

describe('changes of the last hour', () => {
  it('names what appeared and what was gone, and forgets it after an hour', () => {
    const ledger = looks([0, [vm('a', undefined)]], [5, [vm('b', undefined)]]);
    expect(ledger.changes?.map(({ what, resource }) => `${what} ${resource}`)).toEqual([
      'gone a',
      'appeared b',
    ]);
    expect(looks([0, []], [5, [vm('b', undefined)]], [65, [vm('b', undefined)]]).changes).toEqual([]);
  });

  it('does not take for gone what a listing that failed may hide', () => {
    expect(looks([0, [vm('a', undefined)]], [5, [], false]).changes).toEqual([]);
  });
});
