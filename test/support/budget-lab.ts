import { guardBudget } from '../../functions/budget-kill-switch/function.ts';
import { restoreFunction } from '../../functions/budget-restore/function.ts';
import { handleEvent } from '../../shared/run/handle-event.ts';
import { handleRequest } from '../../shared/run/handle-request.ts';
import type { Manifest } from '../../shared/state/manifest.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { parseScenario, type Scenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { presentOf, type VertexEndpoint } from '../sandbox/services/vertex/state.ts';
import { askGoogle } from './ask-google.ts';
import { eventOf, startInstance, withHttpFunction, withSandbox, type Instance } from './in-process.ts';
import { BUCKET, OPERATIONS, RECEIPTS_TOPIC } from './lab.ts';

export const SWITCH = 'budget-kill-switch';
export const RESTORE = 'budget-restore';
export const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
export const BUDGET = `${ACCOUNT}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
export const ALERTS = `projects/${OPERATIONS}/topics/budget-alerts`;
export const RUNAWAY = 'ml-runaway';
export const RUNAWAY_NUMBER = '100000000002';

/** First day of the budget's period in which the lab's clock starts. */
export const PERIOD = '2026-11-01';
const PERIOD_START = '2026-11-01T07:00:00Z';
const CLOCK = '2026-11-18T21:40:00Z';

type ProjectInput = ScenarioInput['projects'][number];
type BillingInput = NonNullable<ScenarioInput['billing']>;
type BudgetInput = NonNullable<BillingInput['budgets']>[number];

const REGION = 'us-central1';
const ZONE = `${REGION}-a`;
const MODELS = `projects/${RUNAWAY_NUMBER}/locations/${REGION}/models`;

export const MODEL_ACCOUNT = `ranking@${RUNAWAY}.iam.gserviceaccount.com`;

/** Ids of deployed models as Vertex AI generates them; no request may name one of its own with more than ten digits. */
export const RANKER = '7808380286500077568';
export const RANKER_NEXT = '4571292886410264576';

/** A project with one or two of everything that a rung deals with. */
export const RUNAWAY_PROJECT: ProjectInput = {
  id: RUNAWAY,
  number: RUNAWAY_NUMBER,
  notebooks: [
    { id: 'nb-1', zone: ZONE, machineType: 'n1-standard-4' },
    { id: 'nb-kept', zone: ZONE, machineType: 'n1-standard-4', labels: { 'costguard-keep': 'true' } },
    { id: 'nb-off', zone: ZONE, machineType: 'n1-standard-4', state: 'STOPPED' },
  ],
  vms: [
    { id: 'vm-1', zone: ZONE, machineType: 'n1-standard-8', created: '-9d' },
    {
      id: 'vm-ssd-spot',
      zone: `${REGION}-b`,
      machineType: 'n1-standard-8',
      scheduling: { provisioningModel: 'SPOT' },
      disks: [
        { boot: true, sizeGb: 100 },
        { type: 'local-ssd', sizeGb: 375 },
        { type: 'local-ssd', sizeGb: 375 },
      ],
    },
    { id: 'vm-kept', zone: ZONE, machineType: 'n1-standard-8', labels: { 'costguard-keep': '2026-12-31' } },
    { id: 'vm-off', zone: ZONE, machineType: 'n1-standard-8', vmStatus: 'TERMINATED' },
    {
      id: 'group-x7k2',
      zone: ZONE,
      machineType: 'g2-standard-8',
      metadata: {
        'created-by': `projects/${RUNAWAY_NUMBER}/zones/${ZONE}/instanceGroupManagers/group`,
      },
    },
    {
      id: 'gke-pool-q9zt',
      zone: ZONE,
      machineType: 'n1-standard-16',
      labels: { 'goog-gke-node': '' },
      metadata: {
        'created-by': `projects/${RUNAWAY_NUMBER}/zones/${ZONE}/instanceGroupManagers/gke-pool`,
      },
    },
  ],
  vertex: {
    customJobs: [
      { id: '41', displayName: 'pretrain', jobSpec: jobSpec() },
      { id: '42', displayName: 'done before', jobSpec: jobSpec(), state: 'JOB_STATE_SUCCEEDED' },
    ],
    hyperparameterTuningJobs: [{ id: '51', displayName: 'sweep', trialJobSpec: jobSpec() }],
    tuningJobs: [{ id: '61', tunedModelDisplayName: 'tuned', baseModel: 'gemini-2.0-flash-001' }],
    endpoints: [
      {
        id: '71',
        displayName: 'ranking',
        deployedModels: [
          {
            id: RANKER,
            model: `${MODELS}/5501`,
            displayName: 'ranker',
            serviceAccount: MODEL_ACCOUNT,
            dedicatedResources: {
              machineSpec: {
                machineType: 'g2-standard-8',
                acceleratorType: 'NVIDIA_L4',
                acceleratorCount: 1,
              },
              minReplicaCount: 2,
              maxReplicaCount: 6,
              autoscalingMetricSpecs: [
                { metricName: 'aiplatform.googleapis.com/prediction/online/cpu/utilization', target: 70 },
              ],
            },
            enableAccessLogging: true,
          },
          {
            id: RANKER_NEXT,
            model: `${MODELS}/5502@3`,
            displayName: 'ranker-next',
            dedicatedResources: {
              machineSpec: { machineType: 'n1-standard-4' },
              minReplicaCount: 1,
              maxReplicaCount: 2,
            },
            disableContainerLogging: true,
          },
        ],
        trafficSplit: { [RANKER]: 80, [RANKER_NEXT]: 20 },
      },
      { id: '72', displayName: 'empty', deployedModels: [] },
    ],
  },
};

function jobSpec(): object & { workerPoolSpecs: { machineSpec: { machineType: string } }[] } {
  return { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-16' } }] };
}

/** One of each of the first kinds, for tests that run very often. */
export const SMALL_PROJECT: ProjectInput = {
  ...RUNAWAY_PROJECT,
  notebooks: (RUNAWAY_PROJECT.notebooks ?? []).slice(0, 1),
  vms: (RUNAWAY_PROJECT.vms ?? []).slice(0, 1),
  vertex: {
    customJobs: (RUNAWAY_PROJECT.vertex?.customJobs ?? []).slice(0, 1),
    endpoints: (RUNAWAY_PROJECT.vertex?.endpoints ?? []).slice(0, 1),
  },
};

export interface BudgetLab {
  /** Projects beside the operations project; the runaway project alone when absent. */
  readonly projects?: readonly ProjectInput[];
  readonly budgets?: readonly BudgetInput[];
  readonly billing?: Partial<BillingInput>;
  /** Regions of Vertex AI; one of them is enough where listings are not the point. */
  readonly regions?: readonly string[];
}

/** The runaway project's budget: 1,000 USD a month. */
export function labBudget(more: Partial<BudgetInput> = {}): BudgetInput {
  return {
    name: BUDGET,
    displayName: 'ML runaway, monthly',
    projects: [RUNAWAY],
    usd: 1_000,
    thresholds: [0.5, 0.8, 1, 1.2],
    topic: ALERTS,
    ...more,
  };
}

/** An operations project with the state bucket, projects that spend, and their budgets. */
export function budgetScenario(lab: BudgetLab = {}): Scenario {
  const { projects = [RUNAWAY_PROJECT], budgets = [labBudget()], billing, regions } = lab;
  return parseScenario({
    name: 'budget lab',
    clock: CLOCK,
    projects: [{ id: OPERATIONS, number: '100000000001' }, ...projects],
    ...(regions === undefined ? {} : { vertexRegions: [...regions] }),
    billing: {
      accounts: [{ id: ACCOUNT.replace('billingAccounts/', '') }],
      budgets: [...budgets],
      readDelaySeconds: 5,
      ...billing,
    },
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1', versioning: { enabled: true } },
      ],
    },
  } satisfies ScenarioInput);
}

/** A policy that guards the lab's budget; `lines` are lines of its section `budgets`. Nothing waits unless `settle` or `jump` say so. */
export function switchPolicy(
  options: {
    readonly mode?: 'observe' | 'enforce';
    readonly scope?: readonly string[];
    readonly allow?: readonly string[];
    readonly modelAccounts?: readonly string[];
    readonly settle?: string;
    readonly jump?: number;
    readonly lines?: readonly string[];
  } = {},
): string {
  const {
    mode = 'enforce',
    scope = [`projects/${RUNAWAY}`],
    allow = [BUDGET],
    modelAccounts = [MODEL_ACCOUNT],
    settle = '0',
    jump = 0,
    lines = [],
  } = options;
  return [
    `scope: [${scope.join(', ')}]`,
    `state: gs://${BUCKET}`,
    `receipts: ${RECEIPTS_TOPIC}`,
    'budgets:',
    `  mode: ${mode}`,
    `  allow: [${allow.join(', ')}]`,
    `  modelAccounts: [${modelAccounts.join(', ')}]`,
    `  settle: ${settle}`,
    `  jump: ${jump}`,
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

