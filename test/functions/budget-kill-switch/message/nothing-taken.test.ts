import { describe, expect, it } from 'vitest';
import { nothingTakenText } from '../../../../functions/budget-kill-switch/message/nothing-taken.ts';

describe('nothingTakenText', () => {
  it.each([
    [{ 'fired-before': 3, 'left-alone': 2 }, 'all due rungs have fired before'],
    [{ 'fired-before': 3, settling: 1 }, 'unlinking waits, all other due rungs have fired before'],
    [{ settling: 1, 'no-reason-to-unlink': 2 }, 'unlinking waits'],
    [{ overtaken: 2 }, 'rungs are left to a newer message'],
    [{ 'fired-before': 1, overtaken: 1 }, 'rungs are left to a newer message, all other due rungs have fired before'],
    [{ 'fired-before': 1, grace: 1, 'left-alone': 1 }, 'rungs are not in force in the grace of a restore, all other due rungs have fired before'],
    [{ protected: 2 }, 'protected projects are left alone'],
    [{ 'fired-before': 1, 'looked-at-before': 4 }, 'projects that this message has looked at before are not looked at again, all other due rungs have fired before'],
  ])('%j', (kept, expected) => {
    expect(nothingTakenText(kept)).toBe(expected);
  });
}); // prettier-ignore
