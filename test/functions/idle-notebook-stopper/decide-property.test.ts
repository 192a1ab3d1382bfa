import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import type { Config } from '../../../functions/idle-notebook-stopper/config.ts';
import { judgeNotebook } from '../../../functions/idle-notebook-stopper/decide.ts';
import type {
  JobsFacts,
  Kernels,
  NotebookFacts,
  Signal,
  VmFacts,
} from '../../../functions/idle-notebook-stopper/facts.ts';
import { longerLookStartMs } from '../../../functions/idle-notebook-stopper/signals/observation-window.ts';
import type { NotebookMemory } from '../../../functions/idle-notebook-stopper/memory/memory.ts';
import type { UsdPerHour } from '../../../shared/prices/money.ts';
import type { Gpus } from '../../../shared/prices/machine-type.ts';
import {
  ABSENT,
  config,
  deepFreeze,
  EVENING,
  gpus,
  job,
  measured,
  minutesBefore,
  NO_GPU,
  NOON,
  notebook,
  OFFICE,
  OFFICE_WITH_START,
  UNREADABLE,
} from './facts-builder.ts';
import { checkSaying } from './verdict-table.ts';

/** Mostly what lets a notebook be idle, so that the interesting verdict is not rare. */
function mostly<Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(usual, ...others) },
  );
}

function anySignal(below: number): fc.Arbitrary<Signal> {
  const anyMeasured = fc
    .record({
      peak: mostly(0, below * 0.999, below, below * 1.001, below * 50),
      coverage: mostly(1, 0.8, 0.7999, 0.5, 0.4999, 0),
      series: fc.integer({ min: 1, max: 4 }),
    })
    .map(({ peak, coverage, series }) => measured(peak, coverage, series));
  return fc.oneof(
    { weight: 10, arbitrary: anyMeasured },
    { weight: 1, arbitrary: fc.constant(ABSENT) },
    { weight: 1, arbitrary: fc.constant(UNREADABLE) },
  );
}

const anyPolicy: fc.Arbitrary<Config> = fc
  .record({
    minCoverage: fc.constantFrom(0.5, 0.8, 1),
    gpuSignalMissing: fc.constantFrom('infer', 'infer', 'keep', 'ignore'),
    cpuBelow: fc.constantFrom<Config['cpuBelow']>(
      { kind: 'share', share: 0.05 },
      // Of eight vCPUs the same.
      { kind: 'cores', cores: 0.4 },
    ),
    warnBeforeMinutes: fc.constantFrom(0, 0, 30),
    hours: fc.constantFrom(null, OFFICE, OFFICE_WITH_START),
    nativeIdleShutdown: fc.constantFrom('report', 'repair'),
    terraformManaged: fc.constantFrom('enforce', 'report'),
  })
  .map((policy) => config(policy));

const KEEPING = ['true', '', 'forever', '2026-02-30', '2026-11-18', '2999-01-01'];
const LETTING_GO = ['false', '2020-01-01', '2026-11-16'];

const anyMinutesAgo = fc.constantFrom(0, 1, 14, 15, 16, 59, 60, 61, 300, 1_200, 5_000);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof(fc.constant(undefined), arbitrary);

