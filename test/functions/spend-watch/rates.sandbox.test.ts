import { describe, expect, it } from 'vitest';
import { billing } from '../../../functions/spend-watch/seen.ts';
import type { ResourceKind } from '../../../shared/resources/kind.ts';
import { BATCH_PREDICTION_JOBS } from '../../../shared/resources/vertex/batch-prediction-job.ts';
import { CUSTOM_JOBS } from '../../../shared/resources/vertex/custom-job.ts';
import { DEPLOYMENT_RESOURCE_POOLS } from '../../../shared/resources/vertex/deployment-resource-pool.ts';
import { ENDPOINTS } from '../../../shared/resources/vertex/endpoint.ts';
import { HYPERPARAMETER_TUNING_JOBS } from '../../../shared/resources/vertex/hyperparameter-tuning-job.ts';
import { PERSISTENT_RESOURCES } from '../../../shared/resources/vertex/persistent-resource.ts';
import { TPUS } from '../../../shared/resources/machines/tpu.ts';
import type { Seen } from '../../../shared/spend/accrue.ts';
import type { Band } from '../../../shared/spend/band.ts';
import { machineRate } from '../../../shared/spend/rungs.ts';
import { withResources, type ProjectInput } from '../../support/resource-lab.ts';

const CONFIG = { unpricedAtMost: 10, ownerLabel: undefined };
const machineSpec = { machineType: 'n1-standard-4' };
/** What Vertex AI bills for it, USD an hour in us-central1. */
const MACHINE_USD = 1.15 * 0.189999;

/** The one resource of a project. */
async function seenIn(kind: ResourceKind, project: ProjectInput): Promise<Seen | undefined> {
  let seen: Seen | undefined;
  await withResources([kind], project, async ({ look }) => {
    seen = billing((await look()).resources, CONFIG)[0];
  });
  return seen;
}

/** What it counts an hour. */
async function rateIn(kind: ResourceKind, project: ProjectInput): Promise<Band | undefined> {
  return (await seenIn(kind, project))?.rate;
}

const inMachines = ({ low = NaN, expected = NaN, high = NaN }: Partial<Band> = {}) =>
  [low, expected, high].map((usd) => Math.round((usd / MACHINE_USD) * 1e6) / 1e6);

describe('a hyperparameter tuning job', () => {
  const job = { id: '1', displayName: 'search', trialJobSpec: { workerPoolSpecs: [{ machineSpec }] } };

  it.each([
    [1, [0, 0.75, 1]],
    [8, [0, 6, 8]],
  ])('counts %i trials side by side at the most, and in low none: they may wait', async (trials, band) => {
    const hyperparameterTuningJobs = [{ ...job, parallelTrialCount: trials }];
    const rate = await rateIn(HYPERPARAMETER_TUNING_JOBS, { vertex: { hyperparameterTuningJobs } });
    expect(inMachines(rate)).toEqual(band);
  });
});

describe('a batch prediction job', () => {
  it.each([
    ['with a limit', { startingReplicaCount: 2, maxReplicaCount: 5 }, [2, 2, 5]],
    ['without one: ten', { startingReplicaCount: 2 }, [2, 2, 10]],
    ['that names neither', {}, [1, 1, 10]],
    ['that begins with more than ten', { startingReplicaCount: 12 }, [12, 12, 12]],
  ])('%s counts in high what it may be scaled up to', async (_, replicas, band) => {
    const rate = await rateIn(BATCH_PREDICTION_JOBS, {
      resources: [
        {
          ...{ service: 'aiplatform', path: 'locations/us-central1/batchPredictionJobs/score' },
          body: { state: 'JOB_STATE_RUNNING', dedicatedResources: { machineSpec, ...replicas } },
        },
      ],
    });
    expect(inMachines(rate)).toEqual(band);
  });
});

describe('a large resource', () => {
  const large = { machineType: 'a3-highgpu-8g' };
  const workerPoolSpecs = [
    { machineSpec: large, replicaCount: '1' },
    { machineSpec: large, replicaCount: '59' },
  ];
  const vertex = (path: string, body: Readonly<Record<string, unknown>>): ProjectInput => ({
    resources: [{ service: 'aiplatform', path: `locations/us-central1/${path}`, body }],
  });
  const dedicatedResources = { machineSpec: large, minReplicaCount: 1, maxReplicaCount: 60 };
  const deployedModels = ['1', '2'].map((id) => ({
    ...{ id, dedicatedResources },
    model: 'projects/3001/locations/us-central1/models/1',
  }));
  const trialJobSpec = { workerPoolSpecs: [{ machineSpec: large, replicaCount: '6' }] };
  const job = { id: '1', displayName: 'large' };

  it.each<readonly [string, ResourceKind, number, ProjectInput]>([
    ['custom job', CUSTOM_JOBS, 60, { vertex: { customJobs: [{ ...job, jobSpec: { workerPoolSpecs } }] } }],
    [
      'hyperparameter tuning job',
      HYPERPARAMETER_TUNING_JOBS,
      60,
      { vertex: { hyperparameterTuningJobs: [{ ...job, parallelTrialCount: 10, trialJobSpec }] } },
    ],
    [
      'batch prediction job',
      BATCH_PREDICTION_JOBS,
      60,
      vertex('batchPredictionJobs/score', {
        state: 'JOB_STATE_RUNNING',
        dedicatedResources: { machineSpec: large, startingReplicaCount: 1, maxReplicaCount: 60 },
      }),
    ],
    [
      'endpoint',
      ENDPOINTS,
      120,
      {
        vertex: { endpoints: [{ id: '7', displayName: 'large', deployedModels, trafficSplit: { 1: 100 } }] },
      },
    ],
    ['pool', DEPLOYMENT_RESOURCE_POOLS, 60, vertex('deploymentResourcePools/pool', { dedicatedResources })],
    [
      'persistent resource',
      PERSISTENT_RESOURCES,
      60,
      vertex('persistentResources/ray', {
        state: 'RUNNING',
        resourcePools: [{ machineSpec: large, autoscalingSpec: { minReplicaCount: 1, maxReplicaCount: 60 } }],
      }),
    ],
    [
      'TPU slice, by its chips',
      TPUS,
      1_536,
      {
        resources: [
          {
            ...{ service: 'tpu', path: 'locations/us-east5-a/nodes/slice' },
            body: { state: 'READY', acceleratorType: 'v5p-3072' },
          },
        ],
      },
    ],
  ])('is priced by its machines, each of which is bounded: %s', async (_, kind, machines, project) => {
    const seen = await seenIn(kind, project);
    if (seen === undefined) throw new Error('Cannot find the resource');
    expect(seen.unpriced).toBeUndefined();
    expect(seen.machines).toBe(machines);
    expect(seen.rate.high).toBeGreaterThan(5_000);
    expect(machineRate(seen)).toBeLessThan(130);
  });
});
