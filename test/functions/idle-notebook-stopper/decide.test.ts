import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { isRemembered, judgeNotebook, savesMoney } from '../../../functions/idle-notebook-stopper/decide.ts';
import { startedSince } from '../../../functions/idle-notebook-stopper/verdict/moments.ts';
import { observationStartMs } from '../../../functions/idle-notebook-stopper/signals/observation-window.ts';
import { repairSeconds } from '../../../functions/idle-notebook-stopper/native-idle-shutdown.ts';
import type { StartedJob, VmFacts } from '../../../functions/idle-notebook-stopper/facts.ts';
import type { InstancePrice } from '../../../shared/prices/compute-price.ts';
import { gpusOf } from '../../../shared/prices/machine-type.ts';
import { vcpusOf } from '../../../shared/prices/vcpus.ts';
import {
  ABSENT,
  config,
  EVENING,
  FIVE_PERCENT,
  gpus,
  job,
  longerLook,
  measured,
  minutesBefore,
  NAME,
  NO_GPU,
  NOON,
  notebook,
  OFFICE,
  PRICE,
  UNREADABLE,
} from './facts-builder.ts';
import { testVerdicts } from './verdict-table.ts';

const ACCOUNT = 'notebooks@ml-dev.iam.gserviceaccount.com';
const UNKNOWN_GPU = gpusOf({ machineType: 'q9-standard-8', accelerators: [] });

describe('judgeNotebook: thresholds', () => {
  testVerdicts([
    {
      name: 'stops what is idle, with all its evidence',
      expect: ['stop idle'],
      evidence: {
        state: 'ACTIVE',
        machineType: 'n1-standard-8',
        gpus: '1 x nvidia-tesla-t4',
        window: { from: '2026-11-18T10:00:00.000Z', to: '2026-11-18T11:00:00.000Z' },
        minCoverage: 0.8,
        cpu: {
          peakCores: 0.08,
          peakShare: 0.01,
          belowCores: 0.5,
          belowShare: 0.0625,
          vcpus: 8,
          coverage: 1,
          series: 1,
        },
        gpuPercent: { peak: 0, below: 5, coverage: 1, series: 1 },
        networkBytesPerSecond: { peak: 512, below: 20480, coverage: 1, series: 2 },
        price: { runningUsdPerHour: 0.8125, stoppableUsdPerHour: 0.75, stoppedUsdPerHour: 0.0625 },
        nativeIdleShutdown: { status: 'on', afterMinutes: 180 },
      },
      usdPerHour: 0.75,
    },
    {
      name: 'CPU just below its threshold is idle',
      facts: { signals: { cpu: measured(0.0499) } },
      policy: { cpuBelow: FIVE_PERCENT },
      expect: ['stop idle'],
    },
    {
      name: 'CPU exactly at its threshold is active',
      facts: { signals: { cpu: measured(0.05) } },
      policy: { cpuBelow: FIVE_PERCENT },
      expect: ['keep active'],
      why: /^CPU reached 5 % \(idle is below 5 %\)$/,
    },
    {
      name: 'one core at work of 32 is activity: 3 % is a core',
      facts: { machineType: 'n2-standard-32', vcpus: 32, signals: { cpu: measured(0.0317) } },
      expect: ['keep active'],
      why: /^CPU reached 1\.01 cores \(idle is below 0\.5 cores\)$/,
      evidence: { cpu: { peakCores: 1.01, peakShare: 0.0317, belowCores: 0.5, vcpus: 32 } },
    },
    {
      name: 'less than half a core of 96 is idle',
      facts: { vcpus: 96, signals: { cpu: measured(0.0052) } },
      expect: ['stop idle'],
      evidence: { cpu: { peakCores: 0.499, belowShare: 0.00521 } },
    },
    {
      name: 'half a core of 96 is activity',
      facts: { vcpus: 96, signals: { cpu: measured(0.00521) } },
      expect: ['keep active'],
    },
    {
      name: 'a third of the one core of a small machine is idle',
      facts: { vcpus: 1, signals: { cpu: measured(0.33) } },
      expect: ['stop idle'],
    },
    {
      name: 'cores of a machine type that does not tell its vCPUs are not evaluable',
      facts: { vcpus: undefined, signals: { cpu: measured(0.001) } },
      expect: ['keep not-evaluable'],
      why: /^how many vCPUs it has is not known/,
      evidence: { cpu: { peakCores: 'unknown', peakShare: 0.001, vcpus: 'unknown' } },
    },
    {
      name: 'all vCPUs at work are activity, however many there are',
      facts: { vcpus: undefined, signals: { cpu: measured(1) } },
      expect: ['keep active'],
    },
    {
      name: 'a share of all vCPUs counts them all at work alone, also where the machine bursts',
      policy: { cpuBelow: { kind: 'share', share: 1 } },
      facts: { signals: { cpu: measured(1.3) } },
      expect: ['keep active'],
      why: /^CPU reached 130 % \(idle is below 100 %\)$/,
    },
    {
      name: 'cores of a shared-core machine are those that its guest sees',
      facts: { machineType: 'e2-medium', vcpus: vcpusOf('e2-medium'), signals: { cpu: measured(0.25) } },
      expect: ['keep active'],
      why: /^CPU reached 0\.5 cores \(idle is below 0\.5 cores\)$/,
    },
    {
      name: 'less of them is idle',
      facts: { machineType: 'e2-medium', vcpus: vcpusOf('e2-medium'), signals: { cpu: measured(0.24) } },
      expect: ['stop idle'],
    },
    {
      name: 'a share needs no number of vCPUs',
      facts: { vcpus: undefined, signals: { cpu: measured(0.01) } },
      policy: { cpuBelow: FIVE_PERCENT },
      expect: ['stop idle'],
      evidence: { cpu: { peakCores: 'unknown', belowShare: 0.05 } },
    },
    {
      name: 'CPU may exceed 1',
      facts: { signals: { cpu: measured(1.2) } },
      expect: ['keep active'],
      why: /^CPU reached 9\.6 cores /,
    },
    {
      name: 'GPU just below its threshold is idle',
      facts: { signals: { gpu: measured(4.99) } },
      expect: ['stop idle'],
    },
    {
      name: 'GPU exactly at its threshold is active',
      facts: { signals: { gpu: measured(5) } },
      expect: ['keep active'],
      why: /^GPU reached 5 % \(idle is below 5 %\)$/,
    },
    {
      name: 'network just below its threshold is idle',
      facts: { signals: { network: measured(20_479, 1, 2) } },
      expect: ['stop idle'],
    },
    {
      name: 'network exactly at its threshold is active',
      facts: { signals: { network: measured(20_480, 1, 2) } },
      expect: ['keep active'],
      why: /^network reached 20 KiB\/s \(idle is below 20 KiB\/s\)$/,
    },
    {
      name: "the policy's CPU threshold counts",
      facts: { signals: { cpu: measured(0.2) } },
      policy: { cpuBelow: { kind: 'share', share: 0.25 } },
      expect: ['stop idle'],
      evidence: { cpu: { peakCores: 1.6, belowCores: 2, peakShare: 0.2, belowShare: 0.25 } },
    },
    {
      name: "the policy's GPU threshold counts",
      facts: { signals: { gpu: measured(4) } },
      policy: { gpuBelowPercent: 4 },
      expect: ['keep active'],
    },
    {
      name: "the policy's network threshold counts",
      facts: { signals: { network: measured(512, 1, 2) } },
      policy: { networkBelowBytesPerSecond: 512 },
      expect: ['keep active'],
    },
    {
      name: 'all signals at zero are idle',
      facts: { signals: { cpu: measured(0), gpu: measured(0), network: measured(0, 1, 2) } },
      expect: ['stop idle'],
    },
    {
      name: 'a busy GPU is active although CPU and network rest',
      facts: { signals: { cpu: measured(0), gpu: measured(97), network: measured(0, 1, 2) } },
      expect: ['keep active'],
      evidence: { gpuPercent: { peak: 97 }, cpu: { peakCores: 0 } },
      usdPerHour: 0.8125,
    },
  ]);
});

