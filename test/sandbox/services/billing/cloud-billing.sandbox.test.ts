import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { askGoogle, errorOf, type Answer } from '../../../support/ask-google.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { parseScenario, type ScenarioInput } from '../../scenario.ts';

const OPEN = '0A1B2C-3D4E5F-6A7B8C';
const CLOSED = '111111-222222-333333';
const OWNER = 'owner@example.com';
const UNLINKER = 'unlinker@ops.iam.gserviceaccount.com';

const SCENARIO: ScenarioInput = {
  name: 'billing',
  clock: '2026-11-18T12:00:00Z',
  organization: { id: '900', displayName: 'example.com' },
  projects: [
    {
      id: 'lab',
      number: '1',
      notebooks: [{ id: 'nb', zone: 'us-central1-a', machineType: 'n1-standard-4' }],
      vms: [{ id: 'vm', zone: 'us-central1-a', machineType: 'n1-standard-4' }],
    },
    { id: 'locked', number: '2', billingLocked: true },
    { id: 'unpaid', number: '3', billingAccount: null },
    { id: 'on-closed', number: '4', billingAccount: CLOSED },
  ],
  billing: {
    accounts: [
      { id: OPEN, displayName: 'Main' },
      { id: CLOSED, displayName: 'Old', open: false },
    ],
    readDelaySeconds: 5,
  },
};

