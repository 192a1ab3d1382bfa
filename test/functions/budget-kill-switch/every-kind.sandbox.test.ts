import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  RUNAWAY_NUMBER,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import {
  EVERY_KIND_REGIONS,
  everyStoppableKind,
  NAMED_ONLY,
  PROVISIONING,
} from '../../support/every-kind.ts';
import { beforeCall } from '../../support/hooks.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const KEEP = { 'costguard-keep': 'true' };
const EVERYTHING = everyStoppableKind({ id: RUNAWAY, number: RUNAWAY_NUMBER });
type Project = typeof EVERYTHING;

const scenarioOf = (project: Project) => budgetScenario({ projects: [project], regions: EVERY_KIND_REGIONS });

const kinds = (world: SwitchWorld, status: string): readonly string[] =>
  (manifestsIn(world.sandbox)[RUNAWAY]?.rungs ?? [])
    .flatMap(({ items = [] }) => items)
    .filter((item) => item.status === status)
    .map(({ kind }) => kind)
    .sort();

const rungStatus = ({ sandbox }: SwitchWorld): string | undefined =>
  manifestsIn(sandbox)[RUNAWAY]?.rungs.find((rung) => rung.do === 'stop-compute')?.status;

describe('stop-compute on every kind of the table', () => {
  it('stops one of each, each once, and is quiet then', () =>
    withSwitch({ scenario: scenarioOf(EVERYTHING) }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.01));
      expect(kinds(world, 'done')).toEqual([
        'batch-prediction-job',
        'colab-runtime',
        'dataproc-cluster',
        'instance-group',
        'node-pool',
        'node-pool',
        'pipeline-job',
        'schedule',
        'tpu',
        'training-pipeline',
        'workstation',
      ]);
      expect(rungStatus(world)).toBe('done');
      const changes = changesIn(sandbox);
      expect(Object.values(changes).every((count) => count === 1)).toBe(true);
      await sandbox.clock.advance(30 * MINUTE_MS);
      await world.alert(alert(1.02));
      expect(changesIn(sandbox)).toEqual(changes);
    }));

  it('pauses what submits before it cancels what was submitted', () =>
    withSwitch({ scenario: scenarioOf(EVERYTHING) }, async (world) => {
      await world.alert(alert(1.01));
      const order = Object.keys(changesIn(world.sandbox)).filter((change) => /pause|cancel/.test(change));
      expect(order.map((change) => change.split(' ')[0])).toEqual([
        'schedules.pause',
        'pipelineJobs.cancel',
        'trainingPipelines.cancel',
        'batchPredictionJobs.cancel',
      ]);
    }));

  it('turns the autoscalers off before it takes the machines, and remembers both', () =>
    withSwitch({ scenario: scenarioOf(EVERYTHING) }, async (world) => {
      await world.alert(alert(1.01));
      const changes = Object.keys(changesIn(world.sandbox)).map((change) => change.split(' ')[0]);
      expect(changes.indexOf('autoscalers.patch')).toBeLessThan(changes.indexOf('instanceGroupManagers.resize'));
      expect(changes.filter((change) => /^nodePools|^clusters\.update/.test(change ?? ''))).toEqual([
        'clusters.update',
        'nodePools.setAutoscaling',
        'nodePools.setSize',
      ]);
      const items = manifestsIn(world.sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [];
      expect(items.find(({ kind }) => kind === 'instance-group')).toMatchObject({
        record: { targetSize: 1, autoscaler: { name: 'web-scaler', mode: 'ON' } },
      });
      expect(items.flatMap((item) => (item.kind === 'node-pool' ? [item.record] : []))).toMatchObject([
        { provisioning: PROVISIONING },
        { autoscaling: { enabled: true, minNodeCount: 1, maxNodeCount: 4 } },
      ]);
    }));

  it.each([0, 1, 2, 3])('an autoscaler that is on again before look %i at its group: not done before both are off', (skip) =>
    withSwitch({ scenario: scenarioOf(EVERYTHING) }, async (world) => {
      const { sandbox } = world;
      const [web] = sandbox.groups.of(RUNAWAY).filter(({ id }) => id === 'web');
      const scaler = web?.autoscaler;
      if (scaler === undefined) throw new Error('no group with an autoscaler');
      const item = () => (manifestsIn(sandbox)[RUNAWAY]?.rungs ?? []).flatMap(({ items = [] }) => items).find(({ kind }) => kind === 'instance-group');
      let isOnAgain = false;
      // It gives the group its size back a minute later.
      beforeCall(sandbox, { route: 'compute.instanceGroupManagers.get', pathIncludes: '/web', skip }, () => {
        isOnAgain = scaler.mode === 'OFF';
        scaler.mode = 'ON';
      });
      await world.alert(alert(1.01)).catch(() => undefined);
      if (scaler.mode === 'ON') {
        expect(item()?.status).toBe('planned');
        await expect(world.alert(alert(1.01))).resolves.toBeUndefined();
      }
      expect(isOnAgain).toBe(skip > 0);
      expect([scaler.mode, web?.targetSize, item()?.status]).toEqual(['OFF', 0, 'done']);
      expect(item()).toMatchObject({ record: { targetSize: 1, autoscaler: { name: 'web-scaler', mode: 'ON' } } });
    }));

  it('a group that its autoscaler fills again after the rung is emptied again, and both come back as they were at first', () =>
    withSwitch({ scenario: scenarioOf(EVERYTHING) }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      const [web] = sandbox.groups.of(RUNAWAY).filter(({ id }) => id === 'web');
      if (web === undefined) throw new Error('no group');
      sandbox.groups.setMode(web, 'ONLY_SCALE_OUT');
      await sandbox.clock.advance(10 * MINUTE_MS);
      expect(web.targetSize).toBe(1);
      await world.alert(alert(1.02));
      expect([web.autoscaler?.mode, web.targetSize]).toEqual(['OFF', 0]);
      const items = manifestsIn(sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [];
      expect(items.find(({ kind }) => kind === 'instance-group')).toMatchObject({
        ...{ status: 'done', cameBack: 1 },
        record: { targetSize: 1, autoscaler: { name: 'web-scaler', mode: 'ON' } },
      });
    }));

  it('takes a pipeline that comes back once more, and says so', () =>
    withSwitch({ scenario: scenarioOf(EVERYTHING) }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      sandbox.store.get(RUNAWAY, 'aiplatform', 'locations/us-central1/schedules/hourly').body['state'] = 'ACTIVE';
      await world.alert(alert(1.02));
      const decision = lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ resource }) => resource.includes('/schedules/'));
      expect([decision?.reason, decision?.outcome]).toEqual(['came-back', 'done']);
      expect(changesIn(sandbox)['schedules.pause schedules/hourly:pause']).toBe(2);
    }));
}); // prettier-ignore

