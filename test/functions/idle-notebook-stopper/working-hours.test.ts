import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { workingPeriod } from '../../../functions/idle-notebook-stopper/working-hours.ts';
import { daysOfWeek, type Day, type WorkingHours } from '../../../shared/policy/policy.ts';

const WEEKDAYS: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';
const KOLKATA = 'Asia/Kolkata';
const LORD_HOWE = 'Australia/Lord_Howe';
const APIA = 'Pacific/Apia';
const HAVANA = 'America/Havana';
const SANTIAGO = 'America/Santiago';

function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** `08:00-20:00` in a zone, on some days. */
function hours(timezone: string, span: string, days: readonly Day[] = daysOfWeek): WorkingHours {
  const [from = '', to = ''] = span.split('-');
  return {
    timezone,
    days,
    fromMinuteOfDay: minuteOfDay(from),
    toMinuteOfDay: minuteOfDay(to),
    start: false,
  };
}

/** Times carry their offset from UTC, so that each is one moment even in a repeated hour. */
interface Case {
  readonly name: string;
  readonly hours: WorkingHours;
  readonly inside?: readonly string[];
  readonly outside?: readonly string[];
  /** [opens, closes) of every moment that is inside. */
  readonly period?: readonly [string, string];
}

function iso(period: { opensMs: number; closesMs: number } | undefined): string {
  if (period === undefined) return 'outside';
  return `${new Date(period.opensMs).toISOString()} to ${new Date(period.closesMs).toISOString()}`;
}

function testCases(cases: readonly Case[]): void {
  for (const one of cases)
    it(one.name, () => {
      const wanted = one.period && {
        opensMs: Date.parse(one.period[0]),
        closesMs: Date.parse(one.period[1]),
      };
      for (const moment of one.inside ?? [])
        assert.equal(iso(workingPeriod(new Date(moment), one.hours)), iso(wanted), moment);
      for (const moment of one.outside ?? [])
        assert.equal(iso(workingPeriod(new Date(moment), one.hours)), 'outside', moment);
    });
}

