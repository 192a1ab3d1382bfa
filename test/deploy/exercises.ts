import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readFunctions } from '../../deploy/desired/settings.ts';
import { estimatorFunction } from '../../functions/cost-estimator/function.ts';
import { auditRequests } from '../../functions/guardrail-audit/function.ts';
import { auditFunction } from '../../functions/egress-auditor/function.ts';
import { guardBudget } from '../../functions/budget-kill-switch/function.ts';
import { restoreFunction } from '../../functions/budget-restore/function.ts';
import { notebookSweep } from '../../functions/idle-notebook-stopper/function.ts';
import { lifecycleSweep } from '../../functions/lifecycle-enforcer/function.ts';
import { watchSweep } from '../../functions/spend-watch/function.ts';
import { handleEvent } from '../../shared/run/handle-event.ts';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { parseScenario, type Scenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { eventOf, startInstance, withHttpFunction, type Instance } from '../support/in-process.ts';
import { everyStoppableKind, notebookRun } from '../support/every-kind.ts';
import { BUCKET, busy, idle, LAB, labScenario, OPERATIONS, RECEIPTS_TOPIC, START } from '../support/lab.ts';

/** A story that leads a function down every path that calls Google. */
export interface Exercise {
  /** Deployed name. */
  readonly name: string;
  readonly operationsProject: string;
  readonly scenario: Scenario;
  readonly policy: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What others do first, with all that they may do. */
  readonly before?: (sandbox: Sandbox) => Promise<void>;
  /** Runs the function; answers what it said beside its log. */
  readonly run: (sandbox: Sandbox, instance: Instance) => Promise<readonly string[]>;
}

/** The lab's project two folders below the one in scope. */
const TREE: Pick<ScenarioInput, 'organization' | 'folders'> & { readonly project: { parent: string } } = {
  organization: { id: '900100', displayName: 'example.com' },
  folders: [
    { id: '500100', displayName: 'machine-learning', parent: 'organizations/900100' },
    { id: '500101', displayName: 'vision', parent: 'folders/500100' },
  ],
  project: { parent: 'folders/500101' },
};

/** Of a user whose notebook is none of the lab's: it keeps nothing, as long as who started it can be read. */
const OTHERS_JOB = {
  id: '77',
  displayName: 'nightly',
  startedBy: 'scheduler@ml-other.iam.gserviceaccount.com',
  jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-4' } }] },
};

const TICK_LINES = [
  'mode: enforce',
  'scope: [folders/500100]',
  `state: gs://${BUCKET}`,
  `receipts: ${RECEIPTS_TOPIC}`,
];

/** A tick for everything, which becomes one message a project, and these messages. */
async function tick(
  name: string,
  handle: (runtime: Runtime, event: unknown) => Promise<void>,
  sandbox: Sandbox,
  { runtime }: Instance,
  round = 0,
): Promise<readonly string[]> {
  const said: string[] = [];
  for (const [index, text] of ['{}', JSON.stringify({ project: LAB })].entries()) {
    const event = eventOf(`projects/${OPERATIONS}/topics/costguard-${name}`, {
      text,
      messageId: `130000000${round}${index}`,
      publishTime: new Date(sandbox.clock.now()).toISOString(),
    });
    await handle(runtime, event).catch((error: unknown) => said.push(String(error)));
  }
  return said;
}

/** Google does not promise the listing over all locations; without it they are requested one by one. */
function refuseWildcard({ faults }: Sandbox, route = 'notebooks*instances.list'): void {
  faults.add({ route, pathIncludes: '/locations/-/', fault: { kind: 'status', status: 400 } });
}

const stopper: Exercise = {
  name: 'idle-notebook-stopper',
  operationsProject: OPERATIONS,
  scenario: labScenario(
    [
      idle('forgotten'),
      idle('never-off', {
        state: 'STOPPED',
        metadata: { 'idle-timeout-seconds': '', 'enable-guest-attributes': 'TRUE' },
      }),
      busy('at-work'),
    ],
    { ...TREE, project: { ...TREE.project, vertex: { customJobs: [OTHERS_JOB] } } },
  ),
  policy: [
    ...TICK_LINES,
    'notebooks:',
    '  nativeIdleShutdown: repair',
    '  hours: {timezone: Etc/UTC, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", start: true}',
    '',
  ].join('\n'),
  async run(sandbox, instance) {
    refuseWildcard(sandbox);
    const said: string[] = [];
    const look = async (round: number): Promise<void> => {
      said.push(
        ...(await tick(
          'idle-notebook-stopper',
          (runtime, event) => runTick(runtime, notebookSweep, event),
          sandbox,
          instance,
          round,
        )),
      );
    };
    // In the evening it stops, in the morning it starts again what it stopped.
    await look(0);
    await sandbox.clock.advance(11 * 3_600_000);
    await look(1);
    return said;
  },
};

type BucketSeed = NonNullable<NonNullable<ScenarioInput['storage']>['buckets']>[number];

function enforcer(simulate: 'metrics' | 'objects'): Exercise {
  const seed: BucketSeed = {
    name: 'lab-experiments',
    project: LAB,
    location: 'US-CENTRAL1',
    // Then the enforcer also uses the right to let the bucket's own project pay.
    billing: { requesterPays: true },
    objects: [{ name: 'run-1.ckpt', size: 1_000_000, timeCreated: '-10d' }],
  };
  const rules = [{ action: { type: 'Delete' }, condition: { age: 365 } }];
  return {
    name: 'lifecycle-enforcer',
    operationsProject: OPERATIONS,
    scenario: parseScenario({
      name: 'buckets',
      clock: START,
      organization: TREE.organization,
      folders: TREE.folders,
      projects: [
        { id: OPERATIONS, number: '100000000001' },
        { id: LAB, number: '100000000002', parent: TREE.project.parent },
      ],
      storage: { buckets: [{ name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1' }, seed] },
    } satisfies ScenarioInput),
    policy: [
      ...TICK_LINES,
      'lifecycle:',
      `  simulate: ${simulate}`,
      `  policies: [${JSON.stringify({ name: 'all', rules })}]`,
      '',
    ].join('\n'),
    async run(sandbox, instance) {
      const said: string[] = [];
      for (const round of [0, 1])
        said.push(
          ...(await tick(
            'lifecycle-enforcer',
            (runtime, event) => runTick(runtime, lifecycleSweep, event),
            sandbox,
            instance,
            round,
          )),
        );
      return said;
    },
  };
}

const auditor: Exercise = {
  name: 'egress-auditor',
  operationsProject: OPERATIONS,
  scenario: labScenario([idle('reader')], {
    ...TREE,
    project: {
      ...TREE.project,
      vms: [{ id: 'a', zone: 'us-central1-a', machineType: 'n2-standard-8', created: '-60d' }],
      traffic: [{ from: 'vm:a', to: 'zone:us-east4-c', gibPerDay: 21 }],
    },
  }),
  policy: `${TICK_LINES.join('\n')}\negress:\n`,
  environment: { POLICY_URI: `gs://${BUCKET}/costguard.yaml` },
  async before(sandbox) {
    await writePolicy(sandbox, `${TICK_LINES.join('\n')}\negress:\n`);
  },
  async run(sandbox, { runtime }) {
    refuseWildcard(sandbox);
    const said: string[] = [];
    await withHttpFunction(
      (request, response) => handleRequest(runtime, request, response, auditFunction),
      async (url) => {
        for (const query of ['', `&project=${LAB}`]) {
          const answer = await fetch(`${url}/?format=json${query}`);
          said.push(`HTTP ${answer.status} ${await answer.text()}`);
        }
      },
    );
    return said;
  },
};

const estimator: Exercise = {
  name: 'cost-estimator',
  operationsProject: OPERATIONS,
  scenario: labScenario([], TREE),
  policy: `${TICK_LINES.join('\n')}\nestimates:\n`,
  environment: { POLICY_URI: `gs://${BUCKET}/costguard.yaml` },
  async before(sandbox) {
    await writePolicy(sandbox, `${TICK_LINES.join('\n')}\nestimates:\n`);
  },
  async run(_, { runtime }) {
    const said: string[] = [];
    await withHttpFunction(
      (request, response) => handleRequest(runtime, request, response, estimatorFunction),
      async (url) => {
        for (const path of ['/?machineType=g2-standard-4', '/fit?parameters=8e9']) {
          const answer = await fetch(`${url}${path}&format=json`);
          said.push(`HTTP ${answer.status} ${await answer.text()}`);
        }
      },
    );
    return said;
  },
};

const watch: Exercise = {
  name: 'spend-watch',
  operationsProject: OPERATIONS,
  scenario: labScenario([], {
    ...TREE,
    project: {
      ...TREE.project,
      vms: [{ id: 'vm-1', zone: 'us-central1-a', machineType: 'g2-standard-8', created: '-9d' }],
    },
  }),
  policy: [
    ...TICK_LINES,
    'watch: {metrics: true}',
    `notify: {channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]}`,
    '',
  ].join('\n'),
  async run(sandbox, instance) {
    // Where the wildcard is refused, the locations are listed.
    sandbox.faults.add({
      route: 'tpu*nodes.list',
      pathIncludes: '/locations/-/',
      fault: { kind: 'status', status: 400 },
    });
    const said: string[] = [];
    for (const round of [0, 1]) {
      said.push(
        ...(await tick(
          'spend-watch',
          (runtime, event) => runTick(runtime, watchSweep, event),
          sandbox,
          instance,
          round,
        )),
      );
      // Long enough for a GPU to be idle.
      await sandbox.clock.advance(7 * 3_600_000);
    }
    return said;
  },
};

/** The policy in the state bucket, where POLICY_URI may point. */
export async function writePolicy(sandbox: Sandbox, text: string): Promise<void> {
  const owner = 'owner@example.com';
  sandbox.iam.bind({ member: owner, role: 'roles/owner', permissions: 'all', on: `buckets/${BUCKET}` });
  const answer = await fetch(
    `https://storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=costguard.yaml`,
    { method: 'POST', headers: { authorization: `Bearer ${sandbox.issueToken(owner)}` }, body: text },
  );
  if (!answer.ok) throw new Error(`Cannot write the policy: HTTP ${answer.status}`);
}

const SWITCH_OPERATIONS = 'ml-ops-example';
const RUNAWAY = 'ml-runaway';
const RUNAWAY_NUMBER = '100000000004';
type ProjectInput = ScenarioInput['projects'][number];
const BUDGET_ACCOUNT = '0A1B2C-3D4E5F-6A7B8C';
const BUDGET_ID = '7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77';
const BUDGET = `billingAccounts/${BUDGET_ACCOUNT}/budgets/${BUDGET_ID}`;
const SWITCH_POLICY = `scope: [projects/${RUNAWAY}]
state: gs://${SWITCH_OPERATIONS}-costguard
receipts: projects/${SWITCH_OPERATIONS}/topics/costguard-receipts
budgets: {mode: enforce, allow: [${BUDGET}], modelAccounts: [ranking@${RUNAWAY}.iam.gserviceaccount.com]}
`;

/** Whatever is started falls back, or does not come up, so that the reason is looked up. */
function withoutCapacity({ resources = [], instanceGroups = [], ...project }: ProjectInput): ProjectInput {
  return {
    ...project,
    resources: resources.map((resource) => ({ ...resource, stockout: true })),
    instanceGroups: instanceGroups.map((group) => ({ ...group, stockout: true })),
  };
}

/** The runaway project of the shipped organisation alone, with a tuning job, what else is given, and no capacity to start again. */
function runaway(more: Partial<ProjectInput> = {}): Scenario {
  const file = new URL('../sandbox/scenarios/organisation.yaml', import.meta.url);
  const whole = parse(readFileSync(fileURLToPath(file), 'utf8')) as ScenarioInput;
  const projects = whole.projects.filter(({ id }) => id === RUNAWAY || id === SWITCH_OPERATIONS);
  return parseScenario({
    ...whole,
    vertexRegions: ['us-central1'],
    billing: { ...whole.billing, budgets: whole.billing?.budgets?.filter(({ name }) => name === BUDGET) },
    projects: projects.map((project) => ({
      ...project,
      ...(project.id === RUNAWAY
        ? {
            ...more,
            vms: [...(project.vms ?? []).map((vm) => ({ ...vm, stockout: true })), ...(more.vms ?? [])],
            notebooks: project.notebooks?.map((notebook, index) => ({ ...notebook, stockout: index === 0 })),
            vertex: {
              ...project.vertex,
              tuningJobs: [{ id: '9', tunedModelDisplayName: 'tuned', baseModel: 'gemini-2.5-flash' }],
            },
          }
        : {}),
    })),
    storage: {
      buckets: [
        { name: `${SWITCH_OPERATIONS}-costguard`, project: SWITCH_OPERATIONS, location: 'US-CENTRAL1' },
      ],
    },
  } satisfies ScenarioInput);
}

/** One alert that makes every rung due. */
async function trip(sandbox: Sandbox, { runtime }: Instance): Promise<readonly string[]> {
  const event = eventOf(`projects/${SWITCH_OPERATIONS}/topics/costguard-budget-kill-switch`, {
    messageId: '1400000001',
    publishTime: new Date(sandbox.clock.now()).toISOString(),
    attributes: { billingAccountId: BUDGET_ACCOUNT, budgetId: BUDGET_ID, schemaVersion: '1.0' },
    text: JSON.stringify({
      budgetDisplayName: 'ML runaway, monthly',
      costAmount: 640,
      costIntervalStart: '2026-11-01T07:00:00Z',
      budgetAmount: 500,
      budgetAmountType: 'SPECIFIED_AMOUNT',
      alertThresholdExceeded: 1.2,
      currencyCode: 'USD',
    }),
  });
  return handleEvent(runtime, event, guardBudget).then(
    () => [],
    (error: unknown) => [String(error)],
  );
}

const EVERYTHING = everyStoppableKind({ id: RUNAWAY, number: RUNAWAY_NUMBER });

const killSwitch: Exercise = {
  name: 'budget-kill-switch',
  operationsProject: SWITCH_OPERATIONS,
  scenario: runaway({
    ...EVERYTHING,
    resources: [...(EVERYTHING.resources ?? []), ...notebookRun(RUNAWAY_NUMBER)],
  }),
  policy: SWITCH_POLICY,
  run(sandbox, instance) {
    for (const route of ['notebooks*instances.list', 'tpu*', 'batch*']) refuseWildcard(sandbox, route);
    return trip(sandbox, instance);
  },
};

const restore: Exercise = {
  name: 'budget-restore',
  operationsProject: SWITCH_OPERATIONS,
  scenario: runaway(withoutCapacity(everyStoppableKind({ id: RUNAWAY, number: RUNAWAY_NUMBER }))),
  policy: SWITCH_POLICY,
  async before(sandbox) {
    const instance = startInstance(sandbox, {
      name: 'budget-kill-switch',
      policy: SWITCH_POLICY,
      operationsProject: SWITCH_OPERATIONS,
      pauses: 'sandbox',
    });
    await trip(sandbox, instance);
    await sandbox.clock.advance(600_000);
  },
  async run(_sandbox, { runtime }) {
    const said: string[] = [];
    await withHttpFunction(
      (request, response) => handleRequest(runtime, request, response, restoreFunction),
      async (url) => {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ budget: BUDGET, period: '2026-11-01' }),
        });
        said.push(`HTTP ${answer.status} ${await answer.text()}`);
      },
    );
    return said;
  },
};

