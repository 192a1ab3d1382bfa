import { describe, expect, it } from 'vitest';
import { auditTick } from '../../../functions/guardrail-audit/function.ts';
import type { ScopeReport } from '../../../functions/guardrail-audit/report/scope.ts';
import { eventOf } from '../../support/in-process.ts';
import { BUCKET, OPERATIONS, START } from '../../support/lab.ts';
import { BAD, CLEAN, withAudit, type AuditLab } from './lab.ts';

const OWN_TOPIC = `projects/${OPERATIONS}/topics/costguard-guardrail-audit`;

function tick({ instance }: AuditLab, text: string): Promise<void> {
  return auditTick(instance.runtime, eventOf(OWN_TOPIC, { text, publishTime: START }));
}

describe('the weekly tick', () => {
  it('becomes one message a project, each of which ends in a receipt', () =>
    withAudit(async (lab) => {
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
      await auditTick(runtime, eventOf(OWN_TOPIC, { text: '{}', publishTime: START }));
      expect(sent).toEqual(
        [CLEAN, 'ml-clean-test', BAD].sort().map((project) => JSON.stringify({ project })),
      );
      await tick(lab, JSON.stringify({ project: CLEAN }));
      const [name = ''] = lab.sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/');
      const receipt = lab.sandbox.storage.objectText(BUCKET, name) ?? '';
      expect(receipt).toContain('"reason":"score"');
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
      await expect(tick(lab, JSON.stringify({ project: CLEAN }))).rejects.toThrow(/HTTP 503/);
      expect(lab.sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/')).toHaveLength(1);
    }));
});

describe('GET /?scope=all', () => {
  it('joins the newest receipts, and names the projects without one', () =>
    withAudit(async (lab) => {
      await tick(lab, JSON.stringify({ project: BAD }));
      await tick(lab, JSON.stringify({ project: CLEAN }));
      const { status, text } = await lab.get('scope=all&format=json');
      expect(status, text).toBe(200);
      const report = JSON.parse(text) as ScopeReport;
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

describe('a request', () => {
  it.each([
    ['project=ml-elsewhere', 403],
    ['project=X', 400],
    ['proj=ml-everything', 400],
    ['', 400],
    [`project=${CLEAN}&format=xml`, 400],
  ])('%s is answered with %d', (query, expected) =>
    withAudit(async ({ get }) => {
      const { status, text } = await get(query);
      expect(status, text).toBe(expected);
    }),
  );
});
