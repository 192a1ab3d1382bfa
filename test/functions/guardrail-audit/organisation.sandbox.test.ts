import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { auditFunction as egressRequests } from '../../../functions/egress-auditor/function.ts';
import { auditRequests } from '../../../functions/guardrail-audit/function.ts';
import type { AuditReport } from '../../../functions/guardrail-audit/report/report.ts';
import { RULES } from '../../../functions/guardrail-audit/rules/rules.ts';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { lifecycleSweep } from '../../../functions/lifecycle-enforcer/function.ts';
import { handleRequest, type HttpFunction } from '../../../shared/run/handle-request.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { readScenario } from '../../sandbox/scenario.ts';
import { eventOf, startInstance, withHttpFunction, withSandbox } from '../../support/in-process.ts';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
// An owner of the organization has a basic role in each of its projects, the clean one too.
const SCENARIO = { ...readScenario(local('../../sandbox/scenarios/organisation.yaml')), owners: [] };
const OPERATIONS = 'ml-ops-example';
const STATE = 'ml-ops-example-costguard';
const RUNAWAY_BUDGET = /allow: \[(.*)\]/;
const RANKING_BUDGET = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/2f64c0de-8a1b-4f5e-9d6c-0b7a3e9d1c55';
const SERVING_BUDGET = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/9b3e7a10-64cd-4c2a-b1f8-5e0d2c7f4a66';
const CLEAN = 'ml-serving-prod';
/** Those with mistakes, and the clean one. */
const PROJECTS = ['ml-legacy', 'ml-ranking-prod', 'ml-runaway', CLEAN];
/** As they stand in the scenario. */
const PLANTED = [
  '0ld-Tr4cker-Pw',
  'M0ss-Lant3rn-47',
  'Bl4ckb1rd-7-on-a-w1re',
  'Qu1et-Harb0ur-22',
  '7hQ2xKd94LmZpR81vNcT',
  'Sl0w-Gl4cier-81',
];

/** The policy of `npm start`, over the whole organisation and with what the audit needs. */
const POLICY = readFileSync(local('../../demo/costguard.yaml'), 'utf8')
  .replace(/^mode: enforce/m, 'mode: observe')
  .replace(/^scope: .*$/m, `scope: [organizations/${SCENARIO.organization?.id ?? ''}]`)
  .replace(RUNAWAY_BUDGET, `allow: [$1, ${RANKING_BUDGET}, ${SERVING_BUDGET}]`)
  .replace(
    /^audit:$/m,
    `audit: {jobs: {dataScientists: ['group:scientists@example.com'], mlEngineers: ['group:engineers@example.com']}}`,
  );

async function call<Request>(
  sandbox: Sandbox,
  name: string,
  requests: HttpFunction<Request>,
  queries: readonly string[],
): Promise<readonly string[]> {
  const { runtime, lines } = startInstance(sandbox, { name, policy: POLICY, operationsProject: OPERATIONS });
  const said: string[] = [];
  await withHttpFunction(
    (request, response) => handleRequest(runtime, request, response, requests),
    async (url) => {
      for (const query of queries) said.push(await (await fetch(`${url}/?${query}`)).text());
    },
  );
  return [...said, JSON.stringify(lines)];
}

/** The other functions look at each project, as they do all week, and leave their receipts. */
async function leaveReceipts(sandbox: Sandbox): Promise<void> {
  const options = { policy: POLICY, operationsProject: OPERATIONS, pauses: 'none' } as const;
  const stopper = startInstance(sandbox, { ...options, name: 'idle-notebook-stopper' });
  const enforcer = startInstance(sandbox, { ...options, name: 'lifecycle-enforcer' });
  for (const [at, project] of PROJECTS.entries()) {
    const message = { text: JSON.stringify({ project }), messageId: String(at + 1) };
    const event = (name: string) => eventOf(`projects/${OPERATIONS}/topics/costguard-${name}`, message);
    await runTick(stopper.runtime, notebookSweep, event('idle-notebook-stopper'));
    await runTick(enforcer.runtime, lifecycleSweep, event('lifecycle-enforcer'));
  }
  await call(
    sandbox,
    'egress-auditor',
    egressRequests,
    PROJECTS.map((project) => `project=${project}&format=json`),
  );
}

describe('the shipped organisation', () => {
  const reports = new Map<string, AuditReport>();
  let said = '';

  beforeAll(
    () =>
      withSandbox({ scenario: SCENARIO, frozen: true }, async (sandbox) => {
        await leaveReceipts(sandbox);
        sandbox.iam.bind({
          member: `guardrail-audit@${OPERATIONS}.iam.gserviceaccount.com`,
          role: 'roles/storage.objectViewer',
          permissions: ['storage.objects.get'],
          on: 'buckets/ml-legacy-scripts',
        });
        const formats = ['json', 'html', 'csv', 'sarif'];
        const answers = await call(
          sandbox,
          'guardrail-audit',
          auditRequests,
          PROJECTS.flatMap((project) => formats.map((format) => `project=${project}&format=${format}`)),
        );
        for (const [at, project] of PROJECTS.entries())
          reports.set(project, JSON.parse(answers[at * formats.length] ?? '') as AuditReport);
        const stored = sandbox.storage
          .objectNames(STATE, '')
          .map((name) => sandbox.storage.objectText(STATE, name) ?? '');
        said = [...answers, ...stored].join('\n');
      }),
    240_000,
  );

  it('has every mistake planted, and each is found', () => {
    const found = new Set([...reports.values()].flatMap(({ findings }) => findings.map(({ rule }) => rule)));
    expect(Object.keys(RULES).filter((rule) => !found.has(rule as keyof typeof RULES))).toEqual([]);
  });

  it('has one clean project, which passes all', () => {
    expect(reports.get(CLEAN)?.findings.map(({ detail }) => detail)).toEqual([]);
    const rules = reports.get(CLEAN)?.mistakes.flatMap((mistake) => mistake.rules) ?? [];
    expect(rules).toHaveLength(Object.keys(RULES).length);
    expect(rules.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(reports.get(CLEAN)?.score).toMatchObject({ points: 100, grade: 'A' });
  });

  it('says no planted value in any answer, log line or object', () => {
    expect(said).toContain('costguard-password');
    for (const value of PLANTED) expect(said.includes(value), value).toBe(false);
  });
});
