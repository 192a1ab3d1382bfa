import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { askGoogle, errorOf, type Answer } from '../../../support/ask-google.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { parseScenario } from '../../scenario.ts';

const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const SEEDED = `${ACCOUNT}/budgets/11111111-1111-4111-8111-111111111111`;
const TOPIC = 'projects/ops/topics/budget-alerts';
const OWNER = 'owner@example.com';

const GIVEN = {
  displayName: 'Lab',
  budgetFilter: { projects: ['projects/lab'] },
  amount: { specifiedAmount: { units: '200', nanos: 500_000_000 } },
  thresholdRules: [{ thresholdPercent: 0.5 }],
};

describe('budgetService', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const scenario = parseScenario({
      name: 'budgets',
      clock: '2026-11-18T12:00:00Z',
      projects: [
        { id: 'ops', number: '100' },
        { id: 'lab', number: '200' },
      ],
      billing: {
        accounts: [{ id: '0A1B2C-3D4E5F-6A7B8C' }],
        budgets: [
          {
            name: SEEDED,
            displayName: 'Seeded',
            projects: ['lab'],
            usd: 99.5,
            thresholds: [0.5, 1],
            topic: TOPIC,
          },
        ],
      },
    });
    sandbox = await startSandbox({ scenario, frozen: true });
  });
  afterAll(() => sandbox.close());
  const ask = (method: string, path: string, body?: unknown, account = OWNER): Promise<Answer> =>
    askGoogle(sandbox, account, method, `https://billingbudgets.googleapis.com/v1/${path}`, body);
  const create = (more: object = {}): Promise<Answer> =>
    ask('POST', `${ACCOUNT}/budgets`, { ...GIVEN, ...more });

  it('shows a budget with Google’s defaults, its projects by number', async () => {
    const { body } = await ask('GET', SEEDED);
    const { etag, ...rest } = body;
    assert.match(String(etag), /^[0-9a-f]{16}$/);
    assert.deepEqual(rest, {
      name: SEEDED,
      displayName: 'Seeded',
      budgetFilter: {
        projects: ['projects/200'],
        creditTypesTreatment: 'INCLUDE_ALL_CREDITS',
        calendarPeriod: 'MONTH',
      },
      amount: { specifiedAmount: { currencyCode: 'USD', units: '99', nanos: 500_000_000 } },
      thresholdRules: [
        { thresholdPercent: 0.5, spendBasis: 'CURRENT_SPEND' },
        { thresholdPercent: 1, spendBasis: 'CURRENT_SPEND' },
      ],
      notificationsRule: { pubsubTopic: TOPIC, schemaVersion: '1.0' },
    });
    assert.equal(sandbox.pubsub.topic(TOPIC).name, TOPIC);
  });

  it('creates, lists by page and scope, updates by mask and etag, deletes', async () => {
    const made = await create();
    const name = String(made.body['name']);
    assert.match(name, new RegExp(`^${ACCOUNT}/budgets/[0-9a-f-]{36}$`));
    await create({ displayName: 'All', budgetFilter: {} });

    const first = await ask('GET', `${ACCOUNT}/budgets?pageSize=2`);
    const second = await ask(
      'GET',
      `${ACCOUNT}/budgets?pageSize=2&pageToken=${String(first.body['nextPageToken'])}`,
    );
    const titles = [first, second].map(({ body }) =>
      (body['budgets'] as { displayName: string }[]).map(({ displayName }) => displayName),
    );
    assert.deepEqual(titles, [['Seeded', 'Lab'], ['All']]);
    assert.equal('nextPageToken' in second.body, false);
    const ofLab = await ask('GET', `${ACCOUNT}/budgets?scope=projects/lab`);
    assert.equal((ofLab.body['budgets'] as unknown[]).length, 2);

    const patch = (mask: string, body: object): Promise<Answer> =>
      ask('PATCH', `${name}${mask === '' ? '' : `?updateMask=${mask}`}`, { name, ...body });
    const masked = await patch('display_name,notificationsRule.pubsubTopic,notificationsRule.schemaVersion', {
      displayName: 'Lab 2',
      amount: { specifiedAmount: { units: '1' } },
      notificationsRule: { pubsubTopic: TOPIC, schemaVersion: '1.0' },
    });
    assert.deepEqual(
      [masked.body['displayName'], masked.body['notificationsRule'], masked.body['amount']],
      ['Lab 2', { pubsubTopic: TOPIC, schemaVersion: '1.0' }, made.body['amount']],
    );
    const stale = await patch('displayName', { displayName: 'x', etag: made.body['etag'] });
    assert.equal(errorOf(stale), '409 ABORTED');
    const unmasked = await patch('', { displayName: 'Lab 3', etag: masked.body['etag'] });
    assert.deepEqual(
      [unmasked.body['displayName'], unmasked.body['thresholdRules']],
      ['Lab 3', made.body['thresholdRules']],
    );
    assert.equal(errorOf(await patch('name', {})), '400 INVALID_ARGUMENT');

    assert.deepEqual((await ask('DELETE', name)).body, {});
    assert.equal(errorOf(await ask('GET', name)), '404 NOT_FOUND');
    assert.equal(errorOf(await ask('DELETE', name)), '404 NOT_FOUND');
  });

  const wrong: readonly (readonly [string, object])[] = [
    ['a name of 61 characters', { displayName: 'x'.repeat(61) }],
    ['no amount', { amount: {} }],
    ['two amounts', { amount: { specifiedAmount: { units: '1' }, lastPeriodAmount: {} } }],
    ['another currency', { amount: { specifiedAmount: { units: '1', currencyCode: 'EUR' } } }],
    ['a negative threshold', { thresholdRules: [{ thresholdPercent: -0.1 }] }],
    ['an unknown project', { budgetFilter: { projects: ['projects/missing'] } }],
    ['a topic without schema version', { notificationsRule: { pubsubTopic: TOPIC } }],
    ['a topic that is none', { notificationsRule: { pubsubTopic: 'budget-alerts', schemaVersion: '1.0' } }],
    [
      'six channels',
      { notificationsRule: { monitoringNotificationChannels: ['1', '2', '3', '4', '5', '6'] } },
    ],
    ['rules that no one is told of', { notificationsRule: { disableDefaultIamRecipients: true } }],
    [
      'project recipients without a project',
      { budgetFilter: {}, notificationsRule: { enableProjectLevelRecipients: true } },
    ],
    ['credit types with all credits', { budgetFilter: { creditTypes: ['PROMOTION'] } }],
    ['an unknown field', { spendCap: {} }],
    [
      'a forecast over a custom period',
      {
        budgetFilter: { customPeriod: { startDate: { year: 2026, month: 11, day: 1 } } },
        thresholdRules: [{ thresholdPercent: 1, spendBasis: 'FORECASTED_SPEND' }],
      },
    ],
  ];
  for (const [what, more] of wrong)
    it(`refuses ${what}`, async () => {
      assert.equal(errorOf(await create(more)), '400 INVALID_ARGUMENT');
    });

  it('requires each permission on the account, and on the topic that is connected', async () => {
    const member = 'clerk@example.com';
    const attempts: readonly (readonly [string, () => Promise<Answer>])[] = [
      ['get', () => ask('GET', SEEDED, undefined, member)],
      ['list', () => ask('GET', `${ACCOUNT}/budgets`, undefined, member)],
      ['create', () => ask('POST', `${ACCOUNT}/budgets`, GIVEN, member)],
      ['update', () => ask('PATCH', `${SEEDED}?updateMask=displayName`, { displayName: 'S' }, member)],
      ['delete', () => ask('DELETE', SEEDED, undefined, member)],
    ];
    for (const [method, attempt] of attempts) {
      assert.equal(errorOf(await attempt()), '403 PERMISSION_DENIED IAM_PERMISSION_DENIED', method);
      sandbox.iam.bind({ member, role: method, permissions: [`billing.budgets.${method}`], on: ACCOUNT });
      if (method !== 'delete') assert.equal((await attempt()).status, 200, method);
    }
    const connect = (): Promise<Answer> =>
      ask(
        'POST',
        `${ACCOUNT}/budgets`,
        { ...GIVEN, notificationsRule: { pubsubTopic: TOPIC, schemaVersion: '1.0' } },
        member,
      );
    assert.match(errorOf(await connect()), /^403/);
    sandbox.iam.bind({ member, role: 'topic', permissions: ['pubsub.topics.setIamPolicy'], on: TOPIC });
    assert.equal((await connect()).status, 200);
  });
});
