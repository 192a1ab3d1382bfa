import { beforeAll, describe, expect, it } from 'vitest';
import { auditRequests } from '../../../functions/guardrail-audit/function.ts';
import type { AuditReport } from '../../../functions/guardrail-audit/report/report.ts';
import { RULES } from '../../../functions/guardrail-audit/rules/rules.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { handleRequest } from '../../../shared/run/handle-request.ts';
import { startInstance, withHttpFunction } from '../../support/in-process.ts';
import { OPERATIONS } from '../../support/lab.ts';
import {
  auditScenario,
  CLEAN,
  CLEAN_PROJECT,
  leaveReceipts,
  ORGANIZATION,
  POLICY,
  TRIALS,
  withAudit,
  type AuditLab,
} from '../../support/guardrail-lab.ts';

const FOLDER = 'folders/500100';
const POLICY_HERE = POLICY.replace(/^scope: .*$/m, `scope: [projects/${CLEAN}, ${FOLDER}]`);
const MEMBER = `guardrail-audit@${OPERATIONS}.iam.gserviceaccount.com`;

/** The clean project with something of every kind that the audit reads, below a folder. */
const SCENARIO = auditScenario({
  folders: [{ id: '500100', displayName: 'ml', parent: ORGANIZATION }],
  projects: [
    { id: OPERATIONS, number: '100000000001', parent: ORGANIZATION },
    {
      ...CLEAN_PROJECT,
      parent: FOLDER,
      notebooks: [
        {
          ...{ id: 'eda', zone: 'us-central1-a', machineType: 'n1-standard-4', load: { cpu: 0.6 } },
          ...{ created: '-60d', lastStart: '-1d' },
        },
      ],
      resources: [
        {
          service: 'tpu',
          path: 'locations/us-central1-b/nodes/busy',
          body: { state: 'READY', acceleratorType: 'v5litepod-4' },
        },
        {
          service: 'aiplatform',
          path: 'locations/us-central1/pipelineJobs/12',
          body: { state: 'PIPELINE_STATE_SUCCEEDED', createTime: '2026-11-17T03:00:00Z', pipelineSpec: {} },
        },
      ],
      tpuDutyCycles: { 'us-central1-b': [80] },
    },
    { id: TRIALS, number: '100000000005', labels: { env: 'test' }, parent: FOLDER },
  ],
});

const [DEPLOYED] = (await readFunctions()).filter(({ name }) => name === 'guardrail-audit');

const BUDGETS = ['budget-missing', 'budget-thresholds', 'budget-topic', 'budget-credits', 'switch-preflight'];
const GRANTS = ['basic-role', 'account-admin', 'impersonation', 'role-beyond-set'];
const JOBS = ['secret-in-job', 'account-shared'];
const KEYS = ['account-key', 'account-key-old', 'account-key-unused'];
const MACHINES = [
  ...['notebook-day-and-night', 'gpu-oversized', 'secret-in-metadata', 'secret-in-script'],
  ...['default-account', 'account-shared'],
];
const METRICS = [
  'notebook-day-and-night',
  'gpu-oversized',
  'endpoint-idle',
  'tpu-idle',
  'account-key-unused',
];
const PROJECT = [
  ...[...BUDGETS, ...GRANTS],
  ...['environment-missing', 'staging-missing', 'deployed-untried', 'account-shared'],
];
const RECEIPTS = ['notebook-idle-shutdown', 'lifecycle-missing', 'lifecycle-ineffective', 'egress-finding'];
const VERTEX = [
  ...['endpoint-idle', 'model-registry', 'secret-in-job', 'environment-missing', 'deployed-untried'],
  'account-shared',
];
const WORKLOADS = ['secret-in-environment', 'default-account'];

