import { describe } from 'vitest';
import {
  ABSENT,
  EVENING,
  measured,
  minutesBefore,
  NOON,
  OFFICE_WITH_START,
  type FactsOverrides,
} from './facts-builder.ts';
import { testVerdicts } from './verdict-table.ts';

const OFF = { metadata: { 'idle-timeout-seconds': '' } };
const UNKNOWN = { metadata: { 'idle-timeout-seconds': 'never' } };
const NO_GUEST_ATTRIBUTES = { metadata: { 'enable-guest-attributes': 'false' } };
const STOPPED: FactsOverrides = {
  state: 'STOPPED',
  vm: { kind: 'found', status: 'TERMINATED', lastStartMs: Date.parse('2026-11-10T08:00:00Z') },
};
const BUSY: FactsOverrides = { signals: { gpu: measured(80) } };
const TERRAFORM = { labels: { 'goog-terraform-provisioned': 'true' } };
const REPAIR = { nativeIdleShutdown: 'repair' } as const;

describe('judgeNotebook: native idle shutdown, report', () => {
  testVerdicts([
    { name: 'on: nothing to say', facts: STOPPED, expect: ['keep stopped'] },
    {
      name: 'on, with its evidence in the verdict',
      facts: { ...STOPPED, metadata: { 'idle-timeout-seconds': '3600' } },
      expect: ['keep stopped'],
      evidence: {
        nativeIdleShutdown: { status: 'on', afterMinutes: 60, why: 'idle-timeout-seconds is 3600' },
      },
    },
    {
      name: 'off',
      facts: { ...STOPPED, ...OFF },
      expect: ['keep stopped', 'report native-idle-shutdown-off'],
      evidence: { nativeIdleShutdown: { status: 'off' } },
      lastEvidence: { nativeIdleShutdown: { status: 'off' } },
    },
    {
      name: 'unknown',
      facts: { ...STOPPED, ...UNKNOWN },
      expect: ['keep stopped', 'report native-idle-shutdown-unknown'],
    },
    {
      name: 'cannot fire without guest attributes',
      facts: { ...STOPPED, ...NO_GUEST_ATTRIBUTES },
      expect: ['keep stopped', 'report native-idle-shutdown-cannot-fire'],
      lastEvidence: { nativeIdleShutdown: { status: 'cannot-fire', afterMinutes: 180 } },
    },
    {
      name: 'cannot fire with an unhealthy agent',
      facts: { ...BUSY, healthState: 'UNHEALTHY' },
      expect: ['keep active', 'report native-idle-shutdown-cannot-fire'],
    },
    {
      name: 'off is reported of an active notebook',
      facts: { ...BUSY, ...OFF },
      expect: ['keep active', 'report native-idle-shutdown-off'],
    },
    {
      name: 'off is reported beside a stop',
      facts: OFF,
      expect: ['stop idle', 'report native-idle-shutdown-off'],
    },
    {
      name: 'off is reported beside a warning',
      facts: OFF,
      policy: { warnBeforeMinutes: 30 },
      expect: ['warn idle', 'report native-idle-shutdown-off'],
    },
    {
      name: 'off is reported of one that is not evaluable',
      facts: { ...OFF, vm: { kind: 'absent' } },
      expect: ['keep not-evaluable', 'report native-idle-shutdown-off'],
    },
    {
      name: 'off is no matter of one that is kept; its verdict has it',
      facts: { ...OFF, labels: { 'costguard-keep': 'true' } },
      expect: ['keep kept'],
      evidence: { nativeIdleShutdown: { status: 'off' } },
    },
    {
      name: 'off waits for a notebook on its way',
      facts: { ...OFF, state: 'STARTING' },
      expect: ['keep transitional'],
    },
    {
      name: 'off is no matter of a deleted one',
      facts: { ...OFF, state: 'DELETED' },
      expect: ['keep stopped'],
    },
    {
      name: 'off waits for a state that is not known',
      facts: { ...OFF, state: 'SOMETHING_NEW' },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'it comes after a stop that did not take effect',
      facts: {
        ...OFF,
        memory: {
          stop: {
            claimedAtMs: minutesBefore(NOON, 20),
            requestedAtMs: minutesBefore(NOON, 20),
            runId: 'run-1',
            reason: 'idle',
          },
        },
      },
      expect: ['stop idle', 'report did-not-stop', 'report native-idle-shutdown-off'],
    },
  ]);
});

