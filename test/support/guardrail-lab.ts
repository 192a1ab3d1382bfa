import { handleRequest } from '../../shared/run/handle-request.ts';
import { auditRequests } from '../../functions/guardrail-audit/function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { parseScenario, type Scenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { startInstance, withHttpFunction, withSandbox, type Instance } from './in-process.ts';
import { BUCKET, OPERATIONS, START } from './lab.ts';
import { chance, pem } from './secret-corpus.ts';

export const BAD = 'ml-everything';
export const CLEAN = 'ml-clean-prod';
export const TRIALS = 'ml-clean-test';
const ACCOUNT = '0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `billingAccounts/${ACCOUNT}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
export const TOPIC = `projects/${OPERATIONS}/topics/costguard-budget-kill-switch`;
const BAD_DEFAULT = '100000000003-compute@developer.gserviceaccount.com';

/** What is planted, and must stand in nothing that the audit says. */
export const SECRETS = {
  inMetadata: `hf_${chance(34, 'abcdefghijklmnopqrstuvwxyz')}`,
  inProjectMetadata: 'Gr4nite-Ott3r-33',
  inKey: pem.trimEnd(),
  inJob: `ghp_${chance(36)}`,
  inFunction: 'Tr0ub4dor&3x',
  inService: `sk-proj-${chance(74)}T3BlbkFJ${chance(74, undefined, 4)}`,
  inPipeline: `npm_${chance(36)}`,
  inScript: `glpat-${chance(20)}`,
  inSpecEnv: `dapi${chance(32, '0123456789abcdef')}`,
  inSpecDefault: `shpat_${chance(32, '0123456789abcdef', 5)}`,
  inSpecPayload: 'Mell0w-Tr4ctor-58',
} as const;

/** A pipeline as kfp compiles it. Source: test_data/compiled/ of https://github.com/kubeflow/pipelines */
const compiled = {
  components: { 'comp-train': { executorLabel: 'exec-train' } },
  deploymentSpec: {
    executors: {
      'exec-train': {
        container: {
          image: 'us-docker.pkg.dev/p/r/train',
          env: [{ name: 'DATABRICKS', value: SECRETS.inSpecEnv }],
          args: [
            '--payload',
            JSON.stringify({
              job_spec: {
                worker_pool_specs: [
                  { container_spec: { env: [{ name: 'DB_PASSWORD', value: SECRETS.inSpecPayload }] } },
                ],
              },
            }),
          ],
        },
      },
    },
  },
  pipelineInfo: { name: 'nightly' },
  root: {
    inputDefinitions: {
      parameters: { shop: { parameterType: 'STRING', defaultValue: SECRETS.inSpecDefault } },
    },
  },
  schemaVersion: '2.1.0',
  sdkVersion: 'kfp-2.7.0',
};

export type ProjectInput = ScenarioInput['projects'][number];

