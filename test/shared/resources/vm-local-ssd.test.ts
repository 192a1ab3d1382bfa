import { describe, expect, it } from 'vitest';
import { bringBackOf, stopSteps, type ResourceItem } from '../../../shared/state/manifest-item.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const vm = (localSsds: number): ResourceItem => ({
  kind: 'vm',
  resource: 'projects/p/zones/us-central1-a/instances/vm',
  status: 'done',
  localSsds,
  spot: false,
});

/** The query of the request that is due for a VM in this status. */
async function queryOf(way: 'stop' | 'back', localSsds: number, status: string): Promise<object | undefined> {
  const { api } = scriptedApi(() => ({ id: '1', name: 'vm', status }));
  const back = bringBackOf(vm(localSsds));
  const [step] = way === 'stop' ? stopSteps(vm(localSsds)) : back.kind === 'steps' ? back.steps : [];
  const standing = (await step?.look(api))?.standing;
  if (standing?.kind !== 'ready') throw new Error(`No request is due: ${JSON.stringify(standing)}`);
  return JSON.parse(JSON.stringify(standing.request.query)) as object;
}

describe('discardLocalSsd', () => {
  it('goes with the stop of a VM that has local SSDs alone: Compute Engine refuses without it', async () => {
    expect(await queryOf('stop', 2, 'RUNNING')).toEqual({ discardLocalSsd: true });
    expect(await queryOf('stop', 0, 'RUNNING')).toEqual({});
  });

  it('goes with no start: instances.start has no such parameter', async () => {
    for (const localSsds of [0, 2]) expect(await queryOf('back', localSsds, 'TERMINATED')).toEqual({});
  });
});