describe('workingPeriod: a plain day', () => {
  testCases([
    {
      name: 'includes from and its last millisecond, not to',
      hours: hours(BERLIN, '08:00-20:00', WEEKDAYS),
      inside: [
        '2026-11-18T08:00:00+01:00',
        '2026-11-18T08:00:59.999+01:00',
        '2026-11-18T12:00:00+01:00',
        '2026-11-18T19:59:59.999+01:00',
      ],
      outside: [
        '2026-11-18T07:59:59.999+01:00',
        '2026-11-18T20:00:00+01:00',
        '2026-11-18T00:00:00+01:00',
        '2026-11-18T23:59:59.999+01:00',
      ],
      period: ['2026-11-18T08:00:00+01:00', '2026-11-18T20:00:00+01:00'],
    },
    {
      name: 'counts minutes, not only hours',
      hours: hours(BERLIN, '08:17-08:18'),
      inside: ['2026-11-18T08:17:00+01:00', '2026-11-18T08:17:59.999+01:00'],
      outside: ['2026-11-18T08:16:59.999+01:00', '2026-11-18T08:18:00+01:00'],
      period: ['2026-11-18T08:17:00+01:00', '2026-11-18T08:18:00+01:00'],
    },
    {
      name: 'leaves out days that are not listed',
      hours: hours(BERLIN, '08:00-20:00', ['mon', 'wed']),
      inside: ['2026-11-18T12:00:00+01:00'],
      outside: [
        '2026-11-17T12:00:00+01:00',
        '2026-11-19T12:00:00+01:00',
        '2026-11-20T12:00:00+01:00',
        '2026-11-21T12:00:00+01:00',
        '2026-11-22T12:00:00+01:00',
      ],
      period: ['2026-11-18T08:00:00+01:00', '2026-11-18T20:00:00+01:00'],
    },
    {
      name: 'knows Sunday, the last day of the list',
      hours: hours(BERLIN, '08:00-20:00', ['sun']),
      inside: ['2026-11-22T08:00:00+01:00', '2026-11-22T19:59:59+01:00'],
      outside: ['2026-11-21T12:00:00+01:00', '2026-11-23T12:00:00+01:00'],
      period: ['2026-11-22T08:00:00+01:00', '2026-11-22T20:00:00+01:00'],
    },
    {
      name: 'begins at midnight',
      hours: hours(BERLIN, '00:00-06:00', ['wed']),
      inside: ['2026-11-18T00:00:00+01:00', '2026-11-18T05:59:59.999+01:00'],
      outside: ['2026-11-17T23:59:59.999+01:00', '2026-11-18T06:00:00+01:00', '2026-11-19T00:00:00+01:00'],
      period: ['2026-11-18T00:00:00+01:00', '2026-11-18T06:00:00+01:00'],
    },
    {
      name: 'ends at midnight, which is the next day',
      hours: hours(BERLIN, '18:00-00:00', ['wed']),
      inside: ['2026-11-18T18:00:00+01:00', '2026-11-18T23:59:59.999+01:00'],
      outside: ['2026-11-19T00:00:00+01:00', '2026-11-18T17:59:59.999+01:00', '2026-11-17T20:00:00+01:00'],
      period: ['2026-11-18T18:00:00+01:00', '2026-11-19T00:00:00+01:00'],
    },
    {
      name: "takes the weekday of the zone, not of UTC: Kolkata's Monday begins on Sunday",
      hours: hours(KOLKATA, '01:00-09:30', ['mon']),
      inside: ['2026-11-22T19:30:00Z', '2026-11-23T03:59:59.999Z'],
      outside: ['2026-11-22T19:29:59.999Z', '2026-11-23T04:00:00Z', '2026-11-23T19:30:00Z'],
      period: ['2026-11-23T01:00:00+05:30', '2026-11-23T09:30:00+05:30'],
    },
    {
      name: "takes the weekday of the zone, not of UTC: New York's Friday evening is Saturday",
      hours: hours(NEW_YORK, '08:00-20:00', WEEKDAYS),
      inside: ['2026-11-21T00:59:59.999Z'],
      outside: ['2026-11-21T01:00:00Z', '2026-11-23T12:59:59.999Z'],
      period: ['2026-11-20T08:00:00-05:00', '2026-11-20T20:00:00-05:00'],
    },
    {
      name: 'reaches the far side of the date line: Apia at UTC+13',
      hours: hours(APIA, '08:00-17:00', ['mon']),
      inside: ['2026-11-22T19:00:00Z', '2026-11-23T03:59:59.999Z'],
      outside: ['2026-11-22T18:59:59.999Z', '2026-11-23T04:00:00Z', '2026-11-23T19:00:00Z'],
      period: ['2026-11-23T08:00:00+13:00', '2026-11-23T17:00:00+13:00'],
    },
    {
      name: 'goes over the end of the year',
      hours: hours(BERLIN, '22:00-06:00', ['thu']),
      inside: ['2026-12-31T22:00:00+01:00', '2027-01-01T05:59:59.999+01:00'],
      outside: ['2027-01-01T06:00:00+01:00', '2027-01-01T22:00:00+01:00'],
      period: ['2026-12-31T22:00:00+01:00', '2027-01-01T06:00:00+01:00'],
    },
  ]);
});

