import { parseScenario, type Scenario, type ScenarioInput } from '../../sandbox/scenario.ts';

export const PROJECT = 'ml-bench';
export const STATE_BUCKET = 'ml-bench-costguard';

/** One bucket of so many lacks the rules. */
export const DRIFTING_ONE_IN = 50;

type BucketInput = NonNullable<NonNullable<ScenarioInput['storage']>['buckets']>[number];

const prefix = ['experiments/'];
/** Those of the policy below, in another order. */
const RULES: NonNullable<NonNullable<BucketInput['lifecycle']>['rule']> = [
  { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } },
  { action: { type: 'Delete' }, condition: { matchesPrefix: prefix, age: 365 } },
  {
    action: { type: 'SetStorageClass', storageClass: 'COLDLINE' },
    condition: { matchesPrefix: prefix, age: 90 },
  },
  {
    action: { type: 'SetStorageClass', storageClass: 'NEARLINE' },
    condition: { matchesPrefix: prefix, age: 30 },
  },
];

export const POLICY = JSON.stringify({
  mode: 'enforce',
  scope: [`projects/${PROJECT}`],
  state: `gs://${STATE_BUCKET}`,
  lifecycle: {
    maxDeletedShare: 1,
    maxPatches: 100_000,
    policies: [{ name: 'experiments', rules: RULES.toReversed() }],
  },
});

/** One project with that many buckets, and the state bucket, which is one of them. One of `driftingOneIn` lacks the rules. */
export function bucketFleet(buckets: number, driftingOneIn: number = DRIFTING_ONE_IN): Scenario {
  return parseScenario({
    name: `${buckets} buckets`,
    projects: [{ id: PROJECT, number: '100000000001' }],
    storage: {
      buckets: Array.from({ length: buckets }, (_, at): BucketInput => {
        if (at === 0) return { name: STATE_BUCKET, project: PROJECT, location: 'US-CENTRAL1' };
        return {
          name: `ml-data-${String(at).padStart(6, '0')}`,
          project: PROJECT,
          location: 'US-CENTRAL1',
          labels: { team: `team-${at % 40}` },
          ...(at % driftingOneIn === 0 ? {} : { lifecycle: { rule: RULES } }),
        };
      }),
    },
  });
}