/** Each of the eight mistakes at least once. */
const bad: ProjectInput = {
  id: BAD,
  number: '100000000003',
  billingAccount: ACCOUNT,
  iam: [
    { role: 'roles/editor', members: ['user:ada@example.com', `serviceAccount:${BAD_DEFAULT}`] },
    { role: 'roles/iam.serviceAccountTokenCreator', members: ['group:all@example.com'] },
    { role: 'roles/storage.admin', members: ['group:scientists@example.com'] },
  ],
  serviceAccounts: [{ id: 'trainer', keys: [{ id: 'a'.repeat(40), created: '-400d' }] }],
  managedNotebooks: [{ id: 'old-runtime' }],
  resources: [
    {
      service: 'tpu',
      path: 'locations/us-central1-b/nodes/left-on',
      body: { state: 'READY', acceleratorType: 'v5litepod-4' },
    },
    {
      service: 'aiplatform',
      path: 'locations/us-central1/pipelineJobs/12',
      body: {
        displayName: 'nightly',
        state: 'PIPELINE_STATE_SUCCEEDED',
        createTime: '2026-11-17T03:00:00Z',
        runtimeConfig: { parameterValues: { registry: { token: SECRETS.inPipeline } } },
        pipelineSpec: compiled,
      },
    },
    {
      service: 'aiplatform',
      path: 'locations/us-central1/pipelineJobs/13',
      body: {
        displayName: 'nightly',
        state: 'PIPELINE_STATE_SUCCEEDED',
        createTime: '2026-11-16T03:00:00Z',
        pipelineSpec: compiled,
      },
    },
  ],
  tpuDutyCycles: { 'us-central1-b': [0.5] },
  notebooks: [
    {
      id: 'always-on',
      zone: 'us-central1-a',
      machineType: 'a2-highgpu-1g',
      created: '-60d',
      lastStart: '-40d',
      load: { gpus: 0.5, gpuMemory: 0.05 },
      metadata: {
        'startup-script': `#!/bin/bash\nexport HF_TOKEN=${SECRETS.inMetadata}\n`,
        'env-key': SECRETS.inKey.replaceAll('\n', '\\n'),
        'post-startup-script': `gs://${BAD}-config/start.sh`,
      },
    },
  ],
  commonInstanceMetadata: {
    'startup-script': `#!/bin/bash\nexport REGISTRY_PASSWORD=${SECRETS.inProjectMetadata}\n`,
    'startup-script-url': `gs://${BAD}-config/every-machine.sh`,
    'enable-oslogin': 'TRUE',
  },
  vms: [{ id: 'host', zone: 'us-central1-a', machineType: 'n1-standard-4', serviceAccount: BAD_DEFAULT }],
  run: {
    functions: [{ id: 'ingest', env: { DB_PASSWORD: SECRETS.inFunction } }],
    services: [{ id: 'chat', env: { OPENAI: SECRETS.inService } }],
  },
  vertex: {
    customJobs: [
      {
        id: '11',
        displayName: 'train',
        jobSpec: {
          workerPoolSpecs: [
            {
              machineSpec: { machineType: 'n1-standard-4' },
              containerSpec: { imageUri: 'x', args: ['--github-token', SECRETS.inJob] },
            },
          ],
        },
      },
    ],
    models: [
      { id: '55', displayName: 'ranker', created: '-300d' },
      { id: '56', displayName: 'forgotten', created: '-300d' },
    ],
    endpoints: [
      {
        id: '88',
        displayName: 'ranking',
        created: '-60d',
        deployedModels: [
          {
            id: '7808380286500077568',
            model: 'projects/100000000003/locations/us-central1/models/55',
            displayName: 'ranker',
            serviceAccount: `notebooks@${BAD}.iam.gserviceaccount.com`,
            dedicatedResources: { machineSpec: { machineType: 'n1-standard-4' }, minReplicaCount: 2 },
          },
        ],
        trafficSplit: { '7808380286500077568': 100 },
      },
    ],
  },
};

/** None of them. */
export const CLEAN_PROJECT: ProjectInput = {
  id: CLEAN,
  number: '100000000004',
  labels: { env: 'prod', owner: 'grace' },
  billingAccount: ACCOUNT,
  iam: [{ role: 'roles/aiplatform.user', members: ['group:scientists@example.com'] }],
  serviceAccounts: [
    { id: 'serving', keys: [{ id: 'c'.repeat(40), type: 'SYSTEM_MANAGED' }] },
    { id: 'retired', disabled: true, keys: [{ id: 'd'.repeat(40), created: '-900d' }] },
  ],
  run: {
    services: [
      {
        id: 'gateway',
        serviceAccount: `serving@${CLEAN}.iam.gserviceaccount.com`,
        env: { TOKEN: { secret: 'hub' } },
      },
    ],
  },
  vertex: {
    models: [{ id: '65', displayName: 'ranker', copied: true }],
    endpoints: [
      {
        id: '98',
        displayName: 'ranking',
        deployedModels: [
          {
            id: '7808380286500077569',
            model: 'projects/100000000004/locations/us-central1/models/65',
            displayName: 'ranker',
            serviceAccount: `serving@${CLEAN}.iam.gserviceaccount.com`,
            dedicatedResources: { machineSpec: { machineType: 'n1-standard-4' }, minReplicaCount: 1 },
          },
        ],
        trafficSplit: { '7808380286500077569': 100 },
        predictionsPerDay: { '7808380286500077569': 20_000 },
      },
    ],
  },
};

export const ORGANIZATION = 'organizations/900100';
const inOrganization = { parent: ORGANIZATION };

