import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { watchSweep } from '../../../functions/spend-watch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import { ledgerObject, parseLedger, type Ledger } from '../../../shared/spend/ledger.ts';
import { messagesObject } from '../../../shared/spend/messages.ts';
import { alert, ALERTS, BUDGET, RUNAWAY, RUNAWAY_NUMBER, RUNAWAY_PROJECT } from '../../support/budget-lab.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { eventOf, startInstance } from '../../support/in-process.ts';
import { OPERATIONS } from '../../support/lab.ts';
import { readState, watchPolicy, withWatch, writeState, type Look } from '../../support/watch-lab.ts';

describe('spend-watch', () => {
  it('keeps a ledger of what runs, and says burn, today, the month and its end', async () => {
    await withWatch(watchPolicy(), async ({ sandbox, look }) => {
      const first = await look();
      expect(first.reason).toBe('watched');
      expect(first.usdPerHour).toBeGreaterThan(1);
      expect(readState(sandbox, ledgerObject(RUNAWAY))).toMatchObject({ version: 1, project: RUNAWAY });
      const later = await look(30);
      const { todayUsd, monthUsd, monthEndUsd, top } = later.evidence as {
        todayUsd: { low: number; expected: number; high: number };
        monthUsd: { expected: number };
        monthEndUsd: { expected: number };
        top: readonly { resource: string; cost: string }[];
      };
      expect(todayUsd.expected).toBeCloseTo(first.usdPerHour / 2, 1);
      expect(todayUsd.low).toBeLessThanOrEqual(todayUsd.expected);
      expect(monthUsd.expected).toBe(todayUsd.expected);
      expect(monthEndUsd.expected).toBeGreaterThan(first.usdPerHour * 24);
      expect(top[0]?.cost).toMatch(/\$/);
    });
  });

  it('counts a VM from its own start, and a node or notebook once', async () => {
    await withWatch(watchPolicy(), async ({ look }) => {
      const { evidence } = await look();
      const top = evidence['top'] as readonly { resource: string; runsForHours?: number }[];
      const names = top.map(({ resource }) => resource);
      expect(new Set(names).size).toBe(names.length);
      expect(top.find(({ resource }) => resource.endsWith('/vm-1'))?.runsForHours).toBeGreaterThan(0);
    });
  });

  it('compares with the budget by what the switch keeps of its messages, in observe mode too', async () => {
    await withWatch(watchPolicy(), async ({ sandbox, instance, look }) => {
      await look();
      const guard = startInstance(sandbox, {
        name: 'budget-kill-switch',
        policy: watchPolicy(),
        operationsProject: OPERATIONS,
        pauses: 'sandbox',
      });
      await handleEvent(
        guard.runtime,
        eventOf(ALERTS, {
          ...alert(0.2),
          messageId: '1700000001',
          publishTime: new Date(sandbox.clock.now()).toISOString(),
        }),
        guardBudget,
      );
      expect(readState(sandbox, messagesObject(BUDGET))).toMatchObject({
        projects: [RUNAWAY],
        complete: true,
        period: { points: [{ cost: 200 }] },
      });
      const { evidence } = await look(5);
      const [budget] = evidence['budgets'] as readonly {
        spendUsd: { low: number; expected: number; high: number | null };
        reported: { usd: number };
        fit: { default: string };
        rungs: readonly { do: string; when: string }[];
      }[];
      expect(budget?.reported.usd).toBe(200);
      expect(budget?.spendUsd.low).toBeGreaterThanOrEqual(200);
      // What ran before the first look, today, may not be reported yet.
      expect(budget?.spendUsd.high).toBeNull();
      expect(budget?.fit.default).toMatch(/fewer than three reports: 1/);
      expect(budget?.rungs.map((rung) => rung.do)).toContain('stop-compute');
      expect(
        instance.lines.filter((line) => typeof line === 'object' && line['severity'] === 'ERROR'),
      ).toEqual([]);
    });
  });

  it('freezes low while a listing fails, and says which', async () => {
    await withWatch(watchPolicy(), async ({ sandbox, look }) => {
      await look();
      sandbox.faults.add({
        route: 'compute*instances.aggregatedList',
        fault: { kind: 'status', status: 403 },
      });
      const { reason, evidence, incomplete } = await look(30);
      expect(reason).toBe('incomplete');
      expect(incomplete.map(({ where }) => where).join()).toMatch(/VMs/);
      const today = evidence['todayUsd'] as { low: number; expected: number };
      expect(today.low).toBeLessThan(today.expected / 2);
    });
  });

  it('begins a damaged ledger anew and says so, and leaves one of a later version alone', async () => {
    await withWatch(watchPolicy(), async ({ sandbox, instance, look }) => {
      await look();
      await writeState(sandbox, ledgerObject(RUNAWAY), '{"version":1');
      await look(5);
      expect(JSON.stringify(instance.lines)).toMatch(
        /Begins .*ledgers\/ml-runaway.json.* anew: the ledger is damaged: it is not JSON/,
      );
      await writeState(sandbox, ledgerObject(RUNAWAY), '{"version":2,"project":"ml-runaway"}');
      const event = eventOf(`projects/${OPERATIONS}/topics/costguard-spend-watch`, {
        text: JSON.stringify({ project: RUNAWAY }),
        messageId: '1600000001',
        publishTime: new Date(sandbox.clock.now()).toISOString(),
      });
      await runTick(instance.runtime, watchSweep, event).catch(() => undefined);
      expect(JSON.stringify(instance.lines)).toMatch(/has version 2, and this costguard knows 1/);
      expect(readState(sandbox, ledgerObject(RUNAWAY))).toEqual({ version: 2, project: RUNAWAY });
    });
  });

  it('does with ten calls where the policy names a region', async () => {
    await withWatch(watchPolicy('  regions: [us-central1]'), async ({ look }) => {
      await look();
      expect(listingsIn(await look(5))).toBeLessThanOrEqual(10);
    });
  });

  it('lists all of Vertex AI once: three calls, and seven for each region; then what runs, and regions in turn', async () => {
    await withWatch(
      watchPolicy(),
      async ({ look }) => {
        expect(listingsIn(await look())).toBe(3 + 7 * 41);
        const looks: Look[] = [];
        for (let tick = 1; tick <= 24; tick += 1) looks.push(await look(5));
        const calls = looks.map(listingsIn);
        expect(Math.max(...calls)).toBeLessThanOrEqual(12);
        for (const { reason, evidence } of looks) {
          expect(reason).toBe('watched');
          expect(evidence['resources']).toBe(looks[0]?.evidence['resources']);
        }
        const ages = Object.values(looks.at(-1)?.evidence['minutesSinceRegion'] as Record<string, number>);
        expect(ages).toHaveLength(41);
        expect(Math.min(...ages)).toBe(0);
        expect(Math.max(...ages)).toBe(120);
      },
      { regions: MANY_REGIONS },
    );
  });

  it('finds what begins in a region where nothing was within the stated time, and then sees it with each look', async () => {
    const resource = `projects/${RUNAWAY_NUMBER}/locations/europe-west4/customJobs/43`;
    await withWatch(
      watchPolicy(),
      async ({ sandbox, look }) => {
        const { usdPerHour } = await look();
        await look(5);
        const fresh = sandbox.vertex.resubmit(resource);
        let minutes = 0;
        let found: Look;
        do {
          found = await look(5);
          minutes += 5;
        } while (found.usdPerHour === usdPerHour && minutes < 300);
        // Four collections of one region have something: one region has its turn with each look, and that one six times.
        expect(minutes).toBeLessThanOrEqual(240);
        expect(JSON.stringify(found.evidence['changed'])).toContain(fresh);
        sandbox.vertex.cancel(fresh);
        expect((await look(5)).evidence['changed']).toMatchObject({ gone: [fresh] });
      },
      { regions: MANY_REGIONS, projects: [WITH_AN_OLD_JOB] },
    );
  });

  it('counts a job that began and ended between two turns of its region, once', async () => {
    const resource = `projects/${RUNAWAY_NUMBER}/locations/europe-west4/customJobs/43`;
    await withWatch(
      watchPolicy(),
      async ({ sandbox, look }) => {
        await look();
        // Its turn is behind it; the job runs for half an hour, and no look is at its region meanwhile.
        const turn = (): number => regionsIn(sandbox)['europe-west4'] ?? NaN;
        const first = turn();
        while (turn() === first) await look(5);
        const second = turn();
        const fresh = sandbox.vertex.resubmit(resource);
        for (let minutes = 0; minutes < 30; minutes += 5) await look(5);
        sandbox.vertex.finish(fresh, 'JOB_STATE_SUCCEEDED');
        expect(turn()).toBe(second);
        const kind = (): number => ledgerIn(sandbox).kinds['custom-job'] ?? 0;
        const lasting = ledgerIn(sandbox).running.filter((one) => one.kind === 'custom-job');
        const perLook = lasting.reduce((sum, { rate }) => sum + rate.expected, 0) / 12;
        const added = async (): Promise<number> => {
          const before = kind();
          await look(5);
          return kind() - before - perLook;
        };
        let usd = 0;
        while (turn() === second) usd += await added();
        // n1-standard-16 in europe-west4 costs about a dollar an hour on Vertex AI.
        expect(usd).toBeGreaterThan(0.3);
        expect(usd).toBeLessThan(1);
        // With each look from now on, and no second time.
        for (let tick = 0; tick < 6; tick += 1) expect(Math.abs(await added())).toBeLessThan(0.001);
      },
      { regions: MANY_REGIONS, projects: [WITH_AN_OLD_JOB] },
    );
  });

  it('counts a job until its end also where it was created hours ago', async () => {
    const job = `projects/${RUNAWAY_NUMBER}/locations/us-central1/customJobs/41`;
    await withWatch(watchPolicy('  regions: [us-central1]'), async ({ sandbox, look }) => {
      await look();
      await look(5);
      const before = ledgerIn(sandbox);
      const rate = before.running.find(({ resource }) => resource === job)?.rate.expected ?? NaN;
      await sandbox.clock.advance(60_000);
      sandbox.vertex.finish(job, 'JOB_STATE_SUCCEEDED');
      await look(4);
      const { kinds, running } = ledgerIn(sandbox);
      expect(running.map(({ resource }) => resource)).not.toContain(job);
      expect((kinds['custom-job'] ?? 0) - (before.kinds['custom-job'] ?? 0)).toBeCloseTo(rate / 60, 4);
    });
  });

  it('does not take a region without a collection for a gap where it is the only one whose turn it is', async () => {
    await withWatch(watchPolicy(), async ({ sandbox, look }) => {
      sandbox.faults.add({
        ...{ route: 'aiplatform*persistentResources.list', pathIncludes: '/us-east4/' },
        fault: { kind: 'html', status: 404 },
      });
      expect((await look()).reason).toBe('watched');
      const ledger = readState(sandbox, ledgerObject(RUNAWAY)) as { readonly notOffered: object };
      expect(ledger.notOffered).toMatchObject({
        'persistentResources in us-east4': expect.any(Number) as number,
      });
      // A day later it is tried again, with a few other regions.
      await writeState(sandbox, ledgerObject(RUNAWAY), JSON.stringify({ ...ledger, notOffered: {} }));
      for (let tick = 0; tick < 12; tick += 1) expect((await look(5)).reason).toBe('watched');
    });
  });

  it('looks at all again where what it knows of its looks is damaged, and keeps the ledger', async () => {
    await withWatch(watchPolicy(), async ({ sandbox, look }) => {
      await look();
      const few = listingsIn(await look(5));
      const ledger = readState(sandbox, ledgerObject(RUNAWAY)) as { readonly sinceMs: number };
      await writeState(sandbox, ledgerObject(RUNAWAY), JSON.stringify({ ...ledger, looks: { regions: 7 } }));
      expect(listingsIn(await look(5))).toBe(3 + 7 * 4);
      expect(few).toBeLessThan(3 + 7 * 4);
      expect(readState(sandbox, ledgerObject(RUNAWAY))).toMatchObject({ sinceMs: ledger.sinceMs });
    });
  });
});