const anyCase = fc
  .record({
    now: fc.constantFrom(NOON, EVENING),
    policy: anyPolicy,
    state: mostly('ACTIVE', 'STOPPED', 'STOPPING', 'STARTING', 'SUSPENDED', 'STATE_UNSPECIFIED', 'NEW'),
    label: fc.oneof(
      { weight: 8, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.constantFrom(...KEEPING, ...LETTING_GO) },
    ),
    terraform: fc.constantFrom('true', 'false'),
    vmKind: mostly('found', 'absent', 'unknown'),
    vmStatus: mostly('RUNNING', 'TERMINATED', 'STOPPING', 'REPAIRING'),
    lastStartMinutesAgo: mostly<number | undefined>(10_000, undefined, 5, 14, 15, 59, 60, 61),
    createdMinutesAgo: mostly<number | undefined>(50_000, undefined, 5, 60, 59),
    gpus: fc.constantFrom<Gpus>(NO_GPU, gpus(1), gpus(2), { kind: 'unknown', why: 'new family' }),
    cpu: anySignal(0.05),
    gpu: anySignal(5),
    network: anySignal(20_480),
    migMode: mostly(false, true),
    kernels: mostly<Kernels>(
      { kind: 'not-promised' },
      { kind: 'absent' },
      { kind: 'unreadable', why: 'shard down' },
      { kind: 'measured', activity: undefined, coverage: 1 },
      { kind: 'measured', activity: undefined, coverage: 0.4 },
      { kind: 'measured', activity: 'a kernel was executing', coverage: 1 },
    ),
    vcpus: mostly<number | undefined>(8, undefined),
    longer: fc.option(
      fc.record({ cpu: anySignal(0.05), network: anySignal(20_480), disk: anySignal(1_048_576) }),
      { nil: undefined, freq: 8 },
    ),
    warned: maybe(anyMinutesAgo),
    stopClaimed: maybe(anyMinutesAgo),
    stopRequested: fc.boolean(),
    stopReason: fc.constantFrom('outside-hours', 'outside-hours', 'idle'),
    startRequested: maybe(anyMinutesAgo),
    timeout: mostly<string | undefined>(undefined, '', '3600', 'x'),
    price: fc.constantFrom<UsdPerHour>('unpriced', 0, 1.25),
    jobs: mostly<JobsFacts>(
      { kind: 'read', jobs: [] },
      { kind: 'read', jobs: [job(30)] },
      { kind: 'read', jobs: [job(30, { startedBy: 'grace@example.com' })] },
      { kind: 'read', jobs: [job(30, { startedBy: 'ada@example.com' })] },
      { kind: 'unreadable', why: 'HTTP 503' },
      { kind: 'not-read' },
    ),
    accounts: mostly<readonly string[]>(['ada@example.com'], []),
    keepWhileJobsRun: mostly(true, false),
  })
  .map((one) => ({ ...one, policy: { ...one.policy, keepWhileJobsRun: one.keepWhileJobsRun } }));

type AnyCase = typeof anyCase extends fc.Arbitrary<infer Value> ? Value : never;

function factsOf(one: AnyCase): NotebookFacts {
  const ago = (minutes: number): number => minutesBefore(one.now, minutes);
  const { stopClaimed, startRequested, warned, lastStartMinutesAgo, createdMinutesAgo } = one;
  const memory: NotebookMemory = {
    ...(warned === undefined ? {} : { warnedAtMs: ago(warned) }),
    ...(stopClaimed === undefined
      ? {}
      : {
          stop: {
            claimedAtMs: ago(stopClaimed),
            runId: 'run-1',
            reason: one.stopReason,
            ...(one.stopRequested ? { requestedAtMs: ago(stopClaimed) } : {}),
          },
        }),
    ...(startRequested === undefined
      ? {}
      : {
          start: { claimedAtMs: ago(startRequested), requestedAtMs: ago(startRequested), runId: 'run-2' },
        }),
  };
  const vm: VmFacts =
    one.vmKind === 'found'
      ? {
          kind: 'found',
          status: one.vmStatus,
          lastStartMs: lastStartMinutesAgo === undefined ? undefined : ago(lastStartMinutesAgo),
        }
      : one.vmKind === 'absent'
        ? { kind: 'absent' }
        : { kind: 'unknown', why: 'listing failed' };
  return notebook(
    {
      state: one.state,
      createdMs: createdMinutesAgo === undefined ? undefined : ago(createdMinutesAgo),
      labels: {
        'goog-terraform-provisioned': one.terraform,
        ...(one.label === undefined ? {} : { 'costguard-keep': one.label }),
      },
      metadata: one.timeout === undefined ? {} : { 'idle-timeout-seconds': one.timeout },
      gpus: one.gpus,
      vm,
      vcpus: one.vcpus,
      signals: {
        cpu: one.cpu,
        gpu: one.gpu,
        network: one.network,
        migMode: one.migMode,
        kernels: one.kernels,
      },
      longerLook:
        one.longer === undefined
          ? undefined
          : { fromMs: longerLookStartMs(one.policy, one.now, memory.warnedAtMs), ...one.longer },
      price: {
        items: [],
        runningUsdPerHour: one.price,
        stoppableUsdPerHour: one.price,
        stoppedUsdPerHour: one.price,
        unpriced: [],
      },
      memory,
      jobs: one.jobs,
      accounts: one.accounts,
    },
    one.policy,
    one.now,
  );
}

