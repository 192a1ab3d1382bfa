import { describe, expect, it } from 'vitest';
import { writePoints } from '../../../functions/spend-watch/metrics/write.ts';
import { createLog } from '../../../shared/run/log.ts';
import { parseTick } from '../../../shared/run/tick.ts';
import { createRuntimeApi } from '../../../shared/run/runtime-api.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import { ledgerObject } from '../../../shared/spend/ledger.ts';
import type { Fault } from '../../sandbox/http/faults.ts';
import { messagesObject } from '../../../shared/spend/messages.ts';
import { BUDGET, RUNAWAY } from '../../support/budget-lab.ts';
import { messagesOf } from '../../support/burn-lab.ts';
import { subscribeToReceipts } from '../../support/installed.ts';
import { OPERATIONS } from '../../support/lab.ts';
import { readState, watchPolicy, withWatch, writeState, type Watch } from '../../support/watch-lab.ts';

const POLICY = watchPolicy('  metrics: true', '  regions: [us-central1]');
const CREATE = 'monitoring.projects.timeSeries.create';

/** What is written to the operations project: how many points each series has, by metric and labels. */
function written({ sandbox }: Pick<Watch, 'sandbox'>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    sandbox.monitoring
      .written(OPERATIONS)
      .map(({ metric: { type, labels }, samples }) => [
        `${type.replace('custom.googleapis.com/costguard/', '')} ${Object.values(labels).join(' ')}`,
        samples.length,
      ]),
  );
}

/** The lines of the log from a severity on that say something of metrics. */
function saidOfMetrics({ instance }: Pick<Watch, 'instance'>): readonly string[] {
  return instance.lines.flatMap((line) =>
    typeof line === 'object' && String(line['message']).includes('metrics')
      ? [`${String(line['severity'])}: ${String(line['message'])}`]
      : [],
  );
}

