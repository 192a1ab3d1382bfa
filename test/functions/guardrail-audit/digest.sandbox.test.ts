import { describe, expect, it } from 'vitest';
import { auditTick } from '../../../functions/guardrail-audit/function.ts';
import { LEASE_MS } from '../../../functions/guardrail-audit/tick/claim.ts';
import type { Notice } from '../../../shared/notify/notice.ts';
import { eventOf, startInstance } from '../../support/in-process.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { BUCKET, OPERATIONS, RECEIPTS_TOPIC, START } from '../../support/lab.ts';
import {
  auditScenario,
  BAD,
  CLEAN,
  ORGANIZATION,
  POLICY,
  SECRETS,
  storeObject,
  withAudit,
  type AuditLab,
} from '../../support/guardrail-lab.ts';

const TRIALS = 'ml-clean-test';
const WEEK_MS = 7 * 86_400_000;
const OWN_TOPIC = `projects/${OPERATIONS}/topics/costguard-guardrail-audit`;
const TOLD = `${POLICY}receipts: ${RECEIPTS_TOPIC}\nnotify:\n  channels: [{kind: topic, topic: ${RECEIPTS_TOPIC}}]\n  ownerLabel: owner\n`;

/** A project's message of the tick of a week; the same message each time it is called so. */
const tick = ({ instance }: AuditLab, project: string, week = 0): Promise<void> =>
  auditTick(
    instance.runtime,
    eventOf(OWN_TOPIC, {
      text: JSON.stringify({ project }),
      messageId: `15${project.length}${week}`,
      publishTime: new Date(Date.parse(START) + week * WEEK_MS).toISOString(),
    }),
  );

