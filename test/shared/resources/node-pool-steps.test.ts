import { describe, expect, it } from 'vitest';
import { BusyError } from '../../../shared/google/google-api-error.ts';
import {
  reasonOf,
  type NodePool,
  type PoolFacts,
} from '../../../shared/resources/container/node-pool-facts.ts';
import { judgeEmpty, judgeSize } from '../../../shared/resources/container/node-pool-steps.ts';

const GROUP = 'projects/p/zones/z/instanceGroupManagers/gke-c-n-grp';
const POOL = { name: 'n', status: 'RUNNING_WITH_ERROR' };

const factsOf = (pool: NodePool): PoolFacts => ({
  resource: 'projects/p/locations/z/clusters/c/nodePools/n',
  cluster: { name: 'c', location: 'z' },
  pool,
});

describe('reasonOf', () => {
  it.each([
    [{ statusMessage: 'old' }, 'old'],
    [{ conditions: [{ code: 'GCE_STOCKOUT', message: 'no L4 in z' }] }, 'GCE_STOCKOUT: no L4 in z'],
    [{ conditions: [{ code: 'UNKNOWN', canonicalCode: 'RESOURCE_EXHAUSTED' }] }, 'RESOURCE_EXHAUSTED'],
    [{ statusMessage: 'a', conditions: [{ message: 'a' }, { code: 'GCE_QUOTA_EXCEEDED' }] }, 'a; GCE_QUOTA_EXCEEDED'],
    [{ statusMessage: '', conditions: [{ code: 'UNKNOWN', canonicalCode: 'OK', message: '' }] }, 'GKE names no reason'],
    [{}, 'GKE names no reason'],
  ])('%j: %s', (said, reason) => {
    expect(reasonOf({ ...POOL, ...said })).toBe(reason);
  }); // prettier-ignore
});

describe('judgeSize', () => {
  it('fails with what GKE says of a pool that has its size and not its nodes', () => {
    const pool = { ...POOL, conditions: [{ code: 'GCE_STOCKOUT', message: 'no L4 in z' }] };
    expect(judgeSize(factsOf(pool), { [GROUP]: 2 }, { sizes: { [GROUP]: 2 } })).toEqual({
      ...{ kind: 'failed', inForce: true },
      why: 'it is RUNNING_WITH_ERROR: GCE_STOCKOUT: no L4 in z',
    });
  });
});

describe('judgeEmpty', () => {
  it.each([0, 2])('%i nodes: neither done nor ready while autoscaling is on again', (nodes) => {
    const pool = { ...POOL, autoscaling: { enabled: true } };
    expect(() => judgeEmpty(factsOf(pool), { [GROUP]: nodes })).toThrow(BusyError);
  });

  it('is done without nodes, where nothing scales the pool', () => {
    expect(judgeEmpty(factsOf(POOL), { [GROUP]: 0 })).toEqual({ kind: 'done' });
  });
});
