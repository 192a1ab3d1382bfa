import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { parseNotification } from '../../../../functions/budget-kill-switch/message/notification.ts';
import { PermanentError } from '../../../../shared/errors.ts';
import { ATTRIBUTES, at, BUDGET, DATA, message, NOVEMBER } from '../builder.ts';

/** DATA with a change; `undefined` takes the field away. */
function data(change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...DATA, ...change };
}

function attributes(change: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries({ ...ATTRIBUTES, ...change }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    ),
  );
}

describe('parseNotification', () => {
  it('reads a notification with an exceeded threshold', () => {
    assert.deepEqual(parseNotification(message()), {
      kind: 'budget',
      budget: BUDGET,
      displayName: 'ML, monthly',
      costAmount: 86.25,
      budgetAmount: 100,
      budgetAmountType: 'SPECIFIED_AMOUNT',
      currencyCode: 'USD',
      periodStartMs: at(NOVEMBER),
      thresholdExceeded: 0.8,
      forecastExceeded: undefined,
      topic: undefined,
    });
  });

  const readable: readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>][] =
    [
      ['no threshold', { alertThresholdExceeded: undefined }, { thresholdExceeded: undefined }],
      ['a threshold of nothing', { alertThresholdExceeded: 0 }, { thresholdExceeded: 0 }],
      ['a forecast', { forecastThresholdExceeded: 1.5 }, { forecastExceeded: 1.5 }],
      ['a cost below nothing, after credits', { costAmount: -3.25 }, { costAmount: -3.25 }],
      ['no cost', { costAmount: 0 }, { costAmount: 0 }],
      [
        "the last month's cost",
        { budgetAmountType: 'LAST_MONTH_COST', budgetAmount: -1 },
        { budgetAmountType: 'LAST_MONTH_COST', budgetAmount: -1 },
      ],
      ['a yen budget', { currencyCode: 'JPY' }, { currencyCode: 'JPY' }],
      [
        'a start with an offset',
        { costIntervalStart: '2026-11-01T00:00:00-07:00' },
        { periodStartMs: at(NOVEMBER) },
      ],
      [
        'a start with fractions',
        { costIntervalStart: '2026-11-01T07:00:00.000000Z' },
        { periodStartMs: at(NOVEMBER) },
      ],
      [
        'another type of amount, which decides nothing',
        { budgetAmountType: 'LAST_DECADE_COST' },
        { budgetAmountType: 'LAST_DECADE_COST' },
      ],
      ['no type of amount', { budgetAmountType: undefined }, { budgetAmountType: '' }],
      ['a field that is new', { tomorrow: { deep: [1] } }, {}],
      [
        'a name that is far too long',
        { budgetDisplayName: 'x'.repeat(1e6) },
        { displayName: 'x'.repeat(120) },
      ],
      ['a name in any script', { budgetDisplayName: 'Бюджет 予算 🚨' }, { displayName: 'Бюджет 予算 🚨' }],
    ];
  for (const [name, change, expected] of readable)
    it(`reads ${name}`, () => {
      const parsed = parseNotification(message(data(change)));
      assert.equal(parsed.kind, 'budget');
      assert.partialDeepStrictEqual(parsed, expected);
    });

  const AMOUNT = 'expected a finite number of units of the currency';
  const SHARE = 'expected a share from 0 on such as 0.9, or absent';
  const MOMENT = 'expected a moment such as 2026-11-01T07:00:00Z';
  const malformed: readonly [name: string, text: unknown, says: string][] = [
    ['nothing', '', '"": it is not JSON'],
    ['no JSON', '{"costAmount": ', '"{\\"costAmount\\": ": it is not JSON'],
    ['NaN', '{"costAmount": NaN}', '"{\\"costAmount\\": NaN}": it is not JSON'],
    ['a list', [DATA], 'its data is a list; expected an object'],
    ['a number', 7, 'its data is 7; expected an object'],
    ['null', null, 'its data is null; expected an object'],
    [
      'no name',
      data({ budgetDisplayName: undefined }),
      'field "budgetDisplayName" is absent; expected a text',
    ],
    ['a name that is a list', data({ budgetDisplayName: [] }), 'field "budgetDisplayName" is a list'],
    ['no cost', data({ costAmount: undefined }), `field "costAmount" is absent; ${AMOUNT}`],
    ['a cost in quotes', data({ costAmount: '86.25' }), `field "costAmount" is "86.25"; ${AMOUNT}`],
    ['a cost of null', data({ costAmount: null }), `field "costAmount" is null; ${AMOUNT}`],
    [
      'an endless cost',
      JSON.stringify(DATA).replace('86.25', '1e999'),
      `field "costAmount" is Infinity; ${AMOUNT}`,
    ],
    ['a cost without measure', data({ costAmount: 1e300 }), `field "costAmount" is 1e+300; ${AMOUNT}`],
    ['a budget in quotes', data({ budgetAmount: '100' }), `field "budgetAmount" is "100"; ${AMOUNT}`],
    [
      'a threshold in quotes',
      data({ alertThresholdExceeded: '0.8' }),
      `field "alertThresholdExceeded" is "0.8"; ${SHARE}`,
    ],
    ['a threshold of null', data({ alertThresholdExceeded: null }), 'field "alertThresholdExceeded" is null'],
    [
      'a threshold below nothing',
      data({ alertThresholdExceeded: -0.5 }),
      'field "alertThresholdExceeded" is -0.5',
    ],
    [
      'a forecast that is a map',
      data({ forecastThresholdExceeded: { at: 1 } }),
      `field "forecastThresholdExceeded" is an object; ${SHARE}`,
    ],
    [
      'no currency',
      data({ currencyCode: undefined }),
      'field "currencyCode" is absent; expected a currency code such as USD',
    ],
    ['a currency in small letters', data({ currencyCode: 'usd' }), 'field "currencyCode" is "usd"'],
    ['no start', data({ costIntervalStart: undefined }), `field "costIntervalStart" is absent; ${MOMENT}`],
    ['a start without time', data({ costIntervalStart: '2026-11-01' }), 'field "costIntervalStart" is'],
    [
      'a start without zone',
      data({ costIntervalStart: '2026-11-01T00:00:00' }),
      'field "costIntervalStart" is',
    ],
    [
      'a start on 30 February',
      data({ costIntervalStart: '2026-02-30T08:00:00Z' }),
      'field "costIntervalStart" is',
    ],
    [
      'a start in seconds',
      data({ costIntervalStart: 1793516400 }),
      'field "costIntervalStart" is 1793516400',
    ],
    [
      'a field only inherited',
      '{"__proto__": {"costAmount": 1e6}, "currencyCode": "USD"}',
      'field "budgetDisplayName" is absent',
    ],
  ];
  for (const [name, text, says] of malformed)
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseNotification(message(text)),
        (error) => {
          assert.ok(error instanceof PermanentError);
          assert.ok(error.message.startsWith('Cannot read the budget notification'), error.message);
          assert.ok(error.message.includes(says), error.message);
          return true;
        },
      );
    });

  const wrongAttributes: readonly [
    name: string,
    change: Readonly<Record<string, string | undefined>>,
    says: string,
  ][] = [
    ['no version', { schemaVersion: undefined }, 'attribute "schemaVersion" is absent'],
    [
      'a version to come',
      { schemaVersion: '2.0' },
      'attribute "schemaVersion" is "2.0"; expected "1.0", the only version known',
    ],
    [
      'no account',
      { billingAccountId: undefined },
      'attribute "billingAccountId" is absent; expected a billing account such as 01D4EE-079462-DFD6EC',
    ],
    [
      'an account with a path in it',
      { billingAccountId: '../x' },
      'attribute "billingAccountId" is "../x"; expected a billing account',
    ],
    [
      'no budget',
      { budgetId: undefined },
      'attribute "budgetId" is absent; expected a budget such as de72f49d-',
    ],
    ['a budget with a slash', { budgetId: 'a/b' }, 'attribute "budgetId" is "a/b"'],
    ['an empty budget', { budgetId: '' }, 'attribute "budgetId" is ""'],
    [
      'an anomaly that names a budget',
      { schemaVersion: undefined, SchemaVersion: '1.0' },
      'attribute "schemaVersion" is absent',
    ],
  ];
  for (const [name, change, says] of wrongAttributes)
    it(`refuses ${name}`, () => {
      assert.throws(() => parseNotification(message(DATA, attributes(change))), {
        name: 'PermanentError',
        message: new RegExp(says.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')),
      });
    });

  it('refuses what is nested as deep as it can be', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    assert.throws(() => parseNotification(message(deep)), PermanentError);
    assert.throws(() => parseNotification(message(`{"costAmount": ${deep}}`)), PermanentError);
  });

  it('cuts what it quotes', () => {
    assert.throws(
      () => parseNotification(message(data({ currencyCode: 'X'.repeat(1e6) }))),
      (error) => error instanceof PermanentError && error.message.length < 400,
    );
  });

  const anomaly = {
    scope: 'PROJECT',
    billingAccountName: 'billingAccounts/01D4EE-079462-DFD6EC',
    resourceDisplayName: 'ml-lab',
    resourceName: 'projects/100000000002',
    SchemaVersion: '1.0',
  };

  it('tells a cost anomaly by its attributes, whatever its data', () => {
    const named = { kind: 'anomaly', name: 'ml-lab' };
    assert.deepEqual(parseNotification(message({ anomalyName: 'x' }, anomaly)), named);
    assert.deepEqual(parseNotification(message(DATA, anomaly)), named);
    assert.deepEqual(parseNotification(message('not JSON', anomaly)), named);
    assert.deepEqual(parseNotification(message({}, { SchemaVersion: '1.0', scope: 'BILLING_ACCOUNT' })), {
      kind: 'anomaly',
      name: 'unnamed',
    });
  });
});