/** What was told so far, each message once: one that is not acknowledged comes again, and its id says which it is. */
function withDigest(
  test: (lab: AuditLab, told: () => readonly Notice[]) => Promise<void>,
  policy = TOLD,
): Promise<void> {
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
    policy,
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
        /^Guardrail audit of 2026-W47: 2 of 3 projects with findings, at least \$[\d,]+.* a month at stake/,
      );
      const [first] = digest?.items ?? [];
      expect(first?.text).toMatch(
        /^ml-everything: F, [\d.]+ of 100 points; \d+ findings; .* npm run audit -- --project ml-everything$/,
      );
      expect(digest?.items.find(({ resource }) => resource === `projects/${CLEAN}`)?.owner).toBe('grace');
      for (const secret of Object.values(SECRETS)) expect(JSON.stringify(digest)).not.toContain(secret);
    }));

  it('names what is new and fixed since the week before, also after a delivery that failed, and what has no audit of this week', () =>
    withDigest(async (lab, told) => {
      const { sandbox } = lab;
      for (const project of [BAD, CLEAN]) await tick(lab, project);
      const on = `projects/${BAD}`;
      sandbox.iam.unbind(({ role, member }) => role === 'roles/editor' && member === 'ada@example.com');
      sandbox.iam.bind({ member: 'new@example.com', role: 'roles/owner', permissions: 'all', on });
      await sandbox.clock.advance(WEEK_MS);
      // Its receipt is no audit to compare with for the next delivery.
      const unavailable = { kind: 'status', status: 503 } as const;
      sandbox.faults.add({ route: 'run.namespaces.services.list', fault: unavailable });
      await expect(tick(lab, BAD, 1)).rejects.toThrow(/HTTP 503/);
      sandbox.faults.clear();
      await sandbox.clock.advance(60_000);
      await tick(lab, BAD, 1);
      // It ended without a receipt.
      await storeObject(lab, `guardrail-audit/digests/2026-W48/${CLEAN}`, '{}', CLEAN);
      await tick(lab, TRIALS, 1);
      const [digest] = told();
      const text = digest?.items[0]?.text;
      expect(text).toContain(' New: basic-role (roles/owner/user:new@example.com)');
      expect(text).toMatch(/ Fixed: .*basic-role \(roles\/editor\/user:ada@example.com\)/);
      expect(digest?.title).toContain('1 not audited');
      expect(digest?.items.find(({ resource }) => resource === `projects/${CLEAN}`)?.text).toBe(
        `${CLEAN}: not audited, so what it costs and lacks is unknown: guardrail-audit left no receipt about the project since 2026-11-23`,
      );
    }));

  it('is told where the run that was about to send it is killed: its event comes again', () =>
    withDigest(async (lab, told) => {
      const { sandbox, instance } = lab;
      await tick(lab, BAD);
      await tick(lab, CLEAN);
      // Its receipt arrives, the digest does not, and the process ends while it waits.
      sandbox.faults.add({
        route: 'pubsub.projects.topics.publish',
        fault: { kind: 'timeout' },
        skip: 1,
        count: 1,
      });
      // It ends when its time is up.
      tick(lab, TRIALS).catch(() => undefined);
      await expect
        .poll(() => sandbox.callLog.calls().some(({ fault }) => fault === 'timeout'), { timeout: 30_000 })
        .toBe(true);
      instance.kill();
      expect(told()).toEqual([]);
      const next = { ...lab, instance: startInstance(sandbox, { name: 'guardrail-audit', policy: TOLD }) };
      // Another one that ends late leaves it to the run that began; that one is delivered again.
      await tick(next, BAD);
      expect(told()).toEqual([]);
      // It may still be at work.
      await expect(tick(next, TRIALS)).rejects.toThrow(
        /Cannot tell the digest of 2026-W47: another delivery/,
      );
      await sandbox.clock.advance(LEASE_MS);
      await tick(next, TRIALS);
      await tick(next, TRIALS);
      expect(sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/')).toHaveLength(3);
      expect(told().map(({ id }) => id)).toEqual(['guardrail-audit/2026-W47']);
    }));

  it('is not told again by a second delivery, nor by a tick of the same week', () =>
    withDigest(async (lab, told) => {
      for (const project of [BAD, CLEAN, TRIALS, TRIALS, BAD]) await tick(lab, project);
      await tick(lab, BAD, 0.2);
      expect(told()).toHaveLength(1);
    }));

  it('is one where fifty deliveries of the last audits of a scope end at once', () =>
    withDigest(async (lab, told) => {
      const { sandbox } = lab;
      for (const project of [BAD, CLEAN, TRIALS])
        await storeObject(lab, `guardrail-audit/ticks/15${project.length}0/${project}/done`, '{}', project);
      for (const project of [BAD, CLEAN])
        await storeObject(lab, `guardrail-audit/digests/2026-W47/${project}`, '{}', project);
      const deliveries = await Promise.allSettled(
        Array.from({ length: 50 }, (_, at) => tick(lab, [TRIALS, CLEAN, BAD][at % 3] ?? '')),
      );
      expect(told().map(({ id }) => id)).toEqual(['guardrail-audit/2026-W47']);
      for (const one of deliveries)
        if (one.status === 'rejected') expect(String(one.reason)).toContain('is at work on it');
      for (const project of [BAD, CLEAN, TRIALS]) await tick(lab, project);
      expect(told()).toEqual([]);
      expect(sandbox.storage.objectNames(BUCKET, 'guardrail-audit/digests/2026-W47.claims/')).toHaveLength(1);
    }));

  it('is not held back by a project whose audits are killed one after the other', () =>
    withDigest(async (lab, told) => {
      const { sandbox } = lab;
      for (const project of [BAD, CLEAN]) await tick(lab, project);
      const hang = { kind: 'timeout' } as const;
      sandbox.faults.add({ route: 'iam.projects.serviceAccounts.list', fault: hang });
      const timeouts = () => sandbox.callLog.calls().filter(({ fault }) => fault === 'timeout').length;
      // They end when their time is up.
      tick(lab, TRIALS).catch(() => undefined);
      await expect.poll(timeouts, { timeout: 30_000 }).toBe(1);
      lab.instance.kill();
      await sandbox.clock.advance(LEASE_MS);
      expect(told()).toEqual([]);
      const next = { ...lab, instance: startInstance(sandbox, { name: 'guardrail-audit', policy: TOLD }) };
      tick(next, TRIALS).catch(() => undefined);
      await expect.poll(timeouts, { timeout: 30_000 }).toBe(2);
      next.instance.kill();
      expect(told().map(({ title }) => title.includes('1 not audited'))).toEqual([true]);
    }));

  it('is told by the next delivery where no channel took it, without another audit', () =>
    withDigest(async (lab, told) => {
      const { sandbox } = lab;
      for (const project of [BAD, CLEAN]) await tick(lab, project);
      // The receipt comes before it.
      const refused = { kind: 'status', status: 403 } as const;
      sandbox.faults.add({ route: 'pubsub.projects.topics.publish', fault: refused, skip: 1, count: 1 });
      await expect(tick(lab, TRIALS)).rejects.toThrow(
        "Cannot tell the digest of 2026-W47: no channel of the policy's notify took it",
      );
      for (let delivery = 2; delivery <= 3; delivery++) await tick(lab, TRIALS);
      expect(told()).toHaveLength(1);
      expect(sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/')).toHaveLength(3);
    }));

  it('is of the week of the tick where deliveries come after its turn', () =>
    withDigest(async (lab, told) => {
      await tick(lab, BAD);
      await lab.sandbox.clock.advance(5 * 86_400_000);
      for (const project of [CLEAN, TRIALS, TRIALS]) await tick(lab, project);
      expect(told().map(({ id }) => id)).toEqual(['guardrail-audit/2026-W47']);
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

  it.each([
    ['refused', 403, 1],
    ['not answered', 503, 4],
  ])(
    'is not held back by a project that the listing of the scope shows and of which a look is %s',
    (_what, status, deliveries) =>
      withDigest(
        async (lab, told) => {
          const { sandbox, instance } = lab;
          for (const project of [BAD, OPERATIONS, TRIALS])
            await storeObject(lab, `guardrail-audit/digests/2026-W47/${project}`, '{}', project);
          const fault = { kind: 'status', status } as const;
          sandbox.faults.add({ route: 'cloudresourcemanager.projects.get', pathIncludes: CLEAN, fault });
          const deliver = async (message: object): Promise<boolean> =>
            auditTick(instance.runtime, eventOf(OWN_TOPIC, { text: JSON.stringify(message) })).then(
              () => true,
              () => false,
            );
          // A user's own message says nothing of the scope.
          await deliver({ project: CLEAN });
          expect(sandbox.storage.objectNames(BUCKET, `guardrail-audit/digests/2026-W47/${CLEAN}`)).toEqual(
            [],
          );
          const origin = { id: '71', publishedMs: Date.parse(START) };
          const acknowledged: boolean[] = [];
          for (let at = 0; at < deliveries; at++) {
            expect(told()).toEqual([]);
            acknowledged.push(await deliver({ project: CLEAN, tick: origin }));
          }
          expect(acknowledged).toEqual(Array.from({ length: deliveries }, () => status === 403));
          const [digest] = told();
          expect(digest?.items.find(({ resource }) => resource === `projects/${CLEAN}`)?.text).toContain(
            'not audited',
          );
        },
        TOLD.replace(/^scope: .*$/m, `scope: [${ORGANIZATION}]`),
      ),
  );

  it('is told where the claim, the key of digests and the receipts are damaged', () =>
    withDigest(async (lab, told) => {
      const { sandbox, instance } = lab;
      for (const project of [BAD, CLEAN]) await tick(lab, project);
      await storeObject(lab, 'guardrail-audit/digests/2026-W47.claims/claim-1', '{"proj', BAD);
      await storeObject(lab, 'guardrail-audit/digest-key', '', BAD);
      const receipts = sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/');
      for (const [at, project] of [BAD, CLEAN].entries())
        await storeObject(lab, receipts[at] ?? '', '{"decisions":[', project);
      await tick(lab, TRIALS);
      const [digest] = told();
      expect(digest?.id).toBe('guardrail-audit/2026-W47');
      expect(digest?.title).toContain('2 not audited');
      const keys = sandbox.storage.objectNames(BUCKET, 'guardrail-audit/digest-key');
      expect(keys.map((name) => (sandbox.storage.objectText(BUCKET, name)?.length ?? 0) > 15)).toEqual([
        false,
        true,
      ]);
      expect(JSON.stringify(instance.lines)).not.toContain('delivered again');
    }));

  it('needs a channel: without one nothing is noted', () =>
    withAudit(async (lab) => {
      for (const project of [BAD, CLEAN, TRIALS]) await tick(lab, project);
      expect(lab.sandbox.storage.objectNames(BUCKET, 'guardrail-audit/digests/')).toEqual([]);
    }));
});
