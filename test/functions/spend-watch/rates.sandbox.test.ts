import { describe, expect, it } from 'vitest';
import { billing } from '../../../functions/spend-watch/seen.ts';
import type { ResourceKind } from '../../../shared/resources/kind.ts';
import { BATCH_PREDICTION_JOBS } from '../../../shared/resources/vertex/batch-prediction-job.ts';
import { HYPERPARAMETER_TUNING_JOBS } from '../../../shared/resources/vertex/hyperparameter-tuning-job.ts';
import type { Band } from '../../../shared/spend/band.ts';
import { withResources, type ProjectInput } from '../../support/resource-lab.ts';

const CONFIG = { unpricedAtMost: 10, ownerLabel: undefined };
const machineSpec = { machineType: 'n1-standard-4' };
/** What Vertex AI bills for it, USD an hour in us-central1. */
const MACHINE_USD = 1.15 * 0.189999;

/** What the one resource of a project counts an hour. */
async function rateIn(kind: ResourceKind, project: ProjectInput): Promise<Band | undefined> {
  let rate: Band | undefined;
  await withResources([kind], project, async ({ look }) => {
    rate = billing((await look()).resources, CONFIG)[0]?.rate;
  });
  return rate;
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
