import { describe, expect, it } from 'vitest';
import { askGoogle } from '../../support/ask-google.ts';
import { LAB, labScenario } from '../../support/lab.ts';
import { startSandbox, type Sandbox } from '../sandbox.ts';

const OWNER = 'owner@example.com';
const [used, unused] = ['a'.repeat(40), 'b'.repeat(40)];

async function seriesOf(sandbox: Sandbox, metricType: string, aligner: string): Promise<unknown> {
  const query = new URLSearchParams({
    filter: `metric.type = "${metricType}"`,
    'interval.startTime': '2026-11-16T21:40:00Z',
    'interval.endTime': '2026-11-18T21:40:00Z',
    'aggregation.alignmentPeriod': '172800s',
    'aggregation.perSeriesAligner': aligner,
  });
  const url = `https://monitoring.googleapis.com/v3/projects/${LAB}/timeSeries?${query.toString()}`;
  return (await askGoogle(sandbox, OWNER, 'GET', url)).body['timeSeries'];
}

describe('what a scenario says by one number', () => {
  it('is the authentications with each key that is used, and the duty cycle of each TPU worker, without a node’s name', async () => {
    const scenario = labScenario([], {
      project: {
        serviceAccounts: [{ id: 'trainer', keys: [{ id: used, usesPerDay: 288 }, { id: unused }] }],
        tpuDutyCycles: { 'us-central1-b': [0, 62.5] },
      },
    });
    const sandbox = await startSandbox({ scenario, frozen: true });
    sandbox.iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: `projects/${LAB}` });
    try {
      const keys = 'iam.googleapis.com/service_account/key/authn_events_count';
      expect(await seriesOf(sandbox, keys, 'ALIGN_SUM')).toMatchObject([
        {
          metric: { labels: { key_id: used } },
          resource: { type: 'iam_service_account' },
          // Two every ten minutes; the last three hours cannot be seen yet.
          points: [{ value: { int64Value: '540' } }],
        },
      ]);
      const labels = (worker: string) => ({ location: 'us-central1-b', worker_id: worker });
      expect(await seriesOf(sandbox, 'tpu.googleapis.com/accelerator/duty_cycle', 'ALIGN_MAX')).toMatchObject(
        [
          { resource: { labels: labels('0') }, points: [{ value: { doubleValue: 0 } }] },
          { resource: { labels: labels('1') }, points: [{ value: { doubleValue: 62.5 } }] },
        ],
      );
    } finally {
      await sandbox.close();
    }
  });
});
