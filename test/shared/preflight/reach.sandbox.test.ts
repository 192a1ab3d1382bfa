import { describe, expect, it } from 'vitest';
import type { Api } from '../../../shared/google/api.ts';
import type { RungAction } from '../../../shared/policy/policy.ts';
import type { Listings } from '../../../shared/preflight/listing.ts';
import { inspectReach } from '../../../shared/preflight/reach.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { PROJECT, withResources, type ProjectInput } from '../../support/resource-lab.ts';

const ZONE = 'us-central1-a';
const VM = { id: 'train', zone: ZONE, machineType: 'a2-highgpu-1g' };
const NOW = new Date('2026-11-18T21:40:00Z');
const policyOf = (...actions: readonly RungAction[]) => ({
  keepLabel: 'costguard-keep',
  ladder: actions.map((action) => ({ at: 1, do: action })),
});
const POLICY = policyOf('notify', 'stop-notebooks', 'stop-compute', 'unlink-billing');
const look = (api: Api, policy = POLICY, listings: Listings = new Map()) =>
  inspectReach({ api, now: NOW }, PROJECT, policy, listings);

const BURNING: ProjectInput = {
  vms: [VM, { ...VM, id: 'db-0', metadata: { 'created-by': `projects/3001/zones/${ZONE}/instanceGroupManagers/db` } }],
  instanceGroups: [{ id: 'db', zone: ZONE, targetSize: 1, stateful: true }],
  resources: [
    { service: 'aiplatform', path: 'locations/us-central1/featureOnlineStores/fs', body: { state: 'STABLE' } },
    { service: 'aiplatform', path: 'locations/us-central1/schedules/hourly', body: { state: 'ACTIVE' } },
  ],
}; // prettier-ignore

describe('inspectReach', () => {
  it('passes where a rung stops all that runs', async () => {
    await withResources(RESOURCE_KINDS, { vms: [VM] }, async ({ api }) => {
      const check = await look(api);
      expect(check).toMatchObject({ id: 'spend-reach', subject: `projects/${PROJECT}`, status: 'pass' });
      expect(check.detail).toMatch(/^what runs now, \$3\.\d\d\/h, is within the reach of a rung$/);
    });
  });

  it('names what no rung stops, worst first, each with its cost and the command that ends it', async () => {
    await withResources(RESOURCE_KINDS, BURNING, async ({ api }) => {
      const { status, detail, remedy } = await look(api);
      expect(status).toBe('warn');
      expect(detail).toMatch(
        /^2 that run now are stopped by no rung but unlinking billing: \$3\.\d\d\/h and 1 without a price$/,
      );
      expect(remedy).toHaveLength(2);
      expect(remedy[0]).toContain('featureOnlineStores/fs (feature online store, unpriced: no price for');
      expect(remedy[1]).toContain(
        `To end it by hand: gcloud compute instance-groups managed stop-instances db --instances=db-0 --zone=${ZONE} --project=${PROJECT}`,
      );
    });
  });

  it('tells no suspended VM as running, and a sum with a fee on top as the least', async () => {
    const suspended = { ...VM, id: 'asleep', vmStatus: 'SUSPENDED' as const };
    const notebook = { id: 'nb', zone: ZONE, machineType: 'n1-standard-4', labels: { 'costguard-keep': 'true' } };
    await withResources(RESOURCE_KINDS, { vms: [VM, suspended] }, async ({ api }) => {
      expect((await look(api)).detail).toMatch(/^what runs now, \$3\.\d\d\/h, is within the reach of a rung$/);
    });
    await withResources(RESOURCE_KINDS, { vms: [suspended], notebooks: [notebook] }, async ({ api }) => {
      expect((await look(api)).detail).toBe('1 that run now are stopped by no rung but unlinking billing: at least $0.19/h');
    });
  }); // prettier-ignore

  it('counts what a shorter ladder leaves', async () => {
    await withResources(RESOURCE_KINDS, { vms: [VM] }, async ({ api }) => {
      expect(await look(api, policyOf('notify', 'stop-notebooks'))).toMatchObject({
        status: 'warn',
      });
    });
  });

  it('names what a keep label keeps, of any kind', async () => {
    const labels = { 'costguard-keep': 'true' };
    await withResources(RESOURCE_KINDS, { vms: [{ ...VM, labels }] }, async ({ api }) => {
      const { status, remedy } = await look(api);
      expect([status, remedy.length]).toEqual(['warn', 1]);
      expect(remedy[0]).toMatch(/instances\/train .*: label costguard-keep: /);
    });
  });

  it("goes by the switch's own look where that was complete, and looks again where it was not", async () => {
    await withResources(RESOURCE_KINDS, { vms: [VM] }, async ({ api, sandbox, look: asSwitch }) => {
      const inventory = await asSwitch();
      const calls = sandbox.callLog.calls().length;
      const seen = (gaps: typeof inventory.gaps) => new Map([[RESOURCE_KINDS, { ...inventory, gaps }]]);
      expect((await look(api, POLICY, seen([]))).status).toBe('pass');
      expect(sandbox.callLog.calls()).toHaveLength(calls);
      expect((await look(api, POLICY, seen([{ where: 'x', why: 'y' }]))).status).toBe('pass');
      expect(sandbox.callLog.calls().length).toBeGreaterThan(calls);
    });
  });

  it('is unknown where something cannot be looked at', async () => {
    await withResources(
      RESOURCE_KINDS,
      { vms: [VM] },
      async ({ api }) => {
        const { status, detail, remedy } = await look(api);
        expect(status).toBe('unknown');
        expect(remedy[0]).toContain('--role=roles/viewer');
        expect(detail).toContain('projects/demo-ml Batch jobs');
      },
      { without: ['batch.jobs.list'] },
    );
  });
});
