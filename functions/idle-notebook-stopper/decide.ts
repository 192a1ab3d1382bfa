import { keepsUntil } from '../../shared/policy/keep-label.ts';
import type { UsdPerHour } from '../../shared/prices/money.ts';
import type { Decision } from '../../shared/run/receipt.ts';
import type { Plan } from '../../shared/run/sweep.ts';
import type { Config } from './config.ts';
import type { NotebookFacts, Signal } from './facts.ts';
import {
  auditIdleShutdown,
  type NativeIdleShutdown,
  repairSeconds,
  TIMEOUT_KEY,
} from './native-idle-shutdown.ts';
import { simulatesWarning } from './signals/observation-window.ts';
import { workingPeriod } from './working-hours.ts';

export const MINUTE_MS = 60_000;

/**
 * Outside working hours a notebook that is not busy stops. Busy looks back this far (or `idleAfter`, when that is
 * shorter): long enough that a pause between two cells is not the end of the work.
 */
export const BUSY_WINDOW_MINUTES = 15;

/** A stop or start takes minutes; after this long without effect something is wrong. */
export const SETTLE_MINUTES = 15;

const RUNNING = 'ACTIVE';

/**
 * VM statuses in which it bills for no machine: one that waits for capacity has none yet. All others, also those that this
 * code does not know, count as up.
 */
const VM_DOWN: ReadonlySet<string> = new Set([
  'TERMINATED',
  'STOPPED',
  'SUSPENDED',
  'DEPROVISIONING',
  'PENDING',
]);

// prettier-ignore

const STOPPED_STATES: ReadonlySet<string> = new Set(['STOPPED', 'SUSPENDED', 'DELETED']);

const TRANSITIONAL_STATES: ReadonlySet<string> = new Set([
  'STARTING',
  'PROVISIONING',
  'STOPPING',
  'UPGRADING',
  'INITIALIZING',
  'SUSPENDING',
]);

/**
 * The verdict on one notebook with all its evidence: first what becomes of the notebook, then what is to be said or
 * fixed besides. Pure.
 */
export function judgeNotebook(facts: NotebookFacts, config: Config, now: Date): readonly Decision[] {
  const verdict = judge(facts, config, now);
  const audit = auditIdleShutdown(facts);
  const evidence = { ...evidenceOf(facts, config, now), nativeIdleShutdown: audit, ...verdict.evidence };
  const decision: Decision = {
    resource: facts.name,
    action: verdict.action,
    reason: verdict.reason,
    evidence,
    usdPerHour: priceOf(facts, verdict.action),
  };
  return [decision, ...judgeStop(facts, now), ...judgeIdleShutdown(facts, config, verdict, audit)];
}