describe('judgeNotebook: coverage', () => {
  testVerdicts([
    {
      name: 'each signal exactly at minCoverage is enough',
      facts: {
        signals: { cpu: measured(0.01, 0.8), gpu: measured(0, 0.8), network: measured(512, 0.8, 2) },
      },
      expect: ['stop idle'],
    },
    {
      name: 'CPU just below minCoverage is not evaluable',
      facts: { signals: { cpu: measured(0.01, 0.79) } },
      expect: ['keep not-evaluable'],
      why: /^CPU was measured in 79 % of the window, 80 % is needed$/,
      evidence: { cpu: { peakCores: 0.08, coverage: 0.79 } },
    },
    {
      name: 'GPU just below minCoverage is not evaluable',
      facts: { signals: { gpu: measured(0, 0.79) } },
      expect: ['keep not-evaluable'],
      why: /^GPU was measured in /,
    },
    {
      name: 'network just below minCoverage is not evaluable',
      facts: { signals: { network: measured(512, 0.79, 2) } },
      expect: ['keep not-evaluable'],
      why: /^network was measured in /,
    },
    {
      name: 'no coverage at all is not evaluable',
      facts: { signals: { cpu: measured(0, 0) } },
      expect: ['keep not-evaluable'],
      why: /^CPU was measured in /,
    },
    {
      name: "the policy's minCoverage counts",
      facts: { signals: { cpu: measured(0.01, 0.5) } },
      policy: { minCoverage: 0.5 },
      expect: ['stop idle'],
    },
    {
      name: 'minCoverage 1 needs every minute',
      facts: { signals: { network: measured(512, 0.9999, 2) } },
      policy: { minCoverage: 1 },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'a GPU signal that is there must be covered, although a missing one would be ignored',
      facts: { signals: { gpu: measured(0, 0.79) } },
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['keep not-evaluable'],
      why: /^GPU was measured in /,
    },
    {
      name: 'a busy minute counts however few minutes were seen',
      facts: { signals: { cpu: measured(0.9, 0.01) } },
      expect: ['keep active'],
      why: /^CPU /,
    },
  ]);
});

