import { describe, expect, it } from 'vitest';
import type { AuditReport } from '../../../functions/guardrail-audit/report/report.ts';
import { RULES } from '../../../functions/guardrail-audit/rules/rules.ts';
import { BUCKET, OPERATIONS } from '../../support/lab.ts';
import {
  auditScenario,
  BAD,
  CLEAN,
  CLEAN_PROJECT,
  leaveReceipts,
  ORGANIZATION,
  POLICY,
  SECRETS,
  storeObject,
  TRIALS,
  withAudit,
} from '../../support/guardrail-lab.ts';

const decision = { evidence: {}, usdPerHour: 0, outcome: 'planned' };

/** What the other functions say of the project with all mistakes. */
const MISTAKES = {
  'idle-notebook-stopper': [
    {
      ...decision,
      resource: `projects/${BAD}/locations/us-central1-a/instances/always-on`,
      action: 'report',
      reason: 'idle-shutdown-off',
    },
  ],
  'lifecycle-enforcer': [
    {
      ...decision,
      resource: `projects/_/buckets/${BAD}-config`,
      action: 'patch',
      reason: 'no-rules',
      usdPerHour: 0.5,
      evidence: { lint: [{ code: 'soft-delete-bills', why: 'deleted objects bill' }] },
    },
  ],
  'egress-auditor': [
    {
      ...decision,
      resource: `projects/${BAD}`,
      action: 'report',
      reason: 'zone-pairs',
      usdPerHour: 1,
      evidence: { title: 'Two zones', command: 'gcloud x' },
    },
  ],
};

const rulesOf = (report: AuditReport, status: string) =>
  report.mistakes.flatMap(({ rules }) =>
    rules.filter((one) => one.status === status).map(({ rule }) => rule),
  );

describe('an audit of a project with all mistakes', () => {
  it('finds each of the eight', () =>
    withAudit(async (lab) => {
      await leaveReceipts(lab, BAD, MISTAKES);
      const { status, text } = await lab.get(`project=${BAD}&format=json`);
      expect(status, text).toBe(200);
      const report = JSON.parse(text) as AuditReport;
      expect(report.mistakes.map(({ status: one }) => one)).toEqual(Array(8).fill('fail'));
      // No budget covers it, so that none can be judged; its script may not be read.
      const fails = rulesOf(report, 'fail');
      expect(Object.keys(RULES).filter((rule) => !fails.some((one) => one === rule))).toEqual([
        'budget-thresholds',
        'budget-topic',
        'budget-credits',
        'secret-in-script',
        'staging-missing',
      ]);
      expect(rulesOf(report, 'not-evaluable')).toEqual([
        'budget-thresholds',
        'budget-topic',
        'budget-credits',
        'secret-in-script',
      ]);
      expect(report.score.grade).toBe('F');
    }));

  it('says no value of a secret in any answer, log line or stored object', () =>
    withAudit(async (lab) => {
      const said: string[] = [];
      for (const format of ['json', 'html', 'csv', 'sarif'])
        said.push((await lab.get(`project=${BAD}&format=${format}`)).text);
      said.push(JSON.stringify(lab.instance.lines));
      for (const name of lab.sandbox.storage.objectNames(BUCKET, 'receipts/'))
        said.push(lab.sandbox.storage.objectText(BUCKET, name) ?? '');
      const all = said.join('\n');
      expect(all).toContain('huggingface-access-token');
      expect(leaks(all)).toEqual([]);
    }));
});

/** Each planted value as it stands, in JSON, in an address, and by a line of it. */
function leaks(said: string): readonly string[] {
  return Object.entries(SECRETS)
    .filter(([, secret]) =>
      [
        secret,
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        secret.split('\n')[1] ?? secret,
      ].some((shown) => said.includes(shown)),
    )
    .map(([where]) => where);
}

