import { parseScenario } from '../../sandbox/scenario.ts';

export const OPS = 'ml-ops-example';
export const REGION = 'us-central1';
export const ORGANIZATION = 'organizations/900100200300';
export const FOLDER = 'folders/500100';
export const LAB = 'ml-research';
export const RUNAWAY = 'ml-runaway';
export const ACCOUNT = '0A1B2C-3D4E5F-6A7B8C';
export const BUCKET = `${OPS}-costguard`;
/** A budget that a user made by hand. */
export const BY_HAND = `billingAccounts/${ACCOUNT}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
export const PRODUCTION_OPS = 'ml-prod-ops';

const NOT_ENABLED_AT_FIRST = [
  'artifactregistry', 'cloudbuild', 'cloudfunctions', 'cloudscheduler', 'eventarc', 'iam', 'pubsub', 'run',
].map((name) => `${name}.googleapis.com`); // prettier-ignore

/**
 * The middle of the month after this one: gcloud looks for log lines of the last days by the machine's own clock, and no
 * budget's period ends meanwhile.
 */
function clock(): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 15, 9, 34)).toISOString();
}

/** New projects as Google makes them today: hardly an API enabled, and a default account that may build nothing. */
export const SCENARIO = parseScenario({
  name: 'deployment',
  clock: clock(),
  organization: { id: '900100200300', displayName: 'example.com' },
  folders: [
    { id: '500100', displayName: 'machine-learning', parent: ORGANIZATION },
    { id: '500300', displayName: 'production', parent: ORGANIZATION },
  ],
  projects: [
    {
      id: OPS,
      number: '100000000001',
      computeDefaultIsEditor: false,
      disabledServices: NOT_ENABLED_AT_FIRST,
    },
    {
      id: LAB,
      number: '100000000002',
      parent: FOLDER,
      notebooks: [
        {
          id: 'forgotten',
          zone: 'us-central1-c',
          machineType: 'e2-standard-8',
          created: '-9d',
          lastStart: '-5d',
        },
      ],
    },
    {
      id: RUNAWAY,
      number: '100000000003',
      // Most of its budget is gone, and a notebook works on.
      spentUsd: 430,
      notebooks: [
        {
          id: 'sweep',
          zone: 'us-central1-a',
          machineType: 'n1-standard-8',
          created: '-9d',
          lastStart: '-6h',
          load: { cpu: 0.4 },
        },
      ],
    },
    {
      id: PRODUCTION_OPS,
      number: '100000000004',
      computeDefaultIsEditor: false,
      disabledServices: NOT_ENABLED_AT_FIRST,
    },
    { id: 'ml-production', number: '100000000005', parent: 'folders/500300' },
  ],
  billing: {
    accounts: [{ id: ACCOUNT, displayName: 'example.com ML' }],
    budgets: [
      {
        // It notifies no topic.
        name: BY_HAND,
        displayName: 'by hand',
        projects: [LAB],
        usd: 300,
        thresholds: [0.9],
      },
    ],
  },
  storage: {
    buckets: [{ name: 'ml-research-experiments', project: LAB, location: 'US-CENTRAL1' }],
  },
});

/** The policy of the operations project; `allow`: the budgets that may trip the switch. */
export function policyWith({ allow = [] }: { readonly allow?: readonly string[] }): string {
  return `mode: enforce
scope: [${FOLDER}, projects/${RUNAWAY}]
state: gs://${BUCKET}
receipts: projects/${OPS}/topics/costguard-receipts
notebooks:
egress:
estimates:
budgets:
  mode: enforce
  allow: [${allow.join(', ')}]
lifecycle:
  policies:
    - name: all
      rules: [{ action: { type: AbortIncompleteMultipartUpload }, condition: { age: 7 } }]
`;
}

export const PRODUCTION_POLICY = `mode: observe
scope: [folders/500300]
state: gs://${PRODUCTION_OPS}-costguard
notebooks:
`;
