import { describe, expect, it } from 'vitest';
import { keepFired, report } from '../../../functions/budget-kill-switch/ladder/report-rung.ts';
import { burningEvidence } from '../../../functions/budget-kill-switch/ladder/say-burning.ts';
import { unpriced, type Price } from '../../../shared/prices/price.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Decision } from '../../../shared/run/receipt.ts';
import { running } from '../../support/running-resource.ts';

const RUNG = { at: 1, do: 'stop-compute' } as const;
const COST: Price = {
  usd: { low: 3.67, high: 3.67 },
  source: 'list',
  asOf: '2026-11-01',
  mark: 'verified',
  note: undefined,
};
const KEPT = 'label costguard-keep: true';

/** What the receipt says that a VM costs which the rung leaves running. */
function priceOfLeft(one: Partial<RunningResource>): Decision | undefined {
  const vm = running('vm', { fate: { kind: 'named', why: KEPT }, ...one });
  const kept: Decision[] = [];
  report(
    { due: { verdict: {} }, receipt: { keep: (decision) => void kept.push(decision), add: () => undefined } },
    RUNG,
    [],
    [{ resource: vm.resource, reason: KEPT }],
    () => 'done',
    { running: [], burning: [vm] },
  );
  return kept[0];
}

describe('report of a rung', () => {
  it.each<[string, Partial<RunningResource>, Decision['usdPerHour']]>([
    ['with its price', { cost: COST }, 3.67],
    ['unpriced where there is no price', { cost: unpriced('none in the book') }, 'unpriced'],
    [
      'unpriced where it is counted with what it belongs to',
      { cost: COST, partOf: { kind: 'notebook', resource: 'nb-1' } },
      'unpriced',
    ],
  ])('says what a kept VM goes on costing: %s', (_, one, usdPerHour) => {
    expect(priceOfLeft(one)).toMatchObject({ action: 'keep', reason: 'left-alone', usdPerHour });
  });

  it.each<[string, Partial<RunningResource>, number | undefined, unknown]>([
    ['what its listing says', { startedBy: 'schedule nightly' }, 1, 'schedule nightly'],
    ['that it cannot be told', {}, 1, expect.stringMatching(/^cannot be told: .* audit log$/)],
    ['nothing of what did not come back', {}, undefined, undefined],
  ])('says of what came back what started it: %s', (_, one, cameBack, startedBy) => {
    const vm = running('vm', one);
    const added: Decision[] = [];
    const item: ManifestItem = {
      kind: 'vm',
      resource: vm.resource,
      status: 'done',
      localSsds: 0,
      spot: false,
      cameBack,
    };
    report(
      {
        due: { verdict: {} },
        receipt: { keep: () => undefined, add: (decision) => void added.push(decision) },
      },
      RUNG,
      [item],
      [],
      () => 'done',
      { running: [vm], burning: [] },
    );
    expect(added[0]?.evidence['startedBy']).toEqual(startedBy);
  });
});

describe('what goes on burning in a receipt', () => {
  const many = (length: number): readonly RunningResource[] =>
    Array.from({ length }, (_, index) =>
      running('vm', {
        resource: `vm-${index}`,
        command: `stop vm-${index}`,
        cost: { ...COST, usd: { low: index + 1, high: index + 1 } },
        fate: { kind: 'named', why: KEPT },
      }),
    );

  it('names 21 with their commands, worst first', () => {
    const { leftBurning, notListed } = burningEvidence(many(21));
    expect(leftBurning).toHaveLength(21);
    expect(leftBurning).toMatchObject({ 0: { resource: 'vm-20' }, 20: { command: 'stop vm-0' } });
    expect(notListed).toBeUndefined();
  });

  it('names 200 in one decision, and says how many others there are, what they cost and where they are named', () => {
    const { leftBurning, notListed } = burningEvidence(many(203));
    expect(leftBurning).toHaveLength(200);
    expect(notListed).toBe(
      '3 more at $6.00/h: the stored receipt has each with its command, as a decision "left-alone"',
    );
  });

  const keptOf = (burning: readonly RunningResource[]) => {
    const kept: Decision[] = [];
    const added: Decision[] = [];
    const receipt = {
      keep: (decision: Decision) => void kept.push(decision),
      add: (decision: Decision) => void added.push(decision),
    };
    keepFired({ run: { projectId: 'ml-lab' }, receipt }, RUNG, {
      left: burning.map(({ resource }) => ({ resource, reason: KEPT })),
      burning,
    });
    return { kept, added };
  };

  it('has a decision on each of them, with its cost and command, also where the rung has fired before', () => {
    const { kept, added } = keptOf(many(200));
    expect(added).toEqual([]);
    expect(kept).toHaveLength(201);
    expect(kept.at(200)).toMatchObject({ reason: 'fired-before', resource: 'projects/ml-lab' });
  });

  it('does not only keep where a log line has no room for all', () => {
    const { kept, added } = keptOf(many(203));
    expect(kept).toHaveLength(203);
    expect(kept.at(0)).toMatchObject({
      reason: 'left-alone',
      usdPerHour: 203,
      evidence: { why: KEPT, cost: '$203.00/h', command: 'stop vm-202' },
    });
    expect(added).toMatchObject([
      { reason: 'fired-before', resource: 'projects/ml-lab', outcome: 'already' },
    ]);
  });
});
