import { describe, expect, it } from 'vitest';
import { askGoogle } from '../../support/ask-google.ts';
import { idle, LAB, labScenario } from '../../support/lab.ts';
import { startSandbox } from '../sandbox.ts';

const OWNER = 'owner@example.com';
const [called, silent] = ['7808380286500077568', '4571292886410264576'];
const deployed = (id: string) => ({
  id,
  model: `projects/100000000002/locations/us-central1/models/5`,
  dedicatedResources: { machineSpec: { machineType: 'n1-standard-4' }, minReplicaCount: 1 },
});

describe('what the sandbox shows of a project that serves models', () => {
  it('counts the calls of each deployed model that is called, and tells copied models and the account of a notebook’s VM', async () => {
    const scenario = labScenario([idle('one')], {
      project: {
        vertex: {
          models: [{ id: '5', displayName: 'ranker', copied: true }],
          endpoints: [
            {
              id: '88',
              displayName: 'ranking',
              deployedModels: [deployed(called), deployed(silent)],
              trafficSplit: { [called]: 100, [silent]: 0 },
              predictionsPerDay: { [called]: 1_440 },
            },
          ],
        },
      },
    });
    const sandbox = await startSandbox({ scenario, frozen: true });
    sandbox.iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: `projects/${LAB}` });
    try {
      const query = new URLSearchParams({
        filter: 'metric.type = "aiplatform.googleapis.com/prediction/online/prediction_count"',
        'interval.startTime': '2026-11-16T21:40:00Z',
        'interval.endTime': '2026-11-18T21:40:00Z',
        'aggregation.alignmentPeriod': '172800s',
        'aggregation.perSeriesAligner': 'ALIGN_SUM',
      });
      const ask = async (url: string) => JSON.stringify((await askGoogle(sandbox, OWNER, 'GET', url)).body);
      const url = `https://monitoring.googleapis.com/v3/projects/${LAB}/timeSeries?${query.toString()}`;
      const { body } = await askGoogle(sandbox, OWNER, 'GET', url);
      expect(body['timeSeries']).toMatchObject([
        {
          metric: { labels: { deployed_model_id: called } },
          resource: { labels: { endpoint_id: '88', location: 'us-central1' } },
          // A call a minute; the last three minutes cannot be seen yet.
          points: [{ value: { int64Value: '2877' } }],
        },
      ]);
      const models = `https://us-central1-aiplatform.googleapis.com/v1/projects/${LAB}/locations/us-central1/models`;
      expect(await ask(models)).toContain('"modelSourceInfo":{"sourceType":"CUSTOM","copy":true}');
      const vms = `https://compute.googleapis.com/compute/v1/projects/${LAB}/aggregated/instances`;
      expect(await ask(vms)).toContain(
        `"serviceAccounts":[{"email":"notebooks@${LAB}.iam.gserviceaccount.com"`,
      );
    } finally {
      await sandbox.close();
    }
  });
});
