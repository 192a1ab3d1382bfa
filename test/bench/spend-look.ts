import { startSandbox } from '../sandbox/sandbox.ts';
import { budgetScenario } from '../support/budget-lab.ts';
import { installFunction } from '../support/install-function.ts';
import { BUCKET, OPERATIONS } from '../support/lab.ts';
import { receiptsIn } from '../support/observe.ts';
import { watchPolicy } from '../support/watch-lab.ts';
import { cpuMillis } from './notebook-tick/process-figures.ts';
import { median, milliseconds, type Bench } from './row.ts';
import { VERTEX_REGIONS } from './vertex-regions.ts';

const TICK_MS = 5 * 60_000;
const PROJECTS = 2_000;
/** `maxInstances` of function.yaml, at one event each. */
const INSTANCES = 20;
const CALLS = 12;
/** Of each answer, as an assumption about Google; the state bucket's too. */
const LATENCY_MS = 50;

/** The calls, processor time and duration of spend-watch's looks at a project with the usual resources, by the deployed bundle. */
export const spendLook: Bench = async function* ({ quick }) {
  const { calls, cpuMs, wallMs } = await measureLooks(quick ? 6 : 24);
  const mean = calls.reduce((sum, one) => sum + one, 0) / calls.length;
  yield {
    what: 'spend-watch: calls of a look beside the state bucket’s, usual APIs on, 41 regions',
    measured: `${mean.toFixed(1)} on average, ${Math.max(...calls)} at the most`,
    goal: { expected: `<= ${CALLS}, each`, reached: Math.max(...calls) <= CALLS },
  };
  const lookMs = median(wallMs);
  const minutes = (PROJECTS * lookMs) / INSTANCES / 60_000;
  yield {
    what: `spend-watch: a look where each answer takes ${LATENCY_MS} ms`,
    measured: `${milliseconds(lookMs)}, ${milliseconds(median(cpuMs))} of them processor time`,
  };
  yield {
    what: `spend-watch: ${PROJECTS.toLocaleString('en-US')} projects on ${INSTANCES} instances, from that look`,
    measured: `${minutes.toFixed(1)} minutes`,
    goal: { expected: '<= 5 minutes', reached: minutes <= 5 },
  };
};

interface Looks {
  readonly calls: readonly number[];
  readonly cpuMs: readonly number[];
  readonly wallMs: readonly number[];
}

/** All but the first, which lists all regions. */
async function measureLooks(count: number): Promise<Looks> {
  const sandbox = await startSandbox({ scenario: budgetScenario({ regions: VERTEX_REGIONS }), frozen: true });
  const watch = await installFunction(sandbox, {
    ...{ name: 'spend-watch', operationsProject: OPERATIONS, policyText: watchPolicy(), maxInstances: 1 },
  });
  try {
    await watch.tick();
    const [instance] = watch.service.instances;
    if (instance === undefined) throw new Error('Cannot measure a look: no instance runs');
    sandbox.faults.add({ route: '*', fault: { kind: 'latency', milliseconds: LATENCY_MS } });
    const [cpuMs, wallMs]: [number[], number[]] = [[], []];
    for (let look = 0; look < count; look += 1) {
      await sandbox.clock.advance(TICK_MS);
      const [startMs, startCpuMs] = [performance.now(), cpuMillis(instance.pid)];
      await watch.tick();
      wallMs.push(performance.now() - startMs);
      cpuMs.push(cpuMillis(instance.pid) - startCpuMs);
    }
    const receipts = receiptsIn(sandbox, BUCKET, 'spend-watch').slice(1);
    if (receipts.length !== count)
      throw new Error(`Cannot count calls: ${receipts.length} receipts of ${count} looks`);
    return { calls: receipts.map(({ apiCalls }) => callsBesideState(apiCalls)), cpuMs, wallMs };
  } finally {
    await watch.close();
    await sandbox.close();
  }
}

function callsBesideState(calls: Readonly<Record<string, number>>): number {
  return Object.entries(calls)
    .filter(([call]) => !call.startsWith('storage.'))
    .reduce((sum, [, count]) => sum + count, 0);
}