describe('workingPeriod: over midnight', () => {
  testCases([
    {
      name: 'belongs to the day on which it begins: Friday night lasts into Saturday',
      hours: hours(BERLIN, '22:00-06:00', ['fri']),
      inside: [
        '2026-11-20T22:00:00+01:00',
        '2026-11-20T23:59:59.999+01:00',
        '2026-11-21T00:00:00+01:00',
        '2026-11-21T05:59:59.999+01:00',
      ],
      outside: [
        '2026-11-20T21:59:59.999+01:00',
        '2026-11-21T06:00:00+01:00',
        // Thursday night and Saturday night are not listed.
        '2026-11-20T00:00:00+01:00',
        '2026-11-20T05:59:59.999+01:00',
        '2026-11-21T22:00:00+01:00',
        '2026-11-22T03:00:00+01:00',
      ],
      period: ['2026-11-20T22:00:00+01:00', '2026-11-21T06:00:00+01:00'],
    },
    {
      name: 'goes from Sunday, the last day of the list, to Monday, the first',
      hours: hours(BERLIN, '22:00-06:00', ['sun']),
      inside: ['2026-11-22T23:00:00+01:00', '2026-11-23T03:00:00+01:00'],
      outside: ['2026-11-22T03:00:00+01:00', '2026-11-23T23:00:00+01:00'],
      period: ['2026-11-22T22:00:00+01:00', '2026-11-23T06:00:00+01:00'],
    },
    {
      name: 'tells the night that ends from the one that begins',
      hours: hours(BERLIN, '12:01-12:00'),
      inside: ['2026-11-18T12:01:00+01:00', '2026-11-19T11:59:59.999+01:00'],
      outside: ['2026-11-18T12:00:00+01:00', '2026-11-18T12:00:59.999+01:00'],
      period: ['2026-11-18T12:01:00+01:00', '2026-11-19T12:00:00+01:00'],
    },
    {
      name: 'is an hour shorter in the night of the spring change',
      hours: hours(BERLIN, '22:00-06:00', ['sat']),
      inside: [
        '2026-03-28T22:00:00+01:00',
        '2026-03-29T01:59:59.999+01:00',
        '2026-03-29T03:00:00+02:00',
        '2026-03-29T05:59:59.999+02:00',
      ],
      outside: ['2026-03-28T21:59:59.999+01:00', '2026-03-29T06:00:00+02:00'],
      period: ['2026-03-28T22:00:00+01:00', '2026-03-29T06:00:00+02:00'],
    },
    {
      name: 'is an hour longer in the night of the autumn change',
      hours: hours(BERLIN, '22:00-06:00', ['sat']),
      inside: [
        '2026-10-24T22:00:00+02:00',
        '2026-10-25T02:30:00+02:00',
        '2026-10-25T02:30:00+01:00',
        '2026-10-25T05:59:59.999+01:00',
      ],
      outside: ['2026-10-24T21:59:59.999+02:00', '2026-10-25T06:00:00+01:00'],
      period: ['2026-10-24T22:00:00+02:00', '2026-10-25T06:00:00+01:00'],
    },
    {
      name: 'ends at the first occurrence of a repeated time, however often the clock shows it',
      hours: hours(BERLIN, '22:00-02:30', ['sat']),
      inside: ['2026-10-24T22:00:00+02:00', '2026-10-25T02:29:59.999+02:00'],
      outside: [
        '2026-10-25T02:30:00+02:00',
        '2026-10-25T02:59:59.999+02:00',
        '2026-10-25T02:00:00+01:00',
        '2026-10-25T02:29:59.999+01:00',
        '2026-10-25T02:30:00+01:00',
      ],
      period: ['2026-10-24T22:00:00+02:00', '2026-10-25T02:30:00+02:00'],
    },
    {
      name: 'ends later by the gap when its end is skipped',
      hours: hours(BERLIN, '22:00-02:30', ['sat']),
      inside: ['2026-03-29T01:59:59.999+01:00', '2026-03-29T03:00:00+02:00', '2026-03-29T03:29:59.999+02:00'],
      outside: ['2026-03-29T03:30:00+02:00'],
      period: ['2026-03-28T22:00:00+01:00', '2026-03-29T03:30:00+02:00'],
    },
  ]);
});