describe('judgeNotebook: missing signals', () => {
  testVerdicts([
    {
      name: 'no CPU data is not evaluable',
      facts: { signals: { cpu: ABSENT } },
      expect: ['keep not-evaluable'],
      why: /^CPU has no data$/,
      evidence: { cpu: { belowCores: 0.5, missing: 'no series' } },
    },
    {
      name: 'no network data is not evaluable',
      facts: { signals: { network: ABSENT } },
      expect: ['keep not-evaluable'],
      why: /^network has no data$/,
    },
    {
      name: 'no data at all is not evaluable, never idle',
      facts: { signals: { cpu: ABSENT, gpu: ABSENT, network: ABSENT } },
      expect: ['keep not-evaluable'],
      why: /^CPU has no data$/,
    },
    {
      name: 'no data at all is not evaluable on a CPU machine either, whatever gpuSignalMissing says',
      facts: { gpus: NO_GPU, signals: { cpu: ABSENT, gpu: ABSENT, network: ABSENT } },
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['keep not-evaluable'],
      why: /^CPU has no data$/,
    },
    {
      name: 'unreadable CPU is not evaluable',
      facts: { signals: { cpu: UNREADABLE } },
      expect: ['keep not-evaluable'],
      why: /^CPU could not be read: partial answer: shard down$/,
      evidence: { cpu: { belowCores: 0.5, missing: 'partial answer: shard down' } },
    },
    {
      name: 'unreadable network is not evaluable',
      facts: { signals: { network: UNREADABLE } },
      expect: ['keep not-evaluable'],
      why: /^network could not be read/,
    },
    {
      name: 'unreadable GPU is not evaluable',
      facts: { signals: { gpu: UNREADABLE } },
      expect: ['keep not-evaluable'],
      why: /^GPU could not be read/,
    },
    {
      name: 'an active GPU wins over absent CPU and network',
      facts: { signals: { cpu: ABSENT, gpu: measured(80), network: ABSENT } },
      expect: ['keep active'],
      why: /^GPU /,
    },
    {
      name: 'an active CPU wins over an unreadable GPU',
      facts: { signals: { cpu: measured(0.5), gpu: UNREADABLE } },
      expect: ['keep active'],
      why: /^CPU /,
    },
    {
      name: 'an active CPU wins over a missing GPU signal',
      facts: { signals: { cpu: measured(0.5), gpu: ABSENT } },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /^CPU /,
    },
    {
      name: 'an active network wins over unreadable and poorly covered others',
      facts: { signals: { cpu: UNREADABLE, gpu: measured(0, 0.1), network: measured(90_000, 1, 2) } },
      expect: ['keep active'],
      why: /^network /,
    },
    {
      name: 'an active GPU wins although another GPU does not report',
      facts: { gpus: gpus(2), signals: { gpu: measured(50, 1, 1) } },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /^GPU /,
    },
  ]);
});