describe('a credential in the metadata of the project', () => {
  it('is told by place, rule, length and digest, and taken out by a command', () =>
    withAudit(async ({ get }) => {
      const { text } = await get(`project=${BAD}`);
      const { findings } = JSON.parse(text) as AuditReport;
      const found = findings.filter(({ resource }) => resource === `projects/${BAD}`);
      expect(found.filter(({ rule }) => rule === 'secret-in-metadata')).toMatchObject([
        {
          place: 'project-metadata/startup-script',
          severity: 'critical',
          evidence: {
            pattern: 'costguard-password',
            length: SECRETS.inProjectMetadata.length,
            digest: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
          },
          commands: [
            expect.stringMatching(/^gcloud secrets create /) as string,
            `gcloud compute project-info remove-metadata --keys=startup-script --project=${BAD}`,
          ],
        },
      ]);
      expect(text).not.toContain(SECRETS.inProjectMetadata);
    }));

  it('may stand in a script that it names', () =>
    withAudit(async ({ get, sandbox }) => {
      sandbox.iam.bind({
        member: `guardrail-audit@${OPERATIONS}.iam.gserviceaccount.com`,
        role: 'roles/storage.objectViewer',
        permissions: ['storage.objects.get'],
        on: `buckets/${BAD}-config`,
      });
      const { text } = await get(`project=${BAD}`);
      const { findings } = JSON.parse(text) as AuditReport;
      expect(findings.filter(({ rule }) => rule === 'secret-in-script').map(({ place }) => place)).toEqual([
        `gs://${BAD}-config/every-machine.sh`,
      ]);
      expect(leaks(text)).toEqual([]);
    }));
});

describe('an error', () => {
  /** Listings whose answers hold planted values, and a field of each that is then of another form. */
  const LISTINGS = [
    ['compute.instances.aggregatedList', ['items', 'zones/us-central1-a', 'instances', 0, 'id']],
    ['compute.projects.get', ['commonInstanceMetadata', 'items']],
    ['notebooks*instances.list', ['instances', 0, 'labels']],
    ['cloudfunctions*functions.list', ['functions', 0, 'name']],
    ['run*services.list', ['items', 0, 'metadata']],
    ['aiplatform*customJobs.list', ['customJobs', 0, 'name']],
    ['aiplatform*pipelineJobs.list', ['pipelineJobs', 0, 'name']],
  ] as const;

  it.each(LISTINGS)('of %s says no value of a secret: another form, refused, down, not JSON', (route, at) =>
    withAudit(async ({ get, sandbox, instance }) => {
      const said: string[] = [];
      for (const fault of [
        { kind: 'field', at, value: 7 },
        { kind: 'status', status: 403 },
        { kind: 'status', status: 400 },
        { kind: 'html', status: 502 },
      ] as const) {
        sandbox.faults.add({ route, fault });
        for (const format of ['json', 'html']) said.push((await get(`project=${BAD}&format=${format}`)).text);
        sandbox.faults.clear();
      }
      for (const name of sandbox.storage.objectNames(BUCKET, ''))
        said.push(sandbox.storage.objectText(BUCKET, name) ?? '');
      said.push(JSON.stringify(instance.lines));
      expect(said.join('\n')).toContain('could not be read');
      expect(leaks(said.join('\n'))).toEqual([]);
    }),
  );

  it('of a bad request, or of a run that breaks off, says none either', () =>
    withAudit(async ({ get, sandbox, instance }) => {
      const said: string[] = [];
      for (const query of ['project=X', 'scope=some', `project=${BAD}&format=xml`, 'project=ml-elsewhere'])
        said.push((await get(query)).text);
      // An answer that is no object breaks the audit itself.
      for (const route of ['iam.projects.serviceAccounts.list', 'compute.instances.aggregatedList']) {
        sandbox.faults.add({ route, fault: { kind: 'body', body: '["not a page"]', after: true } });
        said.push((await get(`project=${BAD}`)).text);
        sandbox.faults.clear();
      }
      said.push(JSON.stringify(instance.lines));
      expect(leaks(said.join('\n'))).toEqual([]);
    }));
});

describe('the compiled specification of a pipeline', () => {
  it('is searched once for all runs of it, and tells where each credential is', () =>
    withAudit(async ({ get, sandbox }) => {
      const { findings } = JSON.parse((await get(`project=${BAD}`)).text) as AuditReport;
      const run = `projects/100000000003/locations/us-central1/pipelineJobs/12`;
      const places = findings.filter(({ resource }) => resource === run).map(({ place }) => place);
      expect(places.sort()).toEqual([
        'executors/exec-train/args/1/job_spec/worker_pool_specs/0/container_spec/env/DB_PASSWORD',
        'executors/exec-train/env/DATABRICKS',
        'parameters/registry/token',
        'root/parameters/shop',
      ]);
      expect(sandbox.callLog.calls('aiplatform.projects.locations.pipelineJobs.get')).toHaveLength(1);
    }));

  it('that cannot be read makes the rule not evaluable, and the parameters are still searched', () =>
    withAudit(async ({ get, sandbox }) => {
      sandbox.faults.add({
        route: 'aiplatform.projects.locations.pipelineJobs.get',
        fault: { kind: 'status', status: 403 },
      });
      const { mistakes, findings } = JSON.parse((await get(`project=${BAD}`)).text) as AuditReport;
      const rule = mistakes.flatMap(({ rules }) => rules).find((one) => one.rule === 'secret-in-job');
      expect(rule?.gaps.join()).toContain('the compiled specifications of 1 pipelines are not known');
      expect(findings.some(({ place }) => place === 'parameters/registry/token')).toBe(true);
    }));
});