function ledgerIn(sandbox: Sandbox): Ledger {
  const read = parseLedger(RUNAWAY, JSON.stringify(readState(sandbox, ledgerObject(RUNAWAY))));
  if (read.kind !== 'ledger') throw new Error(read.why);
  return read.ledger;
}

/** When each region was looked at last. */
function regionsIn(sandbox: Sandbox): Readonly<Record<string, number>> {
  return ledgerIn(sandbox).looks?.regions ?? {};
}

/** Calls of a look beside those to the state bucket. */
function listingsIn({ apiCalls }: Look): number {
  return Object.entries(apiCalls)
    .filter(([call]) => !call.startsWith('storage.'))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** As many as Vertex AI has. */
const MANY_REGIONS = [
  'us-central1',
  'europe-west4',
  ...Array.from({ length: 39 }, (_, at) => `asia-south${at + 1}`),
];

/** With a job that has ended in a region where nothing else is. */
const WITH_AN_OLD_JOB = {
  ...RUNAWAY_PROJECT,
  vertex: {
    ...RUNAWAY_PROJECT.vertex,
    customJobs: [
      ...(RUNAWAY_PROJECT.vertex?.customJobs ?? []),
      {
        ...{
          id: '43',
          displayName: 'long ago',
          location: 'europe-west4',
          state: 'JOB_STATE_SUCCEEDED' as const,
        },
        jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-16' } }] },
      },
    ],
  },
};