describe('judgeNotebook: GPUs', () => {
  testVerdicts([
    {
      name: 'a GPU without metrics is not evaluable',
      facts: { signals: { gpu: ABSENT } },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen/,
      evidence: { gpus: '1 x nvidia-tesla-t4', gpuPercent: { below: 5, missing: 'no series' } },
    },
    {
      name: 'a GPU without metrics is judged by the rest where that is to be ignored',
      facts: { signals: { gpu: ABSENT } },
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['stop idle', 'report gpu-signal-missing'],
      evidence: { gpuPercent: { missing: 'no series' } },
    },
    {
      name: 'a GPU whose metrics could not be read is not one without metrics: it is not ignored',
      facts: { signals: { gpu: UNREADABLE } },
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['keep not-evaluable'],
      why: /^GPU could not be read/,
    },
    {
      name: 'a GPU by acceleratorConfigs needs its signal',
      facts: {
        gpus: gpusOf({
          machineType: 'n1-standard-8',
          accelerators: [{ type: 'NVIDIA_TESLA_T4', count: 2 }],
        }),
        signals: { gpu: ABSENT },
      },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen/,
      evidence: { gpus: '2 x nvidia-tesla-t4' },
    },
    {
      name: 'an A100 by its machine type alone, without acceleratorConfigs, needs its signal',
      facts: {
        machineType: 'a2-highgpu-1g',
        gpus: gpusOf({ machineType: 'a2-highgpu-1g', accelerators: [] }),
        signals: { gpu: ABSENT },
      },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen/,
      evidence: { machineType: 'a2-highgpu-1g', gpus: '1 x nvidia-tesla-a100' },
    },
    {
      name: 'an A100 by its machine type alone is stopped when it is idle',
      facts: {
        machineType: 'a2-highgpu-1g',
        gpus: gpusOf({ machineType: 'a2-highgpu-1g', accelerators: [] }),
      },
      expect: ['stop idle'],
    },
    {
      name: 'a GPU family that is not known yet needs a signal',
      facts: {
        gpus: gpusOf({ machineType: 'a9-ultragpu-16g', accelerators: [] }),
        signals: { gpu: ABSENT },
      },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen/,
      evidence: { gpus: 'unknown (a9-ultragpu-16g has GPUs, how many is not known)' },
    },
    {
      name: 'a machine family that may have GPUs needs a signal',
      facts: { gpus: UNKNOWN_GPU, signals: { gpu: ABSENT } },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen/,
    },
    {
      name: 'a machine family that may have GPUs is judged by the rest where that is to be ignored',
      facts: { gpus: UNKNOWN_GPU, signals: { gpu: ABSENT } },
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['stop idle', 'report gpu-signal-missing'],
    },
    {
      name: 'a CPU machine needs no GPU signal',
      facts: { gpus: NO_GPU, signals: { gpu: ABSENT } },
      expect: ['stop idle'],
      evidence: { gpus: 'none' },
    },
    {
      name: 'a CPU machine needs no GPU signal, not even a readable one',
      facts: { gpus: NO_GPU, signals: { gpu: UNREADABLE } },
      expect: ['stop idle'],
    },
    {
      name: 'a GPU signal counts although no GPU is known',
      facts: { gpus: NO_GPU, signals: { gpu: measured(60) } },
      expect: ['keep active'],
      why: /^GPU /,
      evidence: { gpus: 'none', gpuPercent: { peak: 60 } },
    },
    {
      name: 'one GPU of four that does not report is not evaluable',
      facts: { gpus: gpus(4), signals: { gpu: measured(0, 1, 3) } },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen: 3 of 4 GPUs report$/,
      evidence: { gpuPercent: { series: 3 } },
    },
    {
      name: 'one GPU of four that does not report is ignored where that is wanted',
      facts: { gpus: gpus(4), signals: { gpu: measured(0, 1, 3) } },
      policy: { gpuSignalMissing: 'ignore' },
      expect: ['stop idle', 'report gpu-signal-missing'],
    },
    {
      name: 'all four GPUs report',
      facts: { gpus: gpus(4), signals: { gpu: measured(0, 1, 4) } },
      expect: ['stop idle'],
    },
    {
      name: 'more GPUs report than are attached, as after a driver update',
      facts: { gpus: gpus(1), signals: { gpu: measured(0, 1, 2) } },
      expect: ['stop idle'],
    },
    {
      name: 'by default a GPU without metrics stops when cores, disk and network rested for twice idleAfter, and it says so',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook() },
      expect: ['stop idle', 'report gpu-signal-missing'],
      evidence: {
        inferred:
          'no agent reports its GPU, but cores, disk and network rested since 2026-11-18T09:00:00.000Z',
        longerLook: { diskBytesPerSecond: { peak: 2050, below: 1_048_576 } },
      },
      lastEvidence: {
        why: 'no agent reports its GPU',
        command:
          "gcloud compute ssh nb-1 --project=ml-dev --zone=us-central1-a --command='curl -sSO https://dl.google.com/cloudagents/add-google-cloud-ops-agent-repo.sh && sudo bash add-google-cloud-ops-agent-repo.sh --also-install'",
      },
    },
    {
      name: 'a busy disk keeps a GPU without metrics',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook({ disk: measured(30_000_000, 1, 4) }) },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /^disk reached 28\.6 MiB\/s \(idle is below 1 MiB\/s\) since .*, and no agent reports its GPU$/,
    },
    {
      name: 'a core at work 90 minutes ago keeps a GPU without metrics',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook({ cpu: measured(0.125) }) },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /^CPU reached 1 core \(idle is below 0\.5 cores\) since /,
    },
    {
      name: 'a busy network 90 minutes ago keeps a GPU without metrics',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook({ network: measured(20_480, 1, 2) }) },
      expect: ['keep active', 'report gpu-signal-missing'],
    },
    {
      name: 'a disk without metrics leaves a GPU without metrics open',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook({ disk: ABSENT }) },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /^its GPU cannot be seen: no agent reports its GPU; disk has no data since /,
    },
    {
      name: 'unreadable disks leave a GPU without metrics open',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook({ disk: UNREADABLE }) },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
    },
    {
      name: 'a thin longer look leaves a GPU without metrics open',
      facts: { signals: { gpu: ABSENT }, longerLook: longerLook({ cpu: measured(0, 0.7) }) },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
    },
    {
      name: 'without the longer look a GPU without metrics stays open',
      facts: { signals: { gpu: ABSENT } },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      why: /its past was not read$/,
    },
    {
      name: 'a GPU without metrics is young until it ran for twice idleAfter',
      facts: {
        signals: { gpu: ABSENT },
        longerLook: longerLook(),
        vm: { kind: 'found', status: 'RUNNING', lastStartMs: minutesBefore(NOON, 119) },
      },
      expect: ['keep young'],
    },
    {
      name: 'one GPU of four that does not report is inferred from the rest',
      facts: { gpus: gpus(4), signals: { gpu: measured(0, 1, 3) }, longerLook: longerLook() },
      expect: ['stop idle', 'report gpu-signal-missing'],
      evidence: {
        inferred: '3 of 4 GPUs report, but cores, disk and network rested since 2026-11-18T09:00:00.000Z',
      },
    },
    {
      name: 'a GPU whose metrics could not be read is not inferred from the rest',
      facts: { signals: { gpu: UNREADABLE }, longerLook: longerLook() },
      expect: ['keep not-evaluable'],
      why: /^GPU could not be read/,
    },
    {
      name: 'a GPU in MIG mode that reads 0 is no signal: it takes twice idleAfter',
      facts: { signals: { migMode: true }, longerLook: longerLook({ cpu: measured(0.5) }) },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /its GPU is in MIG mode, where 0 % says nothing$/,
    },
    {
      name: 'a GPU in MIG mode is not evaluable where a missing signal keeps',
      facts: { signals: { migMode: true } },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
    },
    {
      name: 'the command that keeps a GPU in MIG mode has the label of the policy, and every label that is there',
      facts: { labels: { team: 'speech', owner: 'ada' }, signals: { migMode: true } },
      policy: { gpuSignalMissing: 'keep', keepLabel: 'pinned' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
      lastEvidence: {
        command:
          'gcloud workbench instances update nb-1 --project=ml-dev --location=us-central1-a --labels=team=speech,owner=ada,pinned=true',
      },
    },
    {
      name: 'a low load of a GPU in MIG mode is no rest either',
      facts: { signals: { migMode: true, gpu: measured(1) } },
      policy: { gpuSignalMissing: 'keep' },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
    },
    {
      name: 'a GPU in MIG mode that reads 0 beside a busy core is at work',
      facts: { longerLook: longerLook(), signals: { gpu: measured(0), migMode: true, cpu: measured(0.2) } },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /^CPU reached 1\.6 cores/,
    },
    {
      name: 'a GPU in MIG mode that reads 0 beside a core that was busy 90 minutes ago is at work',
      facts: {
        longerLook: longerLook({ cpu: measured(0.2) }),
        signals: { gpu: measured(0), migMode: true },
      },
      expect: ['keep active', 'report gpu-signal-missing'],
      why: /^CPU reached 1\.6 cores .* since /,
    },
    {
      name: 'a GPU in MIG mode that reads 0 where disks were not read is not evaluable',
      facts: { longerLook: longerLook({ disk: ABSENT }), signals: { gpu: measured(0), migMode: true } },
      expect: ['keep not-evaluable', 'report gpu-signal-missing'],
    },
    {
      name: 'a GPU in MIG mode that reads more than 0 is at work all the same',
      facts: { signals: { migMode: true, gpu: measured(30) } },
      expect: ['keep active', 'report gpu-signal-missing'],
    },
  ]);

  it('shows no GPU evidence for a CPU machine without a GPU signal', () => {
    const [decision] = judgeNotebook(notebook({ gpus: NO_GPU, signals: { gpu: ABSENT } }), config(), NOON);
    assert.ok(decision !== undefined);
    assert.equal('gpuPercent' in decision.evidence, false);
  });
});

