import { describe, expect, it } from 'vitest';
import { parseMessages } from '../../../shared/spend/messages.ts';
import { standingOf } from '../../../shared/spend/standing.ts';
import { fakeGoogle } from '../../support/fake-google.ts';
import { OWN_PROJECT, policyText, type ModelPolicy } from '../../support/ladder-model.ts';
import {
  AMOUNT,
  BUDGET,
  HOUR,
  MESSAGES,
  MINUTE,
  MONTH_END,
  startLive,
  type LiveWorld,
} from '../../support/live-world.ts';

const POLICY: ModelPolicy = {
  mode: 'enforce',
  basis: 'live',
  ladder: [
    { atPercent: 50, do: 'notify' },
    { atPercent: 100, do: 'stop-compute' },
    { atPercent: 120, do: 'unlink-billing' },
  ],
};
const fake = fakeGoogle({
  world: { nowMs: 0 } as never,
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(POLICY),
});

/** USD an hour: what it costs on both sides of the turn is more than the budget, and on neither side alone. */
const BURN = 20;

const isStopped = ({ fake: { world } }: LiveWorld): boolean =>
  world.changes.some((change) => change.startsWith('stop ml-research/vm-1'));

/** Two hours before the month ends something begins to burn. */
async function burningIntoDecember(): Promise<LiveWorld> {
  const live = await startLive(fake);
  live.pass((MONTH_END - 2 * HOUR - live.fake.world.nowMs) / MINUTE);
  live.look();
  await live.message();
  live.burn('ml-research', BURN);
  return live;
}

const december = (live: LiveWorld): number => live.truth() - live.truth(MONTH_END);

async function roundsUntil(live: LiveWorld, untilMs: number): Promise<void> {
  while (live.fake.world.nowMs < untilMs) await live.round();
}

describe('the turn of the month in Pacific time, on the live basis', () => {
  it('counts nothing of the old month against the new one, before and after its first message', async () => {
    const live = await burningIntoDecember();
    await roundsUntil(live, MONTH_END + HOUR);
    expect(live.truth()).toBeGreaterThan(AMOUNT);
    expect(december(live)).toBeLessThan(AMOUNT / 4);
    expect(isStopped(live)).toBe(false);
    await live.message();
    await roundsUntil(live, MONTH_END + 4 * HOUR);
    expect(december(live)).toBeLessThan(AMOUNT);
    expect(live.truth()).toBeGreaterThan(1.2 * AMOUNT);
    expect(live.fake.world.changes).toEqual([]);
  });

  it('does nothing in the new month by estimates before a message of it has come, whatever burns', async () => {
    const live = await burningIntoDecember();
    await roundsUntil(live, MONTH_END);
    live.burn('ml-research', 1_000);
    await roundsUntil(live, MONTH_END + HOUR);
    expect(december(live)).toBeGreaterThan(5 * AMOUNT);
    expect(live.fake.world.changes).toEqual([]);
    // As the receipts of spend-watch have it.
    const messages = parseMessages(live.fake.world.objects.get(MESSAGES)?.text);
    if (messages === undefined) throw new Error('Cannot read the messages');
    const ledgers = messages.projects.map((project) => live.ledger(project));
    expect(
      standingOf(
        { messages, ledgers, without: [] },
        { discountAtMost: 0, regions: [] },
        live.fake.world.nowMs,
      ),
    ).toEqual({
      kind: 'none',
      why: 'no message of its present period has come yet',
    });
  });

  it('says at each tick what it waits for, from the turn on until the first message has come', async () => {
    const live = await burningIntoDecember();
    const waits = (): readonly string[] =>
      live.lines('INFO').filter((line) => line.includes(' waits for the first message'));
    await roundsUntil(live, MONTH_END);
    const atTheTurn = waits().length;
    await roundsUntil(live, MONTH_END + HOUR);
    expect(waits()).toHaveLength(atTheTurn + 12);
    expect(waits().at(-1)).toMatch(
      /^Budget ".+" waits for the first message of its present period: its period began at 2026-11-01T07:00:00\.000Z and ended at 2026-12-01T08:00:00\.000Z; until one comes no rung is held and none fires by the estimate$/,
    );
    await live.message();
    const heard = waits().length;
    await roundsUntil(live, MONTH_END + 2 * HOUR);
    expect(waits()).toHaveLength(heard);
  });

  it('says that it waits where no message is known at all', async () => {
    const live = await burningIntoDecember();
    live.fake.world.objects.delete(MESSAGES);
    await live.tick();
    expect(live.lines('INFO')).toContain(
      `Budget ${BUDGET} waits for a first message: none is known; until one comes no rung fires by the estimate`,
    );
  });

  it('stops in the new month once that alone has reached the rung, by the fit that the old one left', async () => {
    const live = await burningIntoDecember();
    await roundsUntil(live, MONTH_END + HOUR);
    await live.message();
    while (december(live) < AMOUNT) {
      expect(isStopped(live)).toBe(false);
      await live.round();
    }
    const crossed = december(live);
    for (let n = 0; n < 2 && !isStopped(live); n++) await live.round();
    expect(isStopped(live)).toBe(true);
    expect(crossed - AMOUNT).toBeLessThanOrEqual((BURN * 5) / 60 + 0.1);
    expect(live.fake.world.changes.filter((change) => change.startsWith('unlink'))).toEqual([]);
  });
});
