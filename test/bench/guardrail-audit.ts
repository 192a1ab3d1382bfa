import { parseScenario, type ScenarioInput } from '../sandbox/scenario.ts';
import { installHttpFunction } from '../support/install-function.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { cpuMillis, peakResidentBytes } from './notebook-tick/process-figures.ts';
import { milliseconds, type Bench } from './row.ts';

export const OPERATIONS = 'ml-ops-bench';
const PROJECT = 'ml-bench';
export const BUCKET = 'ml-ops-bench-costguard';
const MAX_PEAK_MIB = 512;
const FLEET = { vms: 1_500, buckets: 300, accounts: 200 };

/** One audit of guardrail-audit over a project of 2,000 resources: what the function itself needs beside waiting, and its memory. */
export const guardrailAudit: Bench = async function* () {
  const sandbox = await startSandbox({ scenario: parseScenario(auditFleet([PROJECT], FLEET)) });
  const fn = await installHttpFunction(sandbox, {
    name: 'guardrail-audit',
    operationsProject: OPERATIONS,
    policyText: `scope: [projects/${PROJECT}]\nstate: gs://${BUCKET}\naudit:\n`,
  });
  try {
    await fn.service.warmUp();
    const pid = fn.service.instances[0]?.pid;
    if (pid === undefined) throw new Error('Cannot measure the audit: no instance runs');
    const before = cpuMillis(pid);
    const startMs = performance.now();
    const response = await fetch(`${fn.service.url}?project=${PROJECT}&format=json`);
    const text = await response.text();
    const wallMs = performance.now() - startMs;
    // Each VM holds a password: an audit that leaves some out would be small for the wrong reason.
    const found = text.split('"rule":"secret-in-metadata","mistake"').length - 1;
    if (response.status !== 200 || found !== FLEET.vms)
      throw new Error(
        `Cannot measure the audit: ${response.status}, ${found} of ${FLEET.vms} passwords found`,
      );
    const peakMib = peakResidentBytes(pid) / 2 ** 20;
    const what = `audit of ${(FLEET.vms + FLEET.buckets + FLEET.accounts).toLocaleString('en-US')} resources`;
    yield {
      what: `${what}: the function’s own time`,
      measured: `${milliseconds(cpuMillis(pid) - before)} of processor time, cold (${milliseconds(wallMs)} with the sandbox’s)`,
    };
    yield {
      what: `${what}: peak memory of the function’s process`,
      measured: `${Math.round(peakMib)} MiB (options as deployed)`,
      goal: { expected: `< ${MAX_PEAK_MIB} MiB`, reached: peakMib < MAX_PEAK_MIB },
    };
  } finally {
    await fn.close();
    await sandbox.close();
  }
};

/** How much there is in a project. */
export interface AuditFleet {
  readonly vms: number;
  readonly buckets: number;
  readonly accounts: number;
}

/** Projects in which each VM holds a password, and each account an old key. */
export function auditFleet(projects: readonly string[], fleet: AuditFleet): ScenarioInput {
  const many = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  return {
    name: 'audit-fleet',
    clock: '2026-11-18T21:40:00Z',
    projects: [
      { id: OPERATIONS, number: '100000000001' },
      ...projects.map((id, at) => ({
        id,
        number: String(100000000002 + at),
        vms: many(fleet.vms, (index) => ({
          id: `vm-${index}`,
          zone: 'us-central1-a',
          machineType: 'n1-standard-4',
          metadata: {
            'startup-script': `#!/bin/bash\n${'echo ready\n'.repeat(40)}export DB_PASSWORD=w1re-B1rd-${index}\n`,
          },
        })),
        serviceAccounts: many(fleet.accounts, (index) => ({
          id: `account-${index}`,
          keys: [{ id: String(index).padStart(40, '0'), created: '-400d' }],
        })),
      })),
    ],
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1' },
        ...projects.flatMap((project) =>
          many(fleet.buckets, (index) => ({
            name: `${project}-${index}`,
            project,
            location: 'US-CENTRAL1',
          })),
        ),
      ],
    },
  };
}
