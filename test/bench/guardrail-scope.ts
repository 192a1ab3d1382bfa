import { installHttpFunction } from '../support/install-function.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { parseScenario } from '../sandbox/scenario.ts';
import { auditFleet, BUCKET, OPERATIONS } from './guardrail-audit.ts';
import { peakResidentBytes } from './notebook-tick/process-figures.ts';
import { milliseconds, type Bench } from './row.ts';

const FLEET = { vms: 150, buckets: 30, accounts: 20 };
/** As for one project of as many resources as ten of these have. */
const MAX_PEAK_MIB = 512;

/** `GET /` over a whole scope: one project after the other is looked at and sent, and its rows alone are kept for the totals. */
export const guardrailScope: Bench = async function* ({ quick }) {
  const projects = quick ? 4 : 50;
  const { peakBytes, wallMs } = await measureScope(projects);
  const peakMib = peakBytes / 2 ** 20;
  yield {
    what: `audit of a scope of ${projects} projects, each ${FLEET.vms + FLEET.buckets + FLEET.accounts} resources: peak memory of the function’s process`,
    measured: `${Math.round(peakMib)} MiB (options as deployed; ${milliseconds(wallMs)} with the sandbox’s)`,
    goal: { expected: `< ${MAX_PEAK_MIB} MiB`, reached: peakMib < MAX_PEAK_MIB },
  };
};

/** Memory is that of the process as the system sees it. */
async function measureScope(
  projects: number,
): Promise<{ readonly peakBytes: number; readonly wallMs: number }> {
  const ids = Array.from({ length: projects }, (_, at) => `ml-bench-${at}`);
  const sandbox = await startSandbox({ scenario: parseScenario(auditFleet(ids, FLEET)) });
  const fn = await installHttpFunction(sandbox, {
    name: 'guardrail-audit',
    operationsProject: OPERATIONS,
    policyText: `scope: [${ids.map((id) => `projects/${id}`).join(', ')}]\nstate: gs://${BUCKET}\naudit:\n`,
  });
  try {
    await fn.service.warmUp();
    const [instance] = fn.service.instances;
    if (instance === undefined) throw new Error('Cannot measure the audit: no instance runs');
    const startMs = performance.now();
    // The instance itself: the sandbox's front end hands an answer on once it is whole.
    const response = await fetch(`http://127.0.0.1:${instance.port}/?format=json`);
    const text = await response.text();
    const found = text.split('"rule":"secret-in-metadata","mistake"').length - 1;
    const expected = projects * FLEET.vms;
    if (response.status !== 200 || found !== expected)
      throw new Error(
        `Cannot measure the audit: ${response.status}, ${found} of ${expected} passwords found`,
      );
    return { peakBytes: peakResidentBytes(instance.pid), wallMs: performance.now() - startMs };
  } finally {
    await fn.close();
    await sandbox.close();
  }
}
