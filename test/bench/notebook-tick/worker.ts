/**
 * The sandbox and a function's instance for one fleet, in processes of their own: what measures shares no event loop
 * with what is measured. Started by `measure.ts` with the task as its argument; sends one message, the figures.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { z } from 'zod';
import { installFunction, type InstalledFunction } from '../../support/install-function.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import { plainPreload } from '../plain-preload.ts';
import { notebookFleet, POLICY, PROJECT, STATE_BUCKET } from './fleet.ts';
import { cpuMillis, peakResidentBytes } from './process-figures.ts';

const taskSchema = z.strictObject({
  notebooks: z.int().positive(),
  latencyMs: z.number().nonnegative(),
  warmTicks: z.int().positive(),
});

export type TaskInput = z.input<typeof taskSchema>;
type Task = z.output<typeof taskSchema>;

/** One tick as the front end, the call log and the kernel saw it. */
export interface TickFigures {
  /** From the event's arrival at the service to its answer; for the first tick the instance's start is in it. */
  readonly wallMs: number;
  /** Requests that the sandbox answered, by route. */
  readonly calls: Readonly<Record<string, number>>;
  /** Processor time of the function's process and of the sandbox's. */
  readonly functionCpuMs: number;
  readonly sandboxCpuMs: number;
  /** How late the sandbox's timers, and with them its answers, were at worst (99th percentile). */
  readonly sandboxLateMs: number;
}

export interface Figures {
  readonly cold: TickFigures;
  /** Further ticks to the same instance. */
  readonly warm: readonly TickFigures[];
  /** One more, without injected latency: what the two processes need by themselves. */
  readonly bare: TickFigures;
  /** Of the function's process, after all ticks. */
  readonly peakBytes: number;
}

async function work(task: Task): Promise<Figures> {
  let latencyMs = task.latencyMs;
  const sandbox = await startSandbox({
    scenario: notebookFleet(task.notebooks),
    // Time and fleet stand still, so that every tick sends the same requests, and no answer has to be made twice.
    frozen: true,
    remembers: true,
    latencyMs: () => latencyMs,
  });
  const stopper = await installFunction(
    { ...sandbox, preload: plainPreload(sandbox) },
    {
      name: 'idle-notebook-stopper',
      operationsProject: PROJECT,
      policyText: POLICY,
    },
  );
  try {
    const tick = () => measureTick(sandbox, stopper, task.notebooks);
    const cold = await tick();
    const warm: TickFigures[] = [];
    for (let count = 0; count < task.warmTicks; count++) warm.push(await tick());
    latencyMs = 0;
    const bare = await tick();
    return { cold, warm, bare, peakBytes: peakResidentBytes(instancePid(stopper) ?? 0) };
  } finally {
    await stopper.close();
    await sandbox.close();
  }
}

async function measureTick(
  sandbox: Sandbox,
  stopper: InstalledFunction,
  notebooks: number,
): Promise<TickFigures> {
  const { callLog, storage } = sandbox;
  callLog.clear();
  const receiptsBefore = new Set(storage.objectNames(STATE_BUCKET, 'receipts/'));
  const requestsBefore = stopper.service.requests.length;
  const pidBefore = instancePid(stopper);
  const functionCpuBefore = pidBefore === undefined ? 0 : cpuMillis(pidBefore);
  const sandboxCpuBefore = cpuMillis(process.pid);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await stopper.tick();
  delay.disable();
  const requests = stopper.service.requests.slice(requestsBefore);
  const [request] = requests;
  const pid = instancePid(stopper);
  const receipts = storage.objectNames(STATE_BUCKET, 'receipts/').filter((name) => !receiptsBefore.has(name));
  requireWhole(
    receipts.map((name) => storage.objectText(STATE_BUCKET, name) ?? ''),
    notebooks,
    stopper,
  );
  if (request === undefined || requests.length !== 1 || request.status >= 300 || pid === undefined)
    throw new Error(`Cannot measure the tick: ${JSON.stringify(requests)}`);
  return {
    wallMs: request.tookMs,
    calls: callLog.counts(),
    functionCpuMs: cpuMillis(pid) - functionCpuBefore,
    sandboxCpuMs: cpuMillis(process.pid) - sandboxCpuBefore,
    sandboxLateMs: delay.percentile(99) / 1e6,
  };
}

const receiptSchema = z.looseObject({
  decisions: z.array(z.looseObject({ resource: z.string() })),
  incomplete: z.array(z.unknown()).length(0),
  failures: z.array(z.unknown()).length(0),
});

/** A tick that left notebooks out would be fast for the wrong reason. */
function requireWhole(receipts: readonly string[], notebooks: number, stopper: InstalledFunction): void {
  const [text] = receipts;
  if (text === undefined || receipts.length !== 1)
    throw new Error(
      `Cannot measure the tick: ${receipts.length} receipts\n${JSON.stringify(stopper.lines.slice(-5))}`,
    );
  const { decisions } = receiptSchema.parse(JSON.parse(text));
  const judged = new Set(decisions.map(({ resource }) => resource)).size;
  if (judged !== notebooks)
    throw new Error(`Cannot measure the tick: its receipt has ${judged} of ${notebooks} notebooks`);
}

function instancePid(stopper: InstalledFunction): number | undefined {
  return stopper.service.instances[0]?.pid;
}

process.once('disconnect', () => process.exit(1));
const figures = await work(taskSchema.parse(JSON.parse(process.argv[2] ?? '')));
process.send?.(figures, () => process.exit(0));
