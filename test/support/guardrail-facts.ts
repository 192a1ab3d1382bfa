import type { Budget } from '../../shared/google/budgets.ts';
import type { AuditConfig } from '../../functions/guardrail-audit/config.ts';
import type {
  AccountFacts,
  AuditFacts,
  Binding,
  BucketFacts,
  EndpointFacts,
  KeyFacts,
  MachineFacts,
  MachineUse,
  ModelFacts,
  ProjectFacts,
  ReceiptDecision,
  ScannedPlace,
  TpuFacts,
  TpuWorker,
  Workload,
} from '../../functions/guardrail-audit/facts.ts';
import { whole, type Read } from '../../functions/guardrail-audit/reading.ts';

export const NOW = new Date('2026-11-18T21:40:00Z');
export const PROJECT = 'ml-serving-prod';
export const NUMBER = '100000000009';
export const TOPIC = 'projects/ml-ops/topics/costguard-budget-kill-switch';
export const DEFAULT_COMPUTE = `${NUMBER}-compute@developer.gserviceaccount.com`;
export const SERVING = `serving@${PROJECT}.iam.gserviceaccount.com`;
export const PIPELINE = `pipeline@${PROJECT}.iam.gserviceaccount.com`;

const DAY_MS = 86_400_000;
export const daysAgo = (days: number): number => NOW.getTime() - days * DAY_MS;

export const config: AuditConfig = {
  project: PROJECT,
  operationsProject: 'ml-ops',
  switchTopic: TOPIC,
  keepLabel: 'costguard-keep',
  maxKeyAgeDays: 90,
  maxReceiptAgeDays: 8,
  minBusyShare: 0.25,
  maxIdlePeak: 0.3,
  reportAboveUsdPerMonth: 1,
  modelAgeDays: 180,
  jobs: {
    'data-scientist': ['group:scientists@example.com'],
    'ml-engineer': ['group:engineers@example.com'],
    pipeline: [`serviceAccount:${PIPELINE}`],
  },
  environment: { label: 'env', production: ['prod', 'production'] },
};

export const project: ProjectFacts = {
  id: PROJECT,
  number: NUMBER,
  displayName: 'ML serving',
  labels: { env: 'prod' },
  parent: 'folders/500100',
};

export const staging: ProjectFacts = {
  ...project,
  id: 'ml-serving-test',
  number: '100000000010',
  labels: { env: 'test' },
};

export const budget: Budget = {
  name: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77',
  displayName: 'ML serving, monthly',
  projects: [`projects/${NUMBER}`],
  ancestors: [],
  narrowed: [],
  subaccounts: [],
  filterDigest: '',
  amount: { kind: 'specified', units: 5000, currencyCode: 'USD' },
  thresholds: [0.5, 0.8, 1].map((share) => ({ share, basis: 'current' as const })),
  topic: TOPIC,
  credits: 'exclude-all',
  period: { kind: 'calendar', unit: 'month' },
};

export const notebook: MachineFacts = {
  kind: 'notebook',
  resource: `projects/${PROJECT}/locations/us-central1-a/instances/eda`,
  name: 'eda',
  zone: 'us-central1-a',
  id: '1001',
  running: true,
  machineType: 'n1-standard-4',
  gpus: [],
  labels: {},
  serviceAccount: `notebooks@${PROJECT}.iam.gserviceaccount.com`,
  fullScope: true,
  usdPerHour: 0.19,
  places: [],
  scriptUrls: [],
};

export const vm: MachineFacts = {
  ...notebook,
  kind: 'vm',
  resource: `projects/${PROJECT}/zones/us-central1-a/instances/trainer`,
  name: 'trainer',
  id: '1002',
  machineType: 'a2-highgpu-4g',
  gpus: [{ type: 'nvidia-tesla-a100', count: 4 }],
  serviceAccount: PIPELINE,
  usdPerHour: 14.69,
};

export const busy: MachineUse = {
  windowHours: 720,
  runningHours: 160,
  busyHours: 120,
  cpuPeak: 0.8,
  gpuPeak: 0.97,
  gpuMemoryPeak: 0.9,
};

export const key: KeyFacts = {
  id: 'a'.repeat(40),
  createdMs: daysAgo(10),
  expiresMs: undefined,
  disabled: false,
};

export function account(
  email: string,
  keys: readonly KeyFacts[] = [],
  more: Partial<AccountFacts> = {},
): AccountFacts {
  return { email, disabled: false, keys: whole(keys), ...more };
}