/** Everything that must hold before a notebook may be called idle, written down a second time. */
function mayBeIdle(one: AnyCase, facts: NotebookFacts): boolean {
  const { policy, now } = one;
  const quiet = (signal: Signal, below: number): boolean =>
    signal.kind === 'measured' && signal.peak < below && signal.coverage >= policy.minCoverage;
  const startMs = Math.max(
    facts.createdMs ?? -Infinity,
    facts.vm.kind === 'found' ? (facts.vm.lastStartMs ?? -Infinity) : -Infinity,
  );
  const cpuQuiet = (signal: Signal): boolean =>
    quiet(signal, 0.05) && (policy.cpuBelow.kind === 'share' || one.vcpus !== undefined);
  const inferred = (): boolean =>
    facts.longerLook !== undefined &&
    startMs <= facts.longerLook.fromMs &&
    cpuQuiet(facts.longerLook.cpu) &&
    quiet(facts.longerLook.network, policy.networkBelowBytesPerSecond) &&
    quiet(facts.longerLook.disk, policy.diskBelowBytesPerSecond);
  const gpuRests = (): boolean => {
    if (one.gpu.kind === 'unreadable') return one.gpus.kind === 'none';
    if (one.gpu.kind === 'measured' && !quiet(one.gpu, policy.gpuBelowPercent)) return false;
    const told =
      one.gpus.kind === 'none' ||
      (one.gpu.kind === 'measured' &&
        (one.gpus.kind !== 'gpus' || one.gpu.series >= one.gpus.count) &&
        !one.migMode);
    return (
      told || policy.gpuSignalMissing === 'ignore' || (policy.gpuSignalMissing === 'infer' && inferred())
    );
  };
  const kernelsRest = (): boolean => {
    const { kernels } = one;
    if (kernels.kind === 'measured')
      return kernels.activity === undefined && kernels.coverage >= policy.minCoverage;
    return (
      kernels.kind === 'not-promised' ||
      (kernels.kind === 'absent' &&
        (policy.gpuSignalMissing === 'ignore' || (policy.gpuSignalMissing === 'infer' && inferred())))
    );
  };
  const { stop } = facts.memory;
  const lastStartMs = facts.vm.kind === 'found' ? (facts.vm.lastStartMs ?? -Infinity) : -Infinity;
  const stopIsOnItsWay =
    stop?.requestedAtMs !== undefined &&
    lastStartMs <= stop.requestedAtMs &&
    stop.requestedAtMs > minutesBefore(now, 15);
  return (
    one.state === 'ACTIVE' &&
    one.vmKind === 'found' &&
    one.vmStatus === 'RUNNING' &&
    (one.label === undefined || LETTING_GO.includes(one.label)) &&
    !stopIsOnItsWay &&
    (facts.createdMs ?? -Infinity) <= facts.observedFromMs &&
    lastStartMs > -Infinity &&
    lastStartMs <= facts.observedFromMs &&
    waitsForNothing(one, lastStartMs) &&
    cpuQuiet(one.cpu) &&
    quiet(one.network, policy.networkBelowBytesPerSecond) &&
    gpuRests() &&
    kernelsRest()
  );
}

