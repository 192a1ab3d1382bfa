import { describe } from 'vitest';
import type { VmFacts } from '../../../functions/idle-notebook-stopper/facts.ts';
import type { NotebookMemory } from '../../../functions/idle-notebook-stopper/memory/memory.ts';
import type { WorkingHours } from '../../../shared/policy/policy.ts';
import {
  ABSENT,
  EVENING,
  measured,
  minutesBefore,
  NOON,
  OFFICE,
  OFFICE_WITH_START,
  type FactsOverrides,
} from './facts-builder.ts';
import { testVerdicts } from './verdict-table.ts';

const LONG_AGO_MS = Date.parse('2026-11-10T08:00:00Z');

function vm(status: string, lastStartMs: number | undefined = LONG_AGO_MS): VmFacts {
  return { kind: 'found', status, lastStartMs };
}

/** Remembers a stop that was claimed and requested at one moment. */
/** A stop because of the hours. */
function stoppedByHours(atMs: number): NotebookMemory {
  return {
    stop: {
      claimedAtMs: atMs,
      requestedAtMs: atMs,
      runId: 'run-1',
      reason: 'outside-hours',
      operation: 'op-1',
    },
  };
}

function stopRequested(atMs: number): NotebookMemory {
  return {
    stop: { claimedAtMs: atMs, requestedAtMs: atMs, runId: 'run-1', reason: 'idle', operation: 'op-1' },
  };
}

describe('judgeNotebook: warnBefore', () => {
  const policy = { warnBeforeMinutes: 30 };
  const warned = (minutesAgo: number): FactsOverrides => ({
    memory: { warnedAtMs: minutesBefore(NOON, minutesAgo) },
  });
  testVerdicts([
    {
      name: 'warns first and says when it would stop',
      policy,
      expect: ['warn idle'],
      evidence: { stopsAt: '2026-11-18T11:30:00.000Z' },
    },
    {
      name: 'waits after a warning that was just given',
      policy,
      facts: warned(0),
      expect: ['keep warned'],
      evidence: { warnedAt: '2026-11-18T11:00:00.000Z', stopsAt: '2026-11-18T11:30:00.000Z' },
    },
    {
      name: 'waits until one minute before the end',
      policy,
      facts: warned(29),
      expect: ['keep warned'],
      evidence: { warnedAt: '2026-11-18T10:31:00.000Z', stopsAt: '2026-11-18T11:01:00.000Z' },
    },
    {
      name: 'waits until one millisecond before the end',
      policy,
      facts: { memory: { warnedAtMs: minutesBefore(NOON, 30) + 1 } },
      expect: ['keep warned'],
    },
    {
      name: 'stops exactly at the end',
      policy,
      facts: warned(30),
      expect: ['stop idle'],
      evidence: { warnedAt: '2026-11-18T10:30:00.000Z', stopsAt: '2026-11-18T11:00:00.000Z' },
      usdPerHour: 0.75,
    },
    {
      name: 'stops after the end, having looked at all the time since the warning',
      policy,
      facts: warned(300),
      expect: ['stop idle'],
      evidence: { window: { from: '2026-11-18T06:00:00.000Z', to: '2026-11-18T11:00:00.000Z' } },
    },
    {
      name: 'is active again after a warning',
      policy,
      facts: { ...warned(45), signals: { cpu: measured(0.3) } },
      expect: ['keep active'],
    },
    {
      name: 'does not stop what it could not observe since the warning',
      policy,
      facts: { ...warned(45), signals: { cpu: measured(0, 0.4) } },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'is young when it was restarted since the warning, whenever that was',
      policy,
      facts: { ...warned(300), vm: vm('RUNNING', minutesBefore(NOON, 299)) },
      expect: ['keep young'],
    },
    {
      name: 'stops at once where the policy no longer warns',
      facts: warned(1),
      expect: ['stop idle'],
    },
    {
      name: 'warns outside working hours too',
      policy: { ...policy, hours: OFFICE },
      now: EVENING,
      expect: ['warn outside-hours'],
      evidence: { stopsAt: '2026-11-18T21:30:00.000Z' },
    },
    {
      name: 'stops outside working hours when the warning is over',
      policy: { ...policy, hours: OFFICE },
      now: EVENING,
      facts: { memory: { warnedAtMs: minutesBefore(EVENING, 30) } },
      expect: ['stop outside-hours'],
      evidence: { window: { from: '2026-11-18T20:30:00.000Z', to: '2026-11-18T21:00:00.000Z' } },
    },
    {
      name: 'does not warn what it cannot evaluate',
      policy,
      facts: { signals: { network: ABSENT } },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'does not warn what is young',
      policy,
      facts: { vm: vm('RUNNING', minutesBefore(NOON, 10)) },
      expect: ['keep young'],
    },
  ]);
});

