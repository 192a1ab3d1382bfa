import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  periodEndMs,
  periodKey,
  periodStanding,
} from '../../../../functions/budget-kill-switch/message/period.ts';
import type { Budget } from '../../../../shared/google/budgets.ts';
import { at, NOVEMBER } from '../builder.ts';

type Period = Budget['period'];

const month: Period = { kind: 'calendar', unit: 'month' };
const quarter: Period = { kind: 'calendar', unit: 'quarter' };
const year: Period = { kind: 'calendar', unit: 'year' };

function custom(start: string | undefined, end?: string): Period {
  const date = (text: string | undefined) => {
    if (text === undefined) return undefined;
    const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
    return { year, month, day };
  };
  return { kind: 'custom', start: date(start), end: date(end) };
}

describe('periodEndMs', () => {
  const cases: readonly [name: string, period: Period, start: string, end: string | undefined][] = [
    ['November begins in daylight time and ends in standard time', month, NOVEMBER, '2026-12-01T08:00:00Z'],
    [
      'March begins in standard time and ends in daylight time',
      month,
      '2027-03-01T08:00:00Z',
      '2027-04-01T07:00:00Z',
    ],
    ['a month in standard time', month, '2027-01-01T08:00:00Z', '2027-02-01T08:00:00Z'],
    ['February of a leap year', month, '2028-02-01T08:00:00Z', '2028-03-01T08:00:00Z'],
    ['December ends in another year', month, '2026-12-01T08:00:00Z', '2027-01-01T08:00:00Z'],
    ['the first quarter ends in daylight time', quarter, '2027-01-01T08:00:00Z', '2027-04-01T07:00:00Z'],
    ['the last quarter ends in standard time', quarter, '2026-10-01T07:00:00Z', '2027-01-01T08:00:00Z'],
    ['a year', year, '2026-01-01T08:00:00Z', '2027-01-01T08:00:00Z'],
    [
      'a custom period to its last day, which changes to standard time',
      custom('2026-10-15', '2026-11-01'),
      '2026-10-15T07:00:00Z',
      '2026-11-02T08:00:00Z',
    ],
    ['a custom period without end', custom('2026-10-15'), '2026-10-15T07:00:00Z', undefined],
    ['a start that forgot about daylight time', month, '2026-11-01T08:00:00Z', '2026-12-01T08:00:00Z'],
    ['a start at midnight UTC', month, '2026-12-01T00:00:00Z', '2027-01-01T08:00:00Z'],
  ];
  for (const [name, period, start, end] of cases)
    it(name, () => {
      assert.equal(periodEndMs(period, at(start)), end === undefined ? undefined : at(end));
    });
});

describe('periodKey', () => {
  const cases: readonly [string, string][] = [
    [NOVEMBER, '2026-11-01'],
    ['2026-11-01T08:00:00Z', '2026-11-01'],
    ['2026-11-01T00:00:00Z', '2026-11-01'],
    ['2026-12-01T08:00:00Z', '2026-12-01'],
    ['2026-12-01T07:00:00Z', '2026-12-01'],
    ['2026-12-01T00:00:00Z', '2026-12-01'],
    ['2027-01-01T08:00:00Z', '2027-01-01'],
    ['2027-04-01T07:00:00Z', '2027-04-01'],
  ];
  for (const [start, key] of cases)
    it(`${start} is ${key}`, () => {
      assert.equal(periodKey(at(start)), key);
    });
});

describe('periodKey of a custom period', () => {
  for (const start of ['2026-11-09T12:00:00Z', '2026-11-10T00:00:00Z', '2026-11-11T08:00:00Z'])
    it(`is the budget's own start, whichever moment a message names: ${start}`, () => {
      assert.equal(periodKey(at(start), custom('2026-11-10', '2026-12-31')), '2026-11-10');
    });
});

