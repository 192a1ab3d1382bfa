import assert from 'node:assert/strict';
import { test } from 'vitest';
import { momentMs, momentSchema } from './moment.ts';

const START = Date.parse('2026-11-18T21:40:00Z');

test('momentMs reads relative and absolute moments', () => {
  const cases: readonly [string, string][] = [
    ['-3d', '2026-11-15T21:40:00.000Z'],
    ['-90m', '2026-11-18T20:10:00.000Z'],
    ['0m', '2026-11-18T21:40:00.000Z'],
    ['+10m', '2026-11-18T21:50:00.000Z'],
    ['10m', '2026-11-18T21:50:00.000Z'],
    ['-1.5h', '2026-11-18T20:10:00.000Z'],
    ['-2w', '2026-11-04T21:40:00.000Z'],
    ['2026-11-18T09:00:00Z', '2026-11-18T09:00:00.000Z'],
    ['2026-11-18T09:00:00.25+02:00', '2026-11-18T07:00:00.250Z'],
  ];
  for (const [text, wanted] of cases) {
    assert.equal(new Date(momentMs(text, START)).toISOString(), wanted, text);
    assert.ok(momentSchema.safeParse(text).success, text);
  }
});

test('a moment of any other form is refused', () => {
  const refused = [
    '',
    '3',
    '-3 d',
    '3y',
    'now',
    '2026-11-18',
    '2026-11-18T09:00:00',
    '2026-13-18T09:00:00Z',
    '2026-02-30T09:00:00Z',
  ];
  for (const text of refused) {
    assert.equal(momentSchema.safeParse(text).success, false, text);
    assert.throws(() => momentMs(text, START), /Cannot read the time/, text);
  }
});
