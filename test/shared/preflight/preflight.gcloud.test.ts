import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { createApi, type Api } from '../../../shared/google/api.ts';
import { impersonate } from '../../../shared/google/impersonate.ts';
import {
  accountPermissions,
  lookAtAccount,
  rungPermissions,
  statePermissions,
  unlinkOnAccount,
} from '../../../shared/preflight/permissions.ts';
import { switchFolders } from '../../../shared/preflight/state-folders.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { runPreflight, type Check, type PreflightOptions } from '../../../shared/preflight/preflight.ts';
import { daysUntilDecommission } from '../../../shared/preflight/runtime-support.ts';
import { createGcloud, gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { lintCommands } from '../../sandbox/gcloud/lint-commands.ts';
import { roleFile, stateGrants } from '../../sandbox/iam/roles.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { parseScenario, type ScenarioInput } from '../../sandbox/scenario.ts';
import { withSandbox } from '../../support/in-process.ts';
import { needs } from '../../support/needs.ts';

const OPS = 'ml-ops-local';
const TARGET = 'ml-target-local';
const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `${ACCOUNT}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
const TOPIC = `projects/${OPS}/topics/costguard-budget-kill-switch`;
const RECEIPTS = `projects/${OPS}/topics/costguard-receipts`;
const BUCKET = 'ml-ops-local-costguard';
const SWITCH = `budget-kill-switch@${OPS}.iam.gserviceaccount.com`;
const AUDITOR = `guardrail-audit@${OPS}.iam.gserviceaccount.com`;

type BudgetInput = NonNullable<NonNullable<ScenarioInput['billing']>['budgets']>[number];

interface Setup {
  readonly budget?: Partial<BudgetInput>;
  readonly target?: Partial<ScenarioInput['projects'][number]>;
  readonly host?: Partial<ScenarioInput['projects'][number]>;
  readonly accounts?: NonNullable<ScenarioInput['billing']>['accounts'];
  /** Keys of the policy's section `budgets`, as YAML in braces. */
  readonly budgets?: string;
  readonly state?: string;
  /** The project that the state bucket lies in; the operations project when absent. */
  readonly bucketIn?: string;
  readonly options?: Partial<PreflightOptions>;
  readonly now?: string;
  /** Changes the cloud before it is looked at. */
  readonly change?: (sandbox: Sandbox) => void;
  /** Answers a request of ours or the switch's by its URL; undefined leaves it to the sandbox. */
  readonly answer?: (url: URL) => unknown;
}

/** Everything that any test was told to do, for the last one, which shows it to gcloud. */
const remedies = new Set<string>();

/** Looks at a cloud in which all is well save for what `setup` says, over the wire. */
async function look(
  setup: Setup = {},
  then: (
    checks: readonly Check[],
    again: () => Promise<readonly Check[]>,
    sandbox: Sandbox,
  ) => unknown = () => undefined,
): Promise<readonly Check[]> {
  return withSandbox({ scenario: scenarioOf(setup), frozen: true }, async (sandbox) => {
    sandbox.pubsub.createTopic({ name: RECEIPTS });
    sandbox.grant({
      functionName: 'budget-kill-switch',
      operationsProject: OPS,
      scope: [`projects/${TARGET}`],
      stateBucket: BUCKET,
      topics: [RECEIPTS],
    });
    const accountRole = 'budget-kill-switch/billing-account-role.yaml';
    sandbox.iam.bind({
      member: SWITCH,
      role: accountRole,
      permissions: roleFile(accountRole),
      on: ACCOUNT,
    });
    for (const [on, permissions] of Object.entries(AUDITOR_MAY))
      sandbox.iam.bind({ member: AUDITOR, role: 'roles/auditor', permissions, on });
    setup.change?.(sandbox);
    const again = () => check(sandbox, setup);
    const checks = await again();
    await then(checks, again, sandbox);
    return checks;
  });
}

const AUDITOR_MAY = {
  [ACCOUNT]: ['billing.budgets.get', 'billing.budgets.list'],
  [`projects/${TARGET}`]: [
    'resourcemanager.projects.get',
    'storage.buckets.get',
    ...RESOURCE_KINDS.flatMap(({ permissions }) => permissions.list),
  ],
  [`projects/${OPS}`]: [
    'resourcemanager.projects.get',
    'resourcemanager.projects.getIamPolicy',
    'pubsub.topics.get',
    'pubsub.topics.getIamPolicy',
    'storage.buckets.get',
    'iam.serviceAccounts.getAccessToken',
  ],
};

function scenarioOf({ budget = {}, target = {}, host = {}, accounts, bucketIn = OPS }: Setup) {
  return parseScenario({
    name: 'preflight',
    // Every test looks at the whole table: one region is enough.
    vertexRegions: ['us-central1'],
    clock: '2026-11-18T21:40:00Z',
    projects: [
      { id: OPS, number: '100000000001', ...host },
      { id: TARGET, number: '100000000002', ...target },
    ],
    billing: {
      accounts: accounts ?? [{ id: ACCOUNT.replace('billingAccounts/', '') }],
      budgets: [
        {
          name: BUDGET,
          displayName: 'ML, monthly',
          projects: [TARGET],
          usd: 500,
          thresholds: [0.5, 0.8, 1, 1.2],
          creditTypesTreatment: 'EXCLUDE_ALL_CREDITS',
          topic: TOPIC,
          ...budget,
        },
      ],
    },
    storage: { buckets: [{ name: BUCKET, project: bucketIn, location: 'US-CENTRAL1' }] },
  });
}

async function check(sandbox: Sandbox, setup: Setup): Promise<readonly Check[]> {
  const { budgets = `{mode: enforce, allow: [${BUDGET}]}`, state = `gs://${BUCKET}` } = setup;
  const policy = parsePolicy(
    `scope: [projects/${TARGET}]\nstate: ${state}\nreceipts: ${RECEIPTS}\nbudgets: ${budgets}\n`,
  );
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: sandbox.issueToken(AUDITOR) });
  const auth = new GoogleAuth({ authClient, projectId: '-' });
  const checks = await runPreflight(
    {
      auth,
      api: createRuntimeApi(auth, setup),
      switchApi: createRuntimeApi(impersonate(auth, setup.options?.account ?? SWITCH), setup),
      now: new Date(setup.now ?? '2026-11-18T21:40:00Z'),
    },
    policy,
    { project: OPS, topic: TOPIC, account: SWITCH, runtime: 'nodejs24', ...setup.options },
  );
  for (const { remedy } of checks) for (const one of remedy) remedies.add(one);
  return checks;
}