/** That no job may be its own: of those that were made since it was started, someone else made each. */
function waitsForNothing({ policy, jobs, accounts }: AnyCase, lastStartMs: number): boolean {
  if (!policy.keepWhileJobsRun) return true;
  return (
    jobs.kind === 'read' &&
    jobs.jobs
      .filter(({ createdMs }) => createdMs === undefined || createdMs >= lastStartMs)
      .every(
        ({ startedBy }) => startedBy !== undefined && accounts.length > 0 && !accounts.includes(startedBy),
      )
  );
}

type Change = (facts: NotebookFacts) => NotebookFacts;

function withMore(signal: Signal, more: number): Signal {
  return signal.kind === 'measured' ? { ...signal, peak: signal.peak + more } : measured(more, 0.1);
}

/** Activity of any kind, seen or not seen before, on top of what there is. */
const anyActivity: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>((facts) => ({
    ...facts,
    signals: {
      ...facts.signals,
      kernels: { kind: 'measured', activity: 'a kernel was executing', coverage: 0.1 },
    },
  })),
  fc
    .record({
      name: fc.constantFrom('cpu', 'gpu', 'network'),
      more: fc.constantFrom(0.001, 0.05, 1, 50, 30_000),
    })
    .map(({ name, more }): Change => (facts) => ({
      ...facts,
      signals: { ...facts.signals, [name]: withMore(facts.signals[name], more) },
    })),
  fc
    .record({
      name: fc.constantFrom('cpu', 'network', 'disk'),
      more: fc.constantFrom(0.001, 0.05, 1, 50, 30_000, 2_000_000),
    })
    .map(
      ({ name, more }): Change =>
        (facts) =>
          facts.longerLook === undefined
            ? facts
            : {
                ...facts,
                longerLook: { ...facts.longerLook, [name]: withMore(facts.longerLook[name], more) },
              },
    ),
);

/** A job that goes on besides what there is: its own, or of someone unknown. */
const anyJob: fc.Arbitrary<Change> = fc
  .record({
    minutesAgo: fc.constantFrom(undefined, 1, 30, 20_000),
    startedBy: fc.constantFrom(undefined, 'ada@example.com', 'grace@example.com'),
  })
  .map(({ minutesAgo, startedBy }): Change => (facts) => ({
    ...facts,
    jobs:
      facts.jobs.kind === 'read'
        ? { kind: 'read', jobs: [...facts.jobs.jobs, job(minutesAgo, { startedBy })] }
        : facts.jobs,
  }));

function lose(signal: Signal, how: 'absent' | 'unreadable' | 'half' | 'series'): Signal {
  if (how === 'absent') return ABSENT;
  if (how === 'unreadable') return UNREADABLE;
  if (signal.kind !== 'measured') return signal;
  return how === 'half'
    ? { ...signal, coverage: signal.coverage / 2 }
    : { ...signal, series: Math.max(1, signal.series - 1) };
}