const SUBACCOUNT = '0CCCCC-0CCCCC-0CCCCC';

/** Unlinking waits for nothing where something burns that no rung stops. */
const KEPT_VM = {
  id: 'license-server',
  zone: 'us-central1-a',
  machineType: 'n1-standard-4',
  labels: { 'costguard-keep': 'true' },
};

/** The same where a subaccount of the budget's account pays, on which both functions hold their roles, too. */
function underSubaccount(exercise: Exercise): Exercise {
  const { clock, billing, storage, organization } = runaway();
  return {
    ...exercise,
    scenario: parseScenario({
      ...{ name: 'subaccount', clock, organization, storage, vertexRegions: ['us-central1'] },
      projects: [
        { id: SWITCH_OPERATIONS, number: '100000000003', billingAccount: BUDGET_ACCOUNT },
        { id: RUNAWAY, number: RUNAWAY_NUMBER, billingAccount: SUBACCOUNT, vms: [KEPT_VM] },
      ],
      billing: {
        ...billing,
        accounts: [...billing.accounts, { id: SUBACCOUNT, masterAccount: BUDGET_ACCOUNT }],
      },
    }),
    async before(sandbox) {
      for (const { name, billingRole } of await readFunctions())
        if (billingRole !== undefined)
          sandbox.iam.bind({
            member: `${name}@${SWITCH_OPERATIONS}.iam.gserviceaccount.com`,
            role: `organizations/900100200300/roles/${name}`,
            permissions: billingRole.permissions,
            on: `billingAccounts/${SUBACCOUNT}`,
          });
      await exercise.before?.(sandbox);
    },
  };
}

