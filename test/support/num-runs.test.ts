import { expect, it } from 'vitest';
import { numRuns } from './num-runs.ts';

it('numRuns plays as many times more as it is told, and refuses what is no such number', () => {
  expect([numRuns(300, '1'), numRuns(300, '10')]).toEqual([300, 3_000]);
  for (const times of ['0', '', '-1', '1.5', 'many', '100000'])
    expect(() => numRuns(300, times)).toThrow(`HISTORIES="${times}"`);
});
