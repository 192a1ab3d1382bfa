import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { gpuSignalGap } from '../signals/gpu-signal.ts';
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

type Observed = Pick<NotebookFacts, 'signals' | 'gpus' | 'vcpus'>;

/** One signal at its threshold is activity, whatever is missing beside it; idle needs them all, each well covered. */
export function judgeActivity(facts: NotebookFacts, config: Config): Activity {
  const judged = judgeSignals(facts, config);
  if (judged !== undefined) return judged;
  const missing = gpuSignalGap(facts.gpus, facts.signals);
  if (missing === undefined || config.gpuSignalMissing === 'ignore')
    return { kind: 'idle', fromMs: facts.observedFromMs };
  if (config.gpuSignalMissing === 'keep')
    return { kind: 'not-evaluable', why: `GPU signal missing: ${missing}` };
  return inferFromRest(facts, config, missing);
}

/** Whether all that was seen of a notebook rests, where a GPU without a metric may be at work all the same. */
export function rests(facts: Observed, config: Config): boolean {
  return judgeSignals(facts, config) === undefined;
}

/** Undefined where the signals that are there rest. */
function judgeSignals(facts: Observed, config: Config): Activity | undefined {
  const { cpu, gpu, network } = facts.signals;
  const [cores, net] = [judgedCpu(facts, config, cpu), judgedNetwork(config, network)];
  const why = firstBusy([cores, judgedGpu(config, gpu), net]);
  if (why !== undefined) return { kind: 'active', why };
  const gap = firstGap([cores, net], config) ?? gapOfGpu(facts, config);
  return gap === undefined ? undefined : { kind: 'not-evaluable', why: gap };
}

/**
 * Work on a GPU keeps a core busy with launching kernels or waiting for them, or moves bytes over disk or network. Where all
 * three rested for twice as long as a notebook must be idle, so did the GPU.
 */
function inferFromRest(facts: NotebookFacts, config: Config, missing: string): Activity {
  const { longerLook } = facts;
  if (longerLook === undefined)
    return {
      kind: 'not-evaluable',
      why: `GPU signal missing: ${missing}, and what it did before was not read`,
    };
  const { cpu, network, disk, fromMs } = longerLook;
  const rest = [judgedCpu(facts, config, cpu), judgedNetwork(config, network), judgedDisk(config, disk)];
  const since = `since ${new Date(fromMs).toISOString()}`;
  const busy = firstBusy(rest);
  if (busy !== undefined) return { kind: 'active', why: `${busy} ${since}, and ${missing}` };
  const gap = firstGap(rest, config);
  if (gap !== undefined)
    return { kind: 'not-evaluable', why: `GPU signal missing: ${missing}; ${gap} ${since}` };
  return { kind: 'idle', fromMs, inferred: `${missing}, but cores, disk and network rested ${since}` };
}

function firstBusy(signals: readonly Judged[]): string | undefined {
  for (const one of signals) {
    const { name, signal, below, show } = one;
    if (signal.kind !== 'measured') continue;
    if (below !== undefined && signal.peak >= below)
      return `${name} peak ${show(signal.peak)} is not below ${show(below)}`;
    // Whatever machine it is, it has one vCPU at least, and all of that is at work.
    if (below === undefined && signal.peak >= 1) return `${name} peak ${show(signal.peak)} of all vCPUs`;
  }
  return undefined;
}

function firstGap(signals: readonly Judged[], config: Config): string | undefined {
  for (const one of signals) {
    const { name, signal, below } = one;
    if (signal.kind === 'unreadable') return `${name} signal unreadable: ${signal.why}`;
    if (signal.kind === 'absent') return `no data: ${name} signal has no points`;
    if (below === undefined) return `how many vCPUs it has is not known, and ${name} counts in cores`;
    const gap = lowCoverage(one, config);
    if (gap !== undefined) return gap;
  }
  return undefined;
}

/** A GPU signal that is there must be readable and covered; whether one is needed is judged by the caller. */
function gapOfGpu({ signals: { gpu }, gpus }: Observed, config: Config): string | undefined {
  if (gpu.kind === 'unreadable')
    return gpus.kind === 'none' ? undefined : `GPU signal unreadable: ${gpu.why}`;
  return lowCoverage(judgedGpu(config, gpu), config);
}

function lowCoverage({ name, signal }: Judged, { minCoverage }: Config): string | undefined {
  return signal.kind === 'measured' && signal.coverage < minCoverage
    ? `low coverage: ${name} signal has ${rounded(signal.coverage)} of the window, ${minCoverage} is needed`
    : undefined;
}
