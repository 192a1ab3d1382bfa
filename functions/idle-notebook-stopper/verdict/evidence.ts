import type { Config } from '../config.ts';
import type { LongerLook, NotebookFacts, Signal, StrayMinutes } from '../facts.ts';
import { cpuShare, rounded } from './threshold.ts';

/** What a verdict rests on, as the receipt keeps it. */
export function evidenceOf(
  facts: NotebookFacts,
  config: Config,
  now: Date,
): Readonly<Record<string, unknown>> {
  const { signals, gpus } = facts;
  return {
    state: facts.state,
    machineType: facts.machineType,
    gpus: gpusText(facts),
    ...(facts.state === 'ACTIVE'
      ? {
          window: { from: new Date(facts.observedFromMs).toISOString(), to: now.toISOString() },
          minCoverage: config.minCoverage,
          cpu: showCpu(facts, config, signals.cpu),
          ...(gpus.kind === 'none' && signals.gpu.kind === 'absent'
            ? {}
            : { gpuPercent: show(signals.gpu, config.gpuBelowPercent) }),
          networkBytesPerSecond: show(signals.network, config.networkBelowBytesPerSecond),
          ...(signals.kernels.kind === 'not-promised' ? {} : { kernels: signals.kernels }),
          ...showStray(facts.stray, config),
          ...(facts.longerLook === undefined
            ? {}
            : { longerLook: showLonger(facts, config, facts.longerLook) }),
        }
      : {}),
    price: priceEvidence(facts),
  };
}

export function gpusText({ gpus }: NotebookFacts): string {
  if (gpus.kind === 'gpus') return `${gpus.count} x ${gpus.type}`;
  return gpus.kind === 'none' ? 'none' : `unknown (${gpus.why})`;
}

function show(signal: Signal, below: number): object {
  return signal.kind === 'measured'
    ? { peak: rounded(signal.peak), below, coverage: rounded(signal.coverage), series: signal.series }
    : { below, missing: signal.kind === 'absent' ? 'no series' : signal.why };
}

/** Both readings, whichever of them the policy counts by. */
function showCpu({ vcpus }: NotebookFacts, { cpuBelow }: Config, signal: Signal): object {
  const share = cpuShare(cpuBelow, vcpus);
  const below = {
    belowCores: cpuBelow.kind === 'cores' ? cpuBelow.cores : cores(cpuBelow.share, vcpus),
    belowShare: share === undefined ? 'unknown' : rounded(share),
    vcpus: vcpus ?? 'unknown',
  };
  return signal.kind === 'measured'
    ? {
        peakCores: cores(signal.peak, vcpus),
        peakShare: rounded(signal.peak),
        ...below,
        coverage: rounded(signal.coverage),
        series: signal.series,
      }
    : { ...below, missing: signal.kind === 'absent' ? 'no series' : signal.why };
}

function cores(share: number, vcpus: number | undefined): number | 'unknown' {
  return vcpus === undefined ? 'unknown' : rounded(share * vcpus);
}

function showLonger(
  facts: NotebookFacts,
  config: Config,
  { fromMs, cpu, network, disk, stray }: LongerLook,
): object {
  return {
    from: new Date(fromMs).toISOString(),
    cpu: showCpu(facts, config, cpu),
    networkBytesPerSecond: show(network, config.networkBelowBytesPerSecond),
    diskBytesPerSecond: show(disk, config.diskBelowBytesPerSecond),
    ...showStray(stray, config),
  };
}

/** What was busy for some minutes, and how many of a day the policy tolerates. */
function showStray(stray: StrayMinutes | undefined, { toleratedMinutesPerDay }: Config): object {
  return stray === undefined ? {} : { strayMinutes: { ...stray, toleratedPerDay: toleratedMinutesPerDay } };
}

function priceEvidence({ price, billsOn }: NotebookFacts): object {
  return {
    runningUsdPerHour: price.runningUsdPerHour,
    stoppableUsdPerHour: price.stoppableUsdPerHour,
    stoppedUsdPerHour: price.stoppedUsdPerHour,
    billedWhenStopped: price.items
      .filter((item) => item.whenStopped !== 'not-billed')
      .map((item) => item.what),
    ...(billsOn.length > 0 ? { billsOn } : {}),
    ...(price.unpriced.length > 0 ? { unpriced: price.unpriced } : {}),
  };
}
