import type { AuditConfig } from '../../functions/guardrail-audit/config.ts';
import type { AuditFacts, MachineFacts, TpuFacts, TpuWorker } from '../../functions/guardrail-audit/facts.ts';
import { tickRemedy } from '../../functions/guardrail-audit/gather/receipts.ts';
import { whole } from '../../functions/guardrail-audit/reading.ts';
import type { RuleId } from '../../functions/guardrail-audit/rules/rules.ts';
import {
  account,
  bindings,
  bucket,
  budget,
  busy,
  daysAgo,
  decision,
  DEFAULT_COMPUTE,
  endpoint,
  key,
  model,
  notebook,
  NUMBER,
  PIPELINE,
  PROJECT,
  project,
  receipt,
  secretPlace,
  SERVING,
  staging,
  tpu,
  vm,
  worker,
  workload,
} from './guardrail-facts.ts';

export interface Case {
  readonly title: string;
  /** What differs from the clean project. */
  readonly facts: Partial<AuditFacts>;
  readonly fails: readonly RuleId[];
  readonly unknown?: readonly RuleId[];
  /** Lower bounds of the money at stake, in whole USD a month. */
  readonly usd?: readonly (number | 'unpriced')[];
  readonly config?: Partial<AuditConfig>;
}

function one(title: string, facts: Partial<AuditFacts>, ...fails: readonly RuleId[]): Case {
  return { title, facts, fails };
}

const unread = { why: 'permission denied' };
const account2 = (role: string, member: string) =>
  bindings(['roles/aiplatform.user', 'group:scientists@example.com'], [role, member]);
const inherited = (from: string, role: string, member: string) =>
  whole([{ role, members: [member], conditional: false, from }]);