/** Data that are not there: points, series, a whole signal, the number of vCPUs, the VM. The highest minute stays known. */
const anyLoss: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({
      name: fc.constantFrom('cpu', 'gpu', 'network'),
      how: fc.constantFrom('absent', 'unreadable', 'half', 'series'),
    })
    .map(({ name, how }): Change => (facts) => ({
      ...facts,
      signals: { ...facts.signals, [name]: lose(facts.signals[name], how) },
    })),
  fc
    .record({
      name: fc.constantFrom('cpu', 'network', 'disk'),
      how: fc.constantFrom('absent', 'unreadable', 'half', 'series'),
    })
    .map(
      ({ name, how }): Change =>
        (facts) =>
          facts.longerLook === undefined
            ? facts
            : {
                ...facts,
                longerLook: {
                  ...facts.longerLook,
                  [name]: lose(facts.longerLook[name], how),
                },
              },
    ),
  fc.constantFrom<Kernels>({ kind: 'absent' }, { kind: 'unreadable', why: 'shard down' }).map(
    (lost): Change =>
      (facts) =>
        facts.signals.kernels.kind === 'not-promised'
          ? facts
          : { ...facts, signals: { ...facts.signals, kernels: lost } },
  ),
  fc.constant<Change>((facts) => ({ ...facts, stray: undefined })),
  fc.constant<Change>((facts) => ({ ...facts, longerLook: undefined })),
  fc.constant<Change>((facts) => ({ ...facts, vcpus: undefined })),
  fc.constant<Change>((facts) => ({ ...facts, vm: { kind: 'unknown', why: 'listing failed' } })),
  fc.constant<Change>((facts) => ({
    ...facts,
    vm: facts.vm.kind === 'found' ? { ...facts.vm, lastStartMs: undefined } : facts.vm,
  })),
  fc
    .constantFrom<JobsFacts>({ kind: 'unreadable', why: 'HTTP 503' }, { kind: 'not-read' })
    .map((lost): Change => (facts) => ({ ...facts, jobs: lost })),
  fc.constantFrom('startedBy', 'createdMs').map((field): Change => (facts) => ({
    ...facts,
    jobs:
      facts.jobs.kind === 'read'
        ? { kind: 'read', jobs: facts.jobs.jobs.map((one) => ({ ...one, [field]: undefined })) }
        : facts.jobs,
  })),
  fc.constant<Change>((facts) => ({ ...facts, accounts: [] })),
);

