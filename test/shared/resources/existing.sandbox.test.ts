import { describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import { NOTEBOOKS } from '../../../shared/resources/compute/notebook.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import type { ResourceKind } from '../../../shared/resources/kind.ts';
import { keptOf } from '../../../shared/state/kept.ts';
import { CUSTOM_JOBS } from '../../../shared/resources/vertex/custom-job.ts';
import { ENDPOINTS } from '../../../shared/resources/vertex/endpoint.ts';
import { HYPERPARAMETER_TUNING_JOBS } from '../../../shared/resources/vertex/hyperparameter-tuning-job.ts';
import { PIPELINE_JOBS } from '../../../shared/resources/vertex/pipeline-job.ts';
import { TUNING_JOBS } from '../../../shared/resources/vertex/tuning-job.ts';
import {
  backSteps,
  find,
  PROJECT,
  targetOf,
  withResources,
  type ProjectInput,
} from '../../support/resource-lab.ts';

const KEEP = { 'costguard-keep': 'true' };
const jobSpec = { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-4' }, replicaCount: '2' }] };
const model = (id: string) => ({
  id,
  model: `projects/3001/locations/us-central1/models/${id}`,
  dedicatedResources: { machineSpec: { machineType: 'g2-standard-8' }, minReplicaCount: 1 },
});
const JOB = 'projects/3001/locations/us-central1/customJobs/31';

const WORLD: ProjectInput = {
  notebooks: [
    { id: 'nb', zone: 'us-central1-a', machineType: 'n1-standard-4', labels: KEEP },
    { id: 'off', zone: 'us-central1-a', machineType: 'n1-standard-4', state: 'STOPPED' },
  ],
  vertex: {
    customJobs: [{ id: '31', displayName: 'train-31', labels: KEEP, jobSpec }],
    hyperparameterTuningJobs: [{ id: '41', displayName: 'hpt', parallelTrialCount: 3, trialJobSpec: jobSpec }],
    tuningJobs: [{ id: '51', tunedModelDisplayName: 'mine', baseModel: 'gemini-2.5-flash', labels: KEEP }],
    endpoints: [
      { id: 'prod', displayName: 'prod', labels: KEEP, deployedModels: [model('1'), model('2')], trafficSplit: { '1': 60, '2': 40 } },
      { id: 'empty', displayName: 'empty' },
    ],
  },
  resources: [
    {
      service: 'aiplatform',
      path: 'locations/us-central1/pipelineJobs/nightly',
      body: { state: 'PIPELINE_STATE_RUNNING', jobDetail: { taskDetails: [{ executorDetail: { containerDetail: { mainJob: JOB } } }] } },
    },
  ],
}; // prettier-ignore
const KINDS: readonly ResourceKind[] = [PIPELINE_JOBS, HYPERPARAMETER_TUNING_JOBS, TUNING_JOBS, CUSTOM_JOBS, NOTEBOOKS, ENDPOINTS, VMS]; // prettier-ignore

describe('notebooks, jobs and endpoints in the table', () => {
  it('lists them with labels, prices and what they belong to', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      expect(inventory.gaps).toEqual([]);
      expect(inventory.resources.map(({ kind }) => kind)).toEqual([
        ...['pipeline-job', 'hyperparameter-tuning-job', 'tuning-job', 'custom-job'],
        ...['notebook', 'endpoint', 'vm'],
      ]);
      for (const id of ['locations/us-central1-a/instances/nb', '31', '51', 'prod'])
        expect(find(inventory, id).labels).toMatchObject(KEEP);
      const usd = (id: string): number => {
        const { cost } = find(inventory, id);
        return isPriced(cost) ? cost.usd.low : NaN;
      };
      expect(usd('41')).toBeCloseTo(3 * usd('31'), 6);
      expect(usd('31')).toBeCloseTo(2 * 1.15 * 0.189999, 4);
      // The job is counted with its pipeline, and the VM with its notebook.
      expect(usd('nightly')).toBeCloseTo(usd('31'), 6);
      expect(find(inventory, '31').partOf?.kind).toBe('pipeline-job');
      expect(inventory.resources.at(-1)).toMatchObject({
        partOf: { kind: 'notebook' },
        fate: { kind: 'owned' },
      });
    });
  });

  it("counts the labels of a notebook's VM, also where only notebooks are looked at", async () => {
    const notebooks = [{ id: 'nb', zone: 'us-central1-a', machineType: 'n1-standard-4' }];
    await withResources([NOTEBOOKS], { notebooks }, async ({ look, api, sandbox }) => {
      const vm = sandbox.fleet.vms.get(`projects/${PROJECT}/zones/us-central1-a/instances/nb`);
      Object.assign(vm?.labels ?? {}, KEEP);
      const { resources } = await look();
      expect(keptOf(resources, { keepLabel: 'costguard-keep' }, new Date(0))).toEqual(
        new Map([[resources[0]?.resource, 'label costguard-keep: true']]),
      );
      expect(api.calls['compute.instances.aggregatedList']).toBe(1);
    });
  });

  it('does not stop a notebook whose VM was not seen, for a label of that may keep it', async () => {
    const notebooks = [{ id: 'nb', zone: 'us-central1-a', machineType: 'n1-standard-4' }];
    for (const [without, fate, gaps] of [
      [['compute.instances.list'], { kind: 'named', why: /a label of its VM may keep it$/ }, [`projects/${PROJECT} VMs`]],
      [[], { kind: 'stoppable' }, []],
    ] as const)
      await withResources([NOTEBOOKS], { notebooks }, async ({ look }) => {
        const inventory = await look();
        const { fate: found } = find(inventory, 'nb');
        expect(found.kind).toBe(fate.kind);
        if ('why' in fate) expect('why' in found ? found.why : '').toMatch(fate.why);
        expect(inventory.gaps.map(({ where }) => where)).toEqual(gaps);
      }, { without }); // prettier-ignore
    await withResources([NOTEBOOKS], {}, async ({ look, api }) => {
      expect((await look()).gaps).toEqual([]);
      expect(api.calls['compute.instances.aggregatedList']).toBeUndefined();
    });
  });

  it('stops a notebook and starts it again', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const state = () => sandbox.fleet.notebooks.get(`projects/${PROJECT}/locations/us-central1-a/instances/nb`)?.state; // prettier-ignore
      const target = targetOf(find(await look(), 'locations/us-central1-a/instances/nb'));
      expect(await run(NOTEBOOKS.stop(target))).toEqual(['notebooks.instances.stop']);
      await sandbox.clock.advance(60_000);
      expect(state()).toBe('STOPPED');
      expect(await run(NOTEBOOKS.stop(target))).toEqual([]);
      expect(await run(backSteps(NOTEBOOKS, target))).toEqual(['notebooks.instances.start']);
      expect(state()).toBe('ACTIVE');
    });
  });

  it.each([
    ['31', CUSTOM_JOBS],
    ['41', HYPERPARAMETER_TUNING_JOBS],
    ['51', TUNING_JOBS],
  ] as const)('cancels job %s once', async (id, kind) => {
    await withResources(KINDS, { ...WORLD, resources: [] }, async ({ look, run, sandbox }) => {
      const target = targetOf(find(await look(), id));
      expect(await run(kind.stop(target))).toHaveLength(1);
      await sandbox.clock.advance(60_000);
      expect(sandbox.vertex.jobs.get(target.resource)?.state).toBe('JOB_STATE_CANCELLED');
      expect(await run(kind.stop(target))).toEqual([]);
    });
  });

  it('undeploys the models of an endpoint one after the other, and remembers their settings and traffic', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const target = targetOf(find(await look(), 'prod'));
      expect(target.record).toMatchObject({
        models: [{ id: '1', dedicatedResources: { minReplicaCount: 1 } }, { id: '2' }],
        trafficSplit: { '1': 60, '2': 40 },
      });
      expect(await run(ENDPOINTS.stop(target))).toHaveLength(2);
      const endpoint = sandbox.vertex.endpoints.get(target.resource);
      expect(endpoint?.deployments.filter(({ untilMs }) => untilMs === undefined)).toEqual([]);
      expect(await run(ENDPOINTS.stop(target))).toEqual([]);
    });
  });
});

describe('the table of what burns', () => {
  it('has each kind once, what submits again before what it submits, and permissions for what it does', () => {
    const names = RESOURCE_KINDS.map(({ kind }) => kind);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(28);
    const orders = RESOURCE_KINDS.map(({ order }) => order);
    expect(orders).toEqual([...orders].sort((a, b) => a - b));
    for (const { permissions, kind } of RESOURCE_KINDS) {
      expect(permissions.list, kind).not.toEqual([]);
      for (const one of [...permissions.list, ...permissions.stop, ...permissions.bringBack])
        expect(one, kind).toMatch(/^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$/);
    }
  });
});