export interface Alert {
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const THRESHOLDS = [0.5, 0.8, 1, 1.2];

/** What Cloud Billing publishes when `share` of 1,000 USD is spent. */
export function alert(
  share: number,
  more: { readonly budget?: string; readonly data?: Readonly<Record<string, unknown>> } = {},
): Alert {
  const [, billingAccountId = '', , budgetId = ''] = (more.budget ?? BUDGET).split('/');
  const exceeded = THRESHOLDS.filter((threshold) => share >= threshold);
  return {
    attributes: { billingAccountId, budgetId, schemaVersion: '1.0' },
    text: JSON.stringify({
      budgetDisplayName: 'ML runaway, monthly',
      ...(exceeded.length === 0 ? {} : { alertThresholdExceeded: Math.max(...exceeded) }),
      costAmount: share * 1_000,
      costIntervalStart: PERIOD_START,
      budgetAmount: 1_000,
      budgetAmountType: 'SPECIFIED_AMOUNT',
      currencyCode: 'USD',
      ...more.data,
    }),
  };
}

/** The kill switch and the restore in the test's own process; sandbox time passes while they wait. */
export interface SwitchWorld {
  readonly sandbox: Sandbox;
  /** What the switch wrote to standard output, all instances together. */
  readonly lines: Instance['lines'];
  /** Delivers an alert to an instance of the switch; to a first one that stays when absent. */
  alert(message: Alert, instance?: Instance): Promise<void>;
  /** One more instance of the switch. */
  start(options?: InstanceOptions): Instance;
  /** Replaces an object of the state bucket, as an operator would by hand. */
  overwrite(name: string, text: string): Promise<void>;
  /** Asks the restore for its plan (GET) or to carry it out (POST). */
  restore(method: 'GET' | 'POST', request?: Readonly<Record<string, string>>): Promise<RestoreAnswer>;
}

/** Where an instance differs from the first. */
export interface InstanceOptions {
  readonly attemptTimeoutMs?: number;
  readonly policy?: string;
}

export interface RestoreAnswer {
  readonly status: number;
  readonly error?: string;
  readonly complete?: boolean;
  /** By project: until when its rungs would not be in force. */
  readonly inGrace?: Readonly<Record<string, string>>;
  /** Rungs of other budgets and periods that would undo the restore. */
  readonly othersInForce?: readonly {
    readonly project: string;
    readonly budget?: string;
    readonly period?: string;
    readonly rungs?: readonly string[];
    readonly byEstimate?: readonly string[];
    readonly why: string;
  }[];
  /** Rungs of its own that are in force by an estimate alone. */
  readonly byEstimate?: readonly {
    readonly project: string;
    readonly rungs: readonly string[];
    readonly why: string;
  }[];
  readonly plan?: readonly RestoreLine[];
  readonly results?: readonly RestoreLine[];
}

export interface RestoreLine {
  readonly project: string;
  readonly resource: string;
  readonly action: string;
  readonly outcome: string;
  readonly why?: string;
  readonly losses?: readonly string[];
  readonly serviceAccounts?: readonly string[];
}

export interface SwitchWorldOptions {
  readonly scenario?: Scenario;
  readonly policy?: string;
  readonly attemptTimeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function withSwitch(
  options: SwitchWorldOptions,
  test: (world: SwitchWorld) => Promise<void>,
): Promise<void> {
  const { scenario = budgetScenario(), policy = switchPolicy(), ...more } = options;
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const instances: Instance[] = [];
    const startNamed = (name: string, own: InstanceOptions = {}): Instance =>
      startInstance(sandbox, { name, policy, topic: ALERTS, pauses: 'sandbox', ...more, ...own });
    const start: SwitchWorld['start'] = (own) => {
      const instance = startNamed(SWITCH, own);
      instances.push(instance);
      return instance;
    };
    let messages = 0;
    let restore: Instance | undefined;
    await test({
      sandbox,
      get lines() {
        return instances.flatMap(({ lines }) => lines);
      },
      start,
      alert: (message, instance = instances[0] ?? start()) =>
        handleEvent(
          instance.runtime,
          eventOf(ALERTS, {
            ...message,
            messageId: String(++messages),
            publishTime: new Date(sandbox.clock.now()).toISOString(),
          }),
          guardBudget,
        ),
      async overwrite(name, text) {
        const query = new URLSearchParams({ uploadType: 'media', name }).toString();
        const url = `https://storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o?${query}`;
        await askGoogle(sandbox, 'owner@example.com', 'POST', url, JSON.parse(text));
      },
      restore: (method, request = { budget: BUDGET, period: PERIOD }) =>
        askRestore((restore ??= startNamed(RESTORE)), method, request),
    });
  });
}