interface Verdict {
  readonly action: 'keep' | 'warn' | 'stop' | 'start';
  readonly reason: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

function keep(reason: string, evidence: Readonly<Record<string, unknown>> = {}): Verdict {
  return { action: 'keep', reason, evidence };
}

function judge(facts: NotebookFacts, config: Config, now: Date): Verdict {
  const label = keepsUntil(facts.labels[config.keepLabel], now);
  if (label.keeps) return keep('kept', { keepLabel: label.why });
  if (facts.state === RUNNING) return judgeRunning(facts, config, now);
  if (facts.state === 'STOPPED') return judgeStopped(facts, config, now);
  if (STOPPED_STATES.has(facts.state)) return keep('stopped');
  if (TRANSITIONAL_STATES.has(facts.state)) return keep('transitional');
  return keep('not-evaluable', { why: `unknown state ${facts.state}` });
}

function judgeRunning(facts: NotebookFacts, config: Config, now: Date): Verdict {
  const { vm } = facts;
  if (vm.kind === 'unknown') return keep('not-evaluable', { why: `VM unknown: ${vm.why}` });
  if (vm.kind === 'absent') return keep('not-evaluable', { why: 'its VM does not exist' });
  if (vm.status !== 'RUNNING')
    return keep('not-evaluable', { why: `VM not running although ACTIVE: ${vm.status}` });
  const requestedAtMs = facts.memory.stop?.requestedAtMs;
  if (
    requestedAtMs !== undefined &&
    !startedSince(facts, requestedAtMs) &&
    minutesSince(requestedAtMs, now) < SETTLE_MINUTES
  )
    return keep('transitional', { why: 'its stop was requested' });

  const startMs = Math.max(facts.createdMs ?? -Infinity, vm.lastStartMs ?? -Infinity);
  const activity = judgeActivity(facts, config);
  if (activity.kind === 'active') return keep('active', { why: activity.why });
  if (startMs > facts.observedFromMs) return keep('young', { startedAt: new Date(startMs).toISOString() });
  if (activity.kind === 'not-evaluable') return keep('not-evaluable', { why: activity.why });

  const reason =
    config.hours !== null && workingPeriod(now, config.hours) === undefined ? 'outside-hours' : 'idle';
  if (config.warnBeforeMinutes === 0) return { action: 'stop', reason };
  if (simulatesWarning(config))
    return {
      action: 'stop',
      reason,
      evidence: { wouldHaveWarnedAt: isoAfter(now.getTime(), -config.warnBeforeMinutes) },
    };
  const { warnedAtMs } = facts.memory;
  if (warnedAtMs === undefined)
    return {
      action: 'warn',
      reason,
      evidence: { stopsAt: isoAfter(now.getTime(), config.warnBeforeMinutes) },
    };
  const warning = {
    warnedAt: new Date(warnedAtMs).toISOString(),
    stopsAt: isoAfter(warnedAtMs, config.warnBeforeMinutes),
  };
  return minutesSince(warnedAtMs, now) < config.warnBeforeMinutes
    ? keep('warned', warning)
    : { action: 'stop', reason, evidence: warning };
}

type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'active'; readonly why: string }
  | { readonly kind: 'not-evaluable'; readonly why: string };

/** One signal at its threshold is activity, whatever is missing beside it; idle needs them all, each well covered. */
function judgeActivity(facts: NotebookFacts, config: Config): Activity {
  const { cpu, gpu, network } = facts.signals;
  const signals = [
    { name: 'CPU', signal: cpu, below: config.cpuBelowFraction, needed: true },
    {
      name: 'GPU',
      signal: gpu,
      below: config.gpuBelowPercent,
      needed: facts.gpus.kind !== 'none' && (config.gpuSignalMissing === 'keep' || gpu.kind === 'unreadable'),
    },
    { name: 'network', signal: network, below: config.networkBelowBytesPerSecond, needed: true },
  ];
  for (const { name, signal, below } of signals)
    if (signal.kind === 'measured' && signal.peak >= below)
      return { kind: 'active', why: `${name} peak ${rounded(signal.peak)} is not below ${below}` };
  for (const { name, signal, needed } of signals) {
    const gap = gapOf(name, signal, config.minCoverage, needed);
    if (gap !== undefined) return { kind: 'not-evaluable', why: gap };
  }
  if (
    gpu.kind === 'measured' &&
    config.gpuSignalMissing === 'keep' &&
    facts.gpus.kind === 'gpus' &&
    gpu.series < facts.gpus.count
  )
    return {
      kind: 'not-evaluable',
      why: `GPU signal missing: ${gpu.series} of ${facts.gpus.count} GPUs report`,
    };
  return { kind: 'idle' };
}

function gapOf(name: string, signal: Signal, minCoverage: number, needed: boolean): string | undefined {
  if (signal.kind === 'unreadable') return needed ? `${name} signal unreadable: ${signal.why}` : undefined;
  if (signal.kind === 'absent')
    return !needed
      ? undefined
      : name === 'GPU'
        ? 'GPU signal missing: no Ops Agent reports it'
        : `no data: ${name} signal has no points`;
  return signal.coverage < minCoverage
    ? `low coverage: ${name} signal has ${rounded(signal.coverage)} of the window, ${minCoverage} is needed`
    : undefined;
}