describe('observe mode', () => {
  it('plans exactly what enforce does', async () => {
    const decisions = async (mode: 'observe' | 'enforce'): Promise<readonly string[]> => {
      let made: readonly string[] = [];
      await withSwitch(
        { scenario: scenarioOf(EVERYTHING), policy: switchPolicy({ mode }) },
        async (world) => {
          await world.alert(alert(1.01));
          const receipt = lastReceipt(world.sandbox, BUCKET, SWITCH);
          made = receipt.decisions.map(({ resource, action, reason, outcome }) => {
            expect(outcome).toBe(mode === 'observe' ? 'planned' : 'done');
            return `${resource} ${action} ${reason}`;
          });
          expect(Object.keys(changesIn(world.sandbox)).length > 0).toBe(mode === 'enforce');
        },
      );
      return [...made].sort();
    };
    const planned = await decisions('observe');
    expect(planned.length).toBeGreaterThan(10);
    expect(planned).toEqual(await decisions('enforce'));
  });
});

describe('keep labels (c17)', () => {
  it('keep what carries them, of any kind, and what belongs to it', async () => {
    const resources = (EVERYTHING.resources ?? []).map((one) =>
      one.service === 'container'
        ? { ...one, body: { ...one.body, resourceLabels: KEEP } }
        : { ...one, body: { ...one.body, labels: KEEP } },
    );
    const kept: Project = {
      ...EVERYTHING,
      vms: (EVERYTHING.vms ?? []).map((vm) => (vm.id === 'web-0' ? { ...vm, labels: KEEP } : vm)),
      resources: resources.filter(({ path }) => !path.includes('/schedules/')),
      vertex: {
        customJobs: [{ id: '31', displayName: 'train-31', labels: KEEP, jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-4' } }] } }],
        endpoints: [{ id: 'prod', displayName: 'prod', labels: KEEP, deployedModels: [{ id: '1', model: `projects/${RUNAWAY_NUMBER}/locations/us-central1/models/9`, dedicatedResources: { machineSpec: { machineType: 'g2-standard-8' }, minReplicaCount: 1 } }], trafficSplit: { '1': 100 } }],
      },
    }; // prettier-ignore
    await withSwitch({ scenario: scenarioOf(kept) }, async (world) => {
      await world.alert(alert(1.01));
      expect(changesIn(world.sandbox)).toEqual({});
      expect(rungStatus(world)).toBe('done');
    });
  });
});

describe('what no rung stops (c01, c04)', () => {
  const burning: Project = { ...EVERYTHING, resources: [...(EVERYTHING.resources ?? []), ...NAMED_ONLY] };

  it('is named in log and receipt with its cost and the command that ends it, worst first, with each message', () =>
    withSwitch({ scenario: scenarioOf(burning) }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      const evidence = (): Readonly<Record<string, unknown>> =>
        lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ action }) => action === 'stop-compute')?.evidence ?? {};
      expect(evidence()['burning']).toMatch(/^5 left burning at least \$\d+\.\d\d\/h and 2 without a price$/);
      expect(JSON.stringify(evidence()['leftBurning'])).toContain('gcloud ai persistent-resources delete ray');
      expect(JSON.stringify(evidence()['leftBurning'])).toMatch(/notebookExecutionJobs\/run".*"notebook execution run, 1 x a2-highgpu-1g","cost":"at least \$.*gcloud colab executions delete run --region=us-central1 /);
      // The sandbox's clusters do not stop their VMs.
      sandbox.fleet.stopVm(`projects/${RUNAWAY}/zones/us-central1-a/instances/spark-m`);
      await sandbox.clock.advance(30 * MINUTE_MS);
      await world.alert(alert(1.02));
      const warnings = messagesOf(world.lines, 'WARNING').filter((text) => text.includes('left burning'));
      expect(warnings[0]).toMatch(/^stop-compute fires on ml-runaway: .* Not stopped by it: 5 left burning at least \$/);
      const said = warnings.slice(1);
      expect(said).toHaveLength(2);
      for (const text of said) {
        expect(text).toMatch(/^stop-compute done on ml-runaway, 5 left burning at least \$\d+\.\d\d\/h and 2 without a price: /);
        expect(text).toMatch(/end it by: gcloud batch jobs cancel train .*persistentResources\/ray .*indexEndpoints\/search/s);
      }
    }));
}); // prettier-ignore
