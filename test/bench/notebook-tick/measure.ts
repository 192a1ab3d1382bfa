import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, milliseconds, type Bench, type Row } from '../row.ts';
import { idealCalls } from './ideal-schedule.ts';
import type { Figures, TaskInput, TickFigures } from './worker.ts';

const LATENCY_MS = 50;
const MAX_RATIO = 1.25;
const MAX_PEAK_MIB = 256;

/** Where a tick is short, one process is some percent faster than the next for as long as it lives: so there are several. */
const FLEETS = [
  { notebooks: 10, warmTicks: 25, processes: 5 },
  { notebooks: 1_000, warmTicks: 9, processes: 3 },
  { notebooks: 10_000, warmTicks: 3, processes: 1 },
] as const;

/** One tick of idle-notebook-stopper over fleets of growing size: calls, wall time, memory. */
export const notebookTick: Bench = async function* ({ quick }) {
  for (const { notebooks, warmTicks, processes } of quick ? FLEETS.slice(0, 2) : FLEETS) {
    const figures: Figures[] = [];
    while (figures.length < processes)
      figures.push(await runWorker({ notebooks, latencyMs: LATENCY_MS, warmTicks }));
    yield* fleetRows(`${notebooks.toLocaleString('en-US')} notebooks`, figures);
  }
};

function* fleetRows(fleet: string, figures: readonly Figures[]): Generator<Row> {
  const warm = figures.flatMap((one) => one.warm);
  const typical = typicalOf(warm);
  const bare = typicalOf(figures.map((one) => one.bare));
  const { wallMs } = typical;
  const chain = idealCalls(typical.calls);
  const ratio = wallMs / (chain * LATENCY_MS);
  yield { what: `${fleet}: API calls`, measured: showCalls(typical.calls) };
  yield {
    what: `${fleet}: wall time of a tick, ${LATENCY_MS} ms per answer`,
    measured: `${ratio.toFixed(2)} × the ideal schedule (${milliseconds(wallMs)} to ${milliseconds(chain * LATENCY_MS)}: ${chain} calls in sequence; median of ${warm.length}, ${figures.length === 1 ? '1 process' : `${figures.length} processes`})`,
    goal: { expected: `≤ ${MAX_RATIO} ×`, reached: ratio <= MAX_RATIO },
  };
  yield {
    what: `${fleet}: the same as first tick, start included`,
    measured: milliseconds(median(figures.map(({ cold }) => cold.wallMs))),
  };
  yield { what: `${fleet}: processor time of that tick`, measured: showProcessor(typical) };
  yield {
    what: `${fleet}: the same without latency`,
    measured: `${milliseconds(bare.wallMs)}; ${showProcessor(bare)}`,
  };
  const peakMib = Math.max(...figures.map(({ peakBytes }) => peakBytes)) / 2 ** 20;
  yield {
    what: `${fleet}: peak memory of the function's process`,
    measured: `${Math.round(peakMib)} MiB (options as deployed)`,
    goal: { expected: `< ${MAX_PEAK_MIB} MiB`, reached: peakMib < MAX_PEAK_MIB },
  };
}

/** The tick with the median wall time. */
function typicalOf(ticks: readonly TickFigures[]): TickFigures {
  const wallMs = median(ticks.map((tick) => tick.wallMs));
  return ticks.reduce((found, tick) => (tick.wallMs === wallMs ? tick : found));
}

function showCalls(calls: Readonly<Record<string, number>>): string {
  const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
  const byName = Object.entries(calls).map(
    ([name, count]) => `${name.replace('projects.', '').replace('locations.', '')} ${count}`,
  );
  return `${total}: ${byName.sort().join(', ')}`;
}

function showProcessor({ functionCpuMs, sandboxCpuMs, sandboxLateMs }: TickFigures): string {
  return `function ${milliseconds(functionCpuMs)}, sandbox ${milliseconds(sandboxCpuMs)} (its timers up to ${milliseconds(sandboxLateMs)} late)`;
}

/** Runs one fleet in a process of its own. Throws when that ends without figures. */
async function runWorker(task: TaskInput): Promise<Figures> {
  const worker = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [JSON.stringify(task)]);
  const ended = once(worker, 'exit').then(([code]): never => {
    throw new Error(`Cannot measure ${task.notebooks} notebooks: the worker ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const [figures] = (await Promise.race([once(worker, 'message'), ended])) as [Figures];
  await ended.catch(() => undefined);
  return figures;
}
