import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../../shared/run/handle-event.ts';
import { fakeGoogle } from '../../../support/fake-google.ts';
import { BUDGETS, newWorld, OWN_PROJECT, policyText, wireOf } from '../../../support/ladder-model.ts';

const HOUR_MS = 3_600_000;
const BUDGET = BUDGETS[0]?.name ?? '';
/** Half a day before November ends in Pacific time. */
const START = Date.parse('2026-11-30T20:00:00Z');
const [NOVEMBER, DECEMBER] = [1, 2];

const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () =>
    policyText({ mode: 'enforce', basis: 'actual', ladder: [{ atPercent: 100, do: 'stop-compute' }] }),
});

async function deliver(data: object, attributes: Readonly<Record<string, string>>): Promise<void> {
  const message = {
    ...{ data: Buffer.from(JSON.stringify(data)).toString('base64'), attributes, messageId: '1' },
    publishTime: new Date(fake.world.nowMs).toISOString(),
  };
  const source = '//pubsub.googleapis.com/projects/p/topics/t';
  await handleEvent(fake.runtime, { id: '1', source, data: { message } }, guardBudget);
}

/** A message of the budget, at 40 %, of the period of this index. */
async function report(period: number | undefined): Promise<void> {
  const { attributes, data } = wireOf({
    ...{ budget: 0, period: period ?? 0, percent: 40, namesThreshold: true },
    ...{ forecastPercent: undefined, amountPercent: 100, currency: 'USD' },
  });
  await deliver(data, attributes);
}

/** Each hour a message of what `periodAt` says, none where that is undefined, and a tick. When silence was told, and how. */
async function hours(
  count: number,
  periodAt: (hour: number) => number | undefined,
): Promise<readonly (readonly [number, string])[]> {
  fake.world = newWorld();
  fake.world.nowMs = START;
  const told: (readonly [number, string])[] = [];
  for (let hour = 0; hour <= count; hour++) {
    fake.world.lines.length = 0;
    const period = periodAt(hour);
    if (period !== undefined) await report(period);
    await deliver({}, {});
    for (const line of fake.world.lines) {
      const { message } = JSON.parse(line || '{}') as { readonly message?: string };
      // Of the policy's other budgets no message ever comes.
      if (message?.startsWith('No message of ') === true && message.includes(BUDGET))
        told.push([hour, message]);
    }
    fake.world.nowMs += HOUR_MS;
  }
  return told;
}

describe('silence over the turn of the month', () => {
  it('is none where messages of the new month follow on those of the old', async () => {
    expect(await hours(60, (hour) => (hour < 12 ? NOVEMBER : DECEMBER))).toEqual([]);
  });

  it('is none where the first message of the new month comes within budgets.silence of the last of the old', async () => {
    expect(await hours(36, (hour) => (hour < 12 ? NOVEMBER : hour >= 35 ? DECEMBER : undefined))).toEqual([]);
  });

  it('counts from the last message of the old month, and is told again after as long', async () => {
    const told = await hours(60, (hour) => (hour < 12 ? NOVEMBER : undefined));
    expect(told.map(([hour]) => hour)).toEqual([35, 59]);
    expect(told.map(([, text]) => text)).toEqual([
      expect.stringContaining(`No message of ${BUDGET} for 24 h (budgets.silence: 24 h), and Cloud Billing`),
      expect.stringContaining(`No message of ${BUDGET} for 48 h (budgets.silence: 24 h), and Cloud Billing`),
    ]);
  });

  it('ends with a message of the old month in no case: that holds no rung, and is said to come', async () => {
    const told = await hours(40, () => NOVEMBER);
    expect(told.map(([hour]) => hour)).toEqual([35]);
    expect(told[0]?.[1]).toMatch(
      /^No message of the present period of .* for 24 h .*: those that come are of a period that is over, and hold no rung: nothing guards it now\./,
    );
  });

  it('says that none comes once those of the old month have stopped, too', async () => {
    const told = await hours(60, (hour) => (hour < 20 ? NOVEMBER : undefined));
    expect(told.map(([hour, text]) => [hour, text.includes('a period that is over')])).toEqual([
      [35, true],
      [59, false],
    ]);
  });

  it('ends with the first message of the new month after it was told', async () => {
    const told = await hours(70, (hour) => (hour < 12 ? NOVEMBER : hour === 40 ? DECEMBER : undefined));
    expect(told.map(([hour]) => hour)).toEqual([35, 64]);
  });
});
