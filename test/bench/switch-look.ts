import { startSandbox } from '../sandbox/sandbox.ts';
import { alert, ALERTS, budgetScenario, SMALL_PROJECT, SWITCH, switchPolicy } from '../support/budget-lab.ts';
import { installFunction } from '../support/install-function.ts';
import { OPERATIONS } from '../support/lab.ts';
import { whileTimeFlies } from '../demo/while-time-flies.ts';
import { cpuMillis } from './notebook-tick/process-figures.ts';
import { median, milliseconds, type Bench } from './row.ts';
import { VERTEX_REGIONS } from './vertex-regions.ts';

/** Of each answer, as an assumption about Google; the state bucket's too. */
const LATENCY_MS = 50;
/** `timeout` of function.yaml, and the projects of a budget that are looked at side by side. */
const TIMEOUT_MS = 540_000;
const PROJECTS_AT_ONCE = 4;

/** What a tick of the kill switch takes while stop-compute is in force and nothing came back: one look at the whole project. */
export const switchLook: Bench = async function* ({ quick }) {
  const { calls, cpuMs, wallMs } = await measureLooks(quick ? 3 : 12);
  const lookMs = median(wallMs);
  yield {
    what: 'budget-kill-switch: calls of a look while stop-compute is in force, 41 regions',
    measured: `${median(calls)}`,
  };
  yield {
    what: `budget-kill-switch: such a look where each answer takes ${LATENCY_MS} ms`,
    measured: `${milliseconds(lookMs)}, ${milliseconds(median(cpuMs))} of them processor time`,
    goal: { expected: '<= 10 seconds', reached: lookMs <= 10_000 },
  };
  yield {
    what: 'budget-kill-switch: projects of one budget that are looked at within the timeout, from that look',
    measured: `${Math.floor((TIMEOUT_MS / lookMs) * PROJECTS_AT_ONCE)}`,
  };
};

interface Looks {
  readonly calls: readonly number[];
  readonly cpuMs: readonly number[];
  readonly wallMs: readonly number[];
}

async function measureLooks(count: number): Promise<Looks> {
  const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: VERTEX_REGIONS });
  const sandbox = await startSandbox({ scenario, frozen: true });
  const fn = await installFunction(sandbox, {
    ...{
      name: SWITCH,
      operationsProject: OPERATIONS,
      policyText: switchPolicy(),
      topic: ALERTS,
      maxInstances: 1,
    },
  });
  try {
    const { text, attributes } = alert(1.01);
    await whileTimeFlies(sandbox, () => fn.tick(text, attributes));
    const [instance] = fn.service.instances;
    if (instance === undefined) throw new Error('Cannot measure a look: no instance runs');
    sandbox.faults.add({ route: '*', fault: { kind: 'latency', milliseconds: LATENCY_MS } });
    const [calls, cpuMs, wallMs]: [number[], number[], number[]] = [[], [], []];
    for (let look = 0; look < count; look += 1) {
      sandbox.callLog.clear();
      const [startMs, startCpuMs] = [performance.now(), cpuMillis(instance.pid)];
      await fn.tick('{}', {});
      wallMs.push(performance.now() - startMs);
      cpuMs.push(cpuMillis(instance.pid) - startCpuMs);
      calls.push(sandbox.callLog.calls().filter(({ id }) => !/^(?:storage|pubsub)\./.test(id)).length);
    }
    return { calls, cpuMs, wallMs };
  } finally {
    await fn.close();
    await sandbox.close();
  }
}