describe('judgeNotebook: native idle shutdown, repair', () => {
  testVerdicts([
    { name: 'on: nothing to repair', policy: REPAIR, facts: STOPPED, expect: ['keep stopped'] },
    {
      name: 'off: repairs a stopped notebook',
      policy: REPAIR,
      facts: { ...STOPPED, ...OFF },
      expect: ['keep stopped', 'repair native-idle-shutdown-off'],
      lastEvidence: {
        nativeIdleShutdown: { status: 'off' },
        set: { 'idle-timeout-seconds': '10800' },
      },
    },
    {
      name: 'unknown: repairs',
      policy: REPAIR,
      facts: { ...STOPPED, ...UNKNOWN },
      expect: ['keep stopped', 'repair native-idle-shutdown-unknown'],
    },
    {
      name: 'no timeout remedies what guest attributes keep from firing: reports',
      policy: REPAIR,
      facts: { ...STOPPED, ...NO_GUEST_ATTRIBUTES },
      expect: ['keep stopped', 'report native-idle-shutdown-cannot-fire'],
    },
    {
      name: 'no timeout remedies what a missing agent keeps from firing: reports',
      policy: REPAIR,
      facts: { ...BUSY, healthState: 'AGENT_NOT_RUNNING' },
      expect: ['keep active', 'report native-idle-shutdown-cannot-fire'],
    },
    {
      name: 'a longer idleAfter is what it sets',
      policy: { ...REPAIR, idleAfterMinutes: 600 },
      facts: { ...STOPPED, ...OFF },
      expect: ['keep stopped', 'repair native-idle-shutdown-off'],
      lastEvidence: { set: { 'idle-timeout-seconds': '36000' } },
    },
    {
      name: 'repairs one that was warned about',
      policy: { ...REPAIR, warnBeforeMinutes: 30 },
      facts: OFF,
      expect: ['warn idle', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'repairs one that waits after its warning',
      policy: { ...REPAIR, warnBeforeMinutes: 30 },
      facts: { ...OFF, memory: { warnedAtMs: minutesBefore(NOON, 10) } },
      expect: ['keep warned', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'does not arm it under an active notebook: reports when',
      policy: REPAIR,
      facts: { ...BUSY, ...OFF },
      expect: ['keep active', 'report native-idle-shutdown-off'],
      lastEvidence: {
        notRepaired:
          'next time: the notebook is active, and the native shutdown does not see background work',
      },
    },
    {
      name: 'does not arm it under a notebook that may be active: reports when',
      policy: REPAIR,
      facts: { ...OFF, signals: { network: ABSENT } },
      expect: ['keep not-evaluable', 'report native-idle-shutdown-off'],
      lastEvidence: {
        notRepaired:
          'next time: the notebook is not-evaluable, and the native shutdown does not see background work',
      },
    },
    {
      name: 'a stop comes first',
      policy: REPAIR,
      facts: OFF,
      expect: ['stop idle', 'report native-idle-shutdown-off'],
      lastEvidence: { notRepaired: 'next time: stop comes first' },
    },
    {
      name: 'a start comes first',
      policy: { ...REPAIR, hours: OFFICE_WITH_START },
      facts: {
        ...STOPPED,
        ...OFF,
        memory: {
          stop: { claimedAtMs: minutesBefore(NOON, 900), runId: 'run-1', reason: 'outside-hours' },
        },
      },
      expect: ['start working-hours', 'report native-idle-shutdown-off'],
      lastEvidence: { notRepaired: 'next time: start comes first' },
    },
    {
      name: 'repairs outside working hours what was stopped',
      policy: { ...REPAIR, hours: OFFICE_WITH_START },
      now: EVENING,
      facts: { ...STOPPED, ...OFF },
      expect: ['keep stopped', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'a stopped notebook that cannot be told apart is repaired all the same: nothing runs on it',
      policy: { ...REPAIR, hours: OFFICE_WITH_START },
      facts: {
        ...STOPPED,
        ...OFF,
        vm: { kind: 'unknown', why: 'listing failed' },
        memory: {
          stop: { claimedAtMs: minutesBefore(NOON, 900), runId: 'run-1', reason: 'outside-hours' },
        },
      },
      expect: ['keep not-evaluable', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'kept by its label: left alone',
      policy: REPAIR,
      facts: { ...STOPPED, ...OFF, labels: { 'costguard-keep': '2026-12-31' } },
      expect: ['keep kept'],
    },
    {
      name: 'on its way: left alone',
      policy: REPAIR,
      facts: { ...OFF, state: 'UPGRADING' },
      expect: ['keep transitional'],
    },
    {
      name: 'deleted: left alone',
      policy: REPAIR,
      facts: { ...OFF, state: 'DELETED' },
      expect: ['keep stopped'],
    },
  ]);
});

describe('judgeNotebook: native idle shutdown, Terraform', () => {
  testVerdicts([
    {
      name: 'terraformManaged: enforce repairs what Terraform made',
      policy: { ...REPAIR, terraformManaged: 'enforce' },
      facts: { ...STOPPED, ...OFF, ...TERRAFORM },
      expect: ['keep stopped', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'terraformManaged: report leaves it to Terraform',
      policy: { ...REPAIR, terraformManaged: 'report' },
      facts: { ...STOPPED, ...OFF, ...TERRAFORM },
      expect: ['keep stopped', 'report native-idle-shutdown-off'],
      lastEvidence: {
        notRepaired: 'Terraform manages this instance: set idle-timeout-seconds in its configuration',
      },
    },
    {
      name: 'terraformManaged: report repairs what Terraform did not make',
      policy: { ...REPAIR, terraformManaged: 'report' },
      facts: { ...STOPPED, ...OFF },
      expect: ['keep stopped', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'a label that denies it counts as denied',
      policy: { ...REPAIR, terraformManaged: 'report' },
      facts: { ...STOPPED, ...OFF, labels: { 'goog-terraform-provisioned': 'false' } },
      expect: ['keep stopped', 'repair native-idle-shutdown-off'],
    },
    {
      name: 'stopping what Terraform made is fine',
      policy: { ...REPAIR, terraformManaged: 'report' },
      facts: { ...OFF, ...TERRAFORM },
      expect: ['stop idle', 'report native-idle-shutdown-off'],
    },
    {
      name: 'terraformManaged is no matter to a report',
      policy: { terraformManaged: 'report' },
      facts: { ...STOPPED, ...OFF, ...TERRAFORM },
      expect: ['keep stopped', 'report native-idle-shutdown-off'],
    },
  ]);
});