describe('judgeNotebook: jobs that it may wait for', () => {
  const jobs = (...all: readonly StartedJob[]) => ({ jobs: { kind: 'read', jobs: all } }) as const;
  testVerdicts([
    {
      name: 'a job that was made since the last start keeps what rests, with its name',
      facts: jobs(job(300)),
      expect: ['keep waits-for'],
      why: /^it may wait for the job "train-v7"; who started that cannot be told$/,
      evidence: {
        job: '"train-v7"',
        startedBy: 'cannot be told',
        resource: 'projects/1/locations/us-central1/customJobs/7',
      },
    },
    {
      name: 'a job that is older than the last start is none that it waits for',
      facts: {
        ...jobs(job(300)),
        vm: { kind: 'found', status: 'RUNNING', lastStartMs: minutesBefore(NOON, 299) },
      },
      expect: ['stop idle'],
    },
    {
      name: 'a job made at the moment of the last start may be',
      facts: {
        ...jobs(job(300)),
        vm: { kind: 'found', status: 'RUNNING', lastStartMs: minutesBefore(NOON, 300) },
      },
      expect: ['keep waits-for'],
    },
    {
      name: 'a job that does not say when it was made may be',
      facts: jobs(job(undefined)),
      expect: ['keep waits-for'],
    },
    {
      name: 'of several the one that runs as its own account is named',
      facts: jobs(
        job(300),
        job(200, { displayName: 'mine', serviceAccount: 'notebooks@ml-dev.iam.gserviceaccount.com' }),
      ),
      expect: ['keep waits-for'],
      why: /^it may wait for the job "mine" or 1 more; who started that cannot be told$/,
      evidence: { runsAs: 'notebooks@ml-dev.iam.gserviceaccount.com', jobs: 2 },
    },
    {
      name: 'a job that its service account started keeps it, and is named before others',
      facts: jobs(job(300), job(200, { displayName: 'mine', startedBy: ACCOUNT })),
      expect: ['keep waits-for'],
      why: /^it may wait for the job "mine" or 1 more, which notebooks@ml-dev\.iam\.gserviceaccount\.com started$/,
      evidence: { startedBy: ACCOUNT },
    },
    {
      name: 'a job that its owner started keeps it, however the address is written',
      facts: jobs(job(200, { startedBy: 'Ada@Example.com' })),
      expect: ['keep waits-for'],
    },
    {
      name: 'a job that another user started keeps nothing',
      facts: jobs(job(200, { startedBy: 'grace@example.com' }), job(100, { startedBy: 'ci@ml-dev.iam' })),
      expect: ['stop idle'],
    },
    {
      name: 'that it runs as the account of the notebook says nothing about who started it',
      facts: jobs(job(200, { startedBy: 'grace@example.com', serviceAccount: ACCOUNT })),
      expect: ['stop idle'],
    },
    {
      name: 'of a notebook without known accounts any job may be its own',
      facts: { ...jobs(job(200, { startedBy: 'grace@example.com' })), accounts: [] },
      expect: ['keep waits-for'],
      why: /who started that cannot be told$/,
    },
    {
      name: 'a job of its own from before the last start keeps nothing',
      facts: {
        ...jobs(job(300, { startedBy: ACCOUNT })),
        vm: { kind: 'found', status: 'RUNNING', lastStartMs: minutesBefore(NOON, 299) },
      },
      expect: ['stop idle'],
    },
    {
      name: 'a job without a name is called by its resource',
      facts: jobs(job(300, { displayName: '' })),
      expect: ['keep waits-for'],
      evidence: { job: 'projects/1/locations/us-central1/customJobs/7' },
    },
    {
      name: 'jobs do not keep where the policy says so',
      facts: jobs(job(300)),
      policy: { keepWhileJobsRun: false },
      expect: ['stop idle'],
    },
    {
      name: 'jobs that could not be read leave it open',
      facts: { jobs: { kind: 'unreadable', why: 'Vertex AI customJobs in us-east4: 503' } },
      expect: ['keep not-evaluable'],
      why: /^whether it waits for a job cannot be told: Vertex AI customJobs in us-east4: 503$/,
    },
    {
      name: 'jobs that could not be read do not matter where they do not keep',
      facts: { jobs: { kind: 'unreadable', why: '503' } },
      policy: { keepWhileJobsRun: false },
      expect: ['stop idle'],
    },
    {
      name: 'activity goes before a job',
      facts: { ...jobs(job(300)), signals: { gpu: measured(70) } },
      expect: ['keep active'],
    },
    {
      name: 'a job keeps outside working hours too',
      facts: jobs(job(300)),
      policy: { hours: OFFICE },
      now: EVENING,
      expect: ['keep waits-for'],
    },
    {
      name: 'a job keeps what was warned about',
      facts: { ...jobs(job(300)), memory: { warnedAtMs: minutesBefore(NOON, 90) } },
      policy: { warnBeforeMinutes: 30 },
      expect: ['keep waits-for'],
    },
  ]);
});

