import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from '../../functions/guardrail-audit/report/report.ts';
import type { ScopeReport } from '../../functions/guardrail-audit/report/scope.ts';
import type { Notice } from '../../shared/notify/notice.ts';
import { gcloudMissing } from '../sandbox/gcloud/gcloud.ts';
import { subscribeToReceipts } from '../support/installed.ts';
import { needs } from '../support/needs.ts';
import { contradictions } from '../support/witness.ts';
import { readmeCommands } from './e2e/read-me.ts';
import {
  BUCKET,
  BY_HAND,
  FOLDER,
  LAB,
  OPS,
  ORGANIZATION,
  REGION,
  RUNAWAY,
  SCENARIO,
} from './e2e/scenario.ts';
import { openSite, type Site } from './e2e/site.ts';

const NAME = 'guardrail-audit';
const RECEIPTS = `receipts/${NAME}/`;
const NOTICES = `projects/${OPS}/topics/costguard-notices`;
const ADA = 'ada@example.com';
const EVE = 'eve@example.com';
const PASSWORD = 'Tr0ub4dor-on-a-w1re';

const POLICY = `mode: enforce
scope: [${FOLDER}, projects/${RUNAWAY}]
state: gs://${BUCKET}
notify: { channels: [{ kind: topic, topic: ${NOTICES} }] }
budgets: { mode: observe, allow: [${BY_HAND}] }
audit: { jobs: { dataScientists: ['group:scientists@example.com'] } }
`;

/** The deployment's scenario, and a password in a notebook's script. */
const scenario = {
  ...SCENARIO,
  projects: SCENARIO.projects.map((project) => ({
    ...project,
    notebooks: project.notebooks.map((notebook) =>
      notebook.id === 'forgotten'
        ? { ...notebook, metadata: { 'startup-script': `#!/bin/bash\nexport DB_PASSWORD=${PASSWORD}\n` } }
        : notebook,
    ),
  })),
};

/** The one function, deployed with the real gcloud, called and run as its README says. */
describe('guardrail-audit, deployed', needs(gcloudMissing(), { timeout: 1_800_000 }), () => {
  let site: Site;
  let published: () => readonly string[];

  const run = async (command: string, account?: string): Promise<string> => {
    const variables = account === undefined ? {} : site.sandbox.signedInEnvironment(account);
    const { code, stdout, output } = await site.shell(command, { CLOUDSDK_CORE_PROJECT: OPS, ...variables });
    expect(code, output).toBe(0);
    return stdout;
  };
  const place = [['REGION', REGION], ['OPS', OPS]] as const; // prettier-ignore
  const receipts = (): readonly string[] => site.sandbox.storage.objectNames(BUCKET, RECEIPTS);
  const digests = (): readonly Notice[] => [
    ...new Map(
      published()
        .map((text) => JSON.parse(text) as Notice)
        .map((notice) => [notice.id, notice]),
    ).values(),
  ];

  beforeAll(async () => {
    site = await openSite(scenario, [NAME]);
    site.policy('costguard.yaml', POLICY);
    await run(
      'gcloud services enable pubsub.googleapis.com && gcloud pubsub topics create costguard-notices',
    );
    for (const member of [ADA, EVE])
      site.sandbox.iam.bind({
        member,
        role: 'roles/cloudfunctions.viewer',
        permissions: ['cloudfunctions.functions.get'],
        on: `projects/${OPS}`,
      });
    const deployed = await site.script(
      'deploy',
      NAME,
      '--policy=costguard.yaml',
      `--project=${OPS}`,
      `--region=${REGION}`,
      `--invoker=user:${ADA}`,
    );
    expect(deployed.code, deployed.output).toBe(0);
    // The scope is a folder: what stands above it an administrator grants.
    const above = [['ORGANIZATION', ORGANIZATION.split('/')[1] ?? ''], ['OPS', OPS]] as const; // prettier-ignore
    await run(readmeCommands(NAME, 'gcloud organizations', above));
    published = subscribeToReceipts(site.sandbox, NOTICES);
  });
  afterAll(async () => {
    await site.close();
  });

  it('answers an invoker with the audit of a project, which lacks no right, and leaves its receipt', async () => {
    const command = readmeCommands(NAME, 'URL=', [...place, ['ml-research', LAB]]);
    const report = JSON.parse(await run(command, ADA)) as AuditReport;
    expect(report.project).toBe(LAB);
    expect(report.findings.map(({ rule }) => rule)).toContain('secret-in-metadata');
    const unread = report.mistakes.flatMap(({ rules }) => rules.flatMap(({ gaps }) => gaps));
    // What the other functions would say: none of them is deployed.
    expect(unread.filter((why) => !why.includes('left no receipt'))).toEqual([]);
    expect(receipts()).toHaveLength(1);
    expect(JSON.stringify(report)).not.toContain(PASSWORD);
  });

  it('looks at the whole scope without a project, for an invoker and no other caller', async () => {
    const command = readmeCommands(NAME, 'URL=', place).replace('?project=ml-research', '?format=json');
    const report = JSON.parse(await run(command, ADA)) as ScopeReport;
    expect(report.projects.map(({ project }) => project).sort()).toEqual([LAB, RUNAWAY]);
    const status = command.replace('curl ', `curl -sS -o /dev/null -w '%{http_code}' `);
    expect(await run(status, EVE)).toBe('403');
  });

  it('is run by its weekly Scheduler job: a receipt a project, and one digest', async () => {
    const before = receipts().length;
    await run(readmeCommands(NAME, 'gcloud scheduler jobs run', place));
    await site.sandbox.pubsub.idle();
    expect(receipts()).toHaveLength(before + 2);
    // By the roles that deploy.sh bound, which add objects to these folders and delete none.
    const noted = site.sandbox.storage.objectNames(BUCKET, 'guardrail-audit/');
    expect(noted.filter((name) => name.endsWith('/done'))).toHaveLength(2);
    expect(noted.filter((name) => name.endsWith('.told'))).toHaveLength(1);
    expect(noted.filter((name) => name.endsWith('.failed'))).toEqual([]);
    const [digest, ...others] = digests();
    expect(others).toEqual([]);
    expect(digest?.title).toMatch(/^Guardrail audit of \d{4}-W\d\d: 2 of 2 projects with findings/);
    expect(digest?.items).toHaveLength(2);
    const said = [...receipts().map((name) => site.sandbox.storage.objectText(BUCKET, name)), ...published()];
    expect(said.join('\n')).toContain('secret-in-metadata');
    expect(said.join('\n')).not.toContain(PASSWORD);
  });

  it('requested nothing that Google does not serve', () => {
    const calls = site.sandbox.callLog.calls();
    expect(calls.filter(({ id }) => id.startsWith('unknown:')).map(({ id }) => id)).toEqual([]);
    expect(contradictions(calls)).toEqual([]);
    const own = calls.filter(({ principal }) => principal === `${NAME}@${OPS}.iam.gserviceaccount.com`);
    expect(own.filter(({ status }) => status === 403).map(({ id }) => id)).toEqual([]);
  });
});
