import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { joinDeployed, matchModels, splitFor } from '../../../../shared/google/vertex/match-models.ts';

const model = (id: string, name = 'ranker', version = '3', machineType = 'n1-standard-4') => ({
  id,
  model: 'projects/7/locations/us-central1/models/5',
  modelVersionId: version,
  displayName: name,
  dedicatedResources: { machineSpec: { machineType }, minReplicaCount: 1 },
  createTime: `created with ${id}`,
});
const A = '7808380286500077568';
const B = '4571292886410264576';
const NEW = '1111111111111111111';
const NEWER = '2222222222222222222';

describe('matchModels', () => {
  for (const [title, old, present, pairs, foreign] of [
    ['nothing is there', [model(A)], [], [], []],
    ['the model is there under its id', [model(A)], [model(A)], [[A, A]], []],
    ['the model is there under another id', [model(A)], [model(NEW)], [[A, NEW]], []],
    ['another version is there', [model(A)], [model(NEW, 'ranker', '4')], [], [NEW]],
    ['another name is there', [model(A)], [model(NEW, 'ranker-by-hand')], [], [NEW]],
    ['two with the same model and name, one is there', [model(A), model(B)], [model(NEW)], [[A, NEW]], []],
    [
      'two with the same model and name on other machines: the machines tell',
      [model(A), model(B, 'ranker', '3', 'g2-standard-8')],
      [model(NEW, 'ranker', '3', 'g2-standard-8')],
      [[B, NEW]],
      [],
    ],
    [
      'an old id counts more than the order',
      [model(A), model(B)],
      [model(B), model(NEW)],
      [
        [B, B],
        [A, NEW],
      ],
      [],
    ],
    ['one more of the same is foreign', [model(A)], [model(NEW), model(NEWER)], [[A, NEW]], [NEWER]],
  ] as const)
    it(title, () => {
      const match = matchModels(old, present);
      assert.deepEqual([...match.present], pairs);
      assert.deepEqual(match.foreign, foreign);
    });
});

describe('splitFor', () => {
  const split = { [A]: 80, [B]: 20 };
  for (const [title, present, foreign, wanted] of [
    ['the first one gets all', [], [], { '0': 100 }],
    ['the last one brings the old split back by the new ids', [[A, NEW]], [], { [NEW]: 80, '0': 20 }],
    ['beside a foreign model the traffic stays', [[A, NEW]], [NEWER], {}],
  ] as const)
    it(title, () => {
      assert.deepEqual(splitFor(split, B, { present: new Map(present), foreign }), wanted);
    });
  it('until all of the split is there, what is there gets all', () => {
    assert.deepEqual(
      splitFor({ [A]: 50, [B]: 30, '9': 20 }, '9', { present: new Map([[B, NEW]]), foreign: [] }),
      { [NEW]: 100 },
    );
  });
});

describe('joinDeployed', () => {
  const first = { models: [model(A), model(B, 'next')], trafficSplit: { [A]: 80, [B]: 20 } };
  for (const [title, now, ids, trafficSplit] of [
    [
      'all were deployed again: each model once, under its new id',
      { models: [model(NEW), model(NEWER, 'next')], trafficSplit: { [NEW]: 100 } },
      [NEW, NEWER],
      { [NEW]: 80, [NEWER]: 20 },
    ],
    [
      'one was deployed again: the other is not forgotten',
      { models: [model(NEW)], trafficSplit: { [NEW]: 100 } },
      [NEW, B],
      { [NEW]: 80, [B]: 20 },
    ],
    [
      'another one was deployed by hand: it is kept beside them, and the traffic is as at first',
      { models: [model(NEW, 'by-hand')], trafficSplit: { [NEW]: 100 } },
      [A, B, NEW],
      { [A]: 80, [B]: 20 },
    ],
  ] as const)
    it(title, () => {
      const joined = joinDeployed(first, now);
      assert.deepEqual([joined.models.map(({ id }) => id), joined.trafficSplit], [ids, trafficSplit]);
    });
});