describe('judgeNotebook: young', () => {
  const running = (lastStartMs: number | undefined): VmFacts => ({
    kind: 'found',
    status: 'RUNNING',
    lastStartMs,
  });
  testVerdicts([
    {
      name: 'created exactly when the window begins is old enough',
      facts: { createdMs: minutesBefore(NOON, 60), vm: running(minutesBefore(NOON, 60)) },
      expect: ['stop idle'],
    },
    {
      name: 'created a millisecond later is young',
      facts: { createdMs: minutesBefore(NOON, 60) + 1, vm: running(undefined) },
      expect: ['keep young'],
      evidence: { startedAt: '2026-11-18T10:00:00.001Z' },
    },
    {
      name: 'started exactly when the window begins is old enough',
      facts: { vm: running(minutesBefore(NOON, 60)) },
      expect: ['stop idle'],
    },
    {
      name: 'started a millisecond later is young, however long ago it was created',
      facts: { vm: running(minutesBefore(NOON, 60) + 1) },
      expect: ['keep young'],
      evidence: { startedAt: '2026-11-18T10:00:00.001Z' },
    },
    {
      name: 'created lately is young although the VM seems to be older',
      facts: { createdMs: minutesBefore(NOON, 5) },
      expect: ['keep young'],
      evidence: { startedAt: '2026-11-18T10:55:00.000Z' },
    },
    {
      name: 'with neither time known it is kept: it may have been started within the window',
      facts: { createdMs: undefined, vm: running(undefined) },
      expect: ['keep not-evaluable'],
      why: /^when its VM was started is not known$/,
    },
    {
      name: 'created long ago and started at an unknown time is kept',
      facts: { vm: running(undefined) },
      expect: ['keep not-evaluable'],
      why: /^when its VM was started is not known$/,
    },
    {
      name: 'created at an unknown time and started long ago is old enough',
      facts: { createdMs: undefined },
      expect: ['stop idle'],
    },
    {
      name: 'activity counts whenever it was started',
      facts: { vm: running(undefined), signals: { gpu: measured(70) } },
      expect: ['keep active'],
    },
    {
      name: 'with neither time known and too few points it is kept',
      facts: { createdMs: undefined, vm: running(undefined), signals: { cpu: measured(0, 0.3) } },
      expect: ['keep not-evaluable'],
    },
    {
      name: 'young goes before the data that cannot be there yet',
      facts: {
        vm: running(minutesBefore(NOON, 2)),
        signals: { cpu: ABSENT, gpu: ABSENT, network: ABSENT },
      },
      expect: ['keep young'],
    },
    {
      name: 'active goes before young',
      facts: { vm: running(minutesBefore(NOON, 2)), signals: { gpu: measured(70) } },
      expect: ['keep active'],
    },
    {
      name: 'a longer window takes longer to grow out of',
      facts: { vm: running(minutesBefore(NOON, 90)) },
      policy: { idleAfterMinutes: 120 },
      expect: ['keep young'],
    },
  ]);
});

describe('judgeNotebook: the VM', () => {
  const notRunning = [
    'PROVISIONING',
    'STAGING',
    'STOPPING',
    'SUSPENDING',
    'SUSPENDED',
    'STOPPED',
    'TERMINATED',
    'REPAIRING',
    '',
    'SOMETHING_NEW',
  ];
  testVerdicts([
    {
      name: 'absent',
      facts: { vm: { kind: 'absent' } },
      expect: ['keep not-evaluable'],
      why: /^its VM does not exist$/,
    },
    {
      name: 'unknown',
      facts: { vm: { kind: 'unknown', why: 'us-central1-a was unreachable' } },
      expect: ['keep not-evaluable'],
      why: /^VM unknown: us-central1-a was unreachable$/,
    },
    {
      name: 'unknown, and busy: still kept',
      facts: { vm: { kind: 'unknown', why: 'listing failed' }, signals: { cpu: measured(0.9) } },
      expect: ['keep not-evaluable'],
    },
    ...notRunning.map((status) => ({
      name: `${status || 'without a status'} although ACTIVE`,
      facts: { vm: { kind: 'found', status, lastStartMs: minutesBefore(NOON, 9_999) } as const },
      expect: ['keep not-evaluable'],
      why: new RegExp(`^Workbench says ACTIVE, and its VM is ${status || 'in no known status'}$`),
    })),
  ]);
});

describe('judgeNotebook: states', () => {
  const verdicts: Readonly<Record<string, string>> = {
    STATE_UNSPECIFIED: 'keep not-evaluable',
    STARTING: 'keep transitional',
    PROVISIONING: 'keep transitional',
    ACTIVE: 'stop idle',
    STOPPING: 'keep transitional',
    STOPPED: 'keep stopped',
    DELETED: 'keep stopped',
    UPGRADING: 'keep transitional',
    INITIALIZING: 'keep transitional',
    SUSPENDING: 'keep transitional',
    SUSPENDED: 'keep stopped',
    HIBERNATING_SINCE_2029: 'keep not-evaluable',
    '': 'keep not-evaluable',
    active: 'keep not-evaluable',
    '3': 'keep not-evaluable',
  };
  testVerdicts([
    ...Object.entries(verdicts).map(([state, verdict]) => ({
      name: `${state || 'empty'}: ${verdict}`,
      facts: { state },
      expect: [verdict],
      evidence: { state },
    })),
    {
      name: 'names the state that it does not know',
      facts: { state: 'HIBERNATING_SINCE_2029' },
      expect: ['keep not-evaluable'],
      why: /^unknown state HIBERNATING_SINCE_2029$/,
    },
    {
      name: 'activity does not matter to one that is not ACTIVE',
      facts: { state: 'STARTING', signals: { cpu: measured(1) } },
      expect: ['keep transitional'],
    },
  ]);

  it('shows signals of ACTIVE notebooks only', () => {
    const [decision] = judgeNotebook(notebook({ state: 'STOPPED' }), config(), NOON);
    assert.ok(decision !== undefined);
    for (const key of ['window', 'cpu', 'gpuPercent', 'networkBytesPerSecond'])
      assert.equal(key in decision.evidence, false, key);
  });
});