/** One request to an instance of the restore, over HTTP through the functions-framework. */
export async function askRestore(
  { runtime }: Instance,
  method: 'GET' | 'POST',
  request: Readonly<Record<string, string>>,
): Promise<RestoreAnswer> {
  let answer: RestoreAnswer | undefined;
  await withHttpFunction(
    (received, response) => handleRequest(runtime, received, response, restoreFunction),
    async (url) => {
      const response =
        method === 'GET'
          ? await fetch(`${url}/?${new URLSearchParams(request).toString()}`)
          : await fetch(url, {
              method,
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(request),
            });
      answer = { status: response.status, ...((await response.json()) as object) };
    },
  );
  if (answer === undefined) throw new Error('The restore did not answer');
  return answer;
}

/** The manifests in the state bucket, by project; the budget's own record is `_budget`. */
export function manifestsIn(sandbox: Sandbox): Readonly<Record<string, Manifest>> {
  return Object.fromEntries(
    sandbox.storage
      .objectNames(BUCKET, 'manifests/')
      .map((name) => JSON.parse(sandbox.storage.objectText(BUCKET, name) ?? '') as Manifest)
      .map((manifest) => [manifest.project, manifest]),
  );
}

/** The manifests without what differs from run to run: run ids, moments, and what was said about failures since fixed. */
export function contentOf(sandbox: Sandbox): unknown {
  const varying = new Set(['runId', 'lease', 'fence', 'firedAtMs', 'atMs', 'restored', 'sinceMs']);
  return JSON.parse(
    JSON.stringify(manifestsIn(sandbox), (key, value: unknown) => {
      if (varying.has(key)) return undefined;
      // What was seen later stands behind what was seen first.
      const listed =
        key === 'items' || key === 'left' ? (value as readonly { resource: string }[]) : undefined;
      return listed?.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)) ?? value;
    }),
  );
}