describe('an audit of a clean project', () => {
  it('passes every rule', () =>
    withAudit(async (lab) => {
      await leaveReceipts(lab, CLEAN, {});
      const { status, text } = await lab.get(`project=${CLEAN}&format=json`);
      expect(status, text).toBe(200);
      const report = JSON.parse(text) as AuditReport;
      expect(report.findings).toEqual([]);
      expect(
        report.mistakes.flatMap(({ rules }) => rules).filter(({ status: one }) => one !== 'pass'),
      ).toEqual([]);
      expect(report.score).toMatchObject({ points: 100, grade: 'A' });
    }));

  it('has an A where it never switched on what it does not use', () =>
    withAudit(
      async (lab) => {
        await leaveReceipts(lab, CLEAN, {});
        const report = JSON.parse((await lab.get(`project=${CLEAN}`)).text) as AuditReport;
        expect(rulesOf(report, 'not-evaluable')).toEqual([
          ...['notebook-managed', 'tpu-idle', 'secret-in-environment', 'default-account'],
        ]);
        expect(report.score).toMatchObject({ points: 100, grade: 'A' });
        expect(report.score.how).toContain('4 rules left out: their API is off here');
      },
      auditScenario({
        projects: [
          { id: OPERATIONS, number: '100000000001', parent: ORGANIZATION },
          {
            ...CLEAN_PROJECT,
            parent: ORGANIZATION,
            disabledServices: ['notebooks', 'tpu', 'run', 'cloudfunctions'].map(
              (name) => `${name}.googleapis.com`,
            ),
          },
          { id: TRIALS, number: '100000000005', labels: { env: 'test' }, parent: ORGANIZATION },
        ],
      }),
      POLICY.replace(/^scope: .*$/m, `scope: [projects/${CLEAN}, projects/${TRIALS}]`),
    ));

  it('cannot be evaluated without the receipts of the other functions, and names the commands', () =>
    withAudit(async ({ get }) => {
      const report = JSON.parse((await get(`project=${CLEAN}`)).text) as AuditReport;
      expect(rulesOf(report, 'not-evaluable')).toEqual([
        'notebook-idle-shutdown',
        'lifecycle-missing',
        'lifecycle-ineffective',
        'egress-finding',
      ]);
      expect(report.score.grade).toBe('B');
      expect(JSON.stringify(report)).toContain('gcloud scheduler jobs run costguard-lifecycle-enforcer');
    }));

  it('is told from the audit before', () =>
    withAudit(async ({ get, sandbox }) => {
      const first = JSON.parse((await get(`project=${BAD}`)).text) as AuditReport;
      expect(first.trend).toBeNull();
      await sandbox.clock.advance(60_000);
      const second = JSON.parse((await get(`project=${BAD}`)).text) as AuditReport;
      expect(second.trend).toMatchObject({ added: 0, fixed: 0, change: 0, points: first.score.points });
      expect(second.digestKey).toBe(first.digestKey);
    }));

  it('is told from the audit before where the key of digests was damaged meanwhile', () =>
    withAudit(async ({ get, sandbox }) => {
      const first = JSON.parse((await get(`project=${BAD}`)).text) as AuditReport;
      await storeObject({ sandbox }, 'guardrail-audit/digest-key', '', BAD);
      await sandbox.clock.advance(60_000);
      const second = JSON.parse((await get(`project=${BAD}`)).text) as AuditReport;
      expect(second.digestKey).not.toBe(first.digestKey);
      expect(second.trend).toMatchObject({ added: 0, fixed: 0, open: first.findings.length });
      expect(second.findings.filter(({ isNew }) => isNew !== false)).toEqual([]);
    }));
});