/** A project two folders below the organization in scope with something of every kind that is looked at. */
const PIPELINE_RUN = {
  service: 'aiplatform',
  path: 'locations/us-central1/pipelineJobs/12',
  body: { displayName: 'nightly', state: 'PIPELINE_STATE_SUCCEEDED', pipelineSpec: {} },
} as const;

const guardrails: Exercise = {
  name: 'guardrail-audit',
  operationsProject: OPERATIONS,
  scenario: guardrailScenario(),
  policy: `${TICK_LINES.slice(1).join('\n').replace('folders/500100', 'organizations/900100')}\nbudgets: {mode: observe, allow: [${BUDGET}]}\naudit:\n`,
  async run(sandbox, { runtime }) {
    refuseWildcard(sandbox);
    refuseWildcard(sandbox, 'tpu*nodes.list');
    const said: string[] = [];
    await withHttpFunction(
      (request, response) => handleRequest(runtime, request, response, auditRequests),
      async (url) => {
        const answer = await fetch(`${url}/?format=json&project=${LAB}`);
        said.push(`HTTP ${answer.status} ${await answer.text()}`);
      },
    );
    return said;
  },
};

function guardrailScenario(): Scenario {
  const lab = labScenario([idle('one')], TREE);
  return parseScenario({
    ...lab,
    projects: lab.projects.map((project) => ({
      ...project,
      billingAccount: BUDGET_ACCOUNT,
      ...(project.id === LAB ? { serviceAccounts: [{ id: 'trainer' }], resources: [PIPELINE_RUN] } : {}),
    })),
    billing: {
      accounts: [{ id: BUDGET_ACCOUNT, displayName: 'example.com ML' }],
      budgets: [{ name: BUDGET, displayName: 'lab', projects: [LAB], usd: 500, thresholds: [0.5] }],
    },
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1' },
        { name: 'lab-data', project: LAB, location: 'US-CENTRAL1' },
      ],
    },
  });
}

export const exercises: readonly Exercise[] = [
  killSwitch,
  underSubaccount(killSwitch),
  restore,
  underSubaccount(restore),
  stopper,
  auditor,
  guardrails,
  estimator,
  enforcer('metrics'),
  enforcer('objects'),
  watch,
];
