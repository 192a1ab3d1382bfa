import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { layOutFlows, type SizedFlow } from '../../../shared/report/flow-layout.ts';

const OPTIONS = { bandsHeight: 100, labelHeight: () => 30, gap: 10 };

const flow = (from: string, to: string, low: number, high = low): SizedFlow => ({
  from,
  to,
  size: { low, high },
});

describe('layOutFlows', () => {
  it('gives height to size: 100 for all of it', () => {
    const { flows } = layOutFlows([flow('a', 'x', 30, 60), flow('b', 'x', 40)], OPTIONS);
    assert.deepEqual(
      flows.map(({ thickness, sureThickness }) => [thickness, sureThickness]),
      [
        [60, 30],
        [40, 40],
      ],
    );
  });

  it('puts the largest place first, and those of unknown size last', () => {
    const unknown = { from: 'u', to: 'y', size: undefined };
    const { left, right } = layOutFlows([unknown, flow('a', 'x', 1), flow('b', 'y', 9)], OPTIONS);
    assert.deepEqual(
      left.map(({ name, size }) => [name, size]),
      [
        ['b', { low: 9, high: 9 }],
        ['a', { low: 1, high: 1 }],
        ['u', undefined],
      ],
    );
    assert.deepEqual(
      right.map(({ name, size, partly }) => [name, size?.high, partly]),
      [
        ['y', 9, true],
        ['x', 1, false],
      ],
    );
  });

  it('draws what has next to no size, or none that is known', () => {
    const { flows } = layOutFlows(
      [flow('a', 'x', 1_000), flow('a', 'y', 0.001), { from: 'a', to: 'z', size: undefined }],
      OPTIONS,
    );
    const [large, small, unknown] = flows.map(({ thickness }) => thickness);
    assert.ok((large ?? 0) > 99 && small === 2 && unknown === 6);
  });

  it('puts the places of a group together, within it, and a place that is the group itself among them', () => {
    const zones = { ...OPTIONS, groupHeight: 20, groupOf: (name: string) => /^(r\d)-/.exec(name)?.[1] };
    const { left, leftGroups, rightGroups } = layOutFlows(
      [flow('r1-a', 'x', 50), flow('r2-a', 'x', 30), flow('r1-b', 'x', 10), flow('r1', 'x', 5)],
      zones,
    );
    assert.deepEqual(
      left.map(({ name }) => name),
      ['r1-a', 'r1-b', 'r1', 'r2-a'],
    );
    assert.deepEqual(
      leftGroups.map(({ name }) => name),
      ['r1'],
    );
    assert.deepEqual(rightGroups, []);
    const [group] = leftGroups;
    for (const { name, top, height } of left) {
      const inside = group !== undefined && top >= group.top + 20 && top + height <= group.top + group.height;
      assert.equal(inside, name !== 'r2-a', name);
    }
  });

  it('keeps a place that sends and receives in both columns', () => {
    const { left, right } = layOutFlows([flow('a', 'b', 5), flow('b', 'a', 5)], OPTIONS);
    assert.deepEqual(left.map(({ name }) => name).sort(), ['a', 'b']);
    assert.deepEqual(right.map(({ name }) => name).sort(), ['a', 'b']);
  });

  it('places nothing where nothing is', () => {
    const nothing = { left: [], right: [], leftGroups: [], rightGroups: [], flows: [] };
    assert.deepEqual(layOutFlows([], OPTIONS), { height: 0, ...nothing });
  });

  it('never lets places or bands overlap, and ends every band at its places', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const size = fc.option(
      fc
        .tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }))
        .map(([low, more]) => ({ low, high: low + more })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(fc.array(fc.record({ from: name, to: name, size }), { maxLength: 20 }), (given) => {
        const layout = layOutFlows(given, OPTIONS);
        for (const [column, end] of [
          [layout.left, 'from'],
          [layout.right, 'to'],
        ] as const) {
          for (const [at, node] of column.entries()) {
            const next = column[at + 1];
            assert.ok(node.top >= -1e-6 && node.top + node.height <= layout.height + 1e-6);
            if (next !== undefined) assert.ok(next.top - node.top - node.height >= OPTIONS.gap - 1e-6);
            let top = node.top;
            const own = layout.flows
              .filter(({ flow }) => flow[end] === node.name)
              .map(({ thickness, ...rest }) => ({ thickness, middle: rest[`${end}Middle`] }))
              .sort((a, b) => a.middle - b.middle);
            for (const { middle, thickness } of own) {
              assert.ok(Math.abs(middle - thickness / 2 - top) < 1e-6);
              top += thickness;
            }
            assert.ok(Math.abs(top - node.top - node.height) < 1e-6);
          }
        }
      }),
      { examples: [[[{ from: 'a', to: 'a', size: { low: 0, high: Number.MIN_VALUE } }]]] },
    );
  });
});