/** Inside working hours, what costguard stopped before they opened starts again, unless somebody touched it since. */
function judgeStopped(facts: NotebookFacts, config: Config, now: Date): Verdict {
  const { stop, start } = facts.memory;
  if (config.hours?.start !== true || stop === undefined) return keep('stopped');
  const stoppedBy = { stoppedBy: 'costguard', stoppedAt: new Date(stop.claimedAtMs).toISOString() };
  const period = workingPeriod(now, config.hours);
  if (period === undefined || stop.claimedAtMs >= period.opensMs) return keep('stopped', stoppedBy);
  if (facts.vm.kind !== 'found' || facts.vm.lastStartMs === undefined)
    return keep('not-evaluable', {
      ...stoppedBy,
      why: 'whether somebody started it since cannot be told: its VM is unknown',
    });
  if (startedSince(facts, stop.claimedAtMs))
    return keep('stopped', { stoppedBy: 'someone else, after a later start' });
  if (start?.requestedAtMs !== undefined && minutesSince(start.requestedAtMs, now) < SETTLE_MINUTES)
    return keep('transitional', { why: 'its start was requested' });
  return {
    action: 'start',
    reason: 'working-hours',
    evidence: { ...stoppedBy, opensAt: new Date(period.opensMs).toISOString() },
  };
}

/** Reports a stop that had no effect in good time. */
function judgeStop(facts: NotebookFacts, now: Date): readonly Decision[] {
  const requestedAtMs = facts.memory.stop?.requestedAtMs;
  const due =
    requestedAtMs !== undefined &&
    minutesSince(requestedAtMs, now) >= SETTLE_MINUTES &&
    !startedSince(facts, requestedAtMs);
  if (!due || !(facts.state === RUNNING || facts.state === 'STOPPING')) return [];
  // An older image's VM may be down while the API says ACTIVE; and without its VM nobody knows who started it again.
  if (facts.state === RUNNING && !(facts.vm.kind === 'found' && !VM_DOWN.has(facts.vm.status))) return [];
  return [
    {
      resource: facts.name,
      action: 'report',
      reason: 'did-not-stop',
      evidence: {
        requestedAt: new Date(requestedAtMs).toISOString(),
        operation: facts.memory.stop?.operation,
        state: facts.state,
      },
      usdPerHour: facts.price.stoppableUsdPerHour,
    },
  ];
}

/** Verdicts on a running notebook that do not say that nobody works on it. */
const MAY_BE_BUSY: ReadonlySet<string> = new Set(['active', 'not-evaluable', 'young', 'transitional']);

/** What to say or fix about Workbench's own idle shutdown. */
function judgeIdleShutdown(
  facts: NotebookFacts,
  config: Config,
  verdict: Verdict,
  audit: NativeIdleShutdown,
): readonly Decision[] {
  const settled = facts.state === RUNNING || facts.state === 'STOPPED';
  if (audit.status === 'on' || verdict.reason === 'kept' || !settled) return [];
  const say = (
    action: string,
    reason: string,
    evidence: Readonly<Record<string, unknown>> = {},
  ): readonly Decision[] => [
    {
      resource: facts.name,
      action,
      reason,
      evidence: { nativeIdleShutdown: audit, ...evidence },
      usdPerHour: 0,
    },
  ];
  const problem = `native-idle-shutdown-${audit.status}`;
  if (config.nativeIdleShutdown === 'report' || audit.status === 'cannot-fire') return say('report', problem);
  if (facts.labels['goog-terraform-provisioned'] === 'true' && config.terraformManaged === 'report')
    return say('report', problem, {
      notRepaired: 'Terraform manages this instance: set idle-timeout-seconds in its configuration',
    });
  if ((verdict.action === 'stop' && config.maxStops > 0) || verdict.action === 'start')
    return say('report', problem, { notRepaired: `next time: ${verdict.action} comes first` });
  // It counts kernels, not GPUs: armed under a running training, it would stop that in its sleep.
  if (facts.state === RUNNING && MAY_BE_BUSY.has(verdict.reason))
    return say('report', problem, {
      notRepaired: `next time: the notebook is ${verdict.reason}, and the native shutdown does not see background work`,
    });
  const seconds = repairSeconds(config);
  return say('repair', problem, { set: { [TIMEOUT_KEY]: String(seconds) } });
}

/** Whether the VM was started after a moment: then whoever started it is the one to respect. */
export function startedSince(facts: NotebookFacts, momentMs: number): boolean {
  return facts.vm.kind === 'found' && facts.vm.lastStartMs !== undefined && facts.vm.lastStartMs > momentMs;
}