describe('judgeNotebook: the keep label', () => {
  const labels = (value: string) => ({ 'costguard-keep': value });
  const lastMoment = new Date('2026-11-19T11:59:59.999Z');
  const over = new Date('2026-11-19T12:00:00.000Z');
  testVerdicts([
    {
      name: 'true keeps',
      facts: { labels: labels('true') },
      expect: ['keep kept'],
      evidence: { keepLabel: 'true' },
      usdPerHour: 0.8125,
    },
    { name: 'false does not', facts: { labels: labels('false') }, expect: ['stop idle'] },
    {
      name: 'today keeps',
      facts: { labels: labels('2026-11-18') },
      expect: ['keep kept'],
      evidence: { keepLabel: 'until 2026-11-18' },
    },
    {
      name: 'yesterday keeps to its last moment at UTC-12',
      facts: { labels: labels('2026-11-18') },
      now: lastMoment,
      expect: ['keep kept'],
    },
    {
      name: 'yesterday does not keep once it is over everywhere',
      facts: { labels: labels('2026-11-18') },
      now: over,
      expect: ['stop idle'],
    },
    {
      name: 'garbage keeps, and says so',
      facts: { labels: labels('until-the-paper-is-out') },
      expect: ['keep kept'],
      evidence: {
        keepLabel: 'unreadable value "until-the-paper-is-out": use true or a date such as 2026-12-31',
      },
    },
    { name: '30 February keeps', facts: { labels: labels('2026-02-30') }, expect: ['keep kept'] },
    { name: 'a label without a value keeps', facts: { labels: labels('') }, expect: ['keep kept'] },
    {
      name: 'the policy names the label',
      facts: { labels: { 'costguard-keep': 'true' } },
      policy: { keepLabel: 'pinned' },
      expect: ['stop idle'],
    },
    {
      name: "the policy's label keeps",
      facts: { labels: { pinned: 'true' } },
      policy: { keepLabel: 'pinned' },
      expect: ['keep kept'],
    },
    {
      name: 'it goes before what cannot be evaluated',
      facts: { labels: labels('true'), vm: { kind: 'absent' } },
      expect: ['keep kept'],
    },
    {
      name: 'it goes before an unknown state',
      facts: { labels: labels('true'), state: 'STATE_UNSPECIFIED' },
      expect: ['keep kept'],
    },
    {
      name: 'it keeps outside working hours too',
      facts: { labels: labels('true') },
      policy: { hours: OFFICE },
      now: EVENING,
      expect: ['keep kept'],
    },
    {
      name: 'it keeps what was warned about, also when the warning is over',
      facts: { labels: labels('true'), memory: { warnedAtMs: minutesBefore(NOON, 90) } },
      policy: { warnBeforeMinutes: 30 },
      expect: ['keep kept'],
    },
  ]);
});

describe('judgeNotebook: price', () => {
  const UNPRICED: InstancePrice = {
    items: [
      { what: 'q9-standard-8', whenStopped: 'not-billed', usdPerHour: 'unpriced', why: 'no price for q9' },
      { what: 'boot disk', whenStopped: 'billed', usdPerHour: 'unpriced', why: 'disk type not reported' },
      { what: 'external IPv4 address', whenStopped: 'unknown', usdPerHour: 0.005, mark: 'verified' },
    ],
    runningUsdPerHour: 'unpriced',
    stoppableUsdPerHour: 'unpriced',
    stoppedUsdPerHour: 'unpriced',
    unpriced: ['q9-standard-8: no price for q9', 'boot disk: disk type not reported'],
  };
  const busy = { gpu: measured(70) };
  testVerdicts([
    {
      name: 'a stop saves machine and GPUs, and names what goes on billing',
      expect: ['stop idle'],
      usdPerHour: 0.75,
      evidence: { price: { billedWhenStopped: ['boot disk pd-ssd, 150 GB'] } },
    },
    {
      name: 'a warning has the price of what runs on',
      policy: { warnBeforeMinutes: 30 },
      expect: ['warn idle'],
      usdPerHour: 0.8125,
    },
    {
      name: 'a kept notebook costs all that it costs',
      facts: { signals: busy },
      expect: ['keep active'],
      usdPerHour: 0.8125,
    },
    {
      name: 'a stopped notebook costs its disks',
      facts: { state: 'STOPPED', vm: { kind: 'found', status: 'TERMINATED', lastStartMs: 1 } },
      expect: ['keep stopped'],
      usdPerHour: 0.0625,
    },
    {
      name: 'a suspended notebook costs what a stopped one does',
      facts: { state: 'SUSPENDED', vm: { kind: 'unknown', why: 'not listed' } },
      expect: ['keep stopped'],
      usdPerHour: 0.0625,
    },
    {
      name: 'one that is ACTIVE in name only costs its disks',
      facts: { vm: { kind: 'found', status: 'TERMINATED', lastStartMs: 1 } },
      expect: ['keep not-evaluable'],
      usdPerHour: 0.0625,
    },
    {
      name: 'one on its way down still costs everything',
      facts: { state: 'STOPPING' },
      expect: ['keep transitional'],
      usdPerHour: 0.8125,
    },
    {
      name: 'an unpriced stop stays unpriced, never zero',
      facts: { price: UNPRICED },
      expect: ['stop idle'],
      usdPerHour: 'unpriced',
      evidence: {
        price: {
          runningUsdPerHour: 'unpriced',
          stoppableUsdPerHour: 'unpriced',
          stoppedUsdPerHour: 'unpriced',
          billedWhenStopped: ['boot disk', 'external IPv4 address'],
          unpriced: ['q9-standard-8: no price for q9', 'boot disk: disk type not reported'],
        },
      },
    },
    {
      name: 'an unpriced keep stays unpriced',
      facts: { price: UNPRICED, signals: busy },
      expect: ['keep active'],
      usdPerHour: 'unpriced',
    },
    {
      name: 'an unpriced stopped one stays unpriced',
      facts: { price: UNPRICED, state: 'STOPPED' },
      expect: ['keep stopped'],
      usdPerHour: 'unpriced',
    },
    {
      name: 'a stop can be priced although a disk is not',
      facts: { price: { ...UNPRICED, stoppableUsdPerHour: 3.5 } },
      expect: ['stop idle'],
      usdPerHour: 3.5,
    },
  ]);

  it('lists nothing as unpriced when all has a price', () => {
    const [decision] = judgeNotebook(notebook({ price: PRICE }), config(), NOON);
    assert.ok(decision !== undefined);
    assert.equal(JSON.stringify(decision.evidence['price']).includes('"unpriced"'), false);
  });
});