describe('the metrics of spend-watch', () => {
  it('are written with each look to the operations project, and counted in the receipt', async () => {
    await withWatch(POLICY, async (watch) => {
      const first = await watch.look();
      const after = written(watch);
      expect(after).toMatchObject({
        [`look_incomplete ${RUNAWAY}`]: 1,
        [`burn_usd_per_hour ${RUNAWAY} vm expected`]: 1,
      });
      const [series] = watch.sandbox.monitoring
        .written(OPERATIONS)
        .filter(({ metric }) => metric.type.endsWith('/burn_usd_per_hour'));
      expect(series).toMatchObject({
        resource: { type: 'global', labels: { project_id: OPERATIONS } },
        unit: '{USD}/h',
        samples: [{ atMs: watch.sandbox.clock.now() }],
      });
      expect(watch.sandbox.monitoring.written(RUNAWAY)).toEqual([]);
      expect(first.pointsWritten).toBe(Object.keys(after).length);
      expect(first.apiCalls['monitoring.timeSeries.create']).toBe(1);
      await watch.look(5);
      expect(written(watch)).toMatchObject({ [`burn_usd_per_hour ${RUNAWAY} vm expected`]: 2 });
      expect(saidOfMetrics(watch)).toEqual([]);
    });
  });

  it('say that a budget has no estimate as long as its projects are not known, from one event of a tick', async () => {
    await withWatch(POLICY, async (watch) => {
      const state = (): unknown =>
        watch.sandbox.monitoring
          .written(OPERATIONS)
          .filter(({ metric }) => metric.type.endsWith('/budget_estimate_blocked'))
          .map(({ metric: { labels }, samples }) => [labels['budget'], samples.map(({ value }) => value)]);
      await watch.look();
      expect(state(), 'a message of a user').toEqual([]);
      await watch.look(5, {});
      expect(state()).toEqual([[BUDGET, [1]]]);
      await watch.look(5, { project: RUNAWAY, first: true });
      expect(state()).toEqual([[BUDGET, [1, 1]]]);
      // The one before it is not looked at.
      await watch.look(5, { project: RUNAWAY, first: ['ml-failing'] });
      expect(state()).toEqual([[BUDGET, [1, 1, 1]]]);
      const text = JSON.stringify(
        messagesOf({ budget: BUDGET, displayName: BUDGET, projects: [RUNAWAY], amount: 1_000_000 }),
      );
      await writeState(watch.sandbox, messagesObject(BUDGET), text);
      await watch.look(5, {});
      expect(state()).toEqual([[BUDGET, [1, 1, 1, expect.any(Number)]]]);
    });
  });

  it('are one event of a tick for the scope: each of its first twenty projects knows of those before it', async () => {
    const projects = Array.from({ length: 22 }, (_, at) => `ml-lab-${String(at).padStart(2, '0')}`);
    const scope = `scope: [${projects.map((project) => `projects/${project}`).join(', ')}]`;
    await withWatch(POLICY.replace(/scope: .*/, scope), async ({ sandbox, look }) => {
      const published = subscribeToReceipts(sandbox, `projects/${OPERATIONS}/topics/costguard-spend-watch`);
      await look(0, {}).catch(() => undefined);
      const ticks = published()
        .map((text) => JSON.parse(text) as { readonly project: string; readonly first?: unknown })
        .sort((a, b) => a.project.localeCompare(b.project));
      expect(ticks).toHaveLength(22);
      expect(ticks[0]).toEqual({ project: 'ml-lab-00', first: true });
      expect(ticks[2]).toEqual({ project: 'ml-lab-02', first: ['ml-lab-00', 'ml-lab-01'] });
      expect(ticks[19]).toEqual({ project: 'ml-lab-19', first: projects.slice(0, 19) });
      expect(ticks[20]).toEqual({ project: 'ml-lab-20' });
      for (const { project, first } of ticks)
        expect(parseTick(JSON.stringify({ project, first }))).toMatchObject({ projectId: project });
    });
  });

  it('are not written unless the policy says so', async () => {
    await withWatch(watchPolicy('  regions: [us-central1]'), async (watch) => {
      const { apiCalls, pointsWritten } = await watch.look();
      expect(apiCalls['monitoring.timeSeries.create']).toBeUndefined();
      expect(pointsWritten).toBeUndefined();
      expect(written(watch)).toEqual({});
    });
  });

  it('of a look that is delivered again are there once, without a word', async () => {
    await withWatch(POLICY, async (watch) => {
      await watch.look();
      await watch.look();
      expect(new Set(Object.values(written(watch)))).toEqual(new Set([1]));
      expect(saidOfMetrics(watch)).toEqual([]);
    });
  });

  it('leave out what a failed listing hides', async () => {
    await withWatch(POLICY, async (watch) => {
      await watch.look();
      watch.sandbox.faults.add({
        route: 'compute*instances.aggregatedList',
        fault: { kind: 'status', status: 403 },
      });
      await watch.look(5);
      const values = watch.sandbox.monitoring
        .written(OPERATIONS)
        .flatMap(({ metric, samples }) => (metric.labels['bound'] === 'high' ? [samples.length] : []));
      expect(new Set(values)).toEqual(new Set([1]));
      const incomplete = watch.sandbox.monitoring
        .written(OPERATIONS)
        .find(({ metric }) => metric.type.endsWith('/look_incomplete'));
      expect(incomplete?.samples.map(({ value }) => value)).toEqual([0, 1]);
    });
  });

  const FAULTS: Readonly<Record<string, { readonly fault: Fault; readonly says: RegExp }>> = {
    'a right that is missing': { fault: { kind: 'status', status: 403 }, says: /HTTP 403/ },
    'a quota that is used up': { fault: { kind: 'status', status: 429 }, says: /HTTP 429/ },
    'an outage': { fault: { kind: 'status', status: 503 }, says: /HTTP 503/ },
    'no answer': { fault: { kind: 'timeout' }, says: /no answer/ },
    'no answer after the points were written': { fault: { kind: 'timeout', after: true }, says: /no answer/ },
    'a page of HTML': { fault: { kind: 'html', status: 502 }, says: /HTTP 502/ },
  };
  for (const [title, { fault, says }] of Object.entries(FAULTS))
    it(`that meet ${title} are a warning; the look counts, and is made once`, async () => {
      await withWatch(
        POLICY,
        async (watch) => {
          watch.sandbox.faults.add({ route: CREATE, fault, count: 1 });
          const { reason, apiCalls, incomplete } = await watch.look();
          expect(reason).toBe('watched');
          expect(incomplete).toEqual([]);
          expect(apiCalls['monitoring.timeSeries.create']).toBe(1);
          expect(readState(watch.sandbox, ledgerObject(RUNAWAY))).toMatchObject({ project: RUNAWAY });
          const said = saidOfMetrics(watch);
          expect(said).toHaveLength(1);
          expect(said[0]).toMatch(/^WARNING: Cannot write the metrics of "ml-runaway": /);
          expect(said[0]).toMatch(says);
          await watch.look(5);
          const points = Object.entries(written(watch)).flatMap(([name, count]) =>
            name.startsWith('burn') ? [count] : [],
          );
          const isThere = 'after' in fault && fault.after;
          expect(new Set(points)).toEqual(new Set([isThere ? 2 : 1]));
          expect(saidOfMetrics(watch)).toHaveLength(1);
        },
        { attemptTimeoutMs: 1_500 },
      );
    });

  it('that the account may not write name the permission', async () => {
    await withWatch(POLICY, async (watch) => {
      watch.sandbox.iam.unbind(
        ({ on, member }) => on === `projects/${OPERATIONS}` && member.startsWith('spend-watch@'),
      );
      await watch.look();
      expect(saidOfMetrics(watch).join()).toMatch(/WARNING: .*monitoring\.timeSeries\.create/);
    });
  });

  it('go 200 series at a time', async () => {
    await withWatch(POLICY, async (watch) => {
      const { sandbox, instance } = watch;
      const api = createRuntimeApi(instance.runtime, 60_000);
      const log = createLog(instance.runtime.write, {});
      const run = { runtime: instance.runtime, api, log, runId: 'r', projectId: RUNAWAY } as unknown as Run;
      const points = Array.from({ length: 401 }, (_, index) => ({
        metric: 'budget_amount_usd' as const,
        labels: { budget: `b${index}`, name: 'b' },
        value: index,
      }));
      await writePoints(run, points, sandbox.clock.now());
      expect(api.calls).toEqual({ 'monitoring.timeSeries.create': 3 });
      expect(api.pointsWritten()).toBe(401);
      expect(Object.keys(written(watch))).toHaveLength(401);
      // Half of a request is there already: the other half is written, and that is all right.
      await writePoints(
        run,
        [...points.slice(0, 5), { metric: 'look_incomplete', labels: { project: 'p' }, value: 1 }],
        sandbox.clock.now(),
      );
      expect(written(watch)).toMatchObject({ 'look_incomplete p': 1 });
      expect(saidOfMetrics(watch)).toEqual([]);
      expect(api.pointsWritten()).toBe(401);
    });
  });
});
