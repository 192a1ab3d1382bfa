import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { auditRequests, auditTick } from '../../../functions/guardrail-audit/function.ts';
import type { AuditReport } from '../../../functions/guardrail-audit/report/report.ts';
import type { ScopeReport } from '../../../functions/guardrail-audit/report/scope.ts';
import { LEASE_MS } from '../../../functions/guardrail-audit/tick/claim.ts';
import { handleRequest } from '../../../shared/run/handle-request.ts';
import { eventOf, startInstance, withHttpFunction } from '../../support/in-process.ts';
import { BUCKET, OPERATIONS, RECEIPTS_TOPIC, START } from '../../support/lab.ts';
import { auditScenario, BAD, CLEAN, POLICY, withAudit, type AuditLab } from '../../support/guardrail-lab.ts';
import { isScope, problemsOf } from '../../support/guardrail-schemas.ts';

const TRIALS = 'ml-clean-test';

const OWN_TOPIC = `projects/${OPERATIONS}/topics/costguard-guardrail-audit`;

function tick({ instance }: AuditLab, text: string): Promise<void> {
  return auditTick(instance.runtime, eventOf(OWN_TOPIC, { text, publishTime: START }));
}
describe('the weekly tick', () => {
  it('becomes one message a project, the same in each delivery, each of which ends in one receipt', () =>
    withAudit(async (lab) => {
      const { sandbox } = lab;
      const sent: string[] = [];
      const { clients } = lab.instance.runtime;
      const runtime = {
        ...lab.instance.runtime,
        clients: {
          ...clients,
          publish: (_topic: string, data: string) => {
            sent.push(data);
            return Promise.resolve();
          },
        },
      };
      const deliver = (message: object): Promise<void> => auditTick(runtime, eventOf(OWN_TOPIC, message));
      const weekly = { text: '{}', publishTime: START, messageId: '71' };
      await deliver(weekly);
      await sandbox.clock.advance(60_000);
      await deliver(weekly);
      expect(sent.slice(0, 3)).toEqual(sent.slice(3));
      expect(sent.slice(0, 3).map((text) => JSON.parse(text) as unknown)).toEqual(
        [CLEAN, TRIALS, BAD]
          .sort()
          .map((project) => ({ project, tick: { id: '71', publishedMs: Date.parse(START) } })),
      );
      const text = sent.find((one) => one.includes(TRIALS)) ?? '';
      for (const [at, publishTime] of [START, '2026-11-18T21:41:00Z', '2026-11-19T03:00:00Z'].entries())
        await deliver({ text, messageId: `8${at}`, publishTime });
      const receipts = sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/');
      expect(receipts).toHaveLength(1);
      expect(sandbox.storage.objectText(BUCKET, receipts[0] ?? '')).toContain('"reason":"score"');
      const line = `Nothing to do on "${TRIALS}": its audit for the tick 71 is done`;
      for (const one of lab.instance.lines.slice(-2))
        expect(one).toEqual({ severity: 'INFO', message: line, function: 'guardrail-audit' });
      expect(sandbox.storage.objectNames(BUCKET, 'guardrail-audit/ticks/')).toEqual(
        ['claim-1', 'done'].map((name) => `guardrail-audit/ticks/71/${TRIALS}/${name}`),
      );
      // A tick of its own, as a user sends it, and a request look anew.
      await deliver({ text: JSON.stringify({ project: TRIALS }), messageId: '90', publishTime: START });
      await lab.get(`project=${TRIALS}`);
      expect(sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/')).toHaveLength(3);
    }));

  it('audits a project once where its message is delivered fifty times at once', () =>
    withAudit(async (lab) => {
      const text = JSON.stringify({ project: TRIALS });
      const deliveries = await Promise.allSettled(Array.from({ length: 50 }, () => tick(lab, text)));
      const stored = () => lab.sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/');
      expect(stored()).toHaveLength(1);
      const failed = deliveries.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
      for (const why of failed)
        expect(why).toMatch(/BusyError: Cannot audit .* another run is at work on it/);
      // They come again, and then it is done.
      await tick(lab, text);
      expect(stored()).toHaveLength(1);
    }));

  it('audits again where a run is killed, once its claim is older than an event can run', () =>
    withAudit(async (lab) => {
      const { sandbox } = lab;
      const text = JSON.stringify({ project: TRIALS });
      sandbox.faults.add({
        route: 'iam.projects.serviceAccounts.list',
        fault: { kind: 'timeout' },
        count: 1,
      });
      // It ends when its time is up.
      tick(lab, text).catch(() => undefined);
      await expect
        .poll(() => sandbox.callLog.calls().some(({ fault }) => fault === 'timeout'), { timeout: 30_000 })
        .toBe(true);
      lab.instance.kill();
      const next = { ...lab, instance: startInstance(sandbox, { name: 'guardrail-audit', policy: POLICY }) };
      await expect(tick(next, text)).rejects.toThrow(/another run is at work on it/);
      await sandbox.clock.advance(LEASE_MS);
      await tick(next, text);
      expect(sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/')).toHaveLength(1);
    }));

  it('acknowledges a project outside of the scope and keeps a message that is none', () =>
    withAudit(async (lab) => {
      await tick(lab, JSON.stringify({ project: 'ml-elsewhere' }));
      await tick(lab, 'audit please');
      expect(lab.sandbox.storage.objectNames(BUCKET, 'poison/')).toHaveLength(1);
      expect(JSON.stringify(lab.instance.lines)).toContain('outside the policy');
    }));

  it('fails where an API does not answer, after its receipt', () =>
    withAudit(async (lab) => {
      lab.sandbox.faults.add({
        route: 'run.namespaces.services.list',
        fault: { kind: 'status', status: 503 },
      });
      const text = JSON.stringify({ project: CLEAN });
      await expect(tick(lab, text)).rejects.toThrow(/HTTP 503/);
      const stored = () => lab.sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/').length;
      expect(stored()).toBe(1);
      // The next delivery sees more, at once, and then it is done.
      lab.sandbox.faults.clear();
      for (let delivery = 2; delivery <= 3; delivery++) await tick(lab, text);
      expect(stored()).toBe(2);
    }));

  it.each([
    ['store', { route: 'storage.objects.insert', skip: 2 }],
    ['publish', { route: 'pubsub.projects.topics.publish' }],
  ])('is not done where Google refuses to %s the receipt', (what, fault) =>
    withAudit(
      async (lab) => {
        const text = JSON.stringify({ project: CLEAN });
        lab.sandbox.faults.add({ ...fault, fault: { kind: 'status', status: 403 }, count: 1 });
        await expect(tick(lab, text)).rejects.toThrow(/HTTP 403/);
        expect(JSON.stringify(lab.instance.lines)).toContain(`Cannot ${what} the receipt`);
        await tick(lab, text);
        expect(lab.sandbox.callLog.calls().filter(({ fault: met }) => met !== undefined)).toHaveLength(1);
        const names = lab.sandbox.storage.objectNames(BUCKET, 'guardrail-audit/ticks/');
        expect(names.map((name) => name.split('/').at(-1))).toEqual([
          'claim-1',
          'claim-1.failed',
          'claim-2',
          'done',
        ]);
      },
      undefined,
      `${POLICY}receipts: ${RECEIPTS_TOPIC}\n`,
    ),
  );
});

describe('GET /?scope=all', () => {
  it('joins the newest receipts, and names the projects without one', () =>
    withAudit(async (lab) => {
      await tick(lab, JSON.stringify({ project: BAD }));
      await tick(lab, JSON.stringify({ project: CLEAN }));
      const { status, text } = await lab.get('scope=all&format=json');
      expect(status, text).toBe(200);
      const report = JSON.parse(text) as ScopeReport;
      expect(problemsOf(isScope, report)).toEqual([]);
      expect(report.projects.map(({ project, audit }) => [project, audit?.grade ?? null])).toEqual([
        [BAD, 'F'],
        [CLEAN, 'B'],
        ['ml-clean-test', null],
      ]);
      expect(report.total).toMatchObject({ projects: 3, audited: 2 });
      expect(report.byOwner.map(({ key }) => key).sort()).toEqual(['grace', 'no owner']);
      expect(report.byLabel.map(({ key }) => key).sort()).toEqual(['env=prod', 'env=test', 'owner=grace']);
      expect(report.mistakes.find(({ id }) => id === 'credentials')).toMatchObject({
        failed: 1,
        notEvaluable: 1,
      });
      expect((await lab.get('scope=all&format=csv')).text.split('\r\n')[0]).toContain('project,parent');
      expect((await lab.get('scope=all&format=html')).text).toContain('over all projects');
      expect((await lab.get('scope=all&format=sarif')).status).toBe(400);
      expect((await lab.get(`scope=all&project=${BAD}`)).status).toBe(400);
    }));
});

describe('GET / without a project', () => {
  const GONE = 'ml-nowhere';
  const WIDER = POLICY.replace('scope: [', `scope: [projects/${GONE}, `);
  type Live = Omit<ScopeReport, 'projects'> & {
    readonly projects: readonly (AuditReport | { readonly project: string; readonly why: string })[];
  };

  it('looks at each project of the scope, sends it as it is done, and leaves its receipt', () =>
    withAudit(async ({ get, sandbox }) => {
      const { status, text } = await get('format=json');
      expect(status, text).toBe(200);
      const { projects, total, byOwner, byFolder } = JSON.parse(text) as Live;
      expect(problemsOf(isScope, JSON.parse(text))).toEqual([]);
      expect(projects.map(({ project }) => project)).toEqual([CLEAN, TRIALS, BAD]);
      const reports = projects.flatMap((one) => ('findings' in one ? [one] : []));
      expect(total).toMatchObject({
        projects: 3,
        audited: 3,
        findings: reports.reduce((sum, { findings }) => sum + findings.length, 0),
      });
      expect(byOwner.map(({ key, projects: count }) => [key, count]).sort()).toEqual([
        ['grace', 1],
        ['no owner', 2],
      ]);
      expect(byFolder.map(({ key }) => key)).toEqual(['organizations/900100']);
      expect(sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/')).toHaveLength(3);
      for (const { project, apiCalls, findings } of reports) {
        const alone = JSON.parse((await get(`project=${project}`)).text) as AuditReport;
        expect(findings.map(({ fingerprint }) => fingerprint)).toEqual(
          alone.findings.map(({ fingerprint }) => fingerprint),
        );
        expect(apiCalls['iam.serviceAccounts.list']).toBe(1);
      }
    }));

  it('says a project that cannot be audited in its place, in every format', () =>
    withAudit(
      async (lab) => {
        const { get } = lab;
        const { projects, total } = JSON.parse((await get('format=json')).text) as Live;
        expect(total).toMatchObject({ projects: 4, audited: 4 });
        // Nothing can be read of what does not exist: no rule is passed.
        const gone = projects.find(({ project }) => project === GONE);
        expect(gone).toMatchObject({ score: { failedWeight: 0 } });
        const rows = parse<Record<string, string>>((await get('format=csv')).text, { columns: true });
        expect(new Set(rows.map(({ project }) => project))).toEqual(new Set([BAD, CLEAN, TRIALS, GONE]));
        const sarif = JSON.parse((await get('format=sarif')).text) as { readonly runs: readonly object[] };
        expect(sarif.runs).toHaveLength(4);
        expect((await get('format=html')).text).toContain('Looked at now');
      },
      undefined,
      WIDER,
    ));

  it('begins no project for which no time is left, and says so', () =>
    withAudit(async ({ instance, sandbox }) => {
      const receipts = () => sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/').length;
      // The first project takes nearly all of the eight minutes.
      const now = () => new Date(sandbox.clock.now() + receipts() * 470_000);
      await withHttpFunction(
        (request, response) => handleRequest({ ...instance.runtime, now }, request, response, auditRequests),
        async (url) => {
          const { projects, total } = (await (await fetch(url)).json()) as Live;
          expect(projects.map((one) => ('why' in one ? one.why : 'audited'))).toEqual([
            'audited',
            expect.stringContaining('the time of this request was over'),
            expect.stringContaining('the time of this request was over'),
          ]);
          expect(total).toMatchObject({ projects: 3, audited: 1 });
          expect(receipts()).toBe(1);
        },
      );
    }));
});

describe('a project in deletion that the scope names', () => {
  const GONE = 'ml-shut-down';
  const scenario = auditScenario();
  const [first] = scenario.projects;
  const withGone = {
    ...scenario,
    projects: [
      ...scenario.projects,
      ...(first === undefined
        ? []
        : [{ ...first, id: GONE, number: '79', state: 'DELETE_REQUESTED' as const }]),
    ],
  };

  it('is said to be in deletion, and not audited: by a request, over the scope, by a tick, in its receipts', () =>
    withAudit(
      async (lab) => {
        const { status, text } = await lab.get(`project=${GONE}`);
        expect([status, text]).toEqual([404, expect.stringContaining('it is in deletion')]);
        const { projects, total } = JSON.parse((await lab.get('format=json')).text) as {
          readonly projects: readonly object[];
          readonly total: object;
        };
        const said: unknown = expect.stringContaining('in deletion');
        expect(projects).toContainEqual({ project: GONE, why: said });
        expect(total).toMatchObject({ projects: 3, audited: 2 });
        await tick(lab, JSON.stringify({ project: GONE }));
        expect(lab.instance.lines).toContainEqual(
          expect.objectContaining({ severity: 'INFO', message: said }),
        );
        expect(JSON.stringify(lab.instance.lines)).not.toContain('"severity":"ERROR"');
        const stored = JSON.parse((await lab.get('scope=all&format=json')).text) as ScopeReport;
        expect(stored.projects.find(({ project }) => project === GONE)).toMatchObject({
          audit: null,
          why: said,
        });
        expect(lab.sandbox.callLog.calls('compute.instances.aggregatedList').length).toBe(2);
      },
      withGone,
      POLICY.replace(`projects/${BAD}`, `projects/${GONE}`),
    ));
});

describe('a request', () => {
  it.each([
    ['project=ml-elsewhere', 403],
    ['project=X', 400],
    ['proj=ml-everything', 400],
    [`scope=all&project=${CLEAN}`, 400],
    ['scope=some', 400],
    [`project=${CLEAN}&format=xml`, 400],
  ])('%s is answered with %d', (query, expected) =>
    withAudit(async ({ get }) => {
      const { status, text } = await get(query);
      expect(status, text).toBe(expected);
    }),
  );
});
