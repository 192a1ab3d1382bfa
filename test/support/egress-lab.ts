import type { EgressReport, Lane } from '../../functions/egress-auditor/report/report.ts';
import { auditFunction } from '../../functions/egress-auditor/function.ts';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { parseScenario, type Scenario, type ScenarioInput } from '../sandbox/scenario.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { LogLine } from '../sandbox/hosting/function-process.ts';
import { startInstance, withHttpFunction, withSandbox } from './in-process.ts';
import { BUCKET, LAB, OPERATIONS, START } from './lab.ts';

export type ProjectInput = ScenarioInput['projects'][number];
type VmInput = NonNullable<ProjectInput['vms']>[number];
type BucketInput = NonNullable<NonNullable<ScenarioInput['storage']>['buckets']>[number];

export const GIB = 2 ** 30;
export const POLICY = `scope: [projects/${LAB}]\nstate: gs://${BUCKET}\negress:\n`;

/** A VM that has run for weeks. */
export function vm(id: string, zone = 'us-central1-a', more: Partial<VmInput> = {}): VmInput {
  return { id, zone, machineType: 'n2-standard-8', created: '-60d', ...more };
}

/** A project with traffic, beside the operations project with its state bucket. */
export function trafficScenario(
  project: Partial<ProjectInput>,
  buckets: readonly Omit<BucketInput, 'project'>[] = [],
  others: readonly ProjectInput[] = [],
): Scenario {
  return parseScenario({
    name: 'egress',
    clock: START,
    projects: [
      { id: OPERATIONS, number: '100000000001' },
      { id: LAB, number: '100000000002', ...project },
      ...others,
    ],
    storage: {
      buckets: [
        { name: BUCKET, project: OPERATIONS, location: 'US-CENTRAL1' },
        ...buckets.map((bucket) => ({ ...bucket, project: LAB })),
      ],
    },
  } satisfies ScenarioInput);
}

export interface Auditor {
  readonly sandbox: Sandbox;
  readonly lines: readonly LogLine[];
  /** Where it is served, without a slash at the end. */
  readonly url: string;
  readonly ask: (
    path: string,
    init?: RequestInit,
  ) => Promise<{ status: number; headers: Headers; text: string }>;
  readonly report: (query?: string) => Promise<EgressReport>;
}

/** Runs a test with the function served over HTTP, against a sandbox over TLS. */
export async function withAuditor(
  options: { readonly scenario: Scenario; readonly policy?: string; readonly operationsProject?: string },
  test: (auditor: Auditor) => Promise<void>,
): Promise<void> {
  const { scenario, policy = POLICY, operationsProject = OPERATIONS } = options;
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const { runtime, lines } = startInstance(sandbox, { name: 'egress-auditor', policy, operationsProject });
    await withHttpFunction(
      (request, response) => handleRequest(runtime, request, response, auditFunction),
      async (url) => {
        const ask: Auditor['ask'] = async (path, init) => {
          const response = await fetch(`${url}${path}`, init);
          return { status: response.status, headers: response.headers, text: await response.text() };
        };
        await test({
          sandbox,
          lines,
          url,
          ask,
          async report(query = '') {
            const { status, text } = await ask(`/?format=json${query}`);
            if (status !== 200) throw new Error(`The report is a ${status}: ${text}`);
            return JSON.parse(text) as EgressReport;
          },
        });
      },
    );
  });
}

export function lane(report: EgressReport, id: string): Lane {
  const found = report.lanes.find((one) => one.id === id);
  if (found === undefined)
    throw new Error(`No lane ${id}; there are ${report.lanes.map((one) => one.id).join(', ')}`);
  return found;
}

/** GiB of each lane by its id. */
export function gibOf(report: EgressReport): Readonly<Record<string, number>> {
  return Object.fromEntries(report.lanes.map(({ id, bytes }) => [id, bytes / GIB]));
}
