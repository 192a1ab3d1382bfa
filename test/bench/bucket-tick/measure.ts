import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { firstInstallation } from '../../functions/lifecycle-enforcer/first-installation/start.ts';
import { milliseconds, type Bench, type Row } from '../row.ts';
import { DRIFTING_ONE_IN } from './fleet.ts';
import type { Figures, Task } from './worker.ts';

const MAX_PEAK_MIB = 256;
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
  });
  const fleet = `${buckets.toLocaleString('en-US')} buckets`;
  const pages = buckets / PAGE_SIZE;
  const count = (route: string): number => calls[route] ?? 0;
  const lists = count('storage.buckets.list');
  const reads = count('storage.buckets.get');
  yield {
    what: `${fleet}: list calls, and reads of single buckets`,
    measured: `${lists} and ${reads}`,
    goal: { expected: `${pages} pages, none`, reached: lists === pages && reads === 0 },
  };
  const writes = count('storage.buckets.patch');
  yield {
    what: `${fleet}: writes`,
    measured: String(writes),
    goal: { expected: `${drifting}: those that drift`, reached: writes === drifting },
  };
  yield {
    what: `${fleet}: a tick, start included`,
    measured: `${milliseconds(wallMs)}; processor time of the function ${milliseconds(functionCpuMs)}`,
  };
  const peakMib = peakBytes / 2 ** 20;
  yield {
    what: `${fleet}: peak memory of the function's process`,
    measured: `${Math.round(peakMib)} MiB (options as deployed)`,
    goal: { expected: `< ${MAX_PEAK_MIB} MiB`, reached: peakMib < MAX_PEAK_MIB },
  };
  if (quick) return;
  yield await firstRow(buckets);
};

/** Every bucket lacks the rules. What is written and how long it takes at Google is a test's business as well. */
async function firstRow(buckets: number): Promise<Row> {
  const { written, events, tookMs, peakBytes } = await firstInstallation({
    buckets,
    latencyMs: FIRST_LATENCY_MS,
  });
  const peakMib = Math.round(peakBytes / 2 ** 20);
  return {
    what: `first installation: ${buckets.toLocaleString('en-US')} patches at ${FIRST_LATENCY_MS} ms a call`,
    measured: `${peakMib} MiB at most, ${milliseconds(tookMs)} in ${events} events; ${(written[1] ?? 0).toLocaleString('en-US')} written once (options as deployed)`,
    goal: {
      expected: `< ${MAX_PEAK_MIB} MiB, each once`,
      reached: peakMib < MAX_PEAK_MIB && written[1] === buckets,
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