function createRuntimeApi(auth: Pick<GoogleAuth, 'request'>, { answer }: Setup): Api {
  return createApi({
    auth: {
      request: async (request: Parameters<GoogleAuth['request']>[0]) => {
        const data = answer?.(new URL(String(request.url)));
        return data === undefined ? auth.request(request) : ({ data } as never);
      },
    } as unknown as GoogleAuth,
    nowMs: () => 0,
    deadlineMs: 480_000,
    turn: async () => undefined,
    sleep: async () => undefined,
    random: () => 0,
    attemptTimeoutMs: 30_000,
  });
}

/** `id: status` of all checks that did not pass, save for what no API tells and what reach.sandbox.test.ts is about. */
function open(checks: readonly Check[]): readonly string[] {
  return checks
    .filter(({ id, status }) => status !== 'pass' && id !== 'project-billing-lock' && id !== 'spend-reach')
    .map(({ id, status }) => `${id}: ${status}`);
}

function find(checks: readonly Check[], id: string): Check {
  const found = checks.find((one) => one.id === id);
  assert.ok(found !== undefined, `no check ${id}`);
  return found;
}

const without =
  (permission: string, member: string) =>
  (sandbox: Sandbox): void => {
    const before = sandbox.iam.bindings.filter((binding) => binding.member === member);
    sandbox.iam.unbind((binding) => binding.member === member);
    for (const binding of before)
      sandbox.iam.bind({
        ...binding,
        permissions:
          binding.permissions === 'all' ? 'all' : binding.permissions.filter((one) => one !== permission),
      });
  };

/** Binds the switch's right to write in the state bucket to objects whose names begin so; '' for all of them. */
const bindStateTo =
  (folder: string) =>
  (sandbox: Sandbox): void => {
    const on = `buckets/${BUCKET}`;
    const role = 'state-write-role.yaml';
    sandbox.iam.unbind((binding) => binding.member === SWITCH && binding.role === role);
    const expression = `resource.name.startsWith("projects/_/${on}/objects/${folder}")`;
    const condition = folder === '' ? undefined : { title: 'elsewhere', expression };
    sandbox.iam.bind({ member: SWITCH, role, permissions: roleFile(role), on, condition });
  };

/** What the budget is changed to, in the API's own form. */
const budgetWith =
  (change: Readonly<Record<string, unknown>>) =>
  ({ billing }: Sandbox): void => {
    const present = billing.budgets.get(BUDGET);
    const filter = present['budgetFilter'] as Readonly<Record<string, unknown>>;
    const { budgetFilter = {}, ...rest } = change;
    billing.budgets.update(
      { name: BUDGET, ...rest, budgetFilter: { ...filter, ...(budgetFilter as object) } },
      '',
    );
  };

const SPEND_CAP = {
  budgets: [
    {
      name: `${ACCOUNT}/budgets/1`,
      displayName: 'Functions cap',
      budgetFilter: { services: ['services/29E7-DA93-CA13'] },
      spendCap: { state: 'CONFIGURED' },
    },
  ],
};
const capped = (page: unknown) => (url: URL) =>
  url.host === 'billingbudgets.googleapis.com' ? page : undefined;