describe('periodStanding', () => {
  const cases: readonly [name: string, period: Period, start: string, now: string, standing: string][] = [
    ['its first moment', month, NOVEMBER, NOVEMBER, 'present'],
    ['a start that our clock has not reached by an hour', month, NOVEMBER, '2026-11-01T06:00:00Z', 'present'],
    ['and by more than an hour', month, NOVEMBER, '2026-11-01T05:59:59.999Z', 'not-begun'],
    ['its last moment', month, NOVEMBER, '2026-12-01T07:59:59.999Z', 'present'],
    ['the first moment after it', month, NOVEMBER, '2026-12-01T08:00:00Z', 'over'],
    ['a start in the middle of a month', month, '2026-11-15T08:00:00Z', '2026-11-18T21:40:00Z', 'other'],
    ['a start on the second of a month', month, '2026-11-02T08:00:00Z', '2026-11-18T21:40:00Z', 'other'],
    ['a start on the 15th', month, '2026-11-15T08:00:00Z', '2026-11-20T21:40:00Z', 'other'],
    ['a start on the 20th', month, '2026-11-20T08:00:00Z', '2026-11-20T21:40:00Z', 'other'],
    ['a start on the last of a month', month, '2026-10-31T07:00:00Z', '2026-11-18T21:40:00Z', 'other'],
    ['a start on the last of February', month, '2028-02-29T08:00:00Z', '2028-03-10T08:00:00Z', 'other'],
    ['the first of a month that was left out', month, '2026-10-01T07:00:00Z', '2026-11-18T21:40:00Z', 'over'],
    ['the last moment of February', month, '2027-02-01T08:00:00Z', '2027-03-01T07:59:59.999Z', 'present'],
    ['the moment after it', month, '2027-02-01T08:00:00Z', '2027-03-01T08:00:00Z', 'over'],
    ['the last moment of February of a leap year', month, '2028-02-01T08:00:00Z', '2028-03-01T07:59:59.999Z', 'present'],
    ['the day on which daylight time ends', month, '2026-11-01T07:00:00Z', '2026-11-01T09:30:00Z', 'present'],
    ['the day on which it begins, in March', month, '2027-03-01T08:00:00Z', '2027-03-14T10:30:00Z', 'present'],
    ['the last hour of March, in daylight time', month, '2027-03-01T08:00:00Z', '2027-04-01T06:59:59.999Z', 'present'],
    ['the first hour of April', month, '2027-03-01T08:00:00Z', '2027-04-01T07:00:00Z', 'over'],
    ['a quarter that changes to daylight time', quarter, '2027-01-01T08:00:00Z', '2027-04-01T06:59:59.999Z', 'present'],
    ['a start in the second month of a quarter', quarter, '2027-02-01T08:00:00Z', '2027-03-18T21:40:00Z', 'other'],
    ['a start on the second of a quarter', quarter, '2027-01-02T08:00:00Z', '2027-03-18T21:40:00Z', 'other'],
    ['a start on the second of a year', year, '2026-01-02T08:00:00Z', '2026-11-18T21:40:00Z', 'other'],
    ['the last moment of a year', year, '2026-01-01T08:00:00Z', '2027-01-01T07:59:59.999Z', 'present'],
    ['the first moment of the next', year, '2026-01-01T08:00:00Z', '2027-01-01T08:00:00Z', 'over'],
    ['a custom period that begins on the 2nd', custom('2026-11-02', '2026-11-30'), '2026-11-02T08:00:00Z', '2026-11-18T21:40:00Z', 'present'],
    ['a custom period that ends on the day on which daylight time ends', custom('2026-10-20', '2026-11-01'), '2026-10-20T07:00:00Z', '2026-11-02T07:59:59.999Z', 'present'],
    ['and the moment after it', custom('2026-10-20', '2026-11-01'), '2026-10-20T07:00:00Z', '2026-11-02T08:00:00Z', 'over'],
    ['the first of a month that begins no quarter', quarter, NOVEMBER, '2026-11-18T21:40:00Z', 'other'],
    [
      'the first of a quarter that begins no year',
      year,
      '2026-10-01T07:00:00Z',
      '2026-11-18T21:40:00Z',
      'other',
    ],
    ['a start at midnight UTC', month, '2026-11-01T00:00:00Z', '2026-11-18T21:40:00Z', 'present'],
    ['a message of last year', year, '2025-01-01T08:00:00Z', '2026-11-18T21:40:00Z', 'over'],
    ['a quarter in its third month', quarter, '2026-10-01T07:00:00Z', '2026-12-31T23:59:59Z', 'present'],
    ['a quarter that is over', quarter, '2026-10-01T07:00:00Z', '2027-01-01T08:00:00Z', 'over'],
    [
      'a custom period on its last day',
      custom('2026-10-15', '2026-11-18'),
      '2026-10-15T07:00:00Z',
      '2026-11-19T07:59:59.999Z',
      'present',
    ],
    [
      'a custom period on the day after',
      custom('2026-10-15', '2026-11-18'),
      '2026-10-15T07:00:00Z',
      '2026-11-19T08:00:00Z',
      'over',
    ],
    [
      'a custom period whose start the definition does not tell',
      custom(undefined),
      NOVEMBER,
      '2026-11-18T21:40:00Z',
      'present',
    ],
    [
      'a message from before the budget got its custom period',
      custom('2026-11-10', '2026-12-31'),
      NOVEMBER,
      '2026-11-18T21:40:00Z',
      'other',
    ],
    [
      'another reading of midnight',
      custom('2026-11-10'),
      '2026-11-09T12:00:00Z',
      '2026-11-18T21:40:00Z',
      'present',
    ],
    ['two days apart', custom('2026-11-10'), '2026-11-08T08:00:00Z', '2026-11-18T21:40:00Z', 'other'],
  ]; // prettier-ignore
  for (const [name, period, start, now, standing] of cases)
    it(`${name}: ${standing}`, () => {
      assert.equal(periodStanding(period, at(start), new Date(now)), standing);
    });
});
