import { describe, expect, it } from 'vitest';
import { isPriced, unpriced } from '../../../shared/prices/price.ts';
import { worstFirst } from '../../../shared/resources/inventory.ts';
import type { ResourceKind } from '../../../shared/resources/kind.ts';
import { costText, isKnownToBurn } from '../../../shared/resources/left-burning.ts';
import { BATCH_PREDICTION_JOBS } from '../../../shared/resources/vertex/batch-prediction-job.ts';
import { CUSTOM_JOBS } from '../../../shared/resources/vertex/custom-job.ts';
import { HYPERPARAMETER_TUNING_JOBS } from '../../../shared/resources/vertex/hyperparameter-tuning-job.ts';
import { PIPELINE_JOBS } from '../../../shared/resources/vertex/pipeline-job.ts';
import { SCHEDULES } from '../../../shared/resources/vertex/schedule.ts';
import { TUNING_JOBS } from '../../../shared/resources/vertex/tuning-job.ts';
import { TRAINING_PIPELINES } from '../../../shared/resources/vertex/training/training-pipeline.ts';
import {
  backSteps,
  find,
  PROJECT,
  targetOf,
  withResources,
  type ProjectInput,
} from '../../support/resource-lab.ts';

const at = (
  collection: string,
  id: string,
  body: Readonly<Record<string, unknown>>,
  region = 'us-central1',
) => ({
  service: 'aiplatform' as const,
  path: `locations/${region}/${collection}/${id}`,
  body,
});
const JOB = 'projects/3001/locations/us-central1/customJobs/21';
const MACHINE = { machineType: 'n1-standard-4' };

const WORLD: ProjectInput = {
  vertex: {
    customJobs: [
      { id: '21', displayName: 'train-21', jobSpec: { workerPoolSpecs: [{ machineSpec: MACHINE }] } },
    ],
  },
  resources: [
    at('schedules', 'hourly', {
      state: 'ACTIVE',
      displayName: 'hourly',
      cron: '0 * * * *',
      createPipelineJobRequest: { pipelineJob: { labels: { team: 'ml' } } },
    }),
    at('schedules', 'paused', { state: 'PAUSED' }),
    at('pipelineJobs', 'nightly', {
      state: 'PIPELINE_STATE_RUNNING',
      displayName: 'nightly',
      labels: { 'costguard-keep': 'true' },
      templateUri: 'https://us-kfp.pkg.dev/demo/pipelines/nightly/v1',
      scheduleName: 'projects/3001/locations/us-central1/schedules/hourly',
      jobDetail: { taskDetails: [{ executorDetail: { containerDetail: { mainJob: JOB } } }] },
    }),
    at('pipelineJobs', 'done', { state: 'PIPELINE_STATE_SUCCEEDED' }),
    at('pipelineJobs', 'waiting', { state: 'PIPELINE_STATE_PENDING' }, 'europe-west4'),
    at('trainingPipelines', 'automl', { state: 'PIPELINE_STATE_RUNNING', displayName: 'automl' }),
    at('trainingPipelines', 'custom', {
      state: 'PIPELINE_STATE_RUNNING',
      trainingTaskInputs: { workerPoolSpecs: [{ machineSpec: MACHINE, replicaCount: '2' }] },
    }),
    at('batchPredictionJobs', 'score', {
      state: 'JOB_STATE_RUNNING',
      dedicatedResources: { machineSpec: MACHINE, startingReplicaCount: 3 },
    }),
    at('batchPredictionJobs', 'failed', { state: 'JOB_STATE_FAILED' }),
  ],
};

const KINDS: readonly ResourceKind[] = [SCHEDULES, PIPELINE_JOBS, TRAINING_PIPELINES, BATCH_PREDICTION_JOBS];
const ids = (resources: readonly { readonly resource: string }[]) =>
  resources.map(({ resource }) => resource.split('/').at(-1));