export const endpoint: EndpointFacts = {
  resource: `projects/${NUMBER}/locations/us-central1/endpoints/88`,
  displayName: 'ranking',
  createdMs: daysAgo(60),
  labels: {},
  models: [
    {
      id: '77',
      displayName: 'ranker',
      model: `projects/${NUMBER}/locations/us-central1/models/55`,
      machineType: 'g2-standard-8',
      minReplicas: 2,
      serviceAccount: SERVING,
      usdPerMonth: { low: 1200, high: 1300 },
    },
  ],
  predictions: new Map([['77', 120_000]]),
};

export const tpu: TpuFacts = {
  resource: `projects/${PROJECT}/locations/us-central1-b/nodes/v5e`,
  zone: 'us-central1-b',
  description: 'TPU v5litepod-4',
  labels: {},
  oneHost: true,
  usdPerMonth: { low: 3504, high: 3504 },
  command: `gcloud compute tpus tpu-vm stop v5e --zone=us-central1-b --project=${PROJECT}`,
};

export const worker: TpuWorker = { zone: 'us-central1-b', peakPercent: 0.4, hours: 168 };

export const model: ModelFacts = {
  resource: `projects/${PROJECT}/locations/us-central1/models/55`,
  displayName: 'ranker',
  createdMs: daysAgo(300),
  labels: {},
  copied: true,
  deployed: true,
};

export const bucket: BucketFacts = {
  name: `${PROJECT}-data`,
  createdMs: daysAgo(300),
  labels: {},
  bindings: [
    { role: 'roles/storage.legacyBucketReader', members: [`projectViewer:${PROJECT}`], conditional: false },
  ],
  publicAccessPrevented: false,
};

export const workload: Workload = {
  kind: 'run-service',
  resource: `projects/${PROJECT}/locations/us-central1/services/scorer`,
  serviceAccount: SERVING,
  places: [],
  secretReferences: 1,
};

export const decision: ReceiptDecision = {
  resource: `projects/_/buckets/${PROJECT}-data`,
  action: 'keep',
  reason: 'in-force',
  evidence: {},
  usdPerHour: 0,
};

export function receipt(...decisions: readonly ReceiptDecision[]) {
  return whole({ runId: '20261118T060000Z-00000000', startedAtMs: daysAgo(0.5), decisions, incomplete: [] });
}

export function bindings(
  ...some: readonly (readonly [role: string, ...members: string[]])[]
): Read<readonly Binding[]> {
  return whole(some.map(([role, ...members]) => ({ role, members, conditional: false })));
}

export function secretPlace(place: string, more: Partial<ScannedPlace> = {}): ScannedPlace {
  return {
    resource: notebook.resource,
    place,
    secrets: [
      { rule: 'huggingface-access-token', title: 'Hugging Face token', length: 37, digest: '0123abcd' },
    ],
    refers: false,
    ...more,
  };
}

/** The plan as it should be: no rule fails on it. */
export const planned = bindings(
  ['roles/aiplatform.user', 'group:scientists@example.com', `serviceAccount:${PIPELINE}`],
  ['roles/aiplatform.admin', 'group:engineers@example.com'],
  ['roles/storage.objectAdmin', `serviceAccount:${PIPELINE}`],
  ['roles/viewer', 'group:finance@example.com'],
  ['roles/editor', `serviceAccount:${NUMBER}@cloudservices.gserviceaccount.com`],
  [
    'roles/aiplatform.serviceAgent',
    `serviceAccount:service-${NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com`,
  ],
);

/** A project that makes none of the eight mistakes. */
export const clean: AuditFacts = {
  project: whole(project),
  above: whole(['folders/500100', 'organizations/900100']),
  neighbours: whole([staging]),
  billing: whole({ account: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C', budgets: [budget], unread: [] }),
  preflight: whole([
    { id: 'host-runtime', subject: 'projects/ml-ops', status: 'pass', detail: 'fine', remedy: [] },
  ]),
  policy: planned,
  inherited: whole([]),
  accounts: whole([account(SERVING), account(PIPELINE)]),
  keyUse: whole(new Map([[key.id, 480]])),
  tpus: whole({ nodes: [], workers: [] }),
  machines: whole([notebook, vm]),
  projectMetadata: whole({ places: [], scriptUrls: [] }),
  notebookGaps: [],
  managedNotebooks: whole([]),
  use: whole(
    new Map([
      ['1001', busy],
      ['1002', busy],
    ]),
  ),
  endpoints: whole([endpoint]),
  models: whole([model]),
  jobs: whole([]),
  workloads: whole([workload]),
  scripts: whole([]),
  digestsLast: true,
  buckets: whole([bucket]),
  stopper: receipt(decision),
  enforcer: receipt(decision),
  egress: receipt(),
};
