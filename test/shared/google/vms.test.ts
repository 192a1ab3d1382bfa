import assert from 'node:assert/strict';
import { it } from 'vitest';
import { isSpot, listRunningVms } from '../../../shared/google/vms.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

/** The enum `Instance.status` of Compute Engine v1, and one that it does not have yet. */
const STATUSES: Readonly<Record<string, boolean>> = {
  PENDING: true, PROVISIONING: true, STAGING: true, RUNNING: true, REPAIRING: true, HIBERNATING: true,
  PENDING_STOP: false, STOPPING: false, STOPPED: false, TERMINATED: false, SUSPENDING: false, SUSPENDED: false,
  DEPROVISIONING: false,
}; // prettier-ignore

for (const [status, listed] of Object.entries(STATUSES))
  it(`listRunningVms takes a VM that is ${status} for ${listed ? 'one that bills or will' : 'down'}`, async () => {
    const { api } = scriptedApi(() => ({
      items: { 'zones/a': { instances: [{ id: '1', name: 'vm', status }] } },
    }));
    const { vms, suspended } = await listRunningVms(api, 'p');
    assert.deepEqual([vms.length, suspended.length], [listed ? 1 : 0, status === 'SUSPENDED' ? 1 : 0]);
  });

for (const [scheduling, spot] of [
  [undefined, false],
  [{}, false],
  [{ provisioningModel: 'STANDARD', preemptible: false }, false],
  [{ provisioningModel: 'SPOT', preemptible: true }, true],
  [{ provisioningModel: 'STANDARD', preemptible: true }, true],
  [{ preemptible: true }, true],
] as const)
  it(`isSpot takes scheduling ${JSON.stringify(scheduling)} for ${spot ? 'Spot' : 'on demand'}`, () => {
    assert.equal(isSpot(scheduling), spot);
  });
