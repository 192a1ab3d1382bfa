import { describe, expect, it } from 'vitest';
import type { KindName } from '../../../shared/resources/kind.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { bringBackOf, itemOf, itemSchema, stopSteps } from '../../../shared/state/manifest-item.ts';

/** What each kind that a rung stops remembers. */
const RECORDS: Partial<Record<KindName, Readonly<Record<string, unknown>>>> = {
  'batch-prediction-job': { displayName: 'score', state: 'JOB_STATE_RUNNING', source: 'gs://in' },
  'colab-runtime': {},
  'custom-job': { displayName: 'train', state: 'JOB_STATE_RUNNING', source: 'its specification' },
  'dataproc-cluster': { clusterUuid: 'u-1' },
  endpoint: { models: [{ id: '5', model: 'm' }], trafficSplit: { '5': 100 } },
  'hyperparameter-tuning-job': { displayName: 'sweep', state: 'JOB_STATE_RUNNING', source: '' },
  'instance-group': { targetSize: 3, autoscaler: { name: 'scaler', mode: 'ON' } },
  'node-pool': { sizes: { 'projects/p/zones/z/instanceGroupManagers/g': 2 }, autoscaling: { enabled: true } },
  notebook: {},
  'pipeline-job': { displayName: 'nightly', state: 'PIPELINE_STATE_RUNNING', source: 'gs://template' },
  schedule: { displayName: 'hourly' },
  tpu: { acceleratorType: 'v5litepod-4' },
  'training-pipeline': { displayName: 'automl', state: 'PIPELINE_STATE_RUNNING', source: '' },
  'tuning-job': { displayName: 'tuned', state: 'JOB_STATE_RUNNING', source: '' },
  vm: { localSsds: 2, spot: true },
  workstation: {},
};

describe('itemOf', () => {
  for (const kind of RESOURCE_KINDS.filter(({ permissions }) => permissions.stop.length > 0))
    it(`writes ${kind.title} so that a manifest gives back what stopping and bringing back take`, () => {
      const record = RECORDS[kind.kind];
      expect(record, 'a record for this test').toBeDefined();
      const resource = `projects/p/locations/r/things/${kind.kind}`;
      const item = itemOf({ kind: kind.kind, resource }, record ?? {});
      const read = itemSchema.parse(JSON.parse(JSON.stringify(item)));
      expect(read).toEqual(item);
      if (read.kind === 'billing') throw new Error('billing is no resource');
      const target = { resource, record };
      expect(stopSteps(read).map(({ name }) => name)).toEqual(kind.stop(target).map(({ name }) => name));
      expect(JSON.stringify(bringBackOf(read))).toBe(JSON.stringify(kind.bringBack(target)));
    });

  it('has none for what no rung stops', () => {
    const named = { kind: 'index-endpoint', resource: 'projects/p/locations/r/indexEndpoints/1' } as const;
    expect(() => itemOf(named, {})).toThrow();
  });
});

describe('itemSchema', () => {
  it('reads what a released version wrote', () => {
    for (const item of [
      { kind: 'notebook', resource: 'projects/p/locations/z/instances/n', status: 'done', atMs: 1 },
      {
        kind: 'vm',
        resource: 'projects/p/zones/z/instances/v',
        status: 'planned',
        localSsds: 1,
        spot: false,
      },
      {
        kind: 'custom-job',
        resource: 'projects/1/locations/r/customJobs/7',
        status: 'done',
        displayName: 'train',
        state: 'JOB_STATE_RUNNING',
      },
      { kind: 'billing', resource: 'projects/p', status: 'done', account: 'billingAccounts/A' },
    ])
      // prettier-ignore
      expect(itemSchema.parse(item)).toEqual(item);
  });
});