export function auditScenario(more: Partial<ScenarioInput> = {}): Scenario {
  return parseScenario({
    name: 'audit',
    clock: START,
    organization: { id: '900100', displayName: 'example.com' },
    // One on the organization would be a basic role in each of its projects.
    owners: [],
    projects: [
      { id: OPERATIONS, number: '100000000001', ...inOrganization },
      { ...bad, ...inOrganization },
      { ...CLEAN_PROJECT, ...inOrganization },
      { id: TRIALS, number: '100000000005', labels: { env: 'test' }, ...inOrganization },
    ],
    billing: {
      accounts: [{ id: ACCOUNT, displayName: 'example.com ML' }],
      budgets: [
        {
          name: BUDGET,
          displayName: 'clean, monthly',
          projects: [CLEAN],
          usd: 500,
          thresholds: [0.5, 0.8, 1, 1.2],
          creditTypesTreatment: 'EXCLUDE_ALL_CREDITS',
          topic: TOPIC,
        },
      ],
    },
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1' },
        {
          name: `${BAD}-config`,
          project: BAD,
          location: 'US-CENTRAL1',
          objects: [{ name: 'every-machine.sh', content: `export GITLAB_TOKEN=${SECRETS.inScript}\n` }],
        },
        {
          name: `${BAD}-public`,
          project: BAD,
          location: 'US-CENTRAL1',
          iam: [{ role: 'roles/storage.objectViewer', members: ['allUsers'] }],
        },
        { name: `us.artifacts.${BAD}.appspot.com`, project: BAD, location: 'US' },
        { name: `${CLEAN}-data`, project: CLEAN, location: 'US-CENTRAL1' },
      ],
    },
    ...more,
  } satisfies ScenarioInput);
}

export const POLICY = [
  `scope: [projects/${BAD}, projects/${CLEAN}, projects/${TRIALS}]`,
  `state: gs://${BUCKET}`,
  `budgets: {mode: observe, allow: [${BUDGET}]}`,
  'audit:',
  '  jobs: {dataScientists: ["group:scientists@example.com"]}',
  '',
].join('\n');

export interface AuditLab {
  readonly sandbox: Sandbox;
  readonly instance: Instance;
  readonly get: (
    query: string,
  ) => Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>;
}

export function withAudit(
  test: (lab: AuditLab) => Promise<void>,
  scenario = auditScenario(),
  policy = POLICY,
): Promise<void> {
  return withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const instance = startInstance(sandbox, { name: 'guardrail-audit', policy });
    // Above the scope, where an administrator grants it.
    sandbox.iam.bind({
      member: `guardrail-audit@${OPERATIONS}.iam.gserviceaccount.com`,
      role: `${ORGANIZATION}/roles/policyReader`,
      permissions: ['resourcemanager.organizations.getIamPolicy'],
      on: ORGANIZATION,
    });
    await withHttpFunction(
      (request, response) => handleRequest(instance.runtime, request, response, auditRequests),
      async (url) => {
        await test({
          sandbox,
          instance,
          get: async (query) => {
            const answer = await fetch(`${url}/?${query}`);
            return { status: answer.status, text: await answer.text(), headers: answer.headers };
          },
        });
      },
    );
  });
}

/** Receipts as the other functions leave them, about a project. */
export async function leaveReceipts(
  { sandbox }: AuditLab,
  project: string,
  decisions: Readonly<Record<string, readonly object[]>>,
): Promise<void> {
  for (const name of ['idle-notebook-stopper', 'lifecycle-enforcer', 'egress-auditor']) {
    const runId = '20261118T060000Z-0000000' + String(project.length % 10);
    const object = `receipts/${name}/2026/11/18/${runId}.json`;
    const receipt = {
      runId,
      startedAt: '2026-11-18T06:00:00Z',
      decisions: decisions[name] ?? [],
      incomplete: [],
      failures: [],
    };
    await storeObject({ sandbox }, object, JSON.stringify(receipt), project);
  }
}

/** Writes an object of the state bucket, about a project, whatever it was before. */
export async function storeObject(
  { sandbox }: Pick<AuditLab, 'sandbox'>,
  object: string,
  text: string,
  project: string,
): Promise<void> {
  const owner = 'owner@example.com';
  sandbox.iam.bind({ member: owner, role: 'roles/owner', permissions: 'all', on: `buckets/${BUCKET}` });
  const boundary = 'part';
  const part = (json: string) => `--${boundary}\r\nContent-Type: application/json\r\n\r\n${json}\r\n`;
  const metadata = { contentType: 'application/json', metadata: { projects: project } };
  const answer = await fetch(
    `https://storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o?uploadType=multipart&name=${encodeURIComponent(object)}`,
    {
      method: 'POST',
      headers: {
        authorization: `Bearer ${sandbox.issueToken(owner)}`,
        'content-type': `multipart/related; boundary=${boundary}`,
      },
      body: `${part(JSON.stringify(metadata))}${part(text)}--${boundary}--\r\n`,
    },
  );
  if (!answer.ok) throw new Error(`Cannot store ${object}: ${await answer.text()}`);
}