describe('workingPeriod: the days of change', () => {
  testCases([
    {
      name: 'opens and closes by the clock on the day of the spring change, not by hours since midnight',
      hours: hours(BERLIN, '08:00-20:00'),
      inside: ['2026-03-29T08:00:00+02:00', '2026-03-29T19:59:59.999+02:00'],
      outside: ['2026-03-29T07:59:59.999+02:00', '2026-03-29T20:00:00+02:00'],
      period: ['2026-03-29T08:00:00+02:00', '2026-03-29T20:00:00+02:00'],
    },
    {
      name: 'opens and closes by the clock on the day of the autumn change, not by hours since midnight',
      hours: hours(BERLIN, '08:00-20:00'),
      inside: ['2026-10-25T08:00:00+01:00', '2026-10-25T19:59:59.999+01:00'],
      outside: ['2026-10-25T07:59:59.999+01:00', '2026-10-25T20:00:00+01:00'],
      period: ['2026-10-25T08:00:00+01:00', '2026-10-25T20:00:00+01:00'],
    },
    {
      name: 'opens later by the gap when from is skipped',
      hours: hours(BERLIN, '02:30-20:00'),
      inside: ['2026-03-29T03:30:00+02:00', '2026-03-29T19:59:59.999+02:00'],
      outside: [
        '2026-03-29T01:59:59.999+01:00',
        '2026-03-29T03:00:00+02:00',
        '2026-03-29T03:29:59.999+02:00',
      ],
      period: ['2026-03-29T03:30:00+02:00', '2026-03-29T20:00:00+02:00'],
    },
    {
      name: 'closes later by the gap when to is skipped',
      hours: hours(BERLIN, '01:00-02:30'),
      inside: ['2026-03-29T01:00:00+01:00', '2026-03-29T03:00:00+02:00', '2026-03-29T03:29:59.999+02:00'],
      outside: ['2026-03-29T00:59:59.999+01:00', '2026-03-29T03:30:00+02:00'],
      period: ['2026-03-29T01:00:00+01:00', '2026-03-29T03:30:00+02:00'],
    },
    {
      name: 'opens once, at the first occurrence, when from is repeated',
      hours: hours(BERLIN, '02:30-20:00'),
      inside: [
        '2026-10-25T02:30:00+02:00',
        '2026-10-25T02:59:59.999+02:00',
        '2026-10-25T02:00:00+01:00',
        '2026-10-25T02:15:00+01:00',
        '2026-10-25T02:30:00+01:00',
        '2026-10-25T12:00:00+01:00',
      ],
      outside: ['2026-10-25T02:29:59.999+02:00', '2026-10-25T20:00:00+01:00'],
      period: ['2026-10-25T02:30:00+02:00', '2026-10-25T20:00:00+01:00'],
    },
    {
      name: 'closes once, at the first occurrence, when to is repeated',
      hours: hours(BERLIN, '01:00-02:30'),
      inside: ['2026-10-25T01:00:00+02:00', '2026-10-25T02:29:59.999+02:00'],
      outside: [
        '2026-10-25T02:30:00+02:00',
        '2026-10-25T02:00:00+01:00',
        '2026-10-25T02:29:59.999+01:00',
        '2026-10-25T02:30:00+01:00',
      ],
      period: ['2026-10-25T01:00:00+02:00', '2026-10-25T02:30:00+02:00'],
    },
    {
      name: 'opens and closes both at the first occurrence',
      hours: hours(NEW_YORK, '01:15-01:45'),
      inside: ['2026-11-01T01:15:00-04:00', '2026-11-01T01:44:59.999-04:00'],
      outside: [
        '2026-11-01T01:14:59.999-04:00',
        '2026-11-01T01:45:00-04:00',
        '2026-11-01T01:15:00-05:00',
        '2026-11-01T01:30:00-05:00',
      ],
      period: ['2026-11-01T01:15:00-04:00', '2026-11-01T01:45:00-04:00'],
    },
    {
      name: "opens later by half an hour in Lord Howe's spring, which skips half an hour",
      hours: hours(LORD_HOWE, '02:15-09:00'),
      inside: ['2026-10-04T02:45:00+11:00', '2026-10-04T08:59:59.999+11:00'],
      outside: [
        '2026-10-04T01:59:59.999+10:30',
        '2026-10-04T02:30:00+11:00',
        '2026-10-04T02:44:59.999+11:00',
      ],
      period: ['2026-10-04T02:45:00+11:00', '2026-10-04T09:00:00+11:00'],
    },
    {
      name: "opens once in Lord Howe's autumn, which repeats half an hour",
      hours: hours(LORD_HOWE, '01:45-09:00'),
      inside: ['2026-04-05T01:45:00+11:00', '2026-04-05T01:30:00+10:30', '2026-04-05T08:59:59.999+10:30'],
      outside: ['2026-04-05T01:44:59.999+11:00', '2026-04-05T09:00:00+10:30'],
      period: ['2026-04-05T01:45:00+11:00', '2026-04-05T09:00:00+10:30'],
    },
    {
      name: 'opens after a midnight that is skipped, as in Santiago',
      hours: hours(SANTIAGO, '00:00-06:00', ['sun']),
      inside: ['2026-09-06T01:00:00-03:00', '2026-09-06T05:59:59.999-03:00'],
      outside: ['2026-09-05T23:59:59.999-04:00', '2026-09-06T06:00:00-03:00'],
      period: ['2026-09-06T01:00:00-03:00', '2026-09-06T06:00:00-03:00'],
    },
    {
      name: 'opens at the first midnight where it is repeated, as in Havana',
      hours: hours(HAVANA, '00:00-06:00', ['sun']),
      inside: ['2026-11-01T00:00:00-04:00', '2026-11-01T00:30:00-05:00', '2026-11-01T05:59:59.999-05:00'],
      outside: ['2026-10-31T23:59:59.999-04:00', '2026-11-01T06:00:00-05:00'],
      period: ['2026-11-01T00:00:00-04:00', '2026-11-01T06:00:00-05:00'],
    },
    {
      name: 'does not move with the clocks of a zone that has no daylight-saving time',
      hours: hours(KOLKATA, '02:30-20:00'),
      inside: ['2026-03-29T02:30:00+05:30', '2026-03-29T19:59:59.999+05:30'],
      outside: ['2026-03-29T02:29:59.999+05:30', '2026-03-29T20:00:00+05:30'],
      period: ['2026-03-29T02:30:00+05:30', '2026-03-29T20:00:00+05:30'],
    },
  ]);
});