describe('judgeNotebook: a stop that was requested', () => {
  const requested = (minutesAgo: number): NotebookMemory => stopRequested(minutesBefore(NOON, minutesAgo));
  testVerdicts([
    {
      name: 'a minute ago: waits',
      facts: { memory: requested(1) },
      expect: ['keep transitional'],
      why: /^its stop was requested$/,
    },
    {
      name: 'a millisecond less than 15 minutes ago: waits',
      facts: { memory: stopRequested(minutesBefore(NOON, 15) + 1) },
      expect: ['keep transitional'],
    },
    {
      name: '15 minutes ago and still ACTIVE: stops again and reports',
      facts: { memory: requested(15) },
      expect: ['stop idle', 'report did-not-stop'],
      lastEvidence: { requestedAt: '2026-11-18T10:45:00.000Z', operation: 'op-1', state: 'ACTIVE' },
    },
    {
      name: '15 minutes ago and busy: reports, and keeps what is active',
      facts: { memory: requested(15), signals: { cpu: measured(0.7) } },
      expect: ['keep active', 'report did-not-stop'],
    },
    {
      name: 'a minute ago and STOPPING: waits',
      facts: { state: 'STOPPING', memory: requested(1) },
      expect: ['keep transitional'],
    },
    {
      name: 'a millisecond less than 15 minutes ago and STOPPING: waits',
      facts: { state: 'STOPPING', memory: stopRequested(minutesBefore(NOON, 15) + 1) },
      expect: ['keep transitional'],
    },
    {
      name: '15 minutes ago and still STOPPING: reports',
      facts: { state: 'STOPPING', memory: requested(15) },
      expect: ['keep transitional', 'report did-not-stop'],
      lastEvidence: { state: 'STOPPING' },
    },
    {
      name: 'an hour ago and STOPPED: nothing to report',
      facts: { state: 'STOPPED', vm: vm('TERMINATED'), memory: requested(60) },
      expect: ['keep stopped'],
    },
    {
      name: 'an hour ago and SUSPENDED: nothing to report',
      facts: { state: 'SUSPENDED', vm: vm('SUSPENDED'), memory: requested(60) },
      expect: ['keep stopped'],
    },
    {
      name: 'an hour ago, VM TERMINATED though ACTIVE: it has stopped',
      facts: { vm: vm('TERMINATED'), memory: requested(60) },
      expect: ['keep not-evaluable'],
      why: /says ACTIVE, and its VM is TERMINATED$/,
    },
    {
      name: 'an hour ago, VM TERMINATED though STOPPING: reports that the API does not get on',
      facts: { state: 'STOPPING', vm: vm('TERMINATED'), memory: requested(60) },
      expect: ['keep transitional', 'report did-not-stop'],
    },
    {
      name: 'VM restarted since, lately: young, nothing to report',
      facts: { vm: vm('RUNNING', minutesBefore(NOON, 20)), memory: requested(30) },
      expect: ['keep young'],
    },
    {
      name: 'VM restarted since, a minute after a request that is a few minutes old: no longer waits',
      facts: {
        vm: vm('RUNNING', minutesBefore(NOON, 4)),
        memory: requested(5),
        signals: { cpu: measured(1) },
      },
      expect: ['keep active'],
    },
    {
      name: 'VM restarted since, long ago and idle again: stops, nothing to report',
      facts: { vm: vm('RUNNING', minutesBefore(NOON, 120)), memory: requested(180) },
      expect: ['stop idle'],
    },
    {
      name: 'VM started exactly at the request: not since',
      facts: { vm: vm('RUNNING', minutesBefore(NOON, 90)), memory: requested(90) },
      expect: ['stop idle', 'report did-not-stop'],
    },
    {
      name: 'claimed but never requested: its run died, so it is stopped',
      facts: {
        memory: { stop: { claimedAtMs: minutesBefore(NOON, 1), runId: 'run-1', reason: 'idle' } },
      },
      expect: ['stop idle'],
    },
    {
      name: 'claimed long ago but never requested: nothing to report',
      facts: {
        memory: { stop: { claimedAtMs: minutesBefore(NOON, 60), runId: 'run-1', reason: 'idle' } },
      },
      expect: ['stop idle'],
    },
  ]);
});

