import { settingsOf } from '../../../functions/idle-notebook-stopper/changes.ts';
import type { Config } from '../../../functions/idle-notebook-stopper/config.ts';
import { observationStartMs } from '../../../functions/idle-notebook-stopper/signals/observation-window.ts';
import type {
  LongerLook,
  NotebookFacts,
  Signal,
  Signals,
  StartedJob,
} from '../../../functions/idle-notebook-stopper/facts.ts';
import type { InstancePrice } from '../../../shared/prices/compute-price.ts';
import type { Gpus } from '../../../shared/prices/machine-type.ts';
import type { WorkingHours } from '../../../shared/policy/policy.ts';

/** A Wednesday, 12:00 in Berlin: inside `OFFICE`. */
export const NOON = new Date('2026-11-18T12:00:00+01:00');
/** The same Wednesday, 22:00 in Berlin: outside `OFFICE`. */
export const EVENING = new Date('2026-11-18T22:00:00+01:00');

export const OFFICE: WorkingHours = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  fromMinuteOfDay: 8 * 60,
  toMinuteOfDay: 20 * 60,
  start: false,
};
export const OFFICE_WITH_START: WorkingHours = { ...OFFICE, start: true };

export const NAME = 'projects/ml-dev/locations/us-central1-a/instances/nb-1';

export function minutesBefore(now: Date, minutes: number): number {
  return now.getTime() - minutes * 60_000;
}

export function measured(peak: number, coverage = 1, series = 1): Signal {
  return { kind: 'measured', peak, coverage, series };
}

export const ABSENT: Signal = { kind: 'absent' };
export const UNREADABLE: Signal = { kind: 'unreadable', why: 'partial answer: shard down' };

/** The policy's defaults, as the design states them. */
export function config(overrides: Partial<Config> = {}): Config {
  return {
    mode: 'enforce',
    idleAfterMinutes: 60,
    cpuBelow: { kind: 'cores', cores: 0.5 },
    gpuBelowPercent: 5,
    networkBelowBytesPerSecond: 20_480,
    diskBelowBytesPerSecond: 1_048_576,
    minCoverage: 0.8,
    gpuSignalMissing: 'infer',
    toleratedMinutesPerDay: 0,
    keepWhileJobsRun: true,
    keepLabel: 'costguard-keep',
    warnBeforeMinutes: 0,
    maxStops: 20,
    maxActions: 100,
    hours: null,
    nativeIdleShutdown: 'report',
    terraformManaged: 'enforce',
    ...overrides,
  };
}

/** Half a core of eight, as a share. */
export const FIVE_PERCENT = { kind: 'share', share: 0.05 } as const;

/** Cores, network and disks over the two hours before NOON. */
export function longerLook(overrides: Partial<LongerLook> = {}): LongerLook {
  return {
    fromMs: minutesBefore(NOON, 120),
    cpu: measured(0.01),
    network: measured(512, 1, 2),
    disk: measured(2_048, 1, 4),
    ...overrides,
  };
}

/** A job of the project that was made some minutes before NOON. */
export function job(minutesAgo: number | undefined, more: Partial<StartedJob> = {}): StartedJob {
  return {
    resource: 'projects/1/locations/us-central1/customJobs/7',
    displayName: 'train-v7',
    createdMs: minutesAgo === undefined ? undefined : minutesBefore(NOON, minutesAgo),
    serviceAccount: undefined,
    startedBy: undefined,
    ...more,
  };
}

export const NO_GPU: Gpus = { kind: 'none' };

export function gpus(count: number): Gpus {
  return { kind: 'gpus', type: 'nvidia-tesla-t4', count, included: false };
}

export const PRICE: InstancePrice = {
  items: [
    { what: 'n1-standard-8', whenStopped: 'not-billed', usdPerHour: 0.375, mark: 'verified' },
    { what: '1 x nvidia-tesla-t4', whenStopped: 'not-billed', usdPerHour: 0.375, mark: 'verified' },
    { what: 'boot disk pd-ssd, 150 GB', whenStopped: 'billed', usdPerHour: 0.0625, mark: 'verified' },
  ],
  runningUsdPerHour: 0.8125,
  stoppableUsdPerHour: 0.75,
  stoppedUsdPerHour: 0.0625,
  unpriced: [],
};

export type FactsOverrides = Partial<Omit<NotebookFacts, 'signals'>> & {
  readonly signals?: Partial<Signals>;
};

/**
 * A notebook with one GPU that has been idle for long. `observedFromMs` is what gather would take for this policy and
 * moment, unless it is given.
 */
export function notebook(
  overrides: FactsOverrides = {},
  policy: Config = config(),
  now: Date = NOON,
): NotebookFacts {
  const { signals, ...rest } = overrides;
  return {
    name: NAME,
    state: 'ACTIVE',
    healthState: 'HEALTHY',
    createdMs: Date.parse('2026-09-01T08:00:00Z'),
    settings: settingsOf({ name: NAME }),
    labels: {},
    metadata: {},
    owner: 'ada@example.com',
    machineType: 'n1-standard-8',
    vcpus: 8,
    gpus: gpus(1),
    price: PRICE,
    billsOn: [],
    vm: { kind: 'found', status: 'RUNNING', lastStartMs: Date.parse('2026-11-10T08:00:00Z') },
    observedFromMs: observationStartMs(policy, now, rest.memory?.warnedAtMs),
    jobs: { kind: 'read', jobs: [] },
    accounts: ['notebooks@ml-dev.iam.gserviceaccount.com', 'ada@example.com'],
    memory: {},
    ...rest,
    signals: {
      cpu: measured(0.01),
      gpu: measured(0),
      network: measured(512, 1, 2),
      migMode: false,
      kernels: { kind: 'not-promised' },
      ...signals,
    },
  };
}

/** Frozen all the way down, so that code which writes to its input throws. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze<unknown>(inner);
    Object.freeze(value);
  }
  return value;
}
