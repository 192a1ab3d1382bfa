import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { LongerLook, Signal } from '../facts.ts';
import type { Window } from './measure.ts';
import type { Meter } from './meters.ts';
import { rate, readNetwork } from './network.ts';
import { CPU } from './signals.ts';

export const READ = 'compute.googleapis.com/instance/disk/read_bytes_count';
export const WRITTEN = 'compute.googleapis.com/instance/disk/write_bytes_count';

/** What cores, network and disks of some VMs did over a longer window: for GPUs that no metric tells of. */
export async function readLongerLook(
  run: Run,
  config: Config,
  meter: Meter,
  ids: readonly string[],
  window: Window,
): Promise<(instanceId: string) => LongerLook> {
  const [cpu, network, read, written] = await Promise.all([
    meter(CPU, ids, window),
    readNetwork(run, config, meter, ids, window),
    meter(READ, ids, window, { peaks: 'sum' }),
    meter(WRITTEN, ids, window, { peaks: 'sum' }),
  ]);
  return (id) => ({
    fromMs: window.startMs,
    cpu: cpu.of(id),
    network: network(id),
    disk: diskSignal(read.of(id), written.of(id)),
  });
}

/** Read and written together, all disks: an upper bound, because their busiest minutes need not be the same one. */
function diskSignal(read: Signal, written: Signal): Signal {
  if (read.kind !== 'measured') return read;
  if (written.kind !== 'measured') return written;
  return {
    kind: 'measured',
    peak: rate(read.peak + written.peak),
    coverage: Math.min(read.coverage, written.coverage),
    series: read.series + written.series,
  };
}
