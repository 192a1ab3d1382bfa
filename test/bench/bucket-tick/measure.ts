import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { milliseconds, type Bench, type Row } from '../row.ts';
import { DRIFTING_ONE_IN } from './fleet.ts';
import type { Figures, Task } from './worker.ts';

const WANTED_PEAK_MIB = 256;
const PAGE_SIZE = 1_000;

/** How late the answers of a first installation come: those of a slow API, at which one event is not enough. */
const FIRST_LATENCY_MS = 100;

/** One tick of lifecycle-enforcer over a project with many buckets, of which few lack rules. */
export const bucketTick: Bench = async function* ({ quick }) {
  const buckets = quick ? 5_000 : 50_000;
  const { calls, drifting, wallMs, functionCpuMs, peakBytes } = await runWorker({
    buckets,
    driftingOneIn: DRIFTING_ONE_IN,
    latencyMs: 0,
    clock: 'real',
  });
  const fleet = `${buckets.toLocaleString('en-US')} buckets`;
  const pages = buckets / PAGE_SIZE;
  const count = (route: string): number => calls[route] ?? 0;
  const lists = count('storage.buckets.list');
  const reads = count('storage.buckets.get');
  yield {
    what: `${fleet}: list calls, and reads of single buckets`,
    measured: `${lists} and ${reads}`,
    goal: { wanted: `${pages} pages, none`, reached: lists === pages && reads === 0 },
  };
  const writes = count('storage.buckets.patch');
  yield {
    what: `${fleet}: writes`,
    measured: String(writes),
    goal: { wanted: `${drifting}: those that drift`, reached: writes === drifting },
  };
  yield {
    what: `${fleet}: a tick, start included`,
    measured: `${milliseconds(wallMs)}; processor time of the function ${milliseconds(functionCpuMs)}`,
  };
  const peakMib = peakBytes / 2 ** 20;
  yield {
    what: `${fleet}: peak memory of the function's process`,
    measured: `${Math.round(peakMib)} MiB (options as deployed)`,
    goal: { wanted: `< ${WANTED_PEAK_MIB} MiB`, reached: peakMib < WANTED_PEAK_MIB },
  };
  if (!quick) yield await firstInstallation(buckets);
};

/** Every bucket lacks the rules; the worker fails where one is written twice, or not at all. */
async function firstInstallation(buckets: number): Promise<Row> {
  const figures = await runWorker({
    buckets,
    driftingOneIn: 1,
    latencyMs: FIRST_LATENCY_MS,
    clock: 'moved',
  });
  const peakMib = Math.round(figures.peakBytes / 2 ** 20);
  return {
    what: `first installation: ${figures.drifting.toLocaleString('en-US')} patches at ${FIRST_LATENCY_MS} ms a call, each bucket written once`,
    measured: `${peakMib} MiB at most, ${milliseconds(figures.sandboxMs)} in ${figures.events} events; processor time ${milliseconds(figures.functionCpuMs)} (options as deployed)`,
    goal: {
      wanted: `< ${WANTED_PEAK_MIB} MiB, several events`,
      reached: peakMib < WANTED_PEAK_MIB && figures.events > 1,
    },
  };
}

/** Runs the tick in a process of its own. Throws when that ends without figures. */
async function runWorker(task: Task): Promise<Figures> {
  const worker = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [JSON.stringify(task)]);
  const ended = once(worker, 'exit').then(([code]): never => {
    throw new Error(`Cannot measure ${task.buckets} buckets: the worker ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const [figures] = (await Promise.race([once(worker, 'message'), ended])) as [Figures];
  await ended.catch(() => undefined);
  return figures;
}
