import { keepsUntil } from '../../shared/policy/keep-label.ts';
import type { UsdPerHour } from '../../shared/prices/money.ts';
import type { Decision } from '../../shared/run/receipt.ts';
import type { Config } from './config.ts';
import type { NotebookFacts } from './facts.ts';
import { auditIdleShutdown } from './native-idle-shutdown.ts';
import { simulatesWarning } from './signals/observation-window.ts';
import { judgeActivity } from './verdict/activity.ts';
import { evidenceOf } from './verdict/evidence.ts';
import { judgeGpuSignal } from './verdict/gpu-report.ts';
import { judgeIdleShutdown } from './verdict/idle-shutdown.ts';
import { isoAfter, minutesSince, startedSince } from './verdict/moments.ts';
import { durationText, sentenceOf } from './verdict/sentence.ts';
import { judgeStart, judgeStopped, OUTSIDE_HOURS } from './verdict/start.ts';
import { keep, type Verdict } from './verdict/verdict.ts';
import { judgeWaiting } from './verdict/waits-for.ts';
import { workingPeriod } from './working-hours.ts';

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
  const evidence = {
    says: sentenceOf(facts, config, verdict, now),
    ...evidenceOf(facts, config, now),
    nativeIdleShutdown: audit,
    ...verdict.evidence,
  };
  const decision: Decision = {
    resource: facts.name,
    action: verdict.action,
    reason: verdict.reason,
    evidence,
    usdPerHour: priceOf(facts, verdict.action),
  };
  return [
    decision,
    ...judgeStop(facts, now),
    ...judgeStart(facts, config, verdict, now),
    ...judgeIdleShutdown(facts, config, verdict, audit),
    ...judgeGpuSignal(facts, config, verdict.reason),
  ];
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
    return keep('not-evaluable', {
      why: `Workbench says ACTIVE, and its VM is ${vm.status || 'in no known status'}`,
    });
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
  const fromMs = activity.kind === 'idle' ? activity.fromMs : facts.observedFromMs;
  if (startMs > fromMs) return keep('young', { startedAt: new Date(startMs).toISOString() });
  if (activity.kind === 'not-evaluable') return keep('not-evaluable', { why: activity.why });
  // A start within the window leaves points enough where it was down for minutes only.
  if (vm.lastStartMs === undefined)
    return keep('not-evaluable', { why: 'when its VM was started is not known' });
  const waiting = judgeWaiting(facts, config);
  if (waiting !== undefined) return waiting;
  const verdict = judgeIdle(facts, config, now);
  const { inferred } = activity;
  return inferred === undefined ? verdict : { ...verdict, evidence: { ...verdict.evidence, inferred } };
}

/** It rests: whether it stops now, or after a warning. */
function judgeIdle(facts: NotebookFacts, config: Config, now: Date): Verdict {
  const reason =
    config.hours !== null && workingPeriod(now, config.hours) === undefined ? OUTSIDE_HOURS : 'idle';
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

/** Reports a stop that had no effect in good time. */
function judgeStop(facts: NotebookFacts, now: Date): readonly Decision[] {
  const requestedAtMs = facts.memory.stop?.requestedAtMs;
  const due =
    requestedAtMs !== undefined &&
    minutesSince(requestedAtMs, now) >= SETTLE_MINUTES &&
    !startedSince(facts, requestedAtMs);
  if (!due || !(facts.state === RUNNING || facts.state === 'STOPPING')) return [];
  // An older image's VM may be down while the API says ACTIVE; and without its VM it is not known who started it again.
  if (facts.state === RUNNING && !(facts.vm.kind === 'found' && !VM_DOWN.has(facts.vm.status))) return [];
  return [
    {
      resource: facts.name,
      action: 'report',
      reason: 'did-not-stop',
      evidence: {
        says: `Its stop was requested ${durationText(minutesSince(requestedAtMs, now))} ago, and it is still ${facts.state}.`,
        requestedAt: new Date(requestedAtMs).toISOString(),
        operation: facts.memory.stop?.operation,
        state: facts.state,
      },
      usdPerHour: facts.price.stoppableUsdPerHour,
    },
  ];
}

/** A stop saves, and a start costs, machine and GPUs; a kept notebook costs what it costs in its state. */
function priceOf(facts: NotebookFacts, action: Verdict['action']): UsdPerHour {
  if (action === 'stop' || action === 'start') return facts.price.stoppableUsdPerHour;
  const up = facts.vm.kind === 'found' ? !VM_DOWN.has(facts.vm.status) : !STOPPED_STATES.has(facts.state);
  return up ? facts.price.runningUsdPerHour : facts.price.stoppedUsdPerHour;
}

/** Whether an earlier run left something behind about this notebook, which may have to be forgotten now. */
export function isRemembered(facts: NotebookFacts): boolean {
  return Object.keys(facts.memory).length > 0;
}

export function savesMoney(decision: Decision): boolean {
  return decision.action === 'stop';
}