/** What cannot be evaluated without each permission. */
const DENIED: Readonly<Record<string, readonly string[]>> = {
  'aiplatform.customJobs.list': JOBS,
  'aiplatform.endpoints.list': ['endpoint-idle', 'environment-missing', 'deployed-untried', 'account-shared'],
  'aiplatform.hyperparameterTuningJobs.list': JOBS,
  'aiplatform.locations.list': VERTEX,
  'aiplatform.models.list': ['model-registry', 'deployed-untried'],
  'aiplatform.pipelineJobs.get': JOBS,
  'aiplatform.pipelineJobs.list': JOBS,
  // Only whether there are more budgets, of an account above its own: the one that is there covers the project and passes.
  'billing.accounts.get': [],
  'billing.budgets.list': BUDGETS,
  'cloudfunctions.functions.list': WORKLOADS,
  'compute.instances.list': MACHINES,
  'compute.projects.get': ['secret-in-metadata', 'secret-in-script'],
  'iam.serviceAccountKeys.list': KEYS,
  'iam.serviceAccounts.list': KEYS,
  'monitoring.timeSeries.list': METRICS,
  'notebooks.instances.list': MACHINES,
  'notebooks.locations.list': MACHINES,
  'notebooks.runtimes.list': ['notebook-managed'],
  // A search for folders shows those that the caller may see, and does not say that there are more.
  'resourcemanager.folders.get': [],
  'resourcemanager.folders.getIamPolicy': GRANTS,
  'resourcemanager.organizations.getIamPolicy': GRANTS,
  'resourcemanager.projects.get': PROJECT,
  'resourcemanager.projects.getIamPolicy': [...GRANTS, 'account-shared'],
  'run.jobs.list': WORKLOADS,
  'run.services.list': WORKLOADS,
  'storage.buckets.getIamPolicy': ['public-bucket'],
  'storage.buckets.list': ['image-registry', 'public-bucket'],
  'storage.objects.get': RECEIPTS,
  'storage.objects.list': RECEIPTS,
  'tpu.locations.list': ['tpu-idle'],
  'tpu.nodes.list': ['tpu-idle'],
};

/** What cannot be evaluated while an API is switched off, by the name of its service. */
const SWITCHED_OFF: Readonly<Record<string, readonly string[]>> = {
  aiplatform: VERTEX,
  billingbudgets: BUDGETS,
  cloudbilling: BUDGETS,
  cloudfunctions: WORKLOADS,
  cloudresourcemanager: PROJECT,
  compute: MACHINES,
  iam: KEYS,
  monitoring: METRICS,
  // All VMs are seen; which of them are notebooks is not.
  notebooks: ['notebook-day-and-night', 'notebook-managed', 'account-shared'],
  run: WORKLOADS,
  storage: [...RECEIPTS, 'image-registry', 'public-bucket'],
  tpu: ['tpu-idle'],
};

const rulesOf = ({ mistakes }: AuditReport) => mistakes.flatMap(({ rules }) => rules);
const unknownIn = (report: AuditReport) =>
  rulesOf(report)
    .filter(({ status }) => status === 'not-evaluable')
    .map(({ rule }) => rule);

/** Audits with the account lacking one permission, everywhere. */
async function auditWithout({ sandbox, get }: AuditLab, permission: string): Promise<string> {
  const { iam, faults } = sandbox;
  const held = iam.bindings.filter(({ member }) => member === MEMBER);
  const bindAll = (lacking?: string): void => {
    iam.unbind(({ member }) => member === MEMBER);
    for (const { permissions, ...binding } of held)
      iam.bind({
        ...binding,
        permissions: permissions === 'all' ? permissions : permissions.filter((one) => one !== lacking),
      });
  };
  bindAll(permission);
  // Locations are listed where the wildcard is not understood.
  if (/^(?:notebooks|tpu)\.locations/.test(permission))
    for (const route of ['notebooks*instances.list', 'tpu*nodes.list'])
      faults.add({ route, pathIncludes: '/locations/-/', fault: { kind: 'status', status: 400 } });
  const { text } = await get(`project=${CLEAN}`);
  faults.clear();
  bindAll();
  return text;
}

/** Audits while an API answers as Google does where it is not enabled. Receipts are still stored. */
async function auditWhileOff({ sandbox, get }: AuditLab, service: string): Promise<string> {
  const routes = service === 'storage' ? ['storage.buckets.*', 'storage.objects.list'] : [`${service}.*`];
  for (const route of routes)
    sandbox.faults.add({ route, fault: { kind: 'status', status: 403, reason: 'SERVICE_DISABLED' } });
  const { text } = await get(`project=${CLEAN}`);
  sandbox.faults.clear();
  return text;
}