function minutesSince(momentMs: number, now: Date): number {
  return (now.getTime() - momentMs) / MINUTE_MS;
}

function isoAfter(momentMs: number, minutes: number): string {
  return new Date(momentMs + minutes * MINUTE_MS).toISOString();
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** A stop saves, and a start costs, machine and GPUs; a kept notebook costs what it costs in its state. */
function priceOf(facts: NotebookFacts, action: Verdict['action']): UsdPerHour {
  if (action === 'stop' || action === 'start') return facts.price.stoppableUsdPerHour;
  const up = facts.vm.kind === 'found' ? !VM_DOWN.has(facts.vm.status) : !STOPPED_STATES.has(facts.state);
  return up ? facts.price.runningUsdPerHour : facts.price.stoppedUsdPerHour;
}

function evidenceOf(facts: NotebookFacts, config: Config, now: Date): Readonly<Record<string, unknown>> {
  const { signals, price, gpus } = facts;
  const show = (signal: Signal, below: number): object =>
    signal.kind === 'measured'
      ? { peak: rounded(signal.peak), below, coverage: rounded(signal.coverage), series: signal.series }
      : { below, missing: signal.kind === 'absent' ? 'no series' : signal.why };
  return {
    state: facts.state,
    machineType: facts.machineType,
    gpus:
      gpus.kind === 'gpus'
        ? `${gpus.count} x ${gpus.type}`
        : gpus.kind === 'none'
          ? 'none'
          : `unknown (${gpus.why})`,
    ...(facts.state === RUNNING
      ? {
          window: { from: new Date(facts.observedFromMs).toISOString(), to: now.toISOString() },
          minCoverage: config.minCoverage,
          cpuFraction: show(signals.cpu, config.cpuBelowFraction),
          ...(gpus.kind === 'none' && signals.gpu.kind === 'absent'
            ? {}
            : { gpuPercent: show(signals.gpu, config.gpuBelowPercent) }),
          networkBytesPerSecond: show(signals.network, config.networkBelowBytesPerSecond),
        }
      : {}),
    price: {
      runningUsdPerHour: price.runningUsdPerHour,
      stoppableUsdPerHour: price.stoppableUsdPerHour,
      stoppedUsdPerHour: price.stoppedUsdPerHour,
      billedWhenStopped: price.items
        .filter((item) => item.whenStopped !== 'not-billed')
        .map((item) => item.what),
      ...(price.unpriced.length > 0 ? { unpriced: price.unpriced } : {}),
    },
  };
}

/**
 * Puts the stops in order, most expensive first, and turns those over `maxStops` into reports. A GPU machine without a
 * price counts as the most expensive, other machines without a price come last; equals go by name.
 */
export function limitStops(
  plans: readonly Plan<NotebookFacts>[],
  config: Config,
): readonly Plan<NotebookFacts>[] {
  const stops = plans
    .filter((plan) => plan.decision.action === 'stop')
    .sort((a, b) => rank(b) - rank(a) || compare(a.facts.name, b.facts.name));
  const over = stops.slice(config.maxStops).map(({ facts, decision }): Plan<NotebookFacts> => ({
    facts,
    decision: {
      ...decision,
      action: 'report',
      reason: 'over-max-stops',
      evidence: { ...decision.evidence, wouldStop: decision.reason, maxStops: config.maxStops },
    },
  }));
  return [
    ...stops.slice(0, config.maxStops),
    ...over,
    ...plans.filter((plan) => plan.decision.action !== 'stop'),
  ];
}

function rank({ facts, decision }: Plan<NotebookFacts>): number {
  if (decision.usdPerHour !== 'unpriced') return decision.usdPerHour;
  return facts.gpus.kind === 'none' ? -1 : Infinity;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether an earlier run left something behind about this notebook, which may have to be forgotten now. */
export function isRemembered(facts: NotebookFacts): boolean {
  return Object.keys(facts.memory).length > 0;
}

export function savesMoney(decision: Decision): boolean {
  return decision.action === 'stop';
}