describe('workingPeriod: any hours', () => {
  const zones = [BERLIN, NEW_YORK, KOLKATA, LORD_HOWE, APIA, HAVANA, SANTIAGO, 'Asia/Kathmandu', 'UTC'];
  const anyHours = fc
    .record({
      timezone: fc.constantFrom(...zones),
      days: fc.subarray([...daysOfWeek], { minLength: 1 }),
      fromMinuteOfDay: fc.nat({ max: 1439 }),
      toMinuteOfDay: fc.nat({ max: 1439 }),
      start: fc.constant(false),
    })
    .filter(({ fromMinuteOfDay, toMinuteOfDay }) => fromMinuteOfDay !== toMinuteOfDay);
  const HOUR_MS = 3_600_000;
  const START_MS = Date.parse('2026-01-01T00:00:00Z');
  const minuteOf2026 = fc.nat({ max: 365 * 24 * 60 - 1 }).map((minute) => START_MS + minute * 60_000);

  const formats = new Map(
    zones.map((timeZone) => [
      timeZone,
      new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit' }),
    ]),
  );

  /** What the clock on the wall shows, from Intl. */
  function wallClock(momentMs: number, timezone: string): { day: number; minute: number } {
    const parts = Object.fromEntries(
      (formats.get(timezone)?.formatToParts(momentMs) ?? []).map(({ type, value }) => [type, value]),
    );
    return {
      day: daysOfWeek.findIndex((day) => day === parts['weekday']?.toLowerCase()),
      minute: minuteOfDay(`${parts['hour'] ?? ''}:${parts['minute'] ?? ''}`),
    };
  }

  /** Whether the clocks of a zone change within two days of a moment. */
  function isNearChange(momentMs: number, timezone: string): boolean {
    const [before, after] = [-48, 48].map(
      (offset) => wallClock(momentMs + offset * HOUR_MS, timezone).minute,
    );
    return before !== after;
  }

  it('agrees with the clock on the wall wherever no change is near', () => {
    fc.assert(
      fc.property(anyHours, minuteOf2026, (hoursOf, momentMs) => {
        fc.pre(!isNearChange(momentMs, hoursOf.timezone));
        const { day, minute } = wallClock(momentMs, hoursOf.timezone);
        const { fromMinuteOfDay: from, toMinuteOfDay: to } = hoursOf;
        const lists = (index: number): boolean => hoursOf.days.some((name) => name === daysOfWeek[index]);
        const expected =
          from < to
            ? lists(day) && minute >= from && minute < to
            : (lists(day) && minute >= from) || (lists((day + 6) % 7) && minute < to);
        assert.equal(workingPeriod(new Date(momentMs), hoursOf) !== undefined, expected);
      }),
      { numRuns: 1_000 },
    );
  });

  // Around every change of the clocks, where moments and wall-clock times do not match one to one.
  const changesMs = [
    '2026-03-29T01:00:00Z', // Berlin
    '2026-10-25T01:00:00Z',
    '2026-03-08T07:00:00Z', // New York
    '2026-11-01T06:00:00Z',
    '2026-04-04T15:00:00Z', // Lord Howe
    '2026-10-03T15:30:00Z',
    '2026-04-05T03:00:00Z', // Santiago
    '2026-09-06T04:00:00Z',
    '2026-03-08T05:00:00Z', // Havana
    '2026-11-01T05:00:00Z',
  ].map((text) => Date.parse(text));
  const aroundChange = fc
    .tuple(fc.constantFrom(...changesMs), fc.integer({ min: -180, max: 180 }))
    .map(([changeMs, minutes]) => changeMs + minutes * 60_000);
  const nightHours = fc.tuple(anyHours, fc.nat({ max: 239 })).map(([hoursOf, minute]) => ({
    ...hoursOf,
    fromMinuteOfDay: minute === hoursOf.toMinuteOfDay ? minute + 1 : minute,
  }));

  it('is one and the same period from its first to its last millisecond, whatever the clocks do', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyHours, nightHours),
        fc.oneof(aroundChange, minuteOf2026),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (hoursOf, momentMs, share) => {
          // Closing less than an hour before they open, hours overlap themselves in the night in which an hour is missing.
          const closedMinutes = (hoursOf.fromMinuteOfDay - hoursOf.toMinuteOfDay + 1_440) % 1_440;
          fc.pre(closedMinutes > 60);
          const period = workingPeriod(new Date(momentMs), hoursOf);
          if (period === undefined) return;
          const { opensMs, closesMs } = period;
          assert.ok(opensMs <= momentMs && momentMs < closesMs);
          const between = opensMs + Math.floor((closesMs - 1 - opensMs) * share);
          for (const other of [opensMs, between, closesMs - 1])
            assert.deepEqual(workingPeriod(new Date(other), hoursOf), period, new Date(other).toISOString());
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