const withBudgets = (...budgets: readonly (typeof budget)[]): Pick<AuditFacts, 'billing'> => ({
  billing: whole({ account: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C', budgets, unread: [] }),
});
const withBudget = (more: Partial<typeof budget>): Pick<AuditFacts, 'billing'> =>
  withBudgets({ ...budget, ...more });
const machine = (more: Partial<MachineFacts>): Partial<AuditFacts> => ({
  machines: whole([{ ...notebook, ...more }]),
});
const used = (more: Partial<typeof busy>): Pick<AuditFacts, 'use'> => ({
  use: whole(
    new Map([
      ['1001', { ...busy, ...more }],
      ['1002', { ...busy, ...more }],
    ]),
  ),
});
/** The filter of a budget for folders or organizations. */
const belowFolders = (...ancestors: readonly string[]): Partial<typeof budget> => ({
  ...{ projects: [], ancestors, narrowed: ['resourceAncestors'] },
});
/** What is judged of a budget that covers the project: without one none of them is passed. */
const BUDGET_RULES = ['budget-thresholds', 'budget-topic', 'budget-credits'] as const;

const ALERTS: readonly Case[] = [
  {
    ...one('a billing account without budgets', withBudgets(), 'budget-missing'),
    unknown: BUDGET_RULES,
  },
  {
    ...one('a budget for another project', withBudget({ projects: ['projects/1'] }), 'budget-missing'),
    unknown: BUDGET_RULES,
  },
  one('a budget that names the project by its id', withBudget({ projects: [`projects/${PROJECT}`] })),
  one('a budget for the whole billing account', withBudget({ projects: [] })),
  {
    ...one('a budget for another folder', withBudget(belowFolders('folders/500101')), 'budget-missing'),
    unknown: BUDGET_RULES,
  },
  one('a budget for the folder of the project', withBudget(belowFolders('folders/9', 'folders/500100'))),
  one('a budget for its organization', withBudget(belowFolders('organizations/900100'))),
  {
    ...one('a budget for a folder of what may be above the project', {
      ...withBudget(belowFolders('folders/500100')),
      above: unread,
    }),
    unknown: ['budget-missing', ...BUDGET_RULES],
  },
  {
    ...one('a budget for its folder and another project', {
      ...withBudget({ ...belowFolders('folders/500100'), projects: ['projects/1'] }),
    }),
    unknown: ['budget-missing', ...BUDGET_RULES],
  },
  one('a budget that names the project and its folder', {
    ...withBudget({ ...belowFolders('folders/500100'), projects: [`projects/${NUMBER}`] }),
  }),
  one(
    'a budget for its folder without a topic',
    withBudget({ ...belowFolders('folders/500100'), topic: undefined }),
    'budget-topic',
  ),
  {
    ...one('a budget without a topic beside one that may cover the project', {
      ...withBudgets({ ...budget, topic: undefined }, { ...budget, ...belowFolders('folders/500100') }),
      above: unread,
    }),
    unknown: ['budget-topic'],
  },
  one('a project without billing costs nothing', { billing: whole(undefined) }),
  one(
    'thresholds at 50 and 100 %',
    withBudget({ thresholds: [0.5, 1].map((share) => ({ share, basis: 'current' })) }),
    'budget-thresholds',
  ),
  one(
    'thresholds of the forecast alone',
    withBudget({ thresholds: [0.5, 0.8, 1].map((share) => ({ share, basis: 'forecast' })) }),
    'budget-thresholds',
  ),
  one(
    'thresholds with rounding errors',
    withBudget({ thresholds: [0.5, 0.8000000001, 1].map((share) => ({ share, basis: 'current' })) }),
  ),
  one(
    'a second budget of finance beside the one that is right',
    withBudgets({ ...budget, name: 'billingAccounts/A/budgets/b', topic: undefined, thresholds: [] }, budget),
  ),
  one('a budget without a topic', withBudget({ topic: undefined }), 'budget-topic'),
  one('a budget with another topic', withBudget({ topic: 'projects/ml-ops/topics/other' }), 'budget-topic'),
  {
    ...one('any topic where the policy arms no switch', withBudget({ topic: 'projects/a/topics/b' })),
    config: { switchTopic: undefined },
  },
  one('credits that hide what is spent', withBudget({ credits: 'include-all' }), 'budget-credits'),
  one(
    'a switch that is not ready',
    {
      preflight: whole([
        {
          id: 'target-role',
          subject: 'projects/x',
          status: 'fail',
          detail: 'it lacks compute.instances.stop',
          remedy: ['gcloud projects describe ml-ops'],
        },
      ]),
    },
    'switch-preflight',
  ),
  {
    ...one('a check of the preflight that could not run', {
      preflight: whole([
        { id: 'host-role', subject: 'projects/x', status: 'unknown', detail: 'you may not look', remedy: [] },
      ]),
    }),
    unknown: ['switch-preflight'],
  },
  one('a warning of the preflight', {
    preflight: whole([{ id: 'budget-scope', subject: 'b', status: 'warn', detail: 'narrowed', remedy: [] }]),
  }),
  {
    ...one('budgets that may not be read', { billing: unread }),
    unknown: ['budget-missing', ...BUDGET_RULES],
  },
];

const NOTEBOOKS: readonly Case[] = [
  {
    ...one(
      'a notebook that ran day and night and worked for an hour a day',
      used({ runningHours: 720, busyHours: 30 }),
      'notebook-day-and-night',
    ),
    usd: [133],
  },
  one('a notebook that works half of the time', used({ runningHours: 720, busyHours: 360 })),
  one('a quarter of the hours busy is enough', used({ runningHours: 400, busyHours: 100 })),
  one('a notebook that ran for an evening', used({ runningHours: 23, busyHours: 0 })),
  one('a notebook with the keep label', {
    ...machine({ labels: { 'costguard-keep': 'true' } }),
    ...used({ runningHours: 720, busyHours: 0 }),
  }),
  one('an idle notebook that costs cents', {
    ...machine({ usdPerHour: 0.001 }),
    ...used({ runningHours: 720, busyHours: 0 }),
  }),
  {
    ...one(
      'an idle notebook without a price is still found',
      { ...machine({ usdPerHour: 'unpriced' }), ...used({ runningHours: 720, busyHours: 0 }) },
      'notebook-day-and-night',
    ),
    usd: ['unpriced'],
  },
  {
    ...one('a running notebook without data points', { ...machine({}), use: whole(new Map()) }),
    unknown: ['notebook-day-and-night'],
  },
  one('a stopped notebook without data points', { ...machine({ running: false }), use: whole(new Map()) }),
  {
    ...one('VMs of which nothing says whether they are notebooks', {
      ...machine({ kind: 'vm' }),
      notebookGaps: ['the Notebooks API is switched off'],
    }),
    unknown: ['notebook-day-and-night', 'account-shared'],
  },
  one(
    'an idle shutdown that cannot fire',
    {
      stopper: receipt({
        ...decision,
        resource: notebook.resource,
        action: 'report',
        reason: 'idle-shutdown-cannot-fire',
        evidence: { why: 'guest attributes are off' },
      }),
    },
    'notebook-idle-shutdown',
  ),
  {
    ...one('no receipt of the stopper', {
      stopper: { why: 'there is none', remedy: tickRemedy('idle-notebook-stopper', 'ml-ops') },
    }),
    unknown: ['notebook-idle-shutdown'],
  },
  one(
    'a managed notebook of v1',
    {
      managedNotebooks: whole([
        {
          resource: `projects/${PROJECT}/locations/us-central1/runtimes/old`,
          state: 'STOPPED',
          createdMs: undefined,
        },
      ]),
    },
    'notebook-managed',
  ),
];

const MACHINES: readonly Case[] = [
  {
    ...one(
      'four A100 at a tenth of their memory',
      { ...used({ gpuPeak: 0.2, gpuMemoryPeak: 0.1, cpuPeak: 0.1 }), machines: whole([vm]) },
      'gpu-oversized',
    ),
  },
  one('GPUs that compute little and are full', {
    ...used({ gpuPeak: 0.2, gpuMemoryPeak: 0.9 }),
    machines: whole([vm]),
  }),
  one('GPUs that were full of work for an hour', {
    ...used({ gpuPeak: 0.99, gpuMemoryPeak: 0.1 }),
    machines: whole([vm]),
  }),
  {
    ...one('a GPU that no agent reports on', {
      ...used({ gpuPeak: undefined, gpuMemoryPeak: undefined }),
      machines: whole([vm]),
    }),
    unknown: ['gpu-oversized'],
  },
  one('a stopped GPU machine that did not run', {
    machines: whole([{ ...vm, running: false }]),
    use: whole(new Map()),
  }),
  {
    ...one(
      'an endpoint that nothing calls',
      { endpoints: whole([{ ...endpoint, predictions: new Map() }]) },
      'endpoint-idle',
    ),
    usd: [1200],
  },
  one(
    'one of two deployed models without calls',
    {
      endpoints: whole([
        {
          ...endpoint,
          models: [
            ...endpoint.models,
            {
              ...endpoint.models[0],
              id: '78',
              displayName: 'next',
              model: 'm',
              machineType: 'n1-standard-4',
              minReplicas: 1,
              serviceAccount: SERVING,
              usdPerMonth: { low: 100, high: 100 },
            },
          ],
        },
      ]),
    },
    'endpoint-idle',
  ),
  one('an empty endpoint costs nothing', {
    endpoints: whole([{ ...endpoint, models: [], predictions: new Map() }]),
  }),
  {
    ...one('an endpoint whose calls are unknown', {
      endpoints: whole([{ ...endpoint, predictions: undefined }]),
    }),
    unknown: ['endpoint-idle'],
  },
];

const withTpus = (nodes: readonly TpuFacts[], workers: readonly TpuWorker[]): Partial<AuditFacts> => ({
  tpus: whole({ nodes, workers }),
});
const TPUS: readonly Case[] = [
  {
    ...one('a TPU whose workers computed nothing for a week', withTpus([tpu], [worker]), 'tpu-idle'),
    usd: [3504],
  },
  one('a TPU that worked for an hour', withTpus([tpu], [{ ...worker, peakPercent: 5 }])),
  one('a slice of which one worker works', withTpus([tpu], [worker, { ...worker, peakPercent: 90 }])),
  one(
    'an idle TPU with the keep label',
    withTpus([{ ...tpu, labels: { 'costguard-keep': 'true' } }], [worker]),
  ),
  {
    ...one('a TPU of which Monitoring knows nothing', withTpus([tpu], [])),
    unknown: ['tpu-idle'],
  },
  {
    ...one('two TPUs of which one works, and nothing says which', {
      ...withTpus([tpu, { ...tpu, resource: `${tpu.resource}-2` }], [worker, { ...worker, peakPercent: 80 }]),
    }),
    unknown: ['tpu-idle'],
  },
  {
    ...one(
      'two TPUs of which one reports',
      withTpus([tpu, { ...tpu, resource: `${tpu.resource}-2` }], [worker]),
    ),
    unknown: ['tpu-idle'],
  },
  {
    ...one(
      'an idle slice whose workers may not all report',
      withTpus([{ ...tpu, oneHost: false }], [worker]),
    ),
    unknown: ['tpu-idle'],
  },
  {
    ...one('a TPU that is up since this morning', withTpus([tpu], [{ ...worker, hours: 23 }])),
    unknown: ['tpu-idle'],
  },
  one('a TPU in another zone than the idle worker of one that is gone', withTpus([], [worker])),
  { ...one('TPUs that may not be listed', { tpus: unread }), unknown: ['tpu-idle'] },
];

const DATA: readonly Case[] = [
  {
    ...one(
      'a bucket that the enforcer would change',
      { enforcer: receipt({ ...decision, action: 'patch', reason: 'no-rules', usdPerHour: 0.1 }) },
      'lifecycle-missing',
    ),
    usd: [73],
  },
  one(
    'a bucket that no policy matches',
    { enforcer: receipt({ ...decision, action: 'report', reason: 'no-policy' }) },
    'lifecycle-missing',
  ),
  one('an exempt bucket', { enforcer: receipt({ ...decision, reason: 'exempt' }) }),
  one(
    'soft delete that bills',
    {
      enforcer: receipt({
        ...decision,
        evidence: { lint: [{ code: 'soft-delete-bills', why: 'deleted objects bill for 90 days' }] },
      }),
    },
    'lifecycle-ineffective',
  ),
  one('a lint of style alone', {
    enforcer: receipt({ ...decision, evidence: { lint: [{ code: 'shadowed', why: 'x' }] } }),
  }),
  {
    ...one('no receipt of the enforcer', { enforcer: unread }),
    unknown: ['lifecycle-missing', 'lifecycle-ineffective'],
  },
  one(
    'the bucket of Container Registry',
    { buckets: whole([{ ...bucket, name: `us.artifacts.${PROJECT}.appspot.com` }]) },
    'image-registry',
  ),
  one('a bucket that is called artifacts', { buckets: whole([{ ...bucket, name: 'artifacts-of-ml' }]) }),
  one(
    'an old model that nothing serves',
    { models: whole([{ ...model, deployed: false }]) },
    'model-registry',
  ),
  one('a young model that nothing serves', {
    models: whole([{ ...model, deployed: false, createdMs: daysAgo(20) }]),
  }),
  {
    ...one(
      'an egress finding worth 50 USD',
      {
        egress: receipt({
          ...decision,
          action: 'report',
          reason: 'zone-pairs',
          usdPerHour: 50 / 730,
          evidence: { title: 'Two zones talk', command: 'gcloud projects describe ml-ops' },
        }),
      },
      'egress-finding',
    ),
    usd: [50],
  },
  one('an egress finding worth cents', {
    egress: receipt({
      ...decision,
      action: 'report',
      reason: 'zone-pairs',
      usdPerHour: 0.0001,
      evidence: { command: 'gcloud projects describe ml-ops' },
    }),
  }),
  { ...one('no receipt of the egress auditor', { egress: unread }), unknown: ['egress-finding'] },
];

const withSecret = whole({
  places: [secretPlace('project-metadata/startup-script', { resource: `projects/${PROJECT}` })],
  scriptUrls: [],
});
const CREDENTIALS: readonly Case[] = [
  one('a key that people hold', { accounts: whole([account(SERVING, [key])]) }, 'account-key'),
  one(
    'an old key',
    { accounts: whole([account(SERVING, [{ ...key, createdMs: daysAgo(91) }])]) },
    'account-key',
    'account-key-old',
  ),
  one(
    'a key without authentications',
    { accounts: whole([account(SERVING, [{ ...key, createdMs: daysAgo(31) }])]), keyUse: whole(new Map()) },
    'account-key',
    'account-key-unused',
  ),
  one(
    'a young key without authentications',
    { accounts: whole([account(SERVING, [{ ...key, createdMs: daysAgo(30) }])]), keyUse: whole(new Map()) },
    'account-key',
  ),
  {
    ...one(
      'a key whose use is unknown',
      { accounts: whole([account(SERVING, [{ ...key, createdMs: daysAgo(31) }])]), keyUse: unread },
      'account-key',
    ),
    unknown: ['account-key-unused'],
  },
  one('a disabled key without authentications', {
    accounts: whole([account(SERVING, [{ ...key, disabled: true, createdMs: daysAgo(400) }])]),
    keyUse: whole(new Map()),
  }),
  one('a disabled key (prowler counts it)', {
    accounts: whole([account(SERVING, [{ ...key, disabled: true, createdMs: daysAgo(400) }])]),
  }),
  one('an expired key', { accounts: whole([account(SERVING, [{ ...key, expiresMs: daysAgo(1) }])]) }),
  one('a key of a disabled account', { accounts: whole([account(SERVING, [key], { disabled: true })]) }),
  one('keys of an account of Google (prowler lists them)', {
    accounts: whole([account(`service-${NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com`, [key])]),
  }),
  {
    ...one('keys that may not be listed', { accounts: whole([account(SERVING, [], { keys: unread })]) }),
    unknown: ['account-key', 'account-key-old', 'account-key-unused'],
  },
  one(
    'a token in the metadata of a notebook',
    machine({ places: [secretPlace('metadata/startup-script')] }),
    'secret-in-metadata',
  ),
  one(
    'metadata that refers to Secret Manager',
    machine({ places: [secretPlace('metadata/env', { secrets: [], refers: true })] }),
  ),
  one(
    'a token in the metadata that every machine of the project sees',
    { projectMetadata: withSecret },
    'secret-in-metadata',
  ),
  {
    ...one(
      'a token in the metadata of the project, and machines that may not be read',
      { projectMetadata: withSecret, machines: unread },
      'secret-in-metadata',
    ),
    unknown: ['notebook-day-and-night', 'gpu-oversized', 'default-account', 'account-shared'],
  },
  {
    ...one('metadata of the project that may not be read', { projectMetadata: unread }),
    unknown: ['secret-in-metadata'],
  },
  {
    ...one(
      'a token in the metadata of a notebook, and that of the project may not be read',
      {
        ...machine({ places: [secretPlace('metadata/startup-script')] }),
        projectMetadata: unread,
      },
      'secret-in-metadata',
    ),
  },
  one(
    'a token in a script in a bucket',
    { scripts: whole([secretPlace('gs://lab/start.sh')]) },
    'secret-in-script',
  ),
  {
    ...one('a script that may not be read', { scripts: { value: [], gaps: ['gs://lab/start.sh: 403'] } }),
    unknown: ['secret-in-script'],
  },
  one(
    'a token in the arguments of a job',
    {
      jobs: whole([
        {
          ...workload,
          kind: 'vertex-job',
          serviceAccount: undefined,
          resource: `projects/${PROJECT}/locations/us-central1/customJobs/1`,
          places: [secretPlace('args')],
        },
      ]),
    },
    'secret-in-job',
  ),
  one(
    'a password in a service’s environment',
    {
      workloads: whole([
        { ...workload, places: [secretPlace('env/DB_PASSWORD', { resource: workload.resource })] },
      ]),
    },
    'secret-in-environment',
  ),
];

const ACCESS: readonly Case[] = [
  one('an editor', { policy: account2('roles/editor', 'user:ada@example.com') }, 'basic-role'),
  one(
    'a service account as editor is an admin too',
    { policy: account2('roles/editor', `serviceAccount:${SERVING}`) },
    'basic-role',
    'account-admin',
  ),
  one('a role with editor in its name (prowler’s false positive)', {
    policy: account2('roles/cloudbuild.builds.editor', `serviceAccount:${SERVING}`),
  }),
  one('a custom role called editor', {
    policy: account2(`projects/${PROJECT}/roles/editor`, `serviceAccount:${SERVING}`),
  }),
  one('a viewer', { policy: account2('roles/viewer', 'user:ada@example.com') }),
  one('Google’s own agent as editor', {
    policy: account2('roles/editor', `serviceAccount:${NUMBER}@cloudservices.gserviceaccount.com`),
  }),
  one('a deleted account', { policy: account2('roles/owner', `deleted:serviceAccount:${SERVING}?uid=1`) }),
  one('a disabled account with admin rights', {
    policy: account2('roles/storage.admin', `serviceAccount:${SERVING}`),
    accounts: whole([account(SERVING, [], { disabled: true })]),
  }),
  one(
    'a service account as storage admin',
    { policy: account2('roles/storage.admin', `serviceAccount:${SERVING}`) },
    'account-admin',
  ),
  one(
    'a service account with compute.instanceAdmin.v1',
    { policy: account2('roles/compute.instanceAdmin.v1', `serviceAccount:${SERVING}`) },
    'account-admin',
  ),
  one('a service account as admin of objects (CIS counts it by its name)', {
    policy: account2('roles/storage.objectAdmin', `serviceAccount:${SERVING}`),
  }),
  one('an agent called admin robot', {
    policy: account2(
      'roles/storage.admin',
      `serviceAccount:service-${NUMBER}@gcf-admin-robot.iam.gserviceaccount.com`,
    ),
  }),
  one('a person as admin of one service', {
    policy: account2('roles/aiplatform.admin', 'user:ada@example.com'),
  }),
  one(
    'actAs on the whole project',
    { policy: account2('roles/iam.serviceAccountUser', 'group:all@example.com') },
    'impersonation',
  ),
  one('the token creator of Pub/Sub’s agent', {
    policy: account2(
      'roles/iam.serviceAccountTokenCreator',
      `serviceAccount:service-${NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com`,
    ),
  }),
  one(
    'a VM as the default account',
    machine({ kind: 'vm', serviceAccount: DEFAULT_COMPUTE }),
    'default-account',
  ),
  one(
    'a node of GKE by its label',
    machine({ kind: 'vm', serviceAccount: DEFAULT_COMPUTE, labels: { 'goog-gke-node': '' } }),
  ),
  one(
    'a VM named gke-… without the label (CIS passes it)',
    machine({ kind: 'vm', name: 'gke-mine', serviceAccount: DEFAULT_COMPUTE }),
    'default-account',
  ),
  one(
    'a function as the default account',
    { workloads: whole([{ ...workload, kind: 'function', serviceAccount: DEFAULT_COMPUTE }]) },
    'default-account',
  ),
  one(
    'a public bucket',
    {
      buckets: whole([
        {
          ...bucket,
          bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'], conditional: false }],
        },
      ]),
    },
    'public-bucket',
  ),
  one(
    'a bucket for everyone with a Google account',
    {
      buckets: whole([
        {
          ...bucket,
          bindings: [
            { role: 'roles/storage.objectViewer', members: ['allAuthenticatedUsers'], conditional: false },
          ],
        },
      ]),
    },
    'public-bucket',
  ),
  one('a public binding that prevention overrules', {
    buckets: whole([
      {
        ...bucket,
        publicAccessPrevented: true,
        bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'], conditional: false }],
      },
    ]),
  }),
  {
    ...one('a bucket whose policy may not be read', { buckets: whole([{ ...bucket, bindings: undefined }]) }),
    unknown: ['public-bucket'],
  },
  one(
    'a scientist who may administrate storage',
    { policy: account2('roles/storage.admin', 'group:scientists@example.com') },
    'role-beyond-set',
  ),
  one(
    'a scientist as editor',
    { policy: account2('roles/editor', 'group:scientists@example.com') },
    'basic-role',
    'role-beyond-set',
  ),
  one('a pipeline with the right to query', {
    policy: account2('roles/bigquery.jobUser', `serviceAccount:${PIPELINE}`),
  }),
  {
    ...one('a policy that names no jobs', {}),
    config: { jobs: { 'data-scientist': [], 'ml-engineer': [], pipeline: [] } },
    unknown: ['role-beyond-set'],
  },
  one(
    'an editor of the folder above',
    { inherited: inherited('folders/20', 'roles/editor', 'user:ada@example.com') },
    'basic-role',
  ),
  one(
    'a service account as admin of the whole organization',
    { inherited: inherited('organizations/30', 'roles/storage.admin', `serviceAccount:${SERVING}`) },
    'account-admin',
  ),
  one(
    'actAs handed down by a folder',
    { inherited: inherited('folders/20', 'roles/iam.serviceAccountUser', 'group:all@example.com') },
    'impersonation',
  ),
  one(
    'a scientist who may administrate storage in the whole folder',
    { inherited: inherited('folders/20', 'roles/storage.admin', 'group:scientists@example.com') },
    'role-beyond-set',
  ),
  one('a viewer of the organization', {
    inherited: inherited('organizations/30', 'roles/viewer', 'user:ada@example.com'),
  }),
  one('Google’s own agent on the organization', {
    inherited: inherited(
      'organizations/30',
      'roles/owner',
      `serviceAccount:service-${NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com`,
    ),
  }),
  {
    ...one('a folder whose policy may not be read', { inherited: unread }),
    unknown: ['basic-role', 'account-admin', 'impersonation', 'role-beyond-set'],
  },
  {
    ...one(
      'an editor of one folder where the policy of another may not be read',
      {
        inherited: {
          ...inherited('folders/20', 'roles/editor', 'user:ada@example.com'),
          gaps: ['permission denied'],
        },
      },
      'basic-role',
    ),
    unknown: ['account-admin', 'impersonation', 'role-beyond-set'],
  },
  {
    ...one('a policy that may not be read', { policy: unread }),
    unknown: ['basic-role', 'account-admin', 'impersonation', 'role-beyond-set', 'account-shared'],
  },
];

const plain = { ...project, id: 'ml-serving', labels: {} };
const STAGING: readonly Case[] = [
  one(
    'a project that serves and says not what it is',
    { project: whole(plain), billing: withBudget({ projects: [] }).billing },
    'environment-missing',
  ),
  one('a project without endpoints need not say', {
    project: whole(plain),
    endpoints: whole([]),
    billing: withBudget({ projects: [] }).billing,
  }),
  one('production by its name', { project: whole({ ...project, labels: {} }) }),
  one(
    'production without a neighbour for trials',
    { neighbours: whole([{ ...staging, id: 'ml-data-prod', labels: {} }]) },
    'staging-missing',
  ),
  { ...one('production alone in the scope', { neighbours: whole([]) }), unknown: ['staging-missing'] },
  one('a trial project alone in the scope', {
    ...{ project: whole({ ...project, labels: { env: 'test' } }), neighbours: whole([]) },
  }),
  one(
    'staging of another team',
    {
      neighbours: whole([
        { ...staging, id: 'ml-data-test', parent: 'folders/9', labels: { env: 'test', app: 'data' } },
      ]),
    },
    'staging-missing',
  ),
  one('staging in another folder that shares the name', {
    neighbours: whole([{ ...staging, parent: 'folders/9' }]),
  }),
  one('staging in another folder that shares a label', {
    project: whole({ ...project, labels: { ...project.labels, app: 'serving' } }),
    neighbours: whole([
      { ...staging, id: 'trials-of-all', parent: 'folders/9', labels: { env: 'test', app: 'serving' } },
    ]),
  }),
  one('a neighbour that is for tests by its name', { neighbours: whole([{ ...staging, labels: {} }]) }),
  one('a model that came from nowhere', { models: whole([{ ...model, copied: false }]) }, 'deployed-untried'),
  one('a model that a pipeline promoted', {
    models: whole([{ ...model, copied: false, labels: { 'promoted-from': 'staging' } }]),
  }),
  one('an untried model in a project for tests', {
    project: whole({ ...project, labels: { env: 'test' } }),
    models: whole([{ ...model, copied: false }]),
  }),
  one('one account for endpoint and notebook', machine({ serviceAccount: SERVING }), 'account-shared'),
  one(
    'one account for endpoint and job',
    { jobs: whole([{ ...workload, kind: 'vertex-job' }]) },
    'account-shared',
  ),
  one(
    'an account of the test project in production',
    {
      policy: account2('roles/aiplatform.user', 'serviceAccount:ci@ml-serving-test.iam.gserviceaccount.com'),
    },
    'account-shared',
  ),
];

export const CASES: readonly Case[] = [
  ...ALERTS,
  ...NOTEBOOKS,
  ...MACHINES,
  ...TPUS,
  ...DATA,
  ...CREDENTIALS,
  ...ACCESS,
  ...STAGING,
];