interface Case extends Setup {
  readonly name: string;
  /** Checks that do not pass. */
  readonly open: readonly string[];
  /** In the detail or a fix of the first of them. */
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  {
    name: 'observe mode',
    budgets: `{mode: observe, allow: [${BUDGET}]}`,
    open: ['policy-mode: warn'],
    says: /only says what it would do/,
  },
  {
    name: 'a budget that does not exist',
    budgets: `{mode: enforce, allow: [${ACCOUNT}/budgets/00000000-0000-0000-0000-000000000000]}`,
    open: ['budget-exists: fail'],
    says: /does not exist/,
  },
  {
    name: 'a budget that may not be read',
    change: without('billing.budgets.get', AUDITOR),
    open: ['budget-exists: unknown'],
    says: /HTTP 403.*--role=roles\/billing\.viewer/s,
  },
  {
    name: 'a budget that the switch may not read',
    change: without('billing.budgets.get', SWITCH),
    open: ['account-access: fail'],
    says: /lacks billing\.budgets\.get/,
  },
  {
    name: 'a budget on another topic',
    budget: { topic: RECEIPTS.replace('receipts', 'else') },
    change: (sandbox) => sandbox.pubsub.createTopic({ name: TOPIC }),
    // Never connected, so that Google's account was never let in.
    open: ['topic-budget-account: fail', 'budget-topic: fail'],
    says: /--member=serviceAccount:billing-budget-alert@system\.gserviceaccount\.com --role=roles\/pubsub\.publisher$/,
  },
  {
    name: 'a budget without topic, and no such topic',
    budget: { topic: undefined },
    open: ['topic-exists: fail', 'budget-topic: fail'],
    says: /gcloud pubsub topics create costguard-budget-kill-switch --project=ml-ops-local/,
  },
  {
    name: 'a topic that may not be read',
    change: without('pubsub.topics.get', AUDITOR),
    open: ['topic-exists: unknown'],
    says: /HTTP 403/,
  },
  {
    name: 'a threshold below the rung',
    budget: { thresholds: [0.5, 0.79, 1, 1.2] },
    open: ['budget-thresholds: fail'],
    says: /no threshold at 80 % of spend.*--add-threshold-rule=percent=0\.8$/s,
  },
  {
    name: 'a forecast without forecast rules',
    budgets: `{mode: enforce, allow: [${BUDGET}], basis: either}`,
    budget: { forecastThresholds: [0.5] },
    open: ['budget-thresholds: fail'],
    // Not 120 %: unlinking never counts on a forecast.
    says: /no threshold at 80 % of forecast, 100 % of forecast\n.*percent=0\.8,basis=forecasted-spend --add-threshold-rule=percent=1,basis=forecasted-spend$/s,
  },
  {
    name: 'forecast rules alone',
    budgets: `{mode: enforce, allow: [${BUDGET}], basis: forecast}`,
    budget: { thresholds: [], forecastThresholds: [0.5, 0.8, 1] },
    open: ['budget-thresholds: fail'],
    says: /120 % of spend/,
  },
  {
    name: 'a forecast of a custom period',
    budgets: `{mode: enforce, allow: [${BUDGET}], basis: forecast}`,
    change: budgetWith({
      budgetFilter: {
        calendarPeriod: undefined,
        customPeriod: { startDate: { year: 2026, month: 11, day: 1 } },
      },
    }),
    open: ['budget-thresholds: fail'],
    says: /\nSet budgets\.basis: actual/,
  },
  {
    name: 'all credits',
    budget: { creditTypesTreatment: 'INCLUDE_ALL_CREDITS' },
    open: ['budget-credits: warn'],
    says: /promotional credit hides.*--credit-types-treatment=exclude-all-credits$/s,
  },
  {
    name: 'some credits',
    budget: { creditTypesTreatment: 'INCLUDE_SPECIFIED_CREDITS', creditTypes: ['PROMOTION'] },
    open: ['budget-credits: warn'],
    says: /the credits that it names/,
  },
  {
    name: 'a budget of all projects',
    budget: { projects: [] },
    open: ['budget-projects: fail'],
    says: /never goes above notify/,
  },
  {
    name: 'a filter that names a label as well',
    change: budgetWith({ budgetFilter: { labels: { team: ['speech'] } } }),
    open: ['budget-scope: warn'],
    says: /also names labels/,
  },
  {
    name: 'a filter that names a service as well',
    change: budgetWith({ budgetFilter: { services: ['services/24E6-581D-38E5'] } }),
    open: ['budget-scope: warn'],
    says: /also names services/,
  },
  {
    name: "the last period's cost as amount",
    change: budgetWith({ amount: { lastPeriodAmount: {} } }),
    open: ['budget-amount: fail'],
    says: /none above notify acts where that was below budgets\.minAmount, 1\n.*--budget-amount=AMOUNT/,
  },
  {
    name: 'an amount below minAmount',
    budgets: `{mode: enforce, allow: [${BUDGET}], minAmount: 501}`,
    open: ['budget-amount: fail'],
    says: /its amount is 500 USD, below budgets\.minAmount, 501: no rung above notify acts/,
  },
  {
    name: 'a topic that was made again, without a publisher for budgets (c14)',
    change({ pubsub }) {
      pubsub.deleteTopic(TOPIC);
      pubsub.createTopic({ name: TOPIC });
    },
    open: ['topic-budget-account: fail'],
    says: /no budget message arrives\ngcloud pubsub topics add-iam-policy-binding costguard-budget-kill-switch --project=ml-ops-local --member=serviceAccount:billing-budget-alert@/,
  },
  {
    name: 'a publisher for budgets under a condition',
    answer: (url) =>
      url.host === 'pubsub.googleapis.com' && url.pathname.endsWith('-kill-switch:getIamPolicy')
        ? {
            bindings: [
              {
                role: 'roles/pubsub.publisher',
                members: ['serviceAccount:billing-budget-alert@system.gserviceaccount.com'],
                condition: { title: 'elsewhere', expression: 'resource.name.startsWith("projects/other")' },
              },
            ],
          }
        : undefined,
    open: ['topic-budget-account: warn'],
    says: /may publish to it only under a condition, which is not evaluated \(roles\/pubsub\.publisher on \S+-kill-switch\): where it does not hold, no budget message arrives\ngcloud pubsub topics add-iam-policy-binding /,
  },
  {
    name: 'others that may publish to the topic, there and by its project',
    change({ iam }) {
      const permissions = ['pubsub.topics.publish'];
      iam.bind({ member: 'intern@example.com', role: 'roles/pubsub.publisher', permissions, on: TOPIC });
      iam.bind({ member: 'dev@example.com', role: 'roles/editor', permissions, on: `projects/${OPS}` });
    },
    open: ['topic-publishers: warn'],
    says: /user:intern@example\.com \(roles\/pubsub\.publisher on \S+-kill-switch\), .*user:dev@example\.com \(roles\/editor on projects\/ml-ops-local\); what folders .*\ngcloud pubsub topics remove-iam-policy-binding .*\ngcloud projects remove-iam-policy-binding ml-ops-local /s,
  },
  {
    name: 'one that may publish under a condition',
    answer: (url) =>
      url.host === 'cloudresourcemanager.googleapis.com' && url.pathname.endsWith(`/${OPS}:getIamPolicy`)
        ? {
            bindings: [
              {
                role: 'roles/editor',
                members: ['user:temp@example.com'],
                condition: {
                  title: 'for a while',
                  expression: 'request.time < timestamp("2027-01-01T00:00:00Z")',
                },
              },
            ],
          }
        : undefined,
    open: ['topic-publishers: warn'],
    says: /user:temp@example\.com \(roles\/editor on projects\/ml-ops-local, under a condition\); .*temp@\S+ --role=roles\/editor --all\n/s,
  },
  {
    name: 'a topic that anyone may publish to',
    change: ({ iam }) => {
      iam.bind({ member: 'allUsers', role: 'roles/pubsub.publisher', permissions: [], on: TOPIC });
    },
    open: ['topic-publishers: fail'],
    says: /anyone may publish to it and so make rungs due: allUsers/,
  },
  {
    name: "a topic's policy that may not be read",
    change: without('pubsub.topics.getIamPolicy', AUDITOR),
    open: ['topic-budget-account: unknown', 'topic-publishers: unknown'],
    says: /HTTP 403.*--role=roles\/iam\.securityReviewer/s,
  },
  {
    name: "a policy of the topic's project that may not be read",
    change: without('resourcemanager.projects.getIamPolicy', AUDITOR),
    open: ['topic-publishers: unknown'],
    says: /HTTP 403/,
  },
  {
    name: 'a state bucket in a project that may be unlinked',
    bucketIn: TARGET,
    open: ['project-own-parts: fail'],
    says: /^gs:\/\/ml-ops-local-costguard would go down with its billing.*\nMove gs:\/\/.*budgets\.protect$/,
  },
  {
    name: 'its policy and its receipts in a project that may be unlinked',
    bucketIn: TARGET,
    options: { policyUri: `gs://${BUCKET}/costguard.yaml`, account: SWITCH },
    state: 'gs://ml-ops-local-nowhere',
    open: ['policy-in-force: fail', 'state-access: fail', 'project-own-parts: fail'],
    says: /costguard\.yaml does not exist; all else was checked with the ladder of FILE\ngcloud storage cp /,
  },
  {
    name: 'a state bucket whose project may not be seen',
    change: without('storage.buckets.get', AUDITOR),
    open: ['bucket-project: unknown'],
    says: /HTTP 403.*--role=roles\/storage\.bucketViewer/s,
  },
  {
    name: 'a target that a subaccount pays for, which the budget does not name',
    accounts: [{ id: '0A1B2C-3D4E5F-6A7B8C' }, { id: '0FFFFF-0FFFFF-0FFFFF' }],
    target: { billingAccount: '0FFFFF-0FFFFF-0FFFFF' },
    change: budgetWith({ budgetFilter: { subaccounts: ['billingAccounts/0AAAAA-0AAAAA-0AAAAA'] } }),
    open: ['budget-scope: warn', 'project-billing: fail'],
    says: /also names subaccounts/,
  },
  {
    name: 'a target that a subaccount pays for, which the budget names',
    accounts: [{ id: '0A1B2C-3D4E5F-6A7B8C' }, { id: '0FFFFF-0FFFFF-0FFFFF' }],
    target: { billingAccount: '0FFFFF-0FFFFF-0FFFFF' },
    change: budgetWith({ budgetFilter: { subaccounts: ['billingAccounts/0FFFFF-0FFFFF-0FFFFF'] } }),
    open: ['budget-scope: warn'],
    says: /also names subaccounts/,
  },
  {
    name: 'a target that the own account pays for, where the budget names subaccounts alone',
    change: budgetWith({ budgetFilter: { subaccounts: ['billingAccounts/0AAAAA-0AAAAA-0AAAAA'] } }),
    open: ['budget-scope: warn', 'project-billing: fail'],
    says: /also names subaccounts/,
  },
  {
    name: 'a target that a subaccount pays for, at which the switch may look',
    accounts: [
      { id: '0A1B2C-3D4E5F-6A7B8C' },
      { id: '0CCCCC-0CCCCC-0CCCCC', masterAccount: '0A1B2C-3D4E5F-6A7B8C' },
    ],
    target: { billingAccount: '0CCCCC-0CCCCC-0CCCCC' },
    change: ({ iam }) => {
      iam.bind({
        member: SWITCH,
        role: 'roles/billing.viewer',
        permissions: [lookAtAccount],
        on: 'billingAccounts/0CCCCC-0CCCCC-0CCCCC',
      });
    },
    open: [],
    says: /^$/,
  },
  {
    name: 'a project that may not be seen',
    change: without('resourcemanager.projects.get', AUDITOR),
    open: ['host-billing: unknown', 'host-spend-cap: unknown', 'project-found: unknown'],
    says: /gcloud projects add-iam-policy-binding ml-ops-local .*--role=roles\/browser/,
  },
  {
    name: 'the host among the targets',
    budget: { projects: [TARGET, OPS] },
    open: ['project-not-host: fail'],
    says: /--filter-projects=projects\/100000000002$/,
  },
  {
    name: 'the host as the only target',
    budget: { projects: [OPS] },
    open: ['project-not-host: fail'],
    says: /out of budgets\.allow/,
  },
  {
    name: 'a target without billing',
    target: { billingAccount: null },
    open: ['project-billing: warn'],
    says: /gcloud billing projects link ml-target-local --billing-account=0A1B2C-3D4E5F-6A7B8C$/,
  },
  {
    name: 'a target that another account pays for',
    accounts: [{ id: '0A1B2C-3D4E5F-6A7B8C' }, { id: '0FFFFF-0FFFFF-0FFFFF' }],
    target: { billingAccount: '0FFFFF-0FFFFF-0FFFFF' },
    open: ['project-billing: fail'],
    says: /which guards it, does not see its cost \(whether it is a subaccount of .* cannot be told: .*billing\.accounts\.get.*\): the switch does not unlink it\n.*--billing-account=0A1B2C-3D4E5F-6A7B8C\ngcloud billing accounts add-iam-policy-binding 0FFFFF-0FFFFF-0FFFFF --member=serviceAccount:.* --role=roles\/billing\.viewer$/s,
  },
  {
    name: 'a closed account',
    accounts: [{ id: '0A1B2C-3D4E5F-6A7B8C', open: false }, { id: '0FFFFF-0FFFFF-0FFFFF' }],
    host: { billingAccount: '0FFFFF-0FFFFF-0FFFFF' },
    change: (sandbox) => {
      sandbox.iam.bind({
        member: AUDITOR,
        role: 'roles/auditor',
        permissions: ['billing.budgets.list'],
        on: 'billingAccounts/0FFFFF-0FFFFF-0FFFFF',
      });
    },
    open: ['project-billing: warn'],
    says: /which is closed/,
  },
  {
    name: 'a switch that may do nothing on its target',
    change: (sandbox) => {
      sandbox.iam.unbind(({ on }) => on === `projects/${TARGET}`);
      sandbox.iam.bind({
        member: AUDITOR,
        role: 'roles/auditor',
        permissions: ['resourcemanager.projects.get'],
        on: `projects/${TARGET}`,
      });
    },
    open: ['rung-stop-notebooks: fail', 'rung-stop-compute: fail', 'rung-unlink-billing: fail'],
    says: /iam roles create costguardBudgetKillSwitch_\w+ --project=ml-target-local/,
  },
  {
    name: 'a switch that may not stop VMs',
    change: without('compute.instances.stop', SWITCH),
    open: ['rung-stop-compute: fail'],
    says: /lacks compute\.instances\.stop\n.*iam roles update costguardBudgetKillSwitch_\w/s,
  },
  {
    name: 'a switch that may not unlink',
    change: without('resourcemanager.projects.deleteBillingAssignment', SWITCH),
    open: ['rung-unlink-billing: fail'],
    says: /lacks resourcemanager\.projects\.deleteBillingAssignment/,
  },
  {
    name: 'a switch without the right to unlink on the account, which Google may want',
    change: without('billing.resourceAssociations.delete', SWITCH),
    open: ['account-unlink: warn'],
    says: /lacks billing\.resourceAssociations\.delete: unlink-billing may be refused.*\n.*deploy\/deploy\.sh budget-kill-switch .*--project ml-ops-local .*--billing-roles custom/,
  },
  {
    name: 'a policy without unlink-billing, which needs no right to it on the account',
    change: without('billing.resourceAssociations.delete', SWITCH),
    budgets: `{mode: enforce, allow: [${BUDGET}], ladder: [{at: 0.8, do: stop-notebooks}]}`,
    open: [],
    says: /^$/,
  },
  {
    name: 'a switch that may not publish',
    change: without('pubsub.topics.publish', SWITCH),
    open: ['rung-notify: fail'],
    says: /--role=roles\/pubsub\.publisher/,
  },
  {
    name: 'a switch that no one here may impersonate',
    change: without('iam.serviceAccounts.getAccessToken', AUDITOR),
    open: [
      'rung-notify: unknown',
      'state-access: unknown',
      'account-access: unknown',
      'rung-stop-notebooks: unknown',
      'rung-stop-compute: unknown',
      'rung-unlink-billing: unknown',
    ],
    says: new RegExp(`add-iam-policy-binding ${SWITCH} .*--role=roles/iam\\.serviceAccountTokenCreator`),
  },
  {
    name: 'a switch without an account',
    options: { account: 'budget-kill-switch@ml-nowhere.iam.gserviceaccount.com' },
    open: [
      'rung-notify: unknown',
      'state-access: unknown',
      'account-access: unknown',
      'rung-stop-notebooks: unknown',
      'rung-stop-compute: unknown',
      'rung-unlink-billing: unknown',
    ],
    says: /iam service-accounts create budget-kill-switch --project=ml-nowhere/,
  },
  {
    name: 'a state bucket that is not there',
    state: 'gs://ml-ops-local-nowhere',
    open: ['state-access: fail'],
    says: /storage buckets create gs:\/\/ml-ops-local-nowhere/,
  },
  {
    name: 'a state bucket that the switch may only read',
    change: without('storage.objects.create', SWITCH),
    open: ['state-access: fail'],
    says: /cannot write manifests\/, messages\/, .*, spend\/\n.*roles create costguardStateWrite .*\n.*--condition='expression=resource\.name\.startsWith/,
  },
  {
    name: 'a state bucket that the switch may only read, whose role for writing others hold',
    change: (sandbox) => {
      for (const right of ['create', 'delete']) without(`storage.objects.${right}`, SWITCH)(sandbox);
    },
    answer: (url) =>
      url.host === 'iam.googleapis.com' && url.pathname.includes('/roles/')
        ? { name: url.pathname.replace('/v1/', '') }
        : undefined,
    open: ['state-access: fail'],
    says: /cannot write manifests\/, messages\/, .*, spend\/\n.*roles update costguardStateWrite /,
  },
  {
    name: 'a state bucket to which the switch may add and in which it may replace nothing',
    change: without('storage.objects.delete', SWITCH),
    open: ['state-access: fail'],
    says: /cannot replace objects in manifests\/, messages\/, not-offered\/, policy\/budget-kill-switch\.yaml, spend\/\n.*roles update costguardStateWrite /,
  },
  {
    name: 'a state bucket in which the switch is bound to the folders of another function',
    change: bindStateTo('receipts/'),
    open: ['state-access: fail'],
    says: /cannot write manifests\/, messages\/, not-offered\/, poison\/budget-kill-switch\/, policy\/budget-kill-switch\.yaml, spend\/\n/,
  },
  {
    name: 'a state bucket that an older deployment lets the switch write whole',
    change: bindStateTo(''),
    open: [],
    says: /^$/,
  },
  {
    name: 'a state bucket that the switch may do nothing in',
    answer: (url) => (url.pathname.endsWith('/iam/testPermissions') ? { kind: 'storage#x' } : undefined),
    open: ['state-access: fail'],
    says: /iam roles create costguardStateRead/,
  },
  {
    name: 'a state bucket that the switch may not read, whose role for reading others hold',
    answer: (url) => {
      if (url.pathname.endsWith('/iam/testPermissions')) return { kind: 'storage#x' };
      return url.host === 'iam.googleapis.com' && url.pathname.includes('/roles/')
        ? { name: url.pathname.replace('/v1/', '') }
        : undefined;
    },
    open: ['state-access: fail'],
    says: /iam roles update costguardStateRead/,
  },
  {
    name: 'a host whose billing is off',
    host: { billingAccount: null },
    open: ['host-billing: fail', 'host-spend-cap: unknown'],
    says: /the switch cannot run/,
  },
  {
    name: 'a spend cap on Cloud Run functions in the host',
    answer: capped(SPEND_CAP),
    open: ['host-spend-cap: fail'],
    says: /"Functions cap" can stop.*remove its spend cap/s,
  },
  {
    name: 'a spend cap on the second page',
    answer: (url) =>
      capped(url.searchParams.has('pageToken') ? SPEND_CAP : { budgets: [], nextPageToken: 'p2' })(url),
    open: ['host-spend-cap: fail'],
    says: /"Functions cap"/,
  },
  {
    name: 'budgets of the host that may not be listed',
    change: without('billing.budgets.list', AUDITOR),
    open: ['host-spend-cap: unknown'],
    says: /HTTP 403/,
  },
  {
    name: 'an API that is off in the host',
    answer: (url) => {
      if (url.host !== 'pubsub.googleapis.com') return undefined;
      const data = { error: { code: 403, message: 'off', details: [{ reason: 'SERVICE_DISABLED' }] } };
      throw Object.assign(new Error('off'), { status: 403, response: { status: 403, data } });
    },
    open: ['topic-exists: unknown', 'rung-notify: unknown'],
    says: /gcloud services enable pubsub\.googleapis\.com --project=ml-ops-local/,
  },
  {
    name: 'a quota project that the caller may not use',
    answer: (url) => {
      if (url.host !== 'pubsub.googleapis.com') return undefined;
      const details = [{ reason: 'USER_PROJECT_DENIED' }];
      const data = { error: { code: 403, message: 'no required permission to use project', details } };
      throw Object.assign(new Error('no'), { status: 403, response: { status: 403, data } });
    },
    open: ['topic-exists: unknown', 'rung-notify: unknown'],
    says: /gcloud projects add-iam-policy-binding ml-ops-local --member=user:YOUR_EMAIL --role=roles\/serviceusage\.serviceUsageConsumer/,
  },
  {
    name: 'answers that are not understood',
    answer: (url) => (url.pathname.endsWith(':testIamPermissions') ? { permissions: 7 } : undefined),
    open: [
      'rung-notify: unknown',
      'account-access: unknown',
      'rung-stop-notebooks: unknown',
      'rung-stop-compute: unknown',
      'rung-unlink-billing: unknown',
    ],
    says: /could not be checked/,
  },
  {
    name: 'a runtime with less than a year to live',
    now: '2027-12-01T00:00:00Z',
    open: ['host-runtime: warn'],
    says: /in 335 days.*gcloud functions runtimes list/s,
  },
  {
    name: 'a runtime with weeks to live',
    options: { runtime: 'nodejs22' },
    now: '2027-08-10T00:00:00Z',
    open: ['host-runtime: fail'],
    says: /in 82 days.*--runtime=nodejs24/s,
  },
  {
    name: 'a dead runtime',
    options: { runtime: 'nodejs20' },
    open: ['host-runtime: fail'],
    says: /decommissioned 19 days ago/,
  },
  {
    name: 'a runtime from the future',
    options: { runtime: 'nodejs30' },
    open: ['host-runtime: unknown'],
    says: /not known/,
  },
];

