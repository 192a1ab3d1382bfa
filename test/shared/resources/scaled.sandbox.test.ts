import { beforeAll, describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import type { ResourceInventory } from '../../../shared/resources/inventory.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { find, withResources, type ProjectInput } from '../../support/resource-lab.ts';

/** USD an hour of an n1-standard-4 in us-central1. */
const COMPUTE_USD = 0.189999;
/** The same on Vertex AI, which bills 15 % more than Compute Engine; Vector Search has a price list of its own. */
const usdOf = (id: string): number => (id === 'search' ? COMPUTE_USD : 1.15 * COMPUTE_USD);

const machineSpec = { machineType: 'n1-standard-4' };
const scaled = (minReplicaCount: number, maxReplicaCount?: number) => ({
  ...{ machineSpec, minReplicaCount },
  ...(maxReplicaCount === undefined ? {} : { maxReplicaCount }),
});
const endpoint = (id: string, ...dedicated: readonly ReturnType<typeof scaled>[]) => ({
  ...{ id, displayName: id },
  deployedModels: dedicated.map((dedicatedResources, at) => ({
    ...{ id: String(at + 1), model: 'projects/3001/locations/us-central1/models/1', dedicatedResources },
  })),
  trafficSplit: { '1': 100 },
});
const vertex = (path: string, body: Readonly<Record<string, unknown>>) =>
  ({ service: 'aiplatform', path: `locations/us-central1/${path}`, body }) as const;
const ray = (id: string, pool: Readonly<Record<string, unknown>>) =>
  vertex(`persistentResources/${id}`, { state: 'RUNNING', resourcePools: [{ machineSpec, ...pool }] });

const WORLD: ProjectInput = {
  vertex: {
    endpoints: [
      endpoint('told', scaled(1, 4)),
      endpoint('untold', scaled(1, 4)),
      endpoint('unbounded', scaled(2)),
      endpoint('several', scaled(1, 4), scaled(2, 8)),
    ],
  },
  resources: [
    vertex('deploymentResourcePools/shared', { dedicatedResources: scaled(1, 6) }),
    vertex('indexEndpoints/search', { deployedIndexes: [{ id: 'x', dedicatedResources: scaled(2, 5) }] }),
    vertex('batchPredictionJobs/score', {
      state: 'JOB_STATE_RUNNING',
      dedicatedResources: { machineSpec, startingReplicaCount: 3, maxReplicaCount: 7 },
    }),
    ray('autoscaled', { replicaCount: '2', autoscalingSpec: { minReplicaCount: '1', maxReplicaCount: '9' } }),
    ray('from-zero', { replicaCount: '1', autoscalingSpec: { maxReplicaCount: '3' } }),
    ray('fixed', { replicaCount: '4' }),
  ],
};

/** Machines: at the least, expected, and at the most. */
const EXPECTED: Readonly<Record<string, readonly [number, number, number]>> = {
  untold: [1, 1, 4],
  told: [3, 3, 3],
  unbounded: [2, 2, 2],
  several: [3, 3, 12],
  shared: [1, 1, 6],
  search: [2, 2, 5],
  score: [3, 3, 7],
  autoscaled: [1, 2, 9],
  'from-zero': [0, 1, 3],
  fixed: [4, 4, 4],
};

describe('what is scaled, and does not tell how far', () => {
  let inventory: ResourceInventory;
  beforeAll(() =>
    withResources(RESOURCE_KINDS, WORLD, async ({ look, sandbox }) => {
      sandbox.faults.add({
        route: 'aiplatform*endpoints.list',
        fault: {
          kind: 'field',
          at: ['endpoints', 0, 'deployedModels', 0, 'status'],
          value: { availableReplicaCount: 3 },
        },
      });
      inventory = await look();
    }),
  );

  it.each(Object.entries(EXPECTED))(
    'costs from its least to its most replicas, unless those of now are told: %s',
    (id, [least, expected, most]) => {
      const { cost, expectedUsd } = find(inventory, id);
      if (!isPriced(cost)) throw new Error(cost.why);
      expect(cost.usd.low).toBeCloseTo(least * usdOf(id), 6);
      expect(cost.usd.high).toBeCloseTo(most * usdOf(id), 6);
      expect(expectedUsd).toBeCloseTo(expected * usdOf(id), 6);
    },
  );

  it('is described with both', () => {
    expect(find(inventory, 'shared').description).toBe(
      'deployment resource pool of 1 x n1-standard-4, up to 6',
    );
    expect(find(inventory, 'autoscaled').description).toBe(
      'persistent resource of 2 x n1-standard-4, autoscaled',
    );
  });
});
