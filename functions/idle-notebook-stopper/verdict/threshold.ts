import type { CpuThreshold } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts, Signal } from '../facts.ts';

/** A signal with what counts as activity in it, and how a person would write its values. */
export interface Judged {
  readonly name: string;
  readonly signal: Signal;
  /** In the signal's own unit; undefined where it cannot be told. */
  readonly below: number | undefined;
  readonly show: (value: number) => string;
}

export function judgedCpu({ vcpus }: Pick<NotebookFacts, 'vcpus'>, config: Config, signal: Signal): Judged {
  const share = (value: number): string => `${rounded(value * 100)} %`;
  const cores = (value: number): string =>
    vcpus === undefined ? share(value) : coresText(rounded(value * vcpus));
  return {
    name: 'CPU',
    signal,
    below: cpuShare(config.cpuBelow, vcpus),
    show: config.cpuBelow.kind === 'cores' ? cores : share,
  };
}

function coresText(cores: number): string {
  return `${cores} core${cores === 1 ? '' : 's'}`;
}

/** The share of all vCPUs from which on a CPU is at work; undefined where the number of vCPUs is not known. */
export function cpuShare(threshold: CpuThreshold, vcpus: number | undefined): number | undefined {
  if (threshold.kind === 'share') return threshold.share;
  return vcpus === undefined ? undefined : threshold.cores / vcpus;
}

export function judgedNetwork(config: Config, signal: Signal): Judged {
  return { name: 'network', signal, below: config.networkBelowBytesPerSecond, show: rate };
}

export function judgedGpu(config: Config, signal: Signal): Judged {
  return {
    name: 'GPU',
    signal,
    below: config.gpuBelowPercent,
    show: (value) => `${rounded(value)} %`,
  };
}

export function judgedDisk(config: Config, signal: Signal): Judged {
  return { name: 'disk', signal, below: config.diskBelowBytesPerSecond, show: rate };
}

/** At most three digits, and no more than a person wants to read. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function rate(bytesPerSecond: number): string {
  if (bytesPerSecond < 1024) return `${rounded(bytesPerSecond)} B/s`;
  if (bytesPerSecond < 2 ** 20) return `${rounded(bytesPerSecond / 1024)} KiB/s`;
  return `${rounded(bytesPerSecond / 2 ** 20)} MiB/s`;
}
