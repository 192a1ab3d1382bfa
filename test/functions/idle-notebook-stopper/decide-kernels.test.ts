import { describe } from 'vitest';
import {
  ABSENT,
  config,
  EVENING,
  longerLook,
  measured,
  minutesBefore,
  NO_GPU,
  NOON,
  OFFICE,
} from './facts-builder.ts';
import { testVerdicts } from './verdict-table.ts';
import type { Kernels } from '../../../functions/idle-notebook-stopper/facts.ts';

const kernels = (more: Partial<Extract<Kernels, { kind: 'measured' }>> = {}): Kernels => ({
  kind: 'measured',
  activity: undefined,
  coverage: 1,
  ...more,
});
const EXECUTING = kernels({ activity: 'a kernel was executing' });
const CPU_ONLY = { gpus: NO_GPU, signals: { gpu: ABSENT } };
const reporting = (kernels: Kernels) => ({ gpus: NO_GPU, signals: { gpu: ABSENT, kernels } });

describe('judgeNotebook: kernels and terminals', () => {
  testVerdicts([
    {
      name: 'without reported kernels the other signals decide',
      facts: CPU_ONLY,
      expect: ['stop idle'],
    },
    {
      name: 'an executing kernel is activity although cores and network rest',
      facts: reporting(EXECUTING),
      expect: ['keep active'],
      why: /^a kernel was executing$/,
      evidence: { kernels: { kind: 'measured', activity: 'a kernel was executing' } },
    },
    {
      name: 'a kernel that is open and does nothing is none',
      facts: reporting(kernels()),
      expect: ['stop idle'],
      evidence: { kernels: { coverage: 1 } },
    },
    {
      name: 'a terminal that was opened is activity',
      facts: reporting(kernels({ activity: 'the number of its terminals changed between 0 and 1' })),
      expect: ['keep active'],
      why: /terminals changed between 0 and 1$/,
    },
    {
      name: 'activity counts however little of the window was seen',
      facts: reporting(kernels({ activity: 'a kernel was executing', coverage: 0.02 })),
      expect: ['keep active'],
    },
    {
      name: 'kernels that were seen for just enough of the window rest',
      facts: reporting(kernels({ coverage: 0.8 })),
      expect: ['stop idle'],
    },
    {
      name: 'kernels that were seen for less leave it open',
      facts: reporting(kernels({ coverage: 0.79 })),
      expect: ['keep not-evaluable'],
      why: /^kernels were measured in 79 % of the window/,
    },
    {
      name: 'kernels that cannot be read leave it open',
      facts: reporting({ kind: 'unreadable', why: 'HTTP 503' }),
      expect: ['keep not-evaluable'],
      why: /^kernels could not be read: HTTP 503$/,
    },
    {
      name: 'kernels that were promised and are not reported leave it open until the longer look is read',
      facts: reporting({ kind: 'absent' }),
      expect: ['keep not-evaluable'],
      why: /^its kernel cannot be seen: .*roles\/monitoring\.metricWriter/,
    },
    {
      name: 'they are inferred from cores, disk and network, as a GPU is, and it says so',
      facts: { ...reporting({ kind: 'absent' }), longerLook: longerLook() },
      expect: ['stop idle'],
    },
    {
      name: 'with gpuSignalMissing keep such a notebook is never stopped',
      facts: { ...reporting({ kind: 'absent' }), longerLook: longerLook() },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'with gpuSignalMissing ignore the other signals decide',
      facts: reporting({ kind: 'absent' }),
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['stop idle'],
    },
    {
      name: 'an executing kernel keeps outside working hours too',
      facts: reporting(EXECUTING),
      policy: { hours: OFFICE },
      now: EVENING,
      expect: ['keep active'],
    },
    {
      name: 'an executing kernel that waits for a job is activity, not a wait',
      facts: { ...reporting(EXECUTING), jobs: { kind: 'unreadable', why: '503' } },
      expect: ['keep active'],
    },
    {
      name: 'an executing kernel ends a warning',
      facts: { ...reporting(EXECUTING), memory: { warnedAtMs: minutesBefore(NOON, 20) } },
      policy: { warnBeforeMinutes: 30 },
      expect: ['keep active'],
    },
    {
      name: 'tolerated minutes of cores do not cover an executing kernel',
      facts: {
        gpus: NO_GPU,
        signals: { gpu: ABSENT, cpu: measured(0.4), kernels: EXECUTING },
        stray: { total: 1, busiestDay: 1, lastHour: 0 },
      },
      policy: { ...config({ toleratedMinutesPerDay: 5 }) },
      expect: ['keep active'],
      why: /^a kernel was executing$/,
    },
  ]);
});
