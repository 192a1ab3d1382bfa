import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'vitest';
import { preflightCommand } from '../../../deploy/commands/preflight.ts';
import type { Check } from '../../../shared/preflight/preflight.ts';
import { createRuntime, type Runtime } from '../../../shared/run/runtime.ts';
import { roleFile } from '../../sandbox/iam/roles.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import { parseScenario } from '../../sandbox/scenario.ts';
import { letBudgetsPublish } from '../../sandbox/services/billing/budget-publisher.ts';
import { firewallPreload } from '../../support/firewall.ts';

/** What looking at what runs takes. */
const LISTS = RESOURCE_KINDS.flatMap(({ permissions }) => permissions.list);

const OPS = 'ml-ops-local';
const TARGET = 'ml-target-local';
const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `${ACCOUNT}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
const TOPIC = `projects/${OPS}/topics/costguard-budget-kill-switch`;
const RECEIPTS = `projects/${OPS}/topics/costguard-receipts`;
const BUCKET = 'ml-ops-local-costguard';
const ASKER = `asker@${OPS}.iam.gserviceaccount.com`;

const POLICY = {
  scope: [`projects/${TARGET}`],
  state: `gs://${BUCKET}`,
  receipts: RECEIPTS,
  budgets: { mode: 'enforce', allow: [BUDGET] },
};

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command as npm runs it, in a process of its own. */
async function preflight(sandbox: Sandbox, args: readonly string[]): Promise<Ended> {
  const script = join(import.meta.dirname, '../../../deploy/commands/preflight.ts');
  const child = spawn(process.execPath, [...sandbox.preload, script, ...args], {
    env: { ...(await sandbox.functionEnvironment(ASKER)), GOOGLE_CLOUD_PROJECT: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, err };
}

/**
 * The command as a user runs it behind a proxy: nothing leads to Google but the sandbox's CONNECT listener, and no
 * application-default credentials are there.
 */
async function behindProxy(
  sandbox: Sandbox,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const script = join(import.meta.dirname, '../../../deploy/commands/preflight.ts');
  const child = spawn(process.execPath, ['--import', firewallPreload(sandbox.folder), script, ...args], {
    env: {
      HOME: sandbox.folder,
      NODE_EXTRA_CA_CERTS: sandbox.caFile,
      HTTPS_PROXY: sandbox.proxyUrl,
      METADATA_SERVER_DETECTION: 'none',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, err };
}

/** A cloud in which the switch would work, and a policy file for it. */
async function withCloud(test: (sandbox: Sandbox, policyFile: string) => Promise<void>): Promise<void> {
  const sandbox = await startSandbox({
    scenario: parseScenario({
      name: 'preflight',
      clock: '2026-11-18T21:40:00Z',
      projects: [
        { id: OPS, number: '100000000001' },
        { id: TARGET, number: '100000000002' },
      ],
      billing: {
        accounts: [{ id: ACCOUNT.replace('billingAccounts/', '') }],
        budgets: [
          {
            name: BUDGET,
            displayName: 'ML, monthly',
            projects: [TARGET],
            usd: 500,
            thresholds: [0.5, 0.8, 1, 1.2],
            creditTypesTreatment: 'EXCLUDE_ALL_CREDITS',
            topic: TOPIC,
          },
        ],
      },
      storage: { buckets: [{ name: BUCKET, project: OPS, location: 'US-CENTRAL1' }] },
    }),
    frozen: true,
  });
  try {
    sandbox.pubsub.createTopic({ name: RECEIPTS });
    const member = sandbox.grant({
      functionName: 'budget-kill-switch',
      operationsProject: OPS,
      scope: [`projects/${TARGET}`],
      stateBucket: BUCKET,
      topics: [RECEIPTS],
    });
    const role = 'budget-kill-switch/billing-account-role.yaml';
    sandbox.iam.bind({ member, role, permissions: roleFile(role), on: ACCOUNT });
    for (const [on, permissions] of [
      [ACCOUNT, ['billing.budgets.get', 'billing.budgets.list']],
      [`projects/${TARGET}`, ['resourcemanager.projects.get', ...LISTS]],
      [
        `projects/${OPS}`,
        [
          'resourcemanager.projects.get',
          'resourcemanager.projects.getIamPolicy',
          'pubsub.topics.get',
          'pubsub.topics.getIamPolicy',
          'storage.buckets.get',
          'iam.serviceAccounts.getAccessToken',
        ],
      ],
    ] as const)
      sandbox.iam.bind({ member: ASKER, role: 'roles/asker', permissions, on });
    const policyFile = join(sandbox.folder, 'costguard.yaml');
    await writeFile(policyFile, JSON.stringify(POLICY));
    await test(sandbox, policyFile);
  } finally {
    await sandbox.close();
  }
}

describe('npm run preflight', () => {
  it('with the policy alone says that the switch would work, and ends with 0', () =>
    withCloud(async (sandbox, policyFile) => {
      const { code, out, err } = await preflight(sandbox, [policyFile]);
      assert.deepEqual([code, err], [0, ''], out);
      assert.match(out, /^policy\n {2}pass {5}policy-mode +budgets\.mode is enforce/);
      assert.match(out, /\n {2}unknown {2}project-billing-lock /);
      assert.match(out, /\n\d+ pass, 0 warn, 0 fail, 1 could not check\n$/);
      const changing = sandbox.callLog.calls().filter(
        ({ method, id, path, query, status }) =>
          method !== 'GET' &&
          // What is not there: nothing goes.
          !(id === 'storage.objects.delete' && path.endsWith('costguard-preflight') && status === 404) &&
          !/(?:test|get)Iam(?:Permissions|Policy)|generateAccessToken/.test(id) &&
          // Begun and left: nothing is stored.
          !query.startsWith('?uploadType=resumable&'),
      );
      assert.deepEqual(changing, []);
      assert.deepEqual(sandbox.storage.objectNames(BUCKET), []);
    }));

  it('says what fails and how to fix it, and ends with 1', () =>
    withCloud(async (sandbox, policyFile) => {
      sandbox.billing.budgets.update({ name: BUDGET, thresholdRules: [{ thresholdPercent: 0.5 }] }, '');
      sandbox.pubsub.deleteTopic(TOPIC);
      const { code, out, err } = await preflight(sandbox, [policyFile, '--project', OPS]);
      assert.deepEqual([code, err], [1, '']);
      assert.match(out, /\n {2}fail {5}topic-exists +it does not exist/);
      assert.match(out, /\n {2}fail {5}budget-thresholds +it has no threshold at 80 % of spend, /);
      assert.match(out, /\nTo fix it:\n/);
      assert.match(
        out,
        /\n {4}gcloud pubsub topics create costguard-budget-kill-switch --project=ml-ops-local\n/,
      );
      assert.match(out, /, 2 fail, 1 could not check\n$/);
    }));

  it('says that no budget message arrives where the topic was made again without a publisher for budgets (c14)', () =>
    withCloud(async (sandbox, policyFile) => {
      sandbox.pubsub.deleteTopic(TOPIC);
      sandbox.pubsub.createTopic({ name: TOPIC });
      const { code, out, err } = await preflight(sandbox, [policyFile]);
      assert.deepEqual([code, err], [1, ''], out);
      const account = 'serviceAccount:billing-budget-alert@system.gserviceaccount.com';
      assert.match(out, /\n {2}pass {5}topic-exists /);
      assert.match(out, new RegExp(`\n {2}fail {5}topic-budget-account +${account} may not publish to it: no budget message arrives\n`));
      assert.match(out, /\nTo fix it:\n {2}topic-budget-account \(projects\/ml-ops-local\/topics\/costguard-budget-kill-switch\)\n/);
      const remedy = `gcloud pubsub topics add-iam-policy-binding costguard-budget-kill-switch --project=${OPS} --member=${account} --role=roles/pubsub.publisher`;
      assert.ok(out.includes(`\n    ${remedy}\n`), out);
      assert.match(out, /, 0 warn, 1 fail, 1 could not check\n$/);

      letBudgetsPublish(sandbox.iam, TOPIC);
      const fixed = await preflight(sandbox, [policyFile]);
      assert.deepEqual([fixed.code, fixed.err], [0, ''], fixed.out);
      assert.match(fixed.out, /\n {2}pass {5}topic-budget-account /);
    })); // prettier-ignore

  it('runs every check behind a proxy, with the token of gcloud alone', () =>
    withCloud(async (sandbox, policyFile) => {
      const environment = { CLOUDSDK_AUTH_ACCESS_TOKEN: sandbox.issueToken(ASKER) };
      const { code, out, err } = await behindProxy(sandbox, [policyFile], environment);
      assert.deepEqual([code, err], [0, ''], out);
      assert.match(out, /\n {2}pass {5}budget-thresholds /);
      assert.match(out, /\n\d+ pass, 0 warn, 0 fail, 1 could not check\n$/);
    }));

  it('takes the sign-in of gcloud itself, and ends with 3 where a check does not run', () =>
    withCloud(async (sandbox, policyFile) => {
      const bin = join(sandbox.folder, 'bin');
      await mkdir(bin);
      const token = sandbox.issueToken(ASKER);
      await writeFile(join(bin, 'gcloud'), `#!/bin/sh\n[ "$*" = "auth print-access-token" ] && echo '${token}'\n`, { mode: 0o755 });
      const PATH = `${bin}:/usr/bin:/bin`;
      assert.equal((await behindProxy(sandbox, [policyFile], { PATH })).code, 0);
      const cut = await behindProxy(sandbox, [policyFile], { PATH, NO_PROXY: 'billingbudgets.googleapis.com' });
      assert.equal(cut.code, 3, cut.out);
      assert.match(cut.out, /unknown {2}budget-exists +could not be checked: .*no way out to billingbudgets/);
    })); // prettier-ignore

  it('says how to sign in when no one is, without a crash, and ends with 3', () =>
    withCloud(async (sandbox, policyFile) => {
      const { code, out, err } = await behindProxy(sandbox, [policyFile], { PATH: '/nowhere' });
      assert.deepEqual([code, out], [3, '']);
      assert.match(err, /^Not signed in: .*\n {4}gcloud auth login\n {4}gcloud auth application-default login\n$/);
    })); // prettier-ignore

  it('writes JSON, and ends with 3 when nothing fails and a check could not run', () =>
    withCloud(async (sandbox, policyFile) => {
      sandbox.iam.unbind(({ member, on }) => member === ASKER && on === ACCOUNT);
      const { code, out } = await preflight(sandbox, [policyFile, '--format', 'json', '--runtime=nodejs99']);
      assert.equal(code, 3, out);
      const { checks, summary } = JSON.parse(out) as { checks: Check[]; summary: Record<string, number> };
      const unknown = checks.filter(({ status }) => status === 'unknown').map(({ id }) => id);
      assert.deepEqual(unknown, ['host-runtime', 'host-spend-cap', 'budget-exists']);
      assert.deepEqual([summary['unknown'], summary['fail']], [3, 0]);
    }));

  it('checks in the name of another account, and another topic, when told so', () =>
    withCloud(async (sandbox, policyFile) => {
      const { code, out } = await preflight(sandbox, [
        policyFile,
        '--account=other@ml-ops-local.iam.gserviceaccount.com',
        `--topic=${RECEIPTS}`,
      ]);
      assert.equal(code, 1);
      assert.match(out, /fail {5}rung-unlink-billing +other@ml-ops-local\S+ lacks all/);
      assert.match(
        out,
        /fail {5}budget-topic +its messages go to \S+-kill-switch, so that the switch on \S+-receipts never hears of it/,
      );
    }));
});

/** A run that ends before any request. */
async function refuse(
  args: readonly string[],
  environment: Runtime['environment'] = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: '', err: '' };
  const auth = new Proxy({}, { get: (_, name) => assert.fail(`requested ${String(name)}`) }) as never;
  const code = await preflightCommand(args, { ...createRuntime('preflight'), auth, environment }, {
    out: (more) => (said.out += more),
    err: (more) => (said.err += more),
  }); // prettier-ignore
  return { code, ...said };
}

describe('preflightCommand', () => {
  const example = join(import.meta.dirname, '../../../deploy/costguard.example.yaml');
  const usageErrors: readonly [string, readonly string[], string][] = [
    ['no file', [], 'Name one policy file.'],
    ['two files', [example, example], 'Name one policy file.'],
    ['an option that it lacks', [example, '--fix'], "Unknown option '--fix'"],
    ['an option without its value', [example, '--project'], "Option '--project <value>' argument missing"],
    ['a project with a blank', [example, '--project', 'a b'], '--project is "a b"; expected a project id.'],
    [
      'a project that is a command',
      [example, '--project=x;rm'],
      '--project is "x;rm"; expected a project id.',
    ],
    ['an empty project', [example, '--project='], '--project is ""; expected a project id.'],
    [
      'a bare topic',
      [example, '--project=ops', '--topic=budgets'],
      '--topic is "budgets"; expected projects/P/topics/T.',
    ],
    [
      'a person as account',
      [example, '--project=ops', '--account=me@example.com'],
      '--account is "me@example.com"; expected a service account\'s e-mail address.',
    ],
    [
      'a number as runtime',
      [example, '--project=ops', '--runtime=24'],
      '--runtime is "24"; expected a runtime such as nodejs24.',
    ],
    [
      'another format',
      [example, '--project=ops', '--format=xml'],
      '--format is "xml"; expected text or json.',
    ],
  ];
  for (const [name, args, says] of usageErrors)
    it(`refuses ${name} with its usage and 2`, async () => {
      const { code, out, err } = await refuse(args);
      assert.deepEqual([code, out], [2, '']);
      assert.ok(err.startsWith(says), err);
      assert.match(err, /\n\nUsage: npm run preflight -- FILE /);
    });

  it('requests the operations project when nothing names it', () =>
    withPolicy({ ...POLICY, receipts: undefined }, async (file) => {
      for (const environment of [{}, { GOOGLE_CLOUD_PROJECT: 'no id!' }]) {
        const { code, out, err } = await refuse([file], environment);
        assert.deepEqual([code, out], [2, '']);
        assert.match(err, /^Name the operations project: --project OPS\./);
      }
    }));

  it('prints every problem of a bad policy and ends with 1', () =>
    withPolicy({ ...POLICY, budgets: { allow: ['x'] }, scope: [] }, async (file) => {
      const { code, out, err } = await refuse([file]);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, new RegExp(`^${file}: scope: .*\n`, 'm'));
      assert.match(err, new RegExp(`^${file}: budgets\\.mode: missing; expected`, 'm'));
      assert.match(err, new RegExp(`^${file}: budgets\\.allow\\[0\\]: got "x"`, 'm'));
    }));

  it('says that a file is not there and ends with 1', async () => {
    const { code, err } = await refuse(['/nowhere/costguard.yaml', '--project=ops']);
    assert.equal(code, 1);
    assert.match(err, /^\/nowhere\/costguard\.yaml: \(file\): cannot be read: ENOENT/);
  });

  it('shows its usage when requested and ends with 0', async () => {
    const { code, out, err } = await refuse(['--help']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^Usage: npm run preflight/);
  });
});

async function withPolicy(policy: object, test: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'costguard-preflight-'));
  try {
    const file = join(folder, 'costguard.yaml');
    await writeFile(file, JSON.stringify(policy));
    await test(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
