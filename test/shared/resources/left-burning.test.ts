import { describe, expect, it } from 'vitest';
import {
  sumPrices,
  timesPrice,
  unpriced,
  withUnpricedOnTop,
  type Price,
} from '../../../shared/prices/price.ts';
import { joinMembers } from '../../../shared/resources/join.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { running as anything } from '../../support/running-resource.ts';
import { burnText, leftBurning, leftText } from '../../../shared/resources/left-burning.ts';

const usd = (low: number, high = low): Price => ({
  ...{ usd: { low, high }, source: 's', asOf: '2026-11-01' },
  mark: 'verified',
  note: undefined,
});

function running(resource: string, cost: Price, rest: Partial<RunningResource> = {}): RunningResource {
  const fate = { kind: 'named', why: 'it can only be deleted' } as const;
  return anything('tpu', { resource, cost, fate, description: 'TPU', command: `end ${resource}`, ...rest });
}

describe('leftText', () => {
  it.each([
    ['nothing', [], ''],
    [
      'the most expensive first',
      [running('a', usd(1)), running('b', usd(20))],
      '2 left burning $21.00/h: b (TPU, $20.00/h; end it by: end b); a (TPU, $1.00/h; end it by: end a)',
    ],
    [
      'what has no price before all, and never as zero',
      [running('a', usd(1)), running('b', unpriced('no price for v9'))],
      '2 left burning $1.00/h and 1 without a price: b (TPU, unpriced: no price for v9; end it by: end b); a (TPU, $1.00/h; end it by: end a)',
    ],
    [
      'what it costs at the least',
      [running('a', unpriced('one part has none', 2))],
      '1 left burning $2.00/h and 1 without a price: a (TPU, unpriced, at least $2.00/h: one part has none; end it by: end a)',
    ],
    [
      'bounds where sources disagree',
      [running('a', usd(1, 3))],
      '1 left burning $1.00/h to $3.00/h: a (TPU, $1.00/h to $3.00/h; end it by: end a)',
    ],
    [
      'what comes on top and has no price',
      [running('a', withUnpricedOnTop(usd(1), 'a fee')), running('b', usd(2))],
      '2 left burning at least $3.00/h: b (TPU, $2.00/h; end it by: end b); a (TPU, at least $1.00/h: a fee comes on top; end it by: end a)',
    ],
    [
      'the same of what may be scaled',
      [running('a', withUnpricedOnTop(usd(1, 3), 'a fee'))],
      '1 left burning at least $1.00/h to $3.00/h: a (TPU, at least $1.00/h to $3.00/h: a fee comes on top; end it by: end a)',
    ],
    ['not what bills nothing', [running('schedule', usd(0))], ''],
  ])('says %s', (_, resources, text) => {
    expect(leftText(resources)).toBe(text);
  });

  it('names five, and says what the others cost and where they are named', () => {
    const many = Array.from({ length: 7 }, (_, index) => running(`r-${index}`, usd(index + 1)));
    expect(leftText(many)).toMatch(
      /^7 left burning \$28\.00\/h: r-6 .*; and 2 more at \$3\.00\/h, which the log names with their commands$/,
    );
  });

  it('says of the others as well where something comes on top', () => {
    const many = Array.from({ length: 6 }, (_, index) => running(`r-${index}`, withUnpricedOnTop(usd(index + 1), 'a fee')));
    expect(leftText(many)).toMatch(/^6 left burning at least \$21\.00\/h: .*; and 1 more for at least \$1\.00\/h, which/);
  }); // prettier-ignore

  it('names what belongs to something with that alone', () => {
    const pool = running('pool', unpriced('none of its VMs was seen'), { memberKeys: ['k'] });
    const vm = running('vm', usd(4), {
      kind: 'vm',
      ownerKeys: ['k'],
      fate: { kind: 'stoppable', record: {} },
    });
    const joined = joinMembers([pool, vm, { ...vm, resource: 'vm-2' }]);
    expect(leftBurning(joined).map(({ resource, cost }) => `${resource} ${cost}`)).toEqual(['pool $8.00/h']);
    expect(joined[1]?.fate).toEqual({ kind: 'owned', why: 'belongs to pool', record: {} });
  });
});

describe('joinMembers', () => {
  const group = running('group', unpriced('?'), {
    kind: 'instance-group',
    memberKeys: ['g'],
    ownerKeys: ['g'],
  });
  const pool = running('pool', usd(10), { kind: 'node-pool', memberKeys: ['g'] });
  const vm = running('vm', usd(4), { kind: 'vm', ownerKeys: ['g'], fate: { kind: 'stoppable', record: {} } });

  it('puts a service above the group that keeps its VMs, whose price is the service’s own', () => {
    const [joinedGroup, joinedPool, joinedVm] = joinMembers([group, pool, vm]);
    expect([joinedGroup?.partOf?.resource, joinedVm?.partOf?.resource]).toEqual(['pool', 'pool']);
    expect(joinedPool?.cost).toEqual(usd(10));
    expect(joinedVm?.fate).toEqual({ kind: 'owned', why: 'belongs to pool', record: {} });
  });

  it('gives a group the price of its VMs', () => {
    const [joined] = joinMembers([group, vm, { ...vm, resource: 'vm-2' }]);
    expect(joined?.cost).toMatchObject({ usd: { low: 8, high: 8 } });
  });

  it('says what is billed beside the VMs, where those are the price', () => {
    const member = { ...vm, ownerKeys: ['c'] };
    const cluster = running('cluster', unpriced('no VM'), { memberKeys: ['c'], onTop: 'a fee' });
    expect(joinMembers([cluster, member])[0]?.cost).toEqual(withUnpricedOnTop(usd(4), 'a fee'));
    expect(joinMembers([{ ...cluster, cost: usd(9) }, member])[0]?.cost).toEqual(usd(9));
    expect(joinMembers([cluster])[0]?.cost).toEqual(unpriced('no VM'));
  });

  it('leaves what belongs to nothing that was seen as it is', () => {
    expect(joinMembers([vm])).toEqual([vm]);
  });
});

describe('withUnpricedOnTop', () => {
  it('stays with a sum and with a multiple, and adds nothing to what has no price', () => {
    const one = withUnpricedOnTop(usd(1), 'a fee');
    expect(sumPrices([usd(2), timesPrice(one, 2), one])).toMatchObject({ usd: { low: 5 }, onTop: 'a fee' });
    expect(sumPrices([usd(2), usd(1)])).not.toHaveProperty('onTop');
    expect(withUnpricedOnTop(unpriced('no price'), 'a fee')).toEqual(unpriced('no price'));
  });
});

describe('burnText', () => {
  it('never says zero for what has no price', () => {
    expect(burnText({ usd: { low: 0, high: 0 }, unpriced: 2 })).toBe('2 without a price');
    expect(burnText({ usd: { low: 1, high: 1 }, unpriced: 2, onTop: 1 })).toBe(
      'at least $1.00/h and 2 without a price',
    );
  });
});
