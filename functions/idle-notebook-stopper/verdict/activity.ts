import type { Config } from '../config.ts';
import type { Kernels, LongerLook, NotebookFacts, StrayMinutes } from '../facts.ts';
import { missingSignal } from '../signals/gpu-signal.ts';
import { judgedCpu, judgedDisk, judgedGpu, judgedNetwork, rounded, type Judged } from './threshold.ts';

/** What the signals of a notebook say of it. */
export type Activity =
  | {
      readonly kind: 'idle';
      /** From when on it is known to rest. */
      readonly fromMs: number;
      /** Why its GPU is believed to rest although no metric says so. */
      readonly inferred?: string;
    }
  | { readonly kind: 'active'; readonly why: string }
  | { readonly kind: 'not-evaluable'; readonly why: string };

type Observed = Pick<NotebookFacts, 'signals' | 'stray' | 'gpus' | 'vcpus'>;

/** One signal at its threshold is activity, whatever is missing beside it; idle needs them all, each well covered. */
export function judgeActivity(facts: NotebookFacts, config: Config): Activity {
  const judged = judgeSignals(facts, config);
  if (judged !== undefined) return judged;
  const missing = missingSignal(facts.gpus, facts.signals);
  if (missing === undefined || config.gpuSignalMissing === 'ignore')
    return { kind: 'idle', fromMs: facts.observedFromMs };
  if (config.gpuSignalMissing === 'keep')
    return { kind: 'not-evaluable', why: `its ${missing.of} cannot be seen: ${missing.why}` };
  return inferFromRest(facts, config, missing);
}

/** Whether all that was seen of a notebook rests, where a GPU without a metric may be at work all the same. */
export function rests(facts: Observed, config: Config): boolean {
  return judgeSignals(facts, config) === undefined;
}

/** Whether some signal is at or above its threshold, be it tolerated or not. */
export function isBusy(facts: Observed, config: Config): boolean {
  const { cores, gpu, net } = judgedSignals(facts, config);
  return firstBusy([cores, gpu, net]) !== undefined;
}

/** The same of a longer look. */
export function isBusyLonger(facts: Pick<Observed, 'vcpus'>, look: LongerLook, config: Config): boolean {
  return firstBusy(judgedLook(facts, config, look)) !== undefined;
}

function judgedSignals(
  facts: Observed,
  config: Config,
): { readonly cores: Judged; readonly gpu: Judged; readonly net: Judged } {
  const { cpu, gpu, network } = facts.signals;
  return {
    cores: judgedCpu(facts, config, cpu),
    gpu: judgedGpu(config, gpu),
    net: judgedNetwork(config, network),
  };
}

function judgedLook(
  facts: Pick<Observed, 'vcpus'>,
  config: Config,
  { cpu, network, disk }: LongerLook,
): readonly Judged[] {
  return [judgedCpu(facts, config, cpu), judgedNetwork(config, network), judgedDisk(config, disk)];
}

/** Undefined where the signals that are there rest. */
function judgeSignals(facts: Observed, config: Config): Activity | undefined {
  const { cores, gpu, net } = judgedSignals(facts, config);
  const why = firstBusy([cores, gpu, net]);
  if (why !== undefined && !isTolerated(facts.stray, config)) return { kind: 'active', why };
  const { kernels } = facts.signals;
  if (kernels.kind === 'measured' && kernels.activity !== undefined)
    return { kind: 'active', why: kernels.activity };
  const gap = firstGap([cores, net], config) ?? gapOfGpu(facts, config) ?? gapOfKernels(kernels, config);
  return gap === undefined ? undefined : { kind: 'not-evaluable', why: gap };
}

/**
 * Work on a GPU keeps a core busy with launching kernels or waiting for them, or moves bytes over disk or network. Where all
 * three rested for twice as long as a notebook must be idle, so did the GPU.
 */
function inferFromRest(
  facts: NotebookFacts,
  config: Config,
  { of, why: missing }: { readonly of: string; readonly why: string },
): Activity {
  const { longerLook } = facts;
  if (longerLook === undefined)
    return {
      kind: 'not-evaluable',
      why: `its ${of} cannot be seen: ${missing}, and its past was not read`,
    };
  const { fromMs, stray } = longerLook;
  const rest = judgedLook(facts, config, longerLook);
  const since = `since ${new Date(fromMs).toISOString()}`;
  const busy = firstBusy(rest);
  if (busy !== undefined && !isTolerated(stray, config))
    return { kind: 'active', why: `${busy} ${since}, and ${missing}` };
  const gap = firstGap(rest, config);
  if (gap !== undefined)
    return { kind: 'not-evaluable', why: `its ${of} cannot be seen: ${missing}; ${gap} ${since}` };
  return { kind: 'idle', fromMs, inferred: `${missing}, but cores, disk and network rested ${since}` };
}

/** Minutes that were not read, or not found again, are not tolerated; nor are those of a user who has just begun. */
export function isTolerated(
  stray: StrayMinutes | undefined,
  { toleratedMinutesPerDay }: Pick<Config, 'toleratedMinutesPerDay'>,
): boolean {
  return (
    stray !== undefined &&
    stray.total > 0 &&
    stray.lastHour === 0 &&
    stray.busiestDay <= toleratedMinutesPerDay
  );
}

function firstBusy(signals: readonly Judged[]): string | undefined {
  for (const one of signals) {
    const { name, signal, below, show } = one;
    if (signal.kind !== 'measured') continue;
    if (below !== undefined && signal.peak >= below)
      return `${name} reached ${show(signal.peak)} (idle is below ${show(below)})`;
    // Whatever machine it is, it has one vCPU at least, and all of that is at work.
    if (below === undefined && signal.peak >= 1) return `${name} reached ${show(signal.peak)} of all vCPUs`;
  }
  return undefined;
}

function firstGap(signals: readonly Judged[], config: Config): string | undefined {
  for (const one of signals) {
    const { name, signal, below } = one;
    if (signal.kind === 'unreadable') return `${name} could not be read: ${signal.why}`;
    if (signal.kind === 'absent') return `${name} has no data`;
    if (below === undefined) return `how many vCPUs it has is not known, and ${name} counts in cores`;
    const gap = lowCoverage(one, config);
    if (gap !== undefined) return gap;
  }
  return undefined;
}

/** A GPU signal that is there must be readable and covered; whether one is needed is judged by the caller. */
function gapOfGpu({ signals: { gpu }, gpus }: Observed, config: Config): string | undefined {
  if (gpu.kind === 'unreadable')
    return gpus.kind === 'none' ? undefined : `GPU could not be read: ${gpu.why}`;
  return lowCoverage(judgedGpu(config, gpu), config);
}

/** Where they are reported, they must be readable and covered. */
function gapOfKernels(kernels: Kernels, { minCoverage }: Config): string | undefined {
  if (kernels.kind === 'unreadable') return `kernels could not be read: ${kernels.why}`;
  return kernels.kind === 'measured' && kernels.coverage < minCoverage
    ? coverageText('kernels were', kernels.coverage, minCoverage)
    : undefined;
}

function lowCoverage({ name, signal }: Judged, { minCoverage }: Config): string | undefined {
  return signal.kind === 'measured' && signal.coverage < minCoverage
    ? coverageText(`${name} was`, signal.coverage, minCoverage)
    : undefined;
}

/** Rounded down: what lacks shall not look like what is needed. */
function coverageText(measured: string, coverage: number, needed: number): string {
  return `${measured} measured in ${Math.floor(coverage * 1_000) / 10} % of the window, ${rounded(needed * 100)} % is needed`;
}