describe('judgeNotebook: working hours', () => {
  const hours = OFFICE;
  testVerdicts([
    { name: 'inside, idle over the window: stops as idle', policy: { hours }, expect: ['stop idle'] },
    {
      name: 'inside, busy: kept',
      policy: { hours },
      facts: { signals: { gpu: measured(40) } },
      expect: ['keep active'],
    },
    {
      name: 'outside, not busy in the last quarter of an hour: stops as outside hours',
      policy: { hours },
      now: EVENING,
      expect: ['stop outside-hours'],
      evidence: { window: { from: '2026-11-18T20:45:00.000Z', to: '2026-11-18T21:00:00.000Z' } },
    },
    {
      name: 'outside, busy: kept',
      policy: { hours },
      now: EVENING,
      facts: { signals: { cpu: measured(0.4) } },
      expect: ['keep active'],
    },
    {
      name: 'outside, not evaluable: kept',
      policy: { hours },
      now: EVENING,
      facts: { signals: { cpu: ABSENT } },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'outside, started 14 minutes ago: young',
      policy: { hours },
      now: EVENING,
      facts: { vm: vm('RUNNING', minutesBefore(EVENING, 14)) },
      expect: ['keep young'],
    },
    {
      name: 'outside, started exactly a quarter of an hour ago: stops',
      policy: { hours },
      now: EVENING,
      facts: { vm: vm('RUNNING', minutesBefore(EVENING, 15)) },
      expect: ['stop outside-hours'],
    },
    {
      name: 'the same start inside working hours is young',
      policy: { hours },
      facts: { vm: vm('RUNNING', minutesBefore(NOON, 15)) },
      expect: ['keep young'],
    },
    {
      name: 'one millisecond before they open: outside',
      policy: { hours },
      now: new Date('2026-11-18T07:59:59.999+01:00'),
      expect: ['stop outside-hours'],
    },
    {
      name: 'exactly when they open: inside',
      policy: { hours },
      now: new Date('2026-11-18T08:00:00+01:00'),
      expect: ['stop idle'],
    },
    {
      name: 'exactly when they close: outside',
      policy: { hours },
      now: new Date('2026-11-18T20:00:00+01:00'),
      expect: ['stop outside-hours'],
    },
    {
      name: 'Saturday noon: outside',
      policy: { hours },
      now: new Date('2026-11-21T12:00:00+01:00'),
      expect: ['stop outside-hours'],
    },
    {
      name: 'a stop that was requested is waited for outside working hours too',
      policy: { hours },
      now: EVENING,
      facts: { memory: stopRequested(minutesBefore(EVENING, 5)) },
      expect: ['keep transitional'],
    },
    {
      name: 'outside, with start: true, stops as well',
      policy: { hours: OFFICE_WITH_START },
      now: EVENING,
      expect: ['stop outside-hours'],
    },
  ]);
});

