import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { alertText, type Alert } from '../../../../functions/budget-kill-switch/message/alert-text.ts';
import { judgeNotification } from '../../../../functions/budget-kill-switch/decide.ts';
import type { Notification } from '../../../../functions/budget-kill-switch/message/notification.ts';
import type { Estimated } from '../../../../functions/budget-kill-switch/estimate/estimated.ts';
import type { Estimate } from '../../../../shared/spend/estimate.ts';
import { DEFAULT_FIT } from '../../../../shared/spend/fit.ts';
import { budget, config, MIDMONTH, notification } from '../builder.ts';

function text(more: Partial<Notification>, alert: Partial<Alert> = {}): string {
  const { basis = 'actual' } = alert;
  const message = notification({ costAmount: 85, thresholdExceeded: 0.8, ...more });
  const verdict = judgeNotification(message, budget(), config({ basis }), MIDMONTH);
  assert.ok(verdict.kind === 'due', JSON.stringify(verdict));
  return alertText({
    message,
    verdict,
    basis,
    projects: ['ml-lab'],
    ratePerHour: 1.5,
    hoursLeft: 300,
    ...alert,
  });
}

it('alertText says cost, budget, share, what is due, and what comes next and when', () => {
  assert.equal(
    text({}),
    'Budget "ML, monthly": 85.00 of 100.00 USD spent since 2026-11-01, that is 85 %. Due: notify (50 %), stop-notebooks (80 %) on ml-lab. Next: stop-compute at 100 % (100.00 USD), in about 10 h at the present rate.',
  );
});

describe('alertText', () => {
  const cases: readonly [name: string, Partial<Notification>, Partial<Alert>, RegExp][] = [
    ['no rate yet', {}, { ratePerHour: undefined }, /\(100\.00 USD\); the present rate is not known yet\.$/],
    ['nothing is spent at present', {}, { ratePerHour: 0 }, /; at present nothing is spent\.$/],
    ['an hour at the most', {}, { ratePerHour: 15.1 }, /, in less than 1 h at the present rate\.$/],
    ['one hour', {}, { ratePerHour: 15 }, /, in about 1 h at/],
    ['two days less some', {}, { ratePerHour: 15 / 47.9 }, /, in about 48 h at/],
    ['two days', {}, { ratePerHour: 15 / 48 }, /, in about 2 days at/],
    ['as long as the period', {}, { ratePerHour: 15 / 300 }, /, in about 13 days at/],
    ['longer than the period', {}, { ratePerHour: 15 / 301 }, /; not in this period at the present rate\.$/],
    ['no end in sight', {}, { ratePerHour: 15 / 30_000, hoursLeft: undefined }, /in about 1,250 days at/],
    ['the last rung', { costAmount: 120 }, {}, /unlink-billing \(120 %\) on ml-lab\. Nothing comes after/],
    ['no projects', { costAmount: 60 }, { projects: [] }, /Due: notify \(50 %\)\. Next:/],
    [
      'many projects',
      {},
      { projects: Array.from({ length: 12 }, (_, n) => `p${n}`) },
      /on p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, 2 more\. Next/,
    ],
    ['thousands', { costAmount: 1_234_567.891 }, {}, /: 1,234,567\.89 of 100\.00 USD/],
    [
      'a forecast, and nothing spent',
      { costAmount: 0, thresholdExceeded: undefined, forecastExceeded: 0.8 },
      { basis: 'either' },
      /: 0\.00 of 100\.00 USD .*that is 0 %\. Forecast: at least 80 %\. Due: .*Next: stop-compute at 100 %.*in about 3 days/,
    ],
    [
      'what waits for the forecast',
      { costAmount: 90, forecastExceeded: 0.8 },
      { basis: 'forecast' },
      /Next: stop-compute at 100 % \(100\.00 USD\) of forecast\.$/,
    ],
    [
      'unlinking never waits for the forecast',
      { costAmount: 90, forecastExceeded: 1 },
      { basis: 'forecast' },
      /Next: unlink-billing at 120 % \(120\.00 USD\), in about 20 h/,
    ],
  ];
  for (const [name, message, alert, says] of cases)
    it(name, () => {
      assert.match(text(message, alert), says);
    });
});

describe('alertText beside an estimate', () => {
  const SEEN = { low: 12, expected: 12, high: 12 };
  const NONE = { low: 0, expected: 0, high: 0 };
  const ALL = { low: 88, expected: 88, high: 90 };
  const OPEN = { ...ALL, high: null };
  interface Known {
    readonly costAmount?: number;
    readonly spend?: Estimate['spend'];
    readonly burn?: Estimate['burn'];
    readonly growth?: number;
    readonly rate?: number | undefined;
  }

  function live({ costAmount = 85, spend = ALL, burn = SEEN, growth = 6, rate }: Known): string {
    const message = notification({ costAmount, thresholdExceeded: 0.8 });
    const told = judgeNotification(message, budget(), config({ basis: 'live' }), MIDMONTH);
    assert.ok(told.kind === 'due', JSON.stringify(told));
    const reading = { fit: DEFAULT_FIT, reported: undefined };
    const estimate = { spend, burn, growth: { expected: growth, high: growth }, reading };
    const estimated = { share: 0.88, complete: spend.high !== null, estimate } as unknown as Estimated;
    const alert = { projects: [], ratePerHour: rate, hoursLeft: 300 };
    return alertText({ ...alert, message, verdict: { ...told, estimated }, basis: 'live' });
  }

  const BY_REPORTS = 'by the estimate; it goes by reported cost, which comes up to 36 h later\\.$';
  const cases: readonly [name: string, known: Known, says: RegExp][] = [
    [
      'goes by what spend grows by, not by list prices',
      {},
      /Next: stop-compute .*, in about 2 h at the present rate\.$/,
    ],
    [
      'goes by the messages’ rate where the estimate has none',
      { growth: 0, burn: NONE, rate: 4 },
      /, in about 3 h at/,
    ],
    [
      'does not know a rate that neither tells',
      { growth: 0, burn: NONE },
      /; the present rate is not known yet\.$/,
    ],
    [
      'does not take reports that stand still for nothing spent, where not all was seen',
      { growth: 0, burn: NONE, spend: OPEN, rate: 0 },
      /at a rate that is not known; .*; the present rate is not known yet\.$/,
    ],
    [
      'nor where something without a price runs',
      { growth: 0, burn: { ...NONE, high: 10 }, rate: 0 },
      /at up to 10\.00 USD an hour; .*; the present rate is not known yet\.$/,
    ],
    [
      'says that nothing is spent where all was seen',
      { growth: 0, burn: NONE, rate: 0 },
      /at 0\.00 USD .*; at present nothing is spent\.$/,
    ],
    [
      'has the time of unlinking by the estimate, and says by what it goes',
      { costAmount: 105, spend: { low: 108, expected: 108, high: 109 } },
      new RegExp(`Next: unlink-billing .*, in about 2 h at the present rate ${BY_REPORTS}`),
    ],
    [
      'says of unlinking that it is expected to be reached',
      { costAmount: 105, spend: { low: 130, expected: 130, high: 140 } },
      new RegExp(`; expected to be reached ${BY_REPORTS}`),
    ],
  ];
  it.each(cases)('%s', (_, known, says) => {
    assert.match(live(known), says);
  });
});
