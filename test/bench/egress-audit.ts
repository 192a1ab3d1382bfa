import { parseScenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { installHttpFunction } from '../support/install-function.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { cpuMillis, peakResidentBytes } from './notebook-tick/process-figures.ts';
import { milliseconds, type Bench } from './row.ts';

const OPERATIONS = 'ml-ops-bench';
const PROJECT = 'ml-bench';
const MAX_CPU_MS = 3_000;
const MAX_PEAK_MIB = 256;

const FLEETS = [
  { vms: 100, remotes: 100 },
  { vms: 1_000, remotes: 500 },
] as const;

/**
 * One report of egress-auditor over seven days: calls, what the function itself needs beside waiting for answers, memory.
 * The function does one thing at a time, so that its processor time is what it adds to the time that the API takes.
 */
export const egressAudit: Bench = async function* ({ quick }) {
  for (const fleet of quick ? FLEETS.slice(0, 1) : FLEETS) {
    const { calls, cpuMs, wallMs, peakBytes } = await measureAudit(fleet);
    const what = `egress of ${fleet.vms.toLocaleString('en-US')} VMs × ${fleet.remotes} remotes × 7 days`;
    yield { what: `${what}: API calls`, measured: showCalls(calls) };
    yield {
      what: `${what}: the function’s own time to the first byte`,
      measured: `${milliseconds(cpuMs)} of processor time, cold (${milliseconds(wallMs)} with the sandbox’s)`,
      goal: { expected: `< ${milliseconds(MAX_CPU_MS)}`, reached: cpuMs < MAX_CPU_MS },
    };
    const peakMib = peakBytes / 2 ** 20;
    yield {
      what: `${what}: peak memory of the function’s process`,
      measured: `${Math.round(peakMib)} MiB (options as deployed)`,
      goal: { expected: `< ${MAX_PEAK_MIB} MiB`, reached: peakMib < MAX_PEAK_MIB },
    };
  }
};

interface AuditFigures {
  readonly calls: Readonly<Record<string, number>>;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakBytes: number;
}

async function measureAudit(fleet: {
  readonly vms: number;
  readonly remotes: number;
}): Promise<AuditFigures> {
  const sandbox = await startSandbox({ scenario: parseScenario(egressFleet(fleet.vms, fleet.remotes)) });
  const fn = await installHttpFunction(sandbox, {
    name: 'egress-auditor',
    operationsProject: OPERATIONS,
    policyText: `scope: [projects/${PROJECT}]
egress:
`,
  });
  try {
    await fn.service.warmUp();
    const pid = fn.service.instances[0]?.pid;
    if (pid === undefined) throw new Error('Cannot measure the report: no instance runs');
    const before = cpuMillis(pid);
    const startMs = performance.now();
    const response = await fetch(`${fn.service.url}?window=7d&format=json`);
    const report = (await response.json()) as {
      readonly incomplete: readonly unknown[];
      readonly headline: { readonly bytes: number };
    };
    const wallMs = performance.now() - startMs;
    const cpuMs = cpuMillis(pid) - before;
    requireWhole(response.status, report, fleet, sandbox);
    return { calls: sandbox.callLog.counts(), cpuMs, wallMs, peakBytes: peakResidentBytes(pid) };
  } finally {
    await fn.close();
    await sandbox.close();
  }
}

/** Each VM sends one GiB a day to each remote: a report that leaves some out would be fast for the wrong reason. */
function requireWhole(
  status: number,
  {
    incomplete,
    headline,
  }: { readonly incomplete: readonly unknown[]; readonly headline: { readonly bytes: number } },
  { vms, remotes }: { readonly vms: number; readonly remotes: number },
  { callLog }: Sandbox,
): void {
  const expected = vms * remotes * 7 * 2 ** 30;
  if (status !== 200 || incomplete.length > 0 || Math.abs(headline.bytes - expected) > 0.01 * expected)
    throw new Error(
      `Cannot measure the report: ${status}, ${JSON.stringify(incomplete)}, ${headline.bytes} of ${expected} bytes, ${callLog.calls().length} calls`,
    );
}

/** A project whose VMs all send to all remotes: zones first, countries for the rest. */
export function egressFleet(vms: number, remotes: number): ScenarioInput {
  const zones = ['us-east', 'us-west', 'europe-west', 'asia-east'].flatMap((area) =>
    [1, 2, 3, 4, 5].flatMap((number) => ['a', 'b', 'c'].map((letter) => `zone:${area}${number}-${letter}`)),
  );
  const countries = Array.from({ length: remotes }, (_, index) => `country:x${index}/America`);
  return {
    name: 'egress-fleet',
    clock: '2026-11-18T21:40:00Z',
    projects: [
      { id: OPERATIONS, number: '100000000001' },
      {
        id: PROJECT,
        number: '100000000002',
        vms: Array.from({ length: vms }, (_, index) => ({
          id: `vm-${index}`,
          zone: `us-central1-${['a', 'b', 'c', 'f'][index % 4] ?? 'a'}`,
          machineType: 'n2-standard-8',
          created: '-60d',
          externalIp: `203.0.113.${index % 250}`,
        })),
        traffic: [{ from: 'vms', to: [...zones, ...countries].slice(0, remotes), gibPerDay: 1 }],
      },
    ],
  };
}

function showCalls(calls: Readonly<Record<string, number>>): string {
  const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
  const byName = Object.entries(calls).map(([name, count]) => `${name.replace('projects.', '')} ${count}`);
  return `${total}: ${byName.sort().join(', ')}`;
}