describe('observationStartMs', () => {
  const cases: readonly (readonly [name: string, Parameters<typeof config>[0], Date, number?, number?])[] = [
    ['idleAfter without hours', {}, NOON, 60],
    ['a long idleAfter', { idleAfterMinutes: 10_080 }, NOON, 10_080],
    ['idleAfter inside working hours', { hours: OFFICE }, NOON, 60],
    ['a quarter of an hour outside them', { hours: OFFICE }, EVENING, 15],
    ['idleAfter outside them when that is shorter', { hours: OFFICE, idleAfterMinutes: 10 }, EVENING, 10],
    ['idleAfter when a warning is more recent than that', {}, NOON, 60, 59],
    ['a warning that is just as old', {}, NOON, 60, 60],
    ['all since an older warning', {}, NOON, 61, 61],
    ['outside hours, a quarter of an hour when a warning is more recent', { hours: OFFICE }, EVENING, 15, 5],
    ['outside hours, all since an older warning', { hours: OFFICE }, EVENING, 40, 40],
  ];
  for (const [name, policy, now, minutes = 0, warnedMinutesAgo] of cases)
    it(`is ${name}`, () => {
      const warnedAtMs = warnedMinutesAgo === undefined ? undefined : minutesBefore(now, warnedMinutesAgo);
      assert.equal(observationStartMs(config(policy), now, warnedAtMs), minutesBefore(now, minutes));
    });

  it('changes with the first and the last minute of working hours', () => {
    const policy = config({ hours: OFFICE });
    const minutesAt = (time: string): number => {
      const now = new Date(time);
      return (now.getTime() - observationStartMs(policy, now, undefined)) / 60_000;
    };
    assert.equal(minutesAt('2026-11-18T07:59:59.999+01:00'), 15);
    assert.equal(minutesAt('2026-11-18T08:00:00.000+01:00'), 60);
    assert.equal(minutesAt('2026-11-18T19:59:59.999+01:00'), 60);
    assert.equal(minutesAt('2026-11-18T20:00:00.000+01:00'), 15);
  });
});

describe('repairSeconds', () => {
  for (const [idleAfterMinutes, seconds] of [
    [10, 10_800],
    [179, 10_800],
    [180, 10_800],
    [181, 10_860],
    [1_439, 86_340],
    [1_440, 86_400],
    [1_441, 86_400],
    [10_080, 86_400],
  ] as const)
    it(`is ${seconds} for idleAfter ${idleAfterMinutes}m`, () => {
      assert.equal(repairSeconds(config({ idleAfterMinutes })), seconds);
    });
});

describe('startedSince', () => {
  const at = (vm: VmFacts): boolean => startedSince(notebook({ vm }), 1_000);
  it('is true only for a start after the moment', () => {
    assert.equal(at({ kind: 'found', status: 'RUNNING', lastStartMs: 1_001 }), true);
    assert.equal(at({ kind: 'found', status: 'RUNNING', lastStartMs: 1_000 }), false);
    assert.equal(at({ kind: 'found', status: 'TERMINATED', lastStartMs: 1_001 }), true);
  });
  it('is false where nothing is known', () => {
    assert.equal(at({ kind: 'found', status: 'RUNNING', lastStartMs: undefined }), false);
    assert.equal(at({ kind: 'absent' }), false);
    assert.equal(at({ kind: 'unknown', why: 'listing failed' }), false);
  });
});

describe('isRemembered', () => {
  it('is true for any memory', () => {
    assert.equal(isRemembered(notebook()), false);
    assert.equal(isRemembered(notebook({ memory: { warnedAtMs: 1 } })), true);
    assert.equal(
      isRemembered(notebook({ memory: { stop: { claimedAtMs: 1, runId: 'r', reason: 'idle' } } })),
      true,
    );
  });
});

describe('savesMoney', () => {
  for (const action of ['stop', 'keep', 'warn', 'start', 'report', 'repair'])
    it(`is ${action === 'stop'} for ${action}`, () => {
      assert.equal(
        savesMoney({ resource: NAME, action, reason: 'idle', evidence: {}, usdPerHour: 1 }),
        action === 'stop',
      );
    });
});
