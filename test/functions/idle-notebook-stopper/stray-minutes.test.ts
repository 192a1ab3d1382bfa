import { describe, expect, it } from 'vitest';
import { judgeNotebook } from '../../../functions/idle-notebook-stopper/decide.ts';
import { countMinutes } from '../../../functions/idle-notebook-stopper/signals/stray-minutes.ts';
import {
  ABSENT, config, longerLook, measured, minutesBefore, NOON, notebook,
} from './facts-builder.ts'; // prettier-ignore
import { testVerdicts } from './verdict-table.ts';

const WEEK = { idleAfterMinutes: 10_080, toleratedMinutesPerDay: 5 } as const;
const update = { total: 21, busiestDay: 3, lastHour: 0 };
const BUSY = { cpu: measured(0.4) };

describe('judgeNotebook: stray minutes', () => {
  testVerdicts([
    {
      name: 'some minutes a day of an update keep no notebook for weeks',
      facts: { signals: BUSY, stray: update },
      policy: WEEK,
      expect: ['stop idle'],
      evidence: {
        strayMinutes: { total: 21, busiestDay: 3, lastHour: 0, toleratedPerDay: 5 },
        says: 'It rested for 7 days, but for 3 minutes of a day at most, which is tolerated.',
      },
    },
    {
      name: 'just as many minutes as are tolerated are tolerated',
      facts: { signals: BUSY, stray: { ...update, busiestDay: 5 } },
      policy: WEEK,
      expect: ['stop idle'],
    },
    {
      name: 'one more is activity',
      facts: { signals: BUSY, stray: { ...update, busiestDay: 6 } },
      policy: WEEK,
      expect: ['keep active'],
      why: /^CPU reached 3\.2 cores \(idle is below 0\.5 cores\)$/,
    },
    {
      name: 'by default no minute is tolerated',
      facts: { signals: BUSY, stray: { total: 1, busiestDay: 1, lastHour: 0 } },
      policy: { idleAfterMinutes: 10_080 },
      expect: ['keep active'],
    },
    {
      name: 'who has just begun is not stopped: minutes of the last hour count',
      facts: { signals: BUSY, stray: { total: 2, busiestDay: 1, lastHour: 1 } },
      policy: WEEK,
      expect: ['keep active'],
    },
    {
      name: 'minutes that were not read are not tolerated',
      facts: { signals: BUSY },
      policy: WEEK,
      expect: ['keep active'],
    },
    {
      name: 'a peak whose minute was not found again is not tolerated',
      facts: { signals: BUSY, stray: { total: 0, busiestDay: 0, lastHour: 0 } },
      policy: WEEK,
      expect: ['keep active'],
    },
    {
      name: 'a busy GPU is tolerated for as long, and no longer',
      facts: { signals: { gpu: measured(97) }, stray: { ...update, busiestDay: 6 } },
      policy: WEEK,
      expect: ['keep active'],
      why: /^GPU reached 97 %/,
    },
    {
      name: 'tolerated minutes do not make up for missing points',
      facts: { signals: { cpu: measured(0.4, 0.5) }, stray: update },
      policy: WEEK,
      expect: ['keep not-evaluable'],
      why: /was measured in/,
    },
    {
      name: 'a GPU without metrics is inferred although disks were busy for some minutes a day',
      facts: {
        signals: { gpu: ABSENT },
        vm: { kind: 'found', status: 'RUNNING', lastStartMs: minutesBefore(NOON, 30_000) },
        longerLook: longerLook({ fromMs: minutesBefore(NOON, 20_160), disk: measured(9e6), stray: update }),
      },
      policy: WEEK,
      expect: ['stop idle', 'report gpu-signal-missing'],
      evidence: { longerLook: { strayMinutes: { busiestDay: 3 } } },
    },
    {
      name: 'and is kept where they were busy for longer',
      facts: {
        signals: { gpu: ABSENT },
        longerLook: longerLook({ disk: measured(9e6), stray: { ...update, busiestDay: 30 } }),
      },
      policy: WEEK,
      expect: ['keep active', 'report gpu-signal-missing'],
    },
  ]);

  it('never stops for more stray minutes what it keeps', () => {
    for (const more of [{ total: 30 }, { busiestDay: 6 }, { lastHour: 1 }]) {
      const policy = config(WEEK);
      const facts = notebook({ signals: BUSY, stray: { ...update, busiestDay: 6, ...more } }, policy);
      expect(judgeNotebook(facts, policy, NOON)[0]?.action).toBe('keep');
    }
  });
});

describe('countMinutes', () => {
  it('counts by days back from the end, and those of the last hour', () => {
    expect(countMinutes(new Set())).toEqual({ total: 0, busiestDay: 0, lastHour: 0 });
    expect(countMinutes(new Set([59, 60, 1_439, 1_440, 3_000]))).toEqual({
      total: 5,
      busiestDay: 3,
      lastHour: 1,
    });
  });
});