describe('an audit of which something cannot be read', () => {
  const answers = new Map<string, string>();
  const reportWhere = (what: string): AuditReport => {
    const report = JSON.parse(answers.get(what) ?? '') as AuditReport;
    expect(report).toHaveProperty('findings', []);
    return report;
  };

  beforeAll(() =>
    withAudit(
      async (lab) => {
        await leaveReceipts(lab, CLEAN, {});
        answers.set('whole', (await lab.get(`project=${CLEAN}`)).text);
        for (const permission of Object.keys(DENIED))
          answers.set(permission, await auditWithout(lab, permission));
        for (const service of Object.keys(SWITCHED_OFF))
          answers.set(service, await auditWhileOff(lab, service));
      },
      SCENARIO,
      POLICY_HERE,
    ),
  );

  it('passes all where everything can be read', () => {
    expect(rulesOf(reportWhere('whole')).filter(({ status }) => status !== 'pass')).toEqual([]);
  });

  it('is looked at for every permission of the role, and every API', () => {
    const roles = [DEPLOYED?.role, DEPLOYED?.billingRole, DEPLOYED?.stateRoles.read.role];
    const granted = roles.flatMap((one) => one?.permissions ?? []);
    expect([...new Set(granted)].sort()).toEqual(Object.keys(DENIED).sort());
    expect(DEPLOYED?.settings.apis.map((api) => api.replace('.googleapis.com', ''))).toEqual(
      Object.keys(SWITCHED_OFF),
    );
  });

  it.each(Object.entries(DENIED))(
    'makes the rules that need %s not evaluable, and no others',
    (what, rules) => {
      expect(unknownIn(reportWhere(what)).sort()).toEqual([...rules].sort());
    },
  );

  it.each(Object.entries(SWITCHED_OFF))(
    'takes nothing for absent because %s is switched off',
    (what, rules) => {
      const report = reportWhere(what);
      expect(unknownIn(report).sort()).toEqual([...rules].sort());
      const unknown = rulesOf(report).filter(({ status }) => status === 'not-evaluable');
      for (const { rule, gaps } of unknown)
        expect(gaps.join(), rule).toMatch(/could not be (?:read|listed)|HTTP 403/);
    },
  );
});

describe('an audit under 429', () => {
  const audit = (test: (lab: AuditLab, routes: readonly string[]) => Promise<void>) => () =>
    withAudit(
      async (lab) => {
        await leaveReceipts(lab, CLEAN, {});
        await lab.get(`project=${CLEAN}`);
        const { callLog } = lab.sandbox;
        const own = callLog.calls().filter(({ principal }) => principal === MEMBER);
        // Its receipt and its key are stored all the same.
        const routes = [...new Set(own.map(({ id }) => id))].filter((id) => id !== 'storage.objects.insert');
        expect(routes.length).toBeGreaterThan(20);
        await test(lab, routes);
      },
      SCENARIO,
      POLICY_HERE,
    );

  it(
    'tries each call again, and passes all',
    audit(async ({ sandbox, get }, routes) => {
      for (const route of routes)
        sandbox.faults.add({ route, fault: { kind: 'status', status: 429 }, count: 1 });
      const report = JSON.parse((await get(`project=${CLEAN}`)).text) as AuditReport;
      expect(rulesOf(report).filter(({ status }) => status !== 'pass')).toEqual([]);
    }),
  );

  it(
    'that does not end passes nothing, says why, and is over within its time',
    audit(async ({ sandbox }, routes) => {
      for (const route of routes) sandbox.faults.add({ route, fault: { kind: 'status', status: 429 } });
      const startedMs = sandbox.clock.now();
      const options = { name: 'guardrail-audit', policy: POLICY_HERE, pauses: 'sandbox' } as const;
      const { runtime } = startInstance(sandbox, options);
      await withHttpFunction(
        (request, response) => handleRequest(runtime, request, response, auditRequests),
        async (url) => {
          const report = (await (await fetch(`${url}/?project=${CLEAN}`)).json()) as AuditReport;
          expect(unknownIn(report)).toEqual(Object.keys(RULES));
          for (const { rule, gaps } of rulesOf(report)) expect(gaps.join(), rule).toContain('HTTP 429');
          expect(report.score).toMatchObject({ evaluableWeight: 0 });
          expect(report.score.grade).toBeUndefined();
        },
      );
      expect(sandbox.clock.now() - startedMs).toBeGreaterThan(1_000);
      expect(sandbox.clock.now() - startedMs).toBeLessThan(480_000);
    }),
  );
});