describe('judgeNotebook: any facts', () => {
  it('warns of or stops nothing that is not idle for certain, and leaves nothing that is', () => {
    let idle = 0;
    let busy = 0;
    fc.assert(
      fc.property(anyCase, (one) => {
        const facts = factsOf(one);
        const [verdict] = judgeNotebook(facts, one.policy, one.now);
        assert.ok(verdict !== undefined);
        const isIdle = verdict.action === 'stop' || verdict.action === 'warn' || verdict.reason === 'warned';
        assert.equal(isIdle, mayBeIdle(one, facts), `${verdict.action} ${verdict.reason}`);
        if (isIdle) idle += 1;
        else busy += 1;
      }),
      { numRuns: 3_000 },
    );
    assert.ok(idle > 100 && busy > 100, `not a real test: ${idle} idle, ${busy} not`);
  });

  it('never stops for more activity what it keeps', () => {
    const order = ['keep', 'warn', 'stop'];
    let kept = 0;
    fc.assert(
      fc.property(anyCase, fc.oneof({ weight: 3, arbitrary: anyActivity }, anyJob), (one, activity) => {
        const facts = factsOf(one);
        const before = judgeNotebook(facts, one.policy, one.now)[0]?.action ?? '';
        const after = judgeNotebook(activity(facts), one.policy, one.now)[0]?.action ?? '';
        if (!order.includes(before)) return;
        assert.ok(order.indexOf(after) <= order.indexOf(before), `${before}, and with activity ${after}`);
        if (before !== 'keep' && after === 'keep') kept += 1;
      }),
      { numRuns: 3_000 },
    );
    assert.ok(kept > 50, `not a real test: ${kept} were kept for it`);
  });

  it('never stops for want of data what it keeps, but for a GPU or kernels that are inferred from the rest or ignored', () => {
    let lost = 0;
    fc.assert(
      fc.property(anyCase, anyLoss, (one, loss) => {
        const facts = factsOf(one);
        const [before] = judgeNotebook(facts, one.policy, one.now);
        const left = loss(facts);
        const [after] = judgeNotebook(left, one.policy, one.now);
        if (before?.action !== 'keep') {
          if (before?.action !== 'start' && after?.action === 'keep') lost += 1;
          return;
        }
        if (after?.action === 'keep' || after?.action === 'start') return;
        // Without their metric GPU and kernels are judged by what the policy says: by the rest, which says so, or not at all.
        const byPolicy =
          after?.evidence['inferred'] !== undefined || one.policy.gpuSignalMissing === 'ignore';
        const told = ({ signals }: NotebookFacts) => [signals.gpu, signals.kernels];
        assert.ok(byPolicy || (facts.gpus.kind === 'none' && facts.signals.gpu.kind === 'measured'));
        assert.notDeepEqual(told(left), told(facts));
      }),
      { numRuns: 3_000 },
    );
    assert.ok(lost > 50, `not a real test: ${lost} were kept for it`);
  });

  it('stops only after a warning that is over, where the policy wants one', () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const facts = factsOf(one);
        const [verdict] = judgeNotebook(facts, one.policy, one.now);
        const { warnBeforeMinutes } = one.policy;
        if (verdict?.action !== 'stop' || warnBeforeMinutes === 0) return;
        const { warnedAtMs } = facts.memory;
        assert.ok(warnedAtMs !== undefined && warnedAtMs <= minutesBefore(one.now, warnBeforeMinutes));
        assert.ok(facts.observedFromMs <= warnedAtMs);
      }),
      { numRuns: 1_000 },
    );
  });

  it('starts only what costguard stopped and no one started since, where the policy wants it', () => {
    const stoppedCase = fc
      .record({ one: anyCase, vmStatus: mostly('TERMINATED', 'RUNNING') })
      .map(({ one, vmStatus }) => ({
        ...one,
        state: 'STOPPED',
        vmStatus,
        stopReason: 'outside-hours' as const,
      }));
    let started = 0;
    fc.assert(
      fc.property(fc.oneof(anyCase, stoppedCase), (one) => {
        const facts = factsOf(one);
        const [verdict] = judgeNotebook(facts, one.policy, one.now);
        if (verdict?.action !== 'start') return;
        started += 1;
        const { stop } = facts.memory;
        assert.equal(facts.state, 'STOPPED');
        assert.equal(one.policy.hours?.start, true);
        assert.equal(one.now, NOON);
        assert.ok(one.label === undefined || LETTING_GO.includes(one.label));
        assert.equal(stop?.reason, 'outside-hours');
        assert.ok(stop.claimedAtMs < Date.parse('2026-11-18T08:00:00+01:00'));
        assert.ok(facts.vm.kind === 'found' && facts.vm.lastStartMs !== undefined);
        assert.ok(facts.vm.lastStartMs <= stop.claimedAtMs);
      }),
      { numRuns: 3_000 },
    );
    assert.ok(started > 10, `not a real test: ${started} started`);
  });

  it('gives one verdict first, then reports and at most one repair, which never meets a stop or start', () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const [verdict, ...others] = judgeNotebook(factsOf(one), one.policy, one.now);
        assert.ok(verdict !== undefined);
        assert.ok(['keep', 'warn', 'stop', 'start'].includes(verdict.action), verdict.action);
        for (const { action } of others) assert.ok(action === 'report' || action === 'repair', action);
        const repairs = others.filter(({ action }) => action === 'repair').length;
        assert.ok(repairs <= 1);
        if (repairs === 0) return;
        assert.equal(one.policy.nativeIdleShutdown, 'repair');
        assert.ok(verdict.action === 'keep' || verdict.action === 'warn');
        assert.ok(verdict.reason !== 'kept' && verdict.reason !== 'active');
        assert.ok(one.terraform === 'false' || one.policy.terraformManaged === 'enforce');
      }),
      { numRuns: 1_000 },
    );
  });

  it('is pure, and prices are unpriced or not negative', () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const policy = deepFreeze(one.policy);
        const facts = deepFreeze(factsOf(one));
        const decisions = judgeNotebook(facts, policy, one.now);
        assert.equal(
          JSON.stringify(judgeNotebook(facts, policy, new Date(one.now))),
          JSON.stringify(decisions),
        );
        for (const { resource, usdPerHour, evidence } of decisions) {
          checkSaying(evidence['says']);
          assert.equal(resource, facts.name);
          assert.ok(usdPerHour === 'unpriced' || usdPerHour >= 0);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
