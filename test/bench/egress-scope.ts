import { installHttpFunction } from '../support/install-function.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { parseScenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { egressFleet } from './egress-audit.ts';
import { peakResidentBytes } from './notebook-tick/process-figures.ts';
import { milliseconds, type Bench } from './row.ts';

const OPERATIONS = 'ml-ops-bench';
const FLEET = { vms: 100, remotes: 100 };
const MAX_FIRST_BYTE_MS = 3_000;
const MAX_PEAK_MIB = 256;

/** A report over a whole scope: its first byte and its memory do not grow with the projects, of which one is held at a time. */
export const egressScope: Bench = async function* ({ quick }) {
  const projects = quick ? 4 : 20;
  const { firstByteMs, wallMs, peakBytes } = await measureScope(projects);
  const what = `egress of a scope of ${projects} projects, each ${FLEET.vms} VMs × ${FLEET.remotes} remotes`;
  yield {
    what: `${what}: first byte`,
    measured: `${milliseconds(firstByteMs)} after the request, of ${milliseconds(wallMs)} in all (with the sandbox’s)`,
    goal: { expected: `< ${milliseconds(MAX_FIRST_BYTE_MS)}`, reached: firstByteMs < MAX_FIRST_BYTE_MS },
  };
  const peakMib = peakBytes / 2 ** 20;
  yield {
    what: `${what}: peak memory of the function’s process`,
    measured: `${Math.round(peakMib)} MiB (options as deployed)`,
    goal: { expected: `< ${MAX_PEAK_MIB} MiB`, reached: peakMib < MAX_PEAK_MIB },
  };
};

/** Memory is that of the process as the system sees it. */
async function measureScope(
  projects: number,
): Promise<{ readonly firstByteMs: number; readonly wallMs: number; readonly peakBytes: number }> {
  const ids = Array.from({ length: projects }, (_, at) => `ml-bench-${at}`);
  const sandbox = await startSandbox({ scenario: parseScenario(scopeOf(ids)) });
  const fn = await installHttpFunction(sandbox, {
    name: 'egress-auditor',
    operationsProject: OPERATIONS,
    policyText: `scope: [${ids.map((id) => `projects/${id}`).join(', ')}]
egress:
`,
  });
  try {
    await fn.service.warmUp();
    const [instance] = fn.service.instances;
    if (instance === undefined) throw new Error('Cannot measure the report: no instance runs');
    const startMs = performance.now();
    // The instance itself: the sandbox's front end hands an answer on once it is whole.
    const response = await fetch(`http://127.0.0.1:${instance.port}/?window=7d&format=json`);
    let firstByteMs: number | undefined;
    let text = '';
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      firstByteMs ??= performance.now() - startMs;
      text += part;
    }
    const wallMs = performance.now() - startMs;
    requireWhole(response.status, text, projects);
    return { firstByteMs: firstByteMs ?? Infinity, wallMs, peakBytes: peakResidentBytes(instance.pid) };
  } finally {
    await fn.close();
    await sandbox.close();
  }
}

/** The fleet of one project's report, in each project of the scope. */
function scopeOf(ids: readonly string[]): ScenarioInput {
  const fleet = egressFleet(FLEET.vms, FLEET.remotes);
  const [operations, project] = fleet.projects;
  if (operations === undefined || project === undefined) throw new Error('Cannot measure: no fleet');
  const projects = ids.map((id, at) => ({ ...project, id, number: String(100000000100 + at) }));
  return { ...fleet, projects: [operations, ...projects] };
}

/** A report that leaves projects out would be small for the wrong reason. */
function requireWhole(status: number, text: string, projects: number): void {
  const { total } = JSON.parse(text) as {
    readonly total: { readonly reported: number; readonly bytes: number };
  };
  const expected = projects * FLEET.vms * FLEET.remotes * 7 * 2 ** 30;
  if (status !== 200 || total.reported !== projects || Math.abs(total.bytes - expected) > 0.01 * expected)
    throw new Error(`Cannot measure the report: ${status}, ${JSON.stringify(total).slice(0, 500)}`);
}