describe('cloudBillingService', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ scenario: parseScenario(SCENARIO), frozen: true });
    sandbox.iam.bind({
      member: UNLINKER,
      role: 'unlink only',
      permissions: ['resourcemanager.projects.get', 'resourcemanager.projects.deleteBillingAssignment'],
      on: 'projects/lab',
    });
    sandbox.iam.bind({
      member: UNLINKER,
      role: 'unlink on the account',
      permissions: ['billing.resourceAssociations.delete'],
      on: `billingAccounts/${OPEN}`,
    });
  });
  afterAll(() => sandbox.close());
  const ask = (method: string, path: string, body?: unknown, account = OWNER): Promise<Answer> =>
    askGoogle(sandbox, account, method, `https://cloudbilling.googleapis.com/v1/${path}`, body);
  const info = async (project: string): Promise<Answer['body']> =>
    (await ask('GET', `projects/${project}/billingInfo`)).body;
  const relink = (project = 'lab', account = OPEN): Promise<Answer> =>
    ask('PUT', `projects/${project}/billingInfo`, { billingAccountName: `billingAccounts/${account}` });

  it('shows the link by project id or number', async () => {
    const linked = {
      name: 'projects/lab/billingInfo',
      projectId: 'lab',
      billingAccountName: `billingAccounts/${OPEN}`,
      billingEnabled: true,
    };
    assert.deepEqual(await info('lab'), linked);
    assert.deepEqual(await info('1'), linked);
    assert.deepEqual(await info('unpaid'), {
      name: 'projects/unpaid/billingInfo',
      projectId: 'unpaid',
      billingAccountName: '',
      billingEnabled: false,
    });
    assert.equal((await info('on-closed'))['billingEnabled'], false);
    assert.equal(
      errorOf(await ask('GET', 'projects/missing/billingInfo')),
      '403 PERMISSION_DENIED CONSUMER_INVALID',
    );
  });

  for (const [what, body] of [
    ['no body', undefined],
    ['an empty body', {}],
    ['an empty account', { billingAccountName: '' }],
  ] as const)
    it(`takes ${what} for disable`, async () => {
      const off = await ask('PUT', 'projects/lab/billingInfo', body, UNLINKER);
      assert.deepEqual(
        [off.status, off.body['billingAccountName'], off.body['billingEnabled']],
        [200, '', false],
      );
      assert.deepEqual([(await relink()).status, sandbox.billing.links.enabled('lab')], [200, true]);
      await sandbox.clock.advance(5_000);
    });

  it('reads billingEnabled late', async () => {
    await ask('PUT', 'projects/lab/billingInfo', {});
    const early = await info('lab');
    assert.deepEqual([early['billingAccountName'], early['billingEnabled']], ['', true]);
    await sandbox.clock.advance(5_000);
    assert.equal((await info('lab'))['billingEnabled'], false);
    await relink();
    assert.equal((await info('lab'))['billingEnabled'], false);
    await sandbox.clock.advance(5_000);
    assert.equal((await info('lab'))['billingEnabled'], true);
  });

  it('refuses the misspelt field that Google’s sample sends, and an account that does not exist', async () => {
    const misnamed = { resource: { billingAccountName: '' } };
    assert.equal(errorOf(await ask('PUT', 'projects/lab/billingInfo', misnamed)), '400 INVALID_ARGUMENT');
    assert.equal(
      errorOf(await relink('lab', '999999-999999-999999')),
      '403 PERMISSION_DENIED IAM_PERMISSION_DENIED',
    );
    assert.equal(
      errorOf(await ask('PUT', 'projects/lab/billingInfo', { billingAccountName: OPEN })),
      '400 INVALID_ARGUMENT',
    );
    assert.equal((await info('lab'))['billingAccountName'], `billingAccounts/${OPEN}`);
  });

  it('links a closed account without enabling billing', async () => {
    const linked = await relink('unpaid', CLOSED);
    assert.deepEqual(
      [linked.status, linked.body['billingAccountName'], linked.body['billingEnabled']],
      [200, `billingAccounts/${CLOSED}`, false],
    );
  });

  it('does not change a locked link', async () => {
    assert.equal(errorOf(await ask('PUT', 'projects/locked/billingInfo', {})), '400 FAILED_PRECONDITION');
    assert.equal((await relink('locked')).status, 200, 'the same link is no change');
    assert.equal((await info('locked'))['billingEnabled'], true);
  });

  it('requires the permissions of each direction', async () => {
    const outsider = 'outsider@example.com';
    assert.match(errorOf(await ask('PUT', 'projects/lab/billingInfo', {}, outsider)), /^403/);
    assert.match(errorOf(await ask('GET', 'projects/lab/billingInfo', undefined, outsider)), /^403/);
    const body = { billingAccountName: `billingAccounts/${OPEN}` };
    assert.match(errorOf(await ask('PUT', 'projects/lab/billingInfo', body, UNLINKER)), /^403/);
    sandbox.iam.bind({
      member: UNLINKER,
      role: 'link',
      permissions: ['resourcemanager.projects.createBillingAssignment'],
      on: 'projects/lab',
    });
    assert.match(errorOf(await ask('PUT', 'projects/lab/billingInfo', body, UNLINKER)), /^403/);
    sandbox.iam.bind({
      member: UNLINKER,
      role: 'roles/billing.user',
      permissions: ['billing.resourceAssociations.create'],
      on: `billingAccounts/${OPEN}`,
    });
    assert.match(errorOf(await ask('PUT', 'projects/lab/billingInfo', body, UNLINKER)), /^403/);
    sandbox.billing.takeRights('project');
    assert.equal((await ask('PUT', 'projects/lab/billingInfo', body, UNLINKER)).status, 200);
    sandbox.billing.takeRights('project-and-account');
    sandbox.iam.bind({
      member: UNLINKER,
      role: 'services',
      permissions: ['serviceusage.services.list', 'serviceusage.effectivepolicy.get'],
      on: 'projects/lab',
    });
    assert.equal((await ask('PUT', 'projects/lab/billingInfo', body, UNLINKER)).status, 200);
    const policy = await ask('GET', `billingAccounts/${OPEN}:getIamPolicy`);
    assert.deepEqual(policy.body['bindings'], [
      { role: 'unlink on the account', members: [`serviceAccount:${UNLINKER}`] },
      { role: 'roles/billing.user', members: [`serviceAccount:${UNLINKER}`] },
    ]);
    const requested = { permissions: ['billing.resourceAssociations.create', 'billing.budgets.get'] };
    const tested = await ask('POST', `billingAccounts/${OPEN}:testIamPermissions`, requested, UNLINKER);
    assert.deepEqual(tested.body, { permissions: ['billing.resourceAssociations.create'] });
  });

  it('takes the right on the account to unlink, or by the other reading the project’s alone', async () => {
    const member = 'project-only@ops.iam.gserviceaccount.com';
    sandbox.iam.bind({
      member,
      role: 'unlink',
      permissions: ['resourcemanager.projects.deleteBillingAssignment'],
      on: 'projects/lab',
    });
    const off = (): Promise<Answer> => ask('PUT', 'projects/lab/billingInfo', {}, member);
    const refused = await off();
    assert.match(errorOf(refused), /^403/);
    assert.match(JSON.stringify(refused.body), /billing\.resourceAssociations\.delete/);
    sandbox.billing.takeRights('project');
    assert.equal((await off()).status, 200);
    sandbox.billing.takeRights('project-and-account');
    await relink();
    await sandbox.clock.advance(5_000);
  });

  it('shows accounts and their projects, page by page', async () => {
    const accounts = await ask('GET', 'billingAccounts');
    assert.deepEqual(
      (accounts.body['billingAccounts'] as { name: string; open: boolean }[]).map(({ name, open }) => [
        name,
        open,
      ]),
      [
        [`billingAccounts/${OPEN}`, true],
        [`billingAccounts/${CLOSED}`, false],
      ],
    );
    assert.equal((await ask('GET', `billingAccounts/${OPEN}`)).body['displayName'], 'Main');
    const first = await ask('GET', `billingAccounts/${OPEN}/projects?pageSize=1`);
    const token = String(first.body['nextPageToken']);
    const second = await ask('GET', `billingAccounts/${OPEN}/projects?pageSize=1&pageToken=${token}`);
    const ids = [first, second].flatMap(({ body }) =>
      (body['projectBillingInfo'] as { projectId: string }[]).map(({ projectId }) => projectId),
    );
    assert.deepEqual([ids, second.body['nextPageToken']], [['lab', 'locked'], '']);
  });

  it('stops the machines of a project a minute after its billing is off, and starts none', async () => {
    const states = (): string[] => [
      sandbox.fleet.notebooks.get('projects/lab/locations/us-central1-a/instances/nb')?.state ?? '',
      sandbox.fleet.vms.get('projects/lab/zones/us-central1-a/instances/vm')?.status ?? '',
    ];
    await ask('PUT', 'projects/lab/billingInfo', {});
    await sandbox.clock.advance(59_000);
    assert.deepEqual(states(), ['ACTIVE', 'RUNNING']);
    await sandbox.clock.advance(1_000);
    assert.deepEqual(states(), ['STOPPED', 'TERMINATED']);
    const start = (url: string): Promise<Answer> => askGoogle(sandbox, OWNER, 'POST', url);
    const notebook =
      'https://notebooks.googleapis.com/v2/projects/lab/locations/us-central1-a/instances/nb:start';
    const vm =
      'https://compute.googleapis.com/compute/v1/projects/lab/zones/us-central1-a/instances/vm/start';
    for (const url of [notebook, vm])
      assert.equal(errorOf(await start(url)), '403 PERMISSION_DENIED BILLING_DISABLED');
    await relink();
    for (const url of [notebook, vm]) assert.equal((await start(url)).status, 200);
    await sandbox.clock.advance(75_000);
    assert.deepEqual(states(), ['ACTIVE', 'RUNNING']);
  });

  it('stops also what was starting when billing went off', async () => {
    const vm = sandbox.fleet.vms.get('projects/lab/zones/us-central1-a/instances/vm');
    sandbox.fleet.stopVm('projects/lab/zones/us-central1-a/instances/vm');
    await sandbox.clock.advance(45_000);
    sandbox.fleet.startVm('projects/lab/zones/us-central1-a/instances/vm');
    await ask('PUT', 'projects/lab/billingInfo', {});
    await sandbox.clock.advance(75_000);
    assert.equal(vm?.status, 'RUNNING');
    await sandbox.clock.advance(45_000);
    assert.equal(vm.status, 'TERMINATED');
  });
});
