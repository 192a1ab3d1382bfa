import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { keepsUntil } from '../../../shared/policy/keep-label.ts';

const cases: readonly (readonly [
  name: string,
  value: string | undefined,
  now: string,
  keeps: boolean,
  why: string,
])[] = [
  ['no label', undefined, '2026-11-18T11:00:00Z', false, 'no keep label'],
  ['false', 'false', '2026-11-18T11:00:00Z', false, 'no keep label'],
  ['true', 'true', '2026-11-18T11:00:00Z', true, 'true'],
  ['a date to come', '2026-12-31', '2026-11-18T11:00:00Z', true, 'until 2026-12-31'],
  ['today', '2026-11-18', '2026-11-18T11:00:00Z', true, 'until 2026-11-18'],
  ['today, before it begins anywhere', '2026-11-18', '2026-11-17T09:59:59.999Z', true, 'until 2026-11-18'],
  ['yesterday, still going on at UTC-12', '2026-11-17', '2026-11-18T11:00:00Z', true, 'until 2026-11-17'],
  ['yesterday, the last millisecond', '2026-11-17', '2026-11-18T11:59:59.999Z', true, 'until 2026-11-17'],
  ['yesterday, over everywhere', '2026-11-17', '2026-11-18T12:00:00.000Z', false, 'until 2026-11-17'],
  ['long past', '2020-01-01', '2026-11-18T11:00:00Z', false, 'until 2020-01-01'],
  ['the last day of a year', '2026-12-31', '2027-01-01T11:59:59.999Z', true, 'until 2026-12-31'],
  ['the last day of a year, over', '2026-12-31', '2027-01-01T12:00:00.000Z', false, 'until 2026-12-31'],
  ['29 February of a leap year', '2028-02-29', '2028-03-01T11:59:59.999Z', true, 'until 2028-02-29'],
  ['29 February of a leap year, over', '2028-02-29', '2028-03-01T12:00:00.000Z', false, 'until 2028-02-29'],
];

/** All of them long past or meaningless: the user who wrote them wanted something, so they keep. */
const unreadable = [
  '',
  'yes',
  'no',
  '1',
  'True',
  'false ',
  ' true',
  'forever',
  '2020-02-30',
  '2021-02-29',
  '2020-13-01',
  '2020-00-10',
  '2020-01-00',
  '2020-1-1',
  '20200101',
  '2020_01_01',
  '01-01-2020',
  '2020-01-01t00-00',
  '2020-01-01\n',
  '+02020-01-01',
];

describe('keepsUntil', () => {
  for (const [name, value, now, keeps, why] of cases)
    it(`${keeps ? 'keeps' : 'lets go'}: ${name}`, () => {
      assert.deepEqual(keepsUntil(value, new Date(now)), { keeps, why });
    });

  for (const value of unreadable)
    it(`keeps and complains: ${JSON.stringify(value)}`, () => {
      const { keeps, why } = keepsUntil(value, new Date('2026-11-18T11:00:00Z'));
      assert.equal(keeps, true);
      assert.ok(why.includes(`unreadable value ${JSON.stringify(value)}`), why);
    });
});