describe('judgeNotebook: start', () => {
  const policy = { hours: OFFICE_WITH_START };
  const OPENS_MS = Date.parse('2026-11-18T08:00:00+01:00');
  const LAST_NIGHT_MS = Date.parse('2026-11-17T20:15:00+01:00');
  const stopped = (memory: NotebookMemory, rest: FactsOverrides = {}): FactsOverrides => ({
    state: 'STOPPED',
    vm: vm('TERMINATED'),
    memory,
    ...rest,
  });
  const startRequested = (minutesAgo: number, attempts = 1): NotebookMemory => ({
    ...stoppedByHours(LAST_NIGHT_MS),
    start: {
      claimedAtMs: minutesBefore(NOON, minutesAgo),
      requestedAtMs: minutesBefore(NOON, minutesAgo),
      runId: 'run-2',
      attempts,
    },
  });
  const BACK_TO_BACK: WorkingHours = {
    ...OFFICE_WITH_START,
    fromMinuteOfDay: 22 * 60,
    toMinuteOfDay: 6 * 60,
  };
  testVerdicts([
    {
      name: 'stopped by costguard last night: starts',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['start working-hours'],
      evidence: {
        stoppedBy: 'costguard',
        stoppedAt: '2026-11-17T19:15:00.000Z',
        opensAt: '2026-11-18T07:00:00.000Z',
      },
      usdPerHour: 0.75,
    },
    {
      name: 'a stop that was claimed last night and never left: stays as another one stopped it',
      policy,
      facts: stopped({
        stop: { claimedAtMs: LAST_NIGHT_MS, runId: 'run-1', reason: 'outside-hours', sent: false },
      }),
      expect: ['keep stopped'],
    },
    {
      name: 'a stop that was about to leave last night, and shows: starts',
      policy,
      facts: stopped({
        stop: { claimedAtMs: LAST_NIGHT_MS, runId: 'run-1', reason: 'outside-hours', sent: true },
      }),
      expect: ['start working-hours'],
    },
    {
      name: 'while a rung of the kill switch is in force: stays stopped, and says why',
      policy,
      facts: {
        ...stopped(stoppedByHours(LAST_NIGHT_MS)),
        rungInForce: { budget: 'billingAccounts/A/budgets/B', rung: 'stop-notebooks' },
      },
      expect: ['keep budget-rung'],
      evidence: {
        budget: 'billingAccounts/A/budgets/B',
        why: 'stop-notebooks is in force and would stop it again: raise the budget, or ask budget-restore',
      },
    },
    {
      name: 'stopped a millisecond before they opened: starts',
      policy,
      facts: stopped(stoppedByHours(OPENS_MS - 1)),
      expect: ['start working-hours'],
    },
    {
      name: 'stopped exactly when they opened: stays stopped for the day',
      policy,
      facts: stopped(stoppedByHours(OPENS_MS)),
      expect: ['keep stopped'],
      evidence: { stoppedBy: 'costguard', stoppedAt: '2026-11-18T07:00:00.000Z' },
    },
    {
      name: 'stopped for idleness within the hours: stays stopped for the day',
      policy,
      facts: stopped(stoppedByHours(minutesBefore(NOON, 60))),
      expect: ['keep stopped'],
    },
    {
      name: 'stopped on Friday, now Monday: starts',
      policy,
      now: new Date('2026-11-23T08:05:00+01:00'),
      facts: stopped(stoppedByHours(Date.parse('2026-11-20T20:10:00+01:00'))),
      expect: ['start working-hours'],
      evidence: { opensAt: '2026-11-23T07:00:00.000Z' },
    },
    {
      name: 'stopped yesterday, now Saturday: stays stopped',
      policy,
      now: new Date('2026-11-21T12:00:00+01:00'),
      facts: stopped(stoppedByHours(Date.parse('2026-11-20T20:10:00+01:00'))),
      expect: ['keep stopped'],
    },
    {
      name: 'one millisecond before they open: stays stopped',
      policy,
      now: new Date(OPENS_MS - 1),
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['keep stopped'],
    },
    {
      name: 'exactly when they open: starts',
      policy,
      now: new Date(OPENS_MS),
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['start working-hours'],
    },
    {
      name: 'one millisecond before they close: starts',
      policy,
      now: new Date('2026-11-18T19:59:59.999+01:00'),
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['start working-hours'],
    },
    {
      name: 'exactly when they close: stays stopped',
      policy,
      now: new Date('2026-11-18T20:00:00+01:00'),
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['keep stopped'],
    },
    {
      name: 'after the midnight of a night shift, stopped before it began: starts',
      policy: { hours: BACK_TO_BACK },
      now: new Date('2026-11-18T01:00:00+01:00'),
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['start working-hours'],
      evidence: { opensAt: '2026-11-17T21:00:00.000Z' },
    },
    {
      name: 'after the midnight of a night shift, stopped within it: stays stopped',
      policy: { hours: BACK_TO_BACK },
      now: new Date('2026-11-18T01:00:00+01:00'),
      facts: stopped(stoppedByHours(Date.parse('2026-11-17T23:00:00+01:00'))),
      expect: ['keep stopped'],
    },
    {
      name: 'a user started and stopped it since: respected',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), { vm: vm('TERMINATED', LAST_NIGHT_MS + 60_000) }),
      expect: ['keep stopped'],
      evidence: { stoppedBy: 'someone else, after a later start' },
    },
    {
      name: 'VM last started exactly when it was stopped: not since',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), { vm: vm('TERMINATED', LAST_NIGHT_MS) }),
      expect: ['start working-hours'],
    },
    {
      name: 'VM unknown: no one knows whether a user touched it',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), { vm: { kind: 'unknown', why: 'listing failed' } }),
      expect: ['keep not-evaluable'],
      why: /cannot be told/,
      evidence: { stoppedBy: 'costguard' },
    },
    {
      name: 'VM absent: nothing to start',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), { vm: { kind: 'absent' } }),
      expect: ['keep not-evaluable'],
    },
    {
      name: 'VM without a start time: no one knows whether a user touched it',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), {
        vm: { kind: 'found', status: 'TERMINATED', lastStartMs: undefined },
      }),
      expect: ['keep not-evaluable'],
    },
    {
      name: 'start requested just now: waits',
      policy,
      facts: stopped(startRequested(0)),
      expect: ['keep transitional'],
      why: /^its start was requested$/,
    },
    {
      name: 'start requested 4 minutes ago: waits',
      policy,
      facts: stopped(startRequested(4)),
      expect: ['keep transitional'],
    },
    {
      name: 'start requested 5 minutes ago and STOPPED again: says so, and starts again',
      policy,
      facts: stopped(startRequested(5)),
      expect: ['start working-hours', 'report did-not-start'],
      lastEvidence: {
        attempts: 1,
        // No guess at a cause that was not read.
        why: 'it was started and is STOPPED again: why is in the operations of its VM, which costguard does not read',
        next: 'tried again now, as far as maxActions allows; 1 of 6 attempts are used up',
      },
    },
    {
      name: 'start requested 5 minutes ago and STOPPED again, and kept since: says that it is not tried again now',
      policy,
      facts: { ...stopped(startRequested(5)), labels: { 'costguard-keep': 'true' } },
      expect: ['keep kept', 'report did-not-start'],
      lastEvidence: { next: 'not tried again now (kept); 1 of 6 attempts are used up' },
    },
    {
      name: 'start requested 5 minutes ago and STOPPED again, and a rung is in force: says that it is not tried again now',
      policy,
      facts: {
        ...stopped(startRequested(5)),
        rungInForce: { budget: 'billingAccounts/A/budgets/B', rung: 'stop-notebooks' },
      },
      expect: ['keep budget-rung', 'report did-not-start'],
      lastEvidence: { next: 'not tried again now (budget-rung); 1 of 6 attempts are used up' },
    },
    {
      name: 'six starts this morning that did not come up: no seventh, and says so',
      policy,
      facts: stopped(startRequested(10, 6)),
      expect: ['keep stopped', 'report did-not-start'],
      why: /^it did not start in 6 attempts since the hours opened$/,
    },
    {
      name: 'six starts of an earlier day are over',
      policy,
      facts: stopped(startRequested(24 * 60, 6)),
      expect: ['start working-hours'],
    },
    {
      name: 'a start that came up is none that did not',
      policy,
      facts: {
        ...stopped(startRequested(30)),
        state: 'ACTIVE',
        vm: vm('RUNNING', minutesBefore(NOON, 29)),
      },
      expect: ['keep young'],
    },
    {
      name: 'a start that came up before a user stopped the notebook again is respected',
      policy,
      facts: stopped(startRequested(60), { vm: vm('TERMINATED', minutesBefore(NOON, 59)) }),
      expect: ['keep stopped'],
    },
    {
      name: 'start claimed but never requested: its run died, so it starts',
      policy,
      facts: stopped({
        ...stoppedByHours(LAST_NIGHT_MS),
        start: { claimedAtMs: minutesBefore(NOON, 1), runId: 'run-2' },
      }),
      expect: ['start working-hours'],
    },
    {
      name: 'kept by its label: no one starts it either',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), { labels: { 'costguard-keep': 'true' } }),
      expect: ['keep kept'],
      usdPerHour: 0.0625,
    },
    {
      name: 'start: false: stays stopped',
      policy: { hours: OFFICE },
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['keep stopped'],
    },
    {
      name: 'no hours: stays stopped',
      facts: stopped(stoppedByHours(LAST_NIGHT_MS)),
      expect: ['keep stopped'],
    },
    {
      name: 'nothing remembered, so another user stopped it: stays stopped',
      policy,
      facts: stopped({}),
      expect: ['keep stopped'],
    },
    {
      name: 'only a warning remembered: stays stopped',
      policy,
      facts: stopped({ warnedAtMs: LAST_NIGHT_MS }),
      expect: ['keep stopped'],
    },
    {
      name: 'SUSPENDED is not what costguard made: stays as it is',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), { state: 'SUSPENDED' }),
      expect: ['keep stopped'],
    },
    {
      name: 'STARTING already: waits',
      policy,
      facts: stopped(startRequested(1), { state: 'STARTING' }),
      expect: ['keep transitional'],
    },
    {
      name: 'an unpriced start stays unpriced',
      policy,
      facts: stopped(stoppedByHours(LAST_NIGHT_MS), {
        price: {
          items: [],
          runningUsdPerHour: 'unpriced',
          stoppableUsdPerHour: 'unpriced',
          stoppedUsdPerHour: 0.0625,
          unpriced: ['machine: unreadable machine type'],
        },
      }),
      expect: ['start working-hours'],
      usdPerHour: 'unpriced',
    },
  ]);
});
