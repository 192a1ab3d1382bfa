import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditCommand } from '../../../deploy/commands/audit.ts';
import {
  BAD,
  CLEAN,
  leaveReceipts,
  POLICY,
  SECRETS,
  storeObject,
  withAudit,
  type AuditLab,
} from '../../support/guardrail-lab.ts';
import { startInstance } from '../../support/in-process.ts';
import { BUCKET, OPERATIONS } from '../../support/lab.ts';

const [BUDGET_ID] = /(?<=budgets\/)[0-9a-f-]{36}/.exec(POLICY) ?? [];

/** In a folder whose costguard.yaml is `policy`; with null it has none. */
async function runWith({ sandbox, instance }: AuditLab, policy: string | null, ...args: readonly string[]) {
  const folder = mkdtempSync(join(sandbox.folder, 'audit-'));
  if (policy !== null) writeFileSync(join(folder, 'costguard.yaml'), policy);
  const said = { out: '', err: '' };
  const code = await auditCommand(args, instance.runtime, {
    folder,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

const run = (lab: AuditLab, ...args: readonly string[]) => runWith(lab, POLICY, ...args);

describe('npm run audit', () => {
  it('prints the eight, the findings with their commands, and fails on what it was told to', () =>
    withAudit(async (lab) => {
      const bad = await run(lab, '--project', BAD, '--ops', OPERATIONS, '--fail-on', 'high');
      expect(bad.code, bad.err).toBe(1);
      expect(bad.out).toMatch(/^ml-everything: F, /);
      expect(bad.out).toContain('FAIL 6. Hard-coded credentials');
      expect(bad.out).toContain('gcloud iam service-accounts keys delete');
      const sarif = await run(lab, '--project', BAD, '--ops', OPERATIONS, '--format', 'sarif');
      expect(sarif.code).toBe(0);
      expect(JSON.parse(sarif.out)).toMatchObject({ version: '2.1.0' });
    }));

  it('prints no value of a secret in any format, nor in what it says when calls fail', () =>
    withAudit(async (lab) => {
      const said: string[] = [];
      const look = async (format: string) => {
        const { out, err } = await run(lab, '--project', BAD, '--ops', OPERATIONS, '--format', format);
        said.push(out, err);
      };
      for (const format of ['table', 'json', 'html', 'csv', 'sarif']) await look(format);
      for (const route of ['run.namespaces.services.list', 'compute.instances.aggregatedList'])
        lab.sandbox.faults.add({ route, fault: { kind: 'status', status: 403 } });
      await look('table');
      said.push(JSON.stringify(lab.instance.lines));
      const all = said.join('\n');
      expect(all).toContain('costguard-password');
      for (const [where, secret] of Object.entries(SECRETS))
        for (const shown of [secret, encodeURIComponent(secret), secret.split('\n')[1] ?? secret])
          expect(all.includes(shown), where).toBe(false);
    }));

  it('does not fail a clean project, and says of the switch what it could not look at', () =>
    withAudit(async (lab) => {
      await leaveReceipts(lab, CLEAN, {});
      const clean = await run(lab, '--project', CLEAN, '--ops', OPERATIONS, '--fail-on', 'critical');
      expect(clean.code, clean.out).toBe(0);
    }));

  it('takes the costguard.yaml of the folder, or the file that is named', () =>
    withAudit(async (lab) => {
      const args = ['--project', CLEAN, '--ops', OPERATIONS, '--format', 'json'] as const;
      expect((await run(lab, ...args)).code).toBe(0);
      const file = join(lab.sandbox.folder, 'other.yaml');
      writeFileSync(file, POLICY);
      expect((await runWith(lab, null, file, ...args)).code).toBe(0);
    }));

  it('checks the switch by the policy that it reads, where that lies in a bucket', () =>
    withAudit(async (lab) => {
      const [own = '', other] = [BUDGET_ID, '11111111-2222-3333-4444-555555555555'];
      startInstance(lab.sandbox, { name: 'budget-kill-switch', policy: POLICY });
      lab.sandbox.iam.bind({
        member: `guardrail-audit@${OPERATIONS}.iam.gserviceaccount.com`,
        role: 'roles/iam.serviceAccountTokenCreator',
        permissions: ['iam.serviceAccounts.getAccessToken'],
        on: `projects/${OPERATIONS}`,
      });
      await storeObject(lab, 'costguard.yaml', POLICY.replaceAll(own, other), CLEAN);
      const checked = async (...more: readonly string[]): Promise<string> => {
        const args = ['--project', CLEAN, '--ops', OPERATIONS, '--format', 'json', ...more];
        const { code, out, err } = await run(lab, ...args);
        expect([code, err]).toEqual([0, '']);
        return /"rule": "switch-preflight".*?"notes"/s.exec(out)?.[0] ?? '';
      };
      const reads = () =>
        lab.sandbox.callLog
          .calls('storage.objects.get')
          .filter(({ path }) => path.includes('costguard.yaml'))
          .map(({ principal, status }) => `${principal.split('@')[0] ?? ''} ${status}`);
      const byFile = await checked();
      expect([byFile.includes(own), byFile.includes(other), reads()]).toEqual([true, false, []]);
      const byUri = await checked('--policy-uri', `gs://${BUCKET}/costguard.yaml`);
      expect([byUri.includes(own), byUri.includes(other)]).toEqual([false, true]);
      expect(reads()).toEqual(['budget-kill-switch 200']);
    }));

  it.each([
    ['no policy', null, ['--ops', OPERATIONS], 'There is no costguard.yaml here: name the policy'],
    [
      'no section',
      'scope: [projects/ml-clean-prod]\n',
      ['--ops', OPERATIONS],
      'costguard.yaml: audit: the section',
    ],
    ['no operations project', POLICY, [], 'Name the operations project: --ops OPS.'],
  ])('says what is missing in one line, with exit code 2: %s', (_, policy, args, line) =>
    withAudit(async (lab) => {
      const { code, out, err } = await runWith(lab, policy, '--project', CLEAN, ...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err.split('\n')).toHaveLength(2);
      expect(err).toContain(line);
    }),
  );

  it.each([
    [[], /--project ID/],
    [['a.yaml', 'b.yaml', '--project', CLEAN], /Name one policy file/],
    [['--project', CLEAN, '--fail-on', 'bad'], /expected one of critical, high, medium, low/],
    [['--project', CLEAN, '--format', 'xml'], /expected one of table/],
    [['--project', 'No Id'], /expected a project id/],
    [['--project', CLEAN, '--policy-uri', './costguard.yaml'], /--policy-uri is .*expected gs:\/\/BUCKET/],
  ])('refuses %j', (args, message) =>
    withAudit(async (lab) => {
      const { code, err } = await run(lab, ...args);
      expect(code).toBe(2);
      expect(err).toMatch(message);
    }),
  );
});
