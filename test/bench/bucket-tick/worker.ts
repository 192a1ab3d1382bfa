/** The sandbox and the function's instance for one project of buckets. Started by `measure.ts`; sends one message. */
import { z } from 'zod';
import { installFunction } from '../../support/install-function.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { cpuMillis, peakResidentBytes } from '../notebook-tick/process-figures.ts';
import { plainPreload } from '../plain-preload.ts';
import { bucketFleet, POLICY, PROJECT, STATE_BUCKET } from './fleet.ts';

const taskSchema = z.strictObject({
  buckets: z.int().positive(),
  /** One of so many buckets lacks the rules. */
  driftingOneIn: z.int().positive(),
  /** How late each answer comes. */
  latencyMs: z.number().nonnegative(),
});
export type Task = z.output<typeof taskSchema>;

export interface Figures {
  /** Requests that the sandbox answered, by route. */
  readonly calls: Readonly<Record<string, number>>;
  /** Buckets that lacked the rules. */
  readonly drifting: number;
  /** Deliveries that it took: one, and one for each further part. */
  readonly events: number;
  readonly wallMs: number;
  readonly functionCpuMs: number;
  readonly peakBytes: number;
}

const receiptSchema = z.looseObject({
  decisions: z.array(z.looseObject({ action: z.string(), outcome: z.string() })),
  incomplete: z.array(z.unknown()).length(0),
  failures: z.array(z.unknown()).length(0),
});

async function work({ buckets, driftingOneIn, latencyMs }: Task): Promise<Figures> {
  const sandbox = await startSandbox({
    scenario: bucketFleet(buckets, driftingOneIn),
    latencyMs: () => latencyMs,
  });
  const enforcer = await installFunction(
    { ...sandbox, preload: plainPreload(sandbox) },
    {
      name: 'lifecycle-enforcer',
      operationsProject: PROJECT,
      policyText: POLICY,
    },
  );
  try {
    await enforcer.tick();
    const { requests } = enforcer.service;
    const pid = enforcer.service.instances[0]?.pid;
    const parts = sandbox.storage
      .objectNames(STATE_BUCKET, 'receipts/')
      .map((name) => receiptSchema.parse(JSON.parse(sandbox.storage.objectText(STATE_BUCKET, name) ?? '')));
    if (requests.some(({ status }) => status >= 300) || pid === undefined || parts.length === 0)
      throw new Error(`Cannot measure the tick: ${JSON.stringify(enforcer.lines.slice(-5))}`);
    const decisions = parts.flatMap((part) => part.decisions);
    const drifting = Math.ceil(buckets / driftingOneIn) - 1;
    const done = decisions.filter(({ action, outcome }) => action === 'patch' && outcome === 'done').length;
    // A tick that left buckets out would be cheap for the wrong reason.
    if (decisions.length !== buckets || done !== drifting)
      throw new Error(`Cannot measure the tick: ${decisions.length} of ${buckets} judged, ${done} patched`);
    return {
      calls: sandbox.callLog.counts(),
      drifting,
      events: requests.length,
      wallMs: requests.reduce((sum, { tookMs }) => sum + tookMs, 0),
      functionCpuMs: cpuMillis(pid),
      peakBytes: peakResidentBytes(pid),
    };
  } finally {
    await enforcer.close();
    await sandbox.close();
  }
}

process.once('disconnect', () => process.exit(1));
const figures = await work(taskSchema.parse(JSON.parse(process.argv[2] ?? '')));
process.send?.(figures, () => process.exit(0));