describe('runPreflight', () => {
  it('passes everything that can be told when all is well', async () => {
    const checks = await look({}, (_, __, { callLog, storage }) => {
      const changing = callLog.calls().filter(
        ({ method, id, path, query, status }) =>
          method !== 'GET' &&
          // Whether it may replace its state: tried on an object that is not there.
          !(id === 'storage.objects.delete' && path.endsWith('costguard-preflight') && status === 404) &&
          !/:?(?:test|get)Iam(?:Permissions|Policy)|generateAccessToken/.test(id) &&
          // Begun and left: nothing is stored.
          !query.startsWith('?uploadType=resumable&'),
      );
      assert.deepEqual(changing, []);
      assert.deepEqual(storage.objectNames(BUCKET), []);
    });
    assert.deepEqual(open(checks), []);
    assert.equal(find(checks, 'spend-reach').status, 'pass');
    assert.equal(find(checks, 'project-billing-lock').status, 'unknown');
    assert.equal(new Set(checks.map(({ id, subject }) => `${id} ${subject}`)).size, checks.length);
  });

  for (const { name, open: expected, says, ...setup } of cases)
    it(`reports ${name}`, async () => {
      const checks = await look(setup);
      assert.deepEqual(open(checks), expected);
      const [first = ''] = expected;
      const found = checks.find(({ id, status }) => `${id}: ${status}` === first);
      assert.match([found?.detail, ...(found?.remedy ?? [])].join('\n'), says);
    });

  it('fails a policy that neither arms nor disarms the switch', async () => {
    const checks = await runPreflight({} as never, parsePolicy(`scope: [projects/${TARGET}]\n`), {} as never);
    assert.deepEqual(open(checks), ['policy-mode: fail']);
  });

  it('says that a protected target is never touched, and checks nothing more of it', async () => {
    const checks = await look({
      budgets: `{mode: enforce, allow: [${BUDGET}], protect: [${TARGET}]}`,
    });
    assert.match(find(checks, 'project-protection').detail, /never touches it/);
    assert.ok(!checks.some(({ id }) => id.startsWith('rung-stop')));
  });

  it('checks only the rungs of the ladder', async () => {
    const checks = await look({
      budgets: `{mode: enforce, allow: [${BUDGET}], ladder: [{at: 0.5, do: notify}, {at: 0.8, do: stop-notebooks}]}`,
    });
    assert.deepEqual(
      checks.filter(({ id }) => /^rung-|lock/.test(id)).map(({ id }) => id),
      ['rung-notify', 'rung-stop-notebooks'],
    );
  });

  // The switch's whole table: aiplatform is one of many.
  it.each(['aiplatform', 'container', 'run'])(
    'fails the rungs whose listings a service perimeter around %s refuses, although IAM allows them (c19)',
    async (service) => {
      const checks = await look({
        change: (sandbox) => {
          sandbox.perimeters.add({ project: TARGET, services: [`${service}.googleapis.com`], except: [AUDITOR] });
        },
      });
      const rungs = checks.filter(({ id }) => /^rung-(?:stop|unlink)|perimeter/.test(id));
      assert.deepEqual(
        rungs.map(({ id, status }) => `${id}: ${status}`),
        ['rung-stop-notebooks: pass', 'rung-stop-compute: fail', 'rung-unlink-billing: fail', 'project-perimeter: fail'],
      );
      assert.match(rungs[1]?.detail ?? '', /IAM allows it, but .* cannot see projects\/ml-target-local .*VPC Service Controls/);
      assert.match(rungs[3]?.detail ?? '', new RegExp(`keeps .* out of ${service}\\.googleapis\\.com, whatever IAM allows`));
      assert.match(rungs[3]?.remedy[0] ?? '', new RegExp(`service-perimeter: .*ingress rule .* call ${service}\\.googleapis\\.com$`));
      // What the switch cannot see, the caller can.
      assert.equal(find(checks, 'spend-reach').status, 'pass');
    },
  ); // prettier-ignore

  it('names the accounts that models run as, and what brings those back that the policy does not name', async () => {
    const model = (id: string, account: string) => ({
      id,
      model: 'projects/100000000002/locations/us-central1/models/5',
      serviceAccount: `${account}@${TARGET}.iam.gserviceaccount.com`,
      automaticResources: { minReplicaCount: 1 },
    });
    const checks = await look({
      target: {
        vertex: {
          endpoints: [
            { id: '71', displayName: 'e', deployedModels: [model('1', 'ranking'), model('2', 'search-app')] },
          ],
        },
      },
      budgets: `{mode: enforce, allow: [${BUDGET}], modelAccounts: [ranking@${TARGET}.iam.gserviceaccount.com]}`,
    });
    const found = checks.filter(({ id }) => id === 'model-account');
    assert.deepEqual(
      found.map(({ status }) => status),
      ['pass', 'warn'],
    );
    assert.equal(
      found[1]?.remedy[0],
      `gcloud iam service-accounts add-iam-policy-binding search-app@${TARGET}.iam.gserviceaccount.com --member=serviceAccount:budget-restore@${OPS}.iam.gserviceaccount.com --role=roles/iam.serviceAccountUser --condition=None`,
    );
  });

  it('goes on when Google fails everywhere, and passes nothing that it could not see', async () => {
    const checks = await look({
      change: ({ faults }) => {
        faults.add({ route: '*', fault: { kind: 'status', status: 503 } });
      },
    });
    const passed = checks.filter(({ status }) => status === 'pass').map(({ id }) => id);
    assert.deepEqual(passed, ['policy-mode', 'policy-allow', 'policy-state', 'host-runtime']);
    assert.ok(checks.every(({ status }) => status === 'pass' || status === 'unknown'));
  });
});

