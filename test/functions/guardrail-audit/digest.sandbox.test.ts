import { describe, expect, it } from 'vitest';
import { auditTick } from '../../../functions/guardrail-audit/function.ts';
import type { Notice } from '../../../shared/notify/notice.ts';
import { eventOf } from '../../support/in-process.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { BUCKET, OPERATIONS, RECEIPTS_TOPIC, START } from '../../support/lab.ts';
import { auditScenario, BAD, CLEAN, POLICY, SECRETS, withAudit, type AuditLab } from './lab.ts';

const TRIALS = 'ml-clean-test';
const OWN_TOPIC = `projects/${OPERATIONS}/topics/costguard-guardrail-audit`;
const TOLD = `${POLICY}receipts: ${RECEIPTS_TOPIC}\nnotify:\n  channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]\n  ownerLabel: owner\n`;

const tick = ({ instance }: AuditLab, project: string): Promise<void> =>
  auditTick(
    instance.runtime,
    eventOf(OWN_TOPIC, {
      text: JSON.stringify({ project }),
      messageId: `15${project.length}`,
      publishTime: START,
    }),
  );

/** What was told so far, each message once: one that nobody acknowledges comes again, and its id says which it is. */
function withDigest(test: (lab: AuditLab, told: () => readonly Notice[]) => Promise<void>): Promise<void> {
  return withAudit(
    async (lab) => {
      const published = subscribeToReceipts(lab.sandbox);
      await test(lab, () =>
        published()
          .map((text) => JSON.parse(text) as Notice | { readonly items?: undefined })
          .filter((one): one is Notice => one.items !== undefined),
      );
    },
    auditScenario(),
    TOLD,
  );
}

describe('the digest of the weekly tick', () => {
  it('is one message when the last project of the scope is done, with a line a project', () =>
    withDigest(async (lab, told) => {
      await tick(lab, BAD);
      await tick(lab, CLEAN);
      expect(told()).toEqual([]);
      await tick(lab, TRIALS);
      const [digest, ...others] = told();
      expect(others).toEqual([]);
      expect(digest?.id).toBe('guardrail-audit/2026-W47');
      expect(digest?.title).toMatch(
        /^Guardrail audit of 2026-W47: 2 of 3 projects with findings, \$[\d,]+.* a month at stake/,
      );
      const [first] = digest?.items ?? [];
      expect(first?.text).toMatch(
        /^ml-everything: F, [\d.]+ of 100 points; \d+ findings; .* npm run audit -- --project ml-everything$/,
      );
      expect(digest?.items.find(({ resource }) => resource === `projects/${CLEAN}`)?.owner).toBe('grace');
      for (const secret of Object.values(SECRETS)) expect(JSON.stringify(digest)).not.toContain(secret);
    }));

  it('is not told again by a second delivery, nor by a tick of the same week', () =>
    withDigest(async (lab, told) => {
      for (const project of [BAD, CLEAN, TRIALS, TRIALS, BAD]) await tick(lab, project);
      expect(told()).toHaveLength(1);
    }));

  it('comes although a project could not be audited, and says so', () =>
    withDigest(async (lab, told) => {
      await tick(lab, BAD);
      await tick(lab, CLEAN);
      lab.sandbox.faults.add({
        route: 'iam.projects.serviceAccounts.list',
        fault: { kind: 'status', status: 503 },
      });
      await expect(tick(lab, TRIALS)).rejects.toThrow(/HTTP 503/);
      expect(told()).toHaveLength(1);
    }));

  it('needs a channel: without one nothing is noted', () =>
    withAudit(async (lab) => {
      for (const project of [BAD, CLEAN, TRIALS]) await tick(lab, project);
      expect(lab.sandbox.storage.objectNames(BUCKET, 'guardrail-audit/digests/')).toEqual([]);
    }));
});
