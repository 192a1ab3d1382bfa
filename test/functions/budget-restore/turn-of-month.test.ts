import { describe, expect, it } from 'vitest';
import { MINUTE_MS, PERIOD, restoreWorld, stateOf } from '../../support/restore-world.ts';

const lab = restoreWorld();
const { fake } = lab;
const HOUR_MS = 60 * MINUTE_MS;
/** Midnight in Pacific time. */
const DECEMBER_MS = Date.parse('2026-12-01T08:00:00Z');
const DECEMBER = '2026-12-01';

async function report(percent: number, costIntervalStart = ''): Promise<void> {
  const period = costIntervalStart === '' ? {} : { costIntervalStart };
  expect(await lab.alert({ costAmount: percent, budgetAmount: 100, ...period })).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
}

async function restore(period: string): Promise<void> {
  const { status } = await lab.restore('POST', { ...lab.request, period });
  expect([200, 404]).toContain(status);
  fake.world.nowMs += 10 * MINUTE_MS;
}

function changes(): readonly string[] {
  return fake.world.changes.splice(0).filter((change) => change.includes('ml-research'));
}

describe('the turn of the month with rungs in force', () => {
  for (const november of [85, 101, 125])
    for (const december of [5, 85, 101, 125])
      for (const isRestoredBetween of [false, true])
        it(`${november} %, ${isRestoredBetween ? 'restored after the turn, ' : ''}then ${december} % of the new month: what both took comes back`, async () => {
          lab.fresh();
          const before = stateOf(lab.project());
          fake.world.nowMs = DECEMBER_MS - 2 * HOUR_MS;
          await report(november);
          expect(changes().length).toBeGreaterThan(0);
          fake.world.nowMs = DECEMBER_MS + MINUTE_MS;
          // Neither a tick nor what comes late of the old month holds anything any more.
          expect(await lab.tick()).toBe(true);
          await report(140);
          expect(changes()).toEqual([]);
          if (isRestoredBetween) {
            await restore(PERIOD);
            expect(stateOf(lab.project())).toEqual(before);
            changes();
          }
          await report(december, '2026-12-01T08:00:00Z');
          if (december < 80) expect(changes()).toEqual([]);
          else if (isRestoredBetween) expect(changes().length).toBeGreaterThan(0);
          expect(await lab.tick()).toBe(true);
          await restore(DECEMBER);
          await restore(PERIOD);
          expect(stateOf(lab.project())).toEqual(before);
          changes();
          await restore(DECEMBER);
          await restore(PERIOD);
          expect(changes()).toEqual([]);
        });
});