describe('permissions', () => {
  it('rungPermissions are together what the role grants', () => {
    const together = [...new Set(Object.values(rungPermissions).flat())].sort();
    assert.deepEqual(together, [...roleFile('budget-kill-switch/role.yaml')].sort());
  });

  it('accountPermissions and statePermissions are what their roles grant', () => {
    assert.deepEqual(
      [lookAtAccount, ...accountPermissions, unlinkOnAccount],
      roleFile('budget-kill-switch/billing-account-role.yaml'),
    );
    assert.deepEqual([...statePermissions].sort(), [...roleFile('state-read-role.yaml')].sort());
    assert.deepEqual(switchFolders, stateGrants('budget-kill-switch').folders);
  });
});

it('daysUntilDecommission counts whole days up to the day itself', () => {
  assert.equal(daysUntilDecommission('nodejs24', new Date('2028-10-30T00:00:00Z')), 1);
  assert.equal(daysUntilDecommission('nodejs24', new Date('2028-10-31T00:00:00Z')), 0);
  assert.equal(daysUntilDecommission('nodejs24', new Date('2028-11-01T00:00:00Z')), -1);
  assert.equal(daysUntilDecommission('nodejs4', new Date('2028-11-01T00:00:00Z')), undefined);
});

describe('remedies of runPreflight', needs(gcloudMissing()), () => {
  it('fix the budget when gcloud runs them', async () => {
    await look(
      {
        budget: {
          topic: `projects/${OPS}/topics/elsewhere`,
          thresholds: [0.5],
          creditTypesTreatment: 'INCLUDE_SPECIFIED_CREDITS',
          creditTypes: ['PROMOTION'],
        },
        target: { billingAccount: null },
        budgets: `{mode: enforce, allow: [${BUDGET}], basis: either}`,
      },
      async (checks, again, sandbox) => {
        const gcloud = createGcloud(sandbox, 'owner@example.com');
        assert.deepEqual(open(checks), [
          'topic-exists: fail',
          'budget-topic: fail',
          'budget-thresholds: fail',
          'budget-credits: warn',
          'project-billing: warn',
        ]);
        for (const { id, remedy } of checks)
          for (const command of remedy.filter((one) => one.startsWith('gcloud '))) {
            const { code, stderr } = await gcloud(command.replace('gcloud ', ''));
            assert.equal(code, 0, `${id}: ${command}: ${stderr}`);
          }
        await sandbox.clock.advance(60_000);
        assert.deepEqual(open(await again()), []);
      },
    );
  });

  it('are commands that gcloud knows', () => {
    const commands = [...remedies].filter((one) => one.startsWith('gcloud '));
    assert.ok(commands.length >= 25, `only ${commands.length} commands were collected`);
    assert.deepEqual(lintCommands(commands), []);
  });
});
