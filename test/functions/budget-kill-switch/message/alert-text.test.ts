import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { alertText, type Alert } from '../../../../functions/budget-kill-switch/message/alert-text.ts';
import { judgeNotification } from '../../../../functions/budget-kill-switch/decide.ts';
import type { Notification } from '../../../../functions/budget-kill-switch/message/notification.ts';
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