/** What a project is made of, field by field, without the moments at which it came about. */
export function stateOf(sandbox: Sandbox, project = RUNAWAY): Readonly<Record<string, unknown>> {
  const { fleet, vertex, billing } = sandbox;
  const ofNotebooks = new Set(fleet.notebooksOf(project).map(({ vm }) => vm));
  return {
    billing: billing.links.accountOf(project),
    ...Object.fromEntries(
      fleet
        .notebooksOf(project)
        .map(({ id, state, labels, metadata, vm }) => [id, { state, labels, metadata, vm: vm.status }]),
    ),
    ...Object.fromEntries(
      fleet
        .vmsOf(project)
        .filter((vm) => !ofNotebooks.has(vm))
        .map(({ name, status, labels, metadata }) => [name, { status, labels, metadata }]),
    ),
    ...Object.fromEntries(
      [...vertex.jobs.values()]
        .filter(({ projectId }) => projectId === project)
        .map(({ name, state }) => [shortName(name), state]),
    ),
    ...Object.fromEntries(
      [...vertex.endpoints.values()]
        .filter(({ projectId }) => projectId === project)
        .map((endpoint) => [
          shortName(endpoint.name),
          { labels: endpoint.labels, models: modelsOf(endpoint) },
        ]),
    ),
  };
}

/** The models of an endpoint by name, with their share of the traffic: what is deployed again has another id. */
function modelsOf(endpoint: VertexEndpoint): object {
  return presentOf(endpoint)
    .map(({ model }) => ({
      ...model,
      id: 'any',
      createTime: 'any',
      traffic: endpoint.trafficSplit[model.id] ?? 0,
    }))
    .sort((a, b) => (`${a.displayName} ${a.traffic}` < `${b.displayName} ${b.traffic}` ? -1 : 1));
}

function shortName(resource: string): string {
  return resource.split('/').slice(-2).join('/');
}

/**
 * How often each change was really carried out, whether or not its answer arrived: the call and what it changed. Objects
 * in the state bucket and published messages do not count.
 */
export function changesIn(sandbox: Sandbox): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { id, method, path, body, status, permissions } of sandbox.callLog.calls()) {
    if (method === 'GET' || /^(?:storage|pubsub)\./.test(id)) continue;
    // Permissions are looked at only once a call is being carried out.
    if (permissions.length === 0 || (status !== 0 && status >= 300)) continue;
    const model = /"deployedModelId":"(\d+)"/.exec(body)?.[1] ?? /"displayName":"([^"]+)"/.exec(body)?.[1];
    const key = `${id.replace(/^.*\.(?=[^.]+\.[^.]+$)/, '')} ${path.replace(/^.*\/(?:instances|projects\/[^/]+\/locations\/[^/]+)\//, '')}${model === undefined ? '' : ` ${model}`}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