describe('Vertex AI: schedules, pipelines and batch predictions', () => {
  it('lists what runs in all regions, outermost first, with prices, labels and what started it', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      expect(ids(inventory.resources)).toEqual(['hourly', 'waiting', 'nightly', 'automl', 'custom', 'score']);
      expect(inventory.gaps).toEqual([]);
      expect(find(inventory, 'nightly')).toMatchObject({
        labels: { 'costguard-keep': 'true' },
        startedBy: 'schedule projects/3001/locations/us-central1/schedules/hourly',
        memberKeys: [`job/${JOB}`],
      });
      expect(find(inventory, 'hourly').labels).toEqual({ team: 'ml' });
      const { cost: three } = find(inventory, 'score');
      const { cost: two } = find(inventory, 'custom');
      if (!isPriced(three) || !isPriced(two)) throw new Error('unpriced');
      // 3 x 0.189999 (n1-standard-4 in us-central1) x 1.15
      expect(three.usd.low).toBeCloseTo(3 * 0.189999 * 1.15, 4);
      expect(two.usd.low).toBeCloseTo(2 * 0.189999 * 1.15, 4);
      expect(find(inventory, 'automl').cost).toMatchObject({
        usd: 'unpriced',
        why: 'AutoML bills node hours by the kind of data',
      });
    });
  });

  it.each([
    ['customJobs', 'JOB_STATE', { jobSpec: { workerPoolSpecs: [{ machineSpec: MACHINE }] } }, '$'],
    ['batchPredictionJobs', 'JOB_STATE', { dedicatedResources: { machineSpec: MACHINE, maxReplicaCount: 2 } }, '$'],
    ['trainingPipelines', 'PIPELINE_STATE', {}, 'unpriced: AutoML bills node hours by the kind of data'],
    ['pipelineJobs', 'PIPELINE_STATE', {}, 'unpriced: what its tasks run on was not seen'],
  ] as const)('of %s what waits bills nothing, and tells what it will cost', async (collection, states, body, price) => {
    const kinds = [...KINDS, CUSTOM_JOBS];
    const resources = ['QUEUED', 'PENDING', 'RUNNING'].map((state) => at(collection, state, { ...body, state: `${states}_${state}` }));
    const jobs = resources.map(({ path, body: job }) => ({ ...job, id: path.split('/').at(-1) ?? '', displayName: '' }));
    const world = collection === 'customJobs' ? { vertex: { customJobs: jobs } } : { resources };
    await withResources(kinds, world as ProjectInput, async ({ look }) => {
      const inventory = await look();
      expect(inventory.gaps).toEqual([]);
      for (const state of ['QUEUED', 'PENDING']) {
        const { description, cost, fate } = find(inventory, state);
        expect(cost).toMatchObject({ usd: { low: 0, high: 0 }, note: 'it bills once it runs' });
        expect(description).toMatch(/, waits for machines; then /);
        expect(description.endsWith(`then ${costText(find(inventory, 'RUNNING').cost)}`)).toBe(true);
        expect(fate.kind).toBe('stoppable');
      }
      expect(costText(find(inventory, 'RUNNING').cost).startsWith(price)).toBe(true);
      expect(find(inventory, 'RUNNING').description).not.toContain('waits');
      expect(ids(inventory.resources.filter(isKnownToBurn))).toEqual(['RUNNING']);
      expect(ids(worstFirst(inventory.resources))[0]).toBe('RUNNING');
    });
  }); // prettier-ignore

  it('prices flex-start by the price on demand, with the fee on that', async () => {
    const customJobs = ['STANDARD', 'FLEX_START'].map((strategy, index) => ({
      ...{ id: `4${index}`, displayName: strategy },
      jobSpec: { workerPoolSpecs: [{ machineSpec: MACHINE }], scheduling: { strategy } },
    }));
    await withResources([CUSTOM_JOBS], { vertex: { customJobs } }, async ({ look }) => {
      const inventory = await look();
      const [standard, flex] = ['40', '41'].map((id) => {
        const { cost } = find(inventory, id);
        if (!isPriced(cost)) throw new Error(cost.why);
        return cost.usd;
      });
      const fee = 0.15 * 0.189999;
      expect(flex?.low).toBeCloseTo(0.25 * 0.189999 + fee, 6);
      expect(flex?.high).toBeCloseTo(standard?.high ?? NaN, 9);
      expect(flex?.low).toBeLessThan(flex?.high ?? NaN);
      expect(find(inventory, '41').description).toContain('(flex-start)');
    });
  });

  describe('training pipelines', () => {
    const TASK = 'gs://google-cloud-aiplatform/schema/trainingjob/definition/';
    const pools = [{ machineSpec: MACHINE, replicaCount: '2' }];
    const snakePools = [{ machine_spec: { machine_type: 'n1-standard-4', accelerator_type: 'NVIDIA_TESLA_T4', accelerator_count: '1' }, replica_count: 2 }]; // prettier-ignore
    const training = (id: string, task: string, inputs: unknown, metadata: unknown = {}) =>
      at('trainingPipelines', id, {
        ...{ state: 'PIPELINE_STATE_RUNNING', displayName: id, trainingTaskDefinition: `${TASK}${task}_1.0.0.yaml` },
        ...{ trainingTaskInputs: inputs, trainingTaskMetadata: metadata },
      }); // prettier-ignore
    const lookAt = async (resources: ProjectInput['resources'], vertex: ProjectInput['vertex'] = {}) => {
      let found: Awaited<ReturnType<Parameters<Parameters<typeof withResources>[2]>[0]['look']>> | undefined;
      const kinds = [TRAINING_PIPELINES, HYPERPARAMETER_TUNING_JOBS, CUSTOM_JOBS];
      await withResources(kinds, { resources: resources ?? [], vertex }, async ({ look }) => {
        found = await look();
      });
      if (found === undefined) throw new Error('not looked');
      return found;
    };

    it('are read by either spelling of their inputs, and are no AutoML', async () => {
      const inventory = await lookAt([
        training('camel', 'custom_task', { workerPoolSpecs: pools }),
        training('snake', 'custom_task', { worker_pool_specs: snakePools }),
        // The Python client writes both.
        training('mixed', 'custom_task', { workerPoolSpecs: snakePools }),
      ]);
      expect(costText(find(inventory, 'camel').cost)).toBe('$0.437/h');
      for (const id of ['snake', 'mixed']) {
        expect(find(inventory, id).description).toBe('2 x n1-standard-4 with 1 x nvidia-tesla-t4');
        // 2 x (0.189999 + 0.35) x 1.15
        expect(costText(find(inventory, id).cost)).toBe('$1.24/h');
        expect(find(inventory, id).machines).toBe(2);
      }
    });

    it.each([
      ['SPOT', ' (Spot)'],
      [4, ' (Spot)'],
      ['4', ' (Spot)'],
      ['FLEX_START', ' (flex-start)'],
      [6, ' (flex-start)'],
      ['STANDARD', ''],
      [3, ''],
      [99, ''],
    ])('are bought as their scheduling says: %s', async (strategy, said) => {
      const { resources } = await lookAt([
        training('task', 'custom_task', { worker_pool_specs: snakePools, scheduling: { strategy } }),
      ]);
      expect(resources.map(({ description }) => description)).toEqual([
        `2 x n1-standard-4 with 1 x nvidia-tesla-t4${said}`,
      ]);
    });

    it.each([{ persistentResourceId: 'ray' }, { persistent_resource_id: 'ray' }])(
      'on a persistent resource are counted with that: %j',
      async (persistent) => {
        const inventory = await lookAt([
          training('task', 'custom_task', { workerPoolSpecs: pools, ...persistent }),
        ]);
        expect(find(inventory, 'task').cost).toMatchObject({
          usd: 'unpriced',
          why: 'it runs on the persistent resource ray, which bills for its machines',
        });
      },
    );

    it.each([
      ['backingCustomJob', 'customJobs/21', { jobSpec: { workerPoolSpecs: pools } }],
      ['backing_custom_job', 'customJobs/21', { jobSpec: { workerPoolSpecs: pools } }],
      ['backingHyperparameterTuningJob', 'hyperparameterTuningJobs/41', { trialJobSpec: { workerPoolSpecs: pools } }],
    ])('are counted once with the job that %s names', async (field, job, spec) => {
      const [collection = '', id = ''] = job.split('/');
      const metadata = { [field]: `projects/3001/locations/us-central1/${job}` };
      const inventory = await lookAt([training('task', 'custom_task', { workerPoolSpecs: pools }, metadata)], {
        [collection]: [{ id, displayName: '', ...spec }],
      });
      expect(inventory.resources).toHaveLength(2);
      expect(find(inventory, id).partOf?.resource).toBe(find(inventory, 'task').resource);
      expect(costText(find(inventory, 'task').cost)).toBe('$0.437/h');
    }); // prettier-ignore

    it('of a hyperparameter tuning task cost as many trials as run side by side', async () => {
      const { resources } = await lookAt([
        training('task', 'hyperparameter_tuning_task', {
          ...{ parallelTrialCount: '3', max_trial_count: '9' },
          trial_job_spec: { worker_pool_specs: [{ machine_spec: { machine_type: 'n1-standard-4' } }] },
        }),
      ]);
      expect(resources).toMatchObject([
        { description: 'up to 3 x n1-standard-4', leastShare: 0, machines: 3 },
      ]);
      expect(costText(resources[0]?.cost ?? unpriced('none'))).toBe('$0.6555/h');
    });

    it('are unpriced for the true reason where no machines can be read', async () => {
      const inventory = await lookAt([
        training('automl', 'automl_tabular', { targetColumn: 'y', trainBudgetMilliNodeHours: '1000' }),
        training('bare', 'custom_task', {}),
        training('strange', 'custom_task', { workerPoolSpecs: 'many' }),
        training('null', 'custom_task', null, null),
      ]);
      expect(inventory.gaps).toEqual([]);
      const why = (id: string) => costText(find(inventory, id).cost);
      expect(why('automl')).toBe('unpriced: AutoML bills node hours by the kind of data');
      for (const id of ['bare', 'strange', 'null'])
        expect(why(id)).toBe('unpriced: the machines in the inputs of its task cannot be read');
    });
  });

  it('counts the trials on a persistent resource with that', async () => {
    const trialJobSpec = { workerPoolSpecs: [{ machineSpec: MACHINE }], persistentResourceId: 'ray' };
    const hyperparameterTuningJobs = [{ id: '41', displayName: '', parallelTrialCount: 3, trialJobSpec }];
    await withResources(
      [HYPERPARAMETER_TUNING_JOBS],
      { vertex: { hyperparameterTuningJobs } },
      async ({ look }) => {
        expect(costText(find(await look(), '41').cost)).toBe(
          'unpriced: it runs on the persistent resource ray, which bills for its machines',
        );
      },
    );
  });

  it('counts the labels of the notebook runs that a schedule starts', async () => {
    const labels = { 'costguard-keep': 'true' };
    const createNotebookExecutionJobRequest = { notebookExecutionJob: { labels } };
    const resources = [at('schedules', 'nb', { state: 'ACTIVE', createNotebookExecutionJobRequest })];
    await withResources([SCHEDULES], { resources }, async ({ look, api }) => {
      const schedule = find(await look(), 'nb');
      expect(schedule.labels).toEqual(labels);
      const [pause] = SCHEDULES.stop(targetOf(schedule));
      expect((await pause?.look(api))?.labels).toEqual(labels);
    });
  });

  const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED', 'PARTIALLY_SUCCEEDED'];

  it.each([
    ['by its filter', []],
    ['where its filter is not taken', [{ route: 'aiplatform*batchPredictionJobs.list', count: 1 }]],
  ])('does not count what ended long ago as there, %s', async (_, refused) => {
    const resources = ENDED.map((state) => at('batchPredictionJobs', state, { state: `JOB_STATE_${state}` }));
    await withResources([BATCH_PREDICTION_JOBS], { resources }, async ({ look, sandbox }) => {
      for (const one of refused)
        sandbox.faults.add({
          ...{ ...one, pathIncludes: '/us-central1/' },
          fault: { kind: 'status', status: 400 },
        });
      const { listings } = await look();
      expect(listings).toContainEqual({
        ...{ what: 'batchPredictionJobs in us-central1', answered: true, found: 0 },
      });
      const lists = sandbox.callLog.calls().filter(({ id }) => id.endsWith('batchPredictionJobs.list'));
      expect(lists).toHaveLength(4 + refused.length);
    });
  });

  it('leaves out the states that each collection has, and no others', async () => {
    const jobs = [BATCH_PREDICTION_JOBS, CUSTOM_JOBS, HYPERPARAMETER_TUNING_JOBS, TUNING_JOBS];
    const pipelines = [PIPELINE_JOBS, TRAINING_PIPELINES];
    await withResources([...jobs, ...pipelines, SCHEDULES], {}, async ({ look, sandbox }) => {
      await look();
      const without = (kind: string, states: readonly string[]): string => states.map((state) => `state!="${kind}_${state}"`).join(' AND ');
      const filters = sandbox.callLog.calls().flatMap(({ id, query }) => {
        const collection = /locations\.(\w+)\.list$/.exec(id)?.[1];
        return collection === undefined ? [] : [[collection, new URLSearchParams(query).get('filter')] as const];
      });
      expect(Object.fromEntries(filters)).toEqual({
        ...Object.fromEntries(['batchPredictionJobs', 'customJobs', 'hyperparameterTuningJobs', 'tuningJobs'].map((one) => [one, without('JOB_STATE', ENDED)])),
        ...Object.fromEntries(['pipelineJobs', 'trainingPipelines'].map((one) => [one, without('PIPELINE_STATE', ENDED.slice(0, 3))])),
        schedules: 'state="ACTIVE"',
      });
    });
  }); // prettier-ignore

  it.each([
    ['nightly', PIPELINE_JOBS, 'PIPELINE_STATE_CANCELLED'],
    ['automl', TRAINING_PIPELINES, 'PIPELINE_STATE_CANCELLED'],
    ['score', BATCH_PREDICTION_JOBS, 'JOB_STATE_CANCELLED'],
  ] as const)('cancels %s once and says what to submit again', async (id, kind, state) => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const found = find(await look(), id);
      const target = targetOf(found);
      expect(await run(kind.stop(target))).toHaveLength(1);
      await sandbox.clock.advance(60_000);
      const path = found.resource.replace('projects/3001/', '');
      expect(sandbox.store.get(PROJECT, 'aiplatform', path).body['state']).toBe(state);
      expect(await run(kind.stop(target))).toEqual([]);
      expect(ids((await look()).resources)).not.toContain(id);
      const back = kind.bringBack(target);
      expect(back).toMatchObject({ kind: 'left' });
      if (id === 'nightly')
        expect(back).toMatchObject({
          why: 'cancelled jobs do not come back: submit nightly again from https://us-kfp.pkg.dev/demo/pipelines/nightly/v1',
        });
    });
  });

  it('cancels a pipeline before the job that it would submit again', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      // As the switch did it: the job alone.
      sandbox.vertex.cancel(JOB);
      await sandbox.clock.advance(60_000);
      const running = () => [...sandbox.vertex.jobs.values()].filter(({ state }) => state.endsWith('_RUNNING')).length; // prettier-ignore
      expect(running()).toBe(1);
      await run(PIPELINE_JOBS.stop(targetOf(find(await look(), 'nightly'))));
      await sandbox.clock.advance(120_000);
      expect(running()).toBe(0);
    });
  });

  it('pauses a schedule and resumes it, and leaves one alone that has ended', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const target = targetOf(find(await look(), 'hourly'));
      const { body } = sandbox.store.get(PROJECT, 'aiplatform', 'locations/us-central1/schedules/hourly');
      const before = structuredClone(body);
      expect(await run(SCHEDULES.stop(target))).toEqual(['aiplatform.schedules.pause']);
      expect(body['state']).toBe('PAUSED');
      expect(await run(SCHEDULES.stop(target))).toEqual([]);
      expect(await run(backSteps(SCHEDULES, target))).toEqual(['aiplatform.schedules.resume']);
      expect(body).toEqual(before);
      body['state'] = 'COMPLETED';
      await expect(run(backSteps(SCHEDULES, target))).rejects.toThrow('it has come to its end meanwhile');
    });
  });

  it('reads two pages, tells a region that does not offer a kind from one that refuses, and skips what it knows', async () => {
    const many = Array.from({ length: 101 }, (_, index) =>
      at('pipelineJobs', `p-${index}`, { state: 'PIPELINE_STATE_RUNNING' }),
    );
    await withResources([PIPELINE_JOBS], { resources: many }, async ({ look, sandbox, api }) => {
      expect((await look()).resources).toHaveLength(101);
      const route = 'aiplatform.projects.locations.pipelineJobs.list';
      sandbox.faults.add({
        route,
        pathIncludes: 'europe-west4',
        fault: { kind: 'status', status: 400, message: 'Pipelines are not supported in this region.' },
      });
      sandbox.faults.add({
        route,
        pathIncludes: 'us-east4',
        fault: { kind: 'status', status: 403, message: 'Permission denied.' },
      });
      const { notOffered, gaps, resources } = await look();
      expect(resources).toHaveLength(101);
      expect(notOffered.map(({ what }) => what)).toEqual(['pipelineJobs in europe-west4']);
      expect(gaps.map(({ where }) => where)).toEqual([
        `projects/${PROJECT} Vertex AI pipelineJobs in us-east4`,
      ]);
      const before = api.calls['aiplatform.pipelineJobs.list'] ?? 0;
      await look((what) => what === 'pipelineJobs in europe-west4');
      // Three regions are left, one of them with two pages.
      expect((api.calls['aiplatform.pipelineJobs.list'] ?? 0) - before).toBe(4);
    });
  });

  it('costs one call where the API is disabled, and one gap where the regions cannot be listed', async () => {
    await withResources(KINDS, { disabledServices: ['aiplatform.googleapis.com'] }, async ({ look, api }) => {
      expect(await look()).toMatchObject({ resources: [], gaps: [] });
      expect(api.calls).toEqual({ 'aiplatform.locations.list': 1 });
    });
    await withResources(
      KINDS,
      WORLD,
      async ({ look }) => {
        const { gaps } = await look();
        expect(gaps.map(({ where }) => where)).toEqual([`projects/${PROJECT} Vertex AI`]);
      },
      { without: ['aiplatform.locations.list'] },
    );
  });
});
