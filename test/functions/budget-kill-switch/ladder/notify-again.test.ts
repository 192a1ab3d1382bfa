import { expect, describe, it } from 'vitest';
import { fakeGoogle } from '../../../support/fake-google.ts';
import { BUDGETS, newWorld, OWN_PROJECT, policyText, wireOf } from '../../../support/ladder-model.ts';
import { deliverAlert } from '../../../support/switch-and-restore.ts';

const BUDGET = BUDGETS[0]?.name ?? '';
const MINUTE_MS = 60_000;

const ALERT = wireOf({
  ...{ budget: 0, period: 1, percent: 50, namesThreshold: true, forecastPercent: undefined },
  ...{ amountPercent: 100, currency: 'USD' },
});

/** What is published as an alert is refused while this is on. */
let refuses = false;
let mode: 'enforce' | 'observe' = 'enforce';
const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () =>
    policyText({
      ...{ mode, basis: 'either' },
      ladder: [
        { atPercent: 50, do: 'notify' },
        { atPercent: 300, do: 'stop-compute' },
      ],
    }),
});

const { clients } = fake.runtime;
const runtime = {
  ...fake.runtime,
  clients: {
    ...clients,
    publish: (topic: string, text: string) =>
      refuses && text.includes('"alert"') ? Promise.reject(new Error('out')) : clients.publish(topic, text),
  },
};

let messages = 0;

function fresh(): void {
  fake.world = newWorld();
  refuses = false;
  mode = 'enforce';
}

function setAmount(units: number | 'last period'): void {
  const amount =
    units === 'last period'
      ? { lastPeriodAmount: {} }
      : { specifiedAmount: { currencyCode: 'USD', units: String(units) } };
  fake.world.budgets.set(BUDGET, { ...fake.world.budgets.get(BUDGET), amount });
}

/** How many alerts a message publishes. */
async function report(costAmount: number, more: object = {}, copies = 1): Promise<number> {
  fake.world.published.length = 0;
  messages += 1;
  for (let copy = 0; copy < copies; copy++)
    await deliverAlert(
      runtime,
      fake.world,
      { ...ALERT, data: { ...ALERT.data, costAmount, ...more } },
      String(messages),
    );
  fake.world.nowMs += 30 * MINUTE_MS;
  return fake.world.published.filter((text) => text.includes('"alert"')).length;
}

async function reports(...costs: readonly number[]): Promise<readonly number[]> {
  const told: number[] = [];
  for (const cost of costs) told.push(await report(cost));
  return told;
}

describe('notify after a raise', () => {
  it('is told again, once, when the share reaches it again', async () => {
    fresh();
    expect(await reports(49, 50, 60)).toEqual([0, 1, 0]);
    setAmount(200);
    expect(await reports(61, 99)).toEqual([0, 0]);
    expect(await report(101, {}, 3)).toBe(1);
    expect(await reports(99, 102, 190)).toEqual([0, 0, 0]);
    setAmount(400);
    expect(await reports(195, 201, 202)).toEqual([0, 1, 0]);
  });

  it('is told again where no message came between the raise and the time when it is reached', async () => {
    fresh();
    expect(await report(60)).toBe(1);
    setAmount(200);
    expect(await reports(130, 131)).toEqual([1, 0]);
  });

  it('is not told again by a raise that leaves the share above it', async () => {
    fresh();
    expect(await reports(50, 90)).toEqual([1, 0]);
    setAmount(150);
    expect(await reports(92, 120)).toEqual([0, 0]);
  });

  it('nor by a credit, an amount that is lowered, or one that a message alone names', async () => {
    fresh();
    expect(await reports(60, 40, 60)).toEqual([1, 0, 0]);
    setAmount(50);
    expect(await report(60)).toBe(0);
    fresh();
    setAmount('last period');
    expect(await report(60)).toBe(1);
    expect(await report(150, { budgetAmount: 200 })).toBe(0);
  });

  it('nor where the forecast goes on above it', async () => {
    fresh();
    const forecast = { forecastThresholdExceeded: 1 };
    expect(await report(10, forecast)).toBe(1);
    setAmount(150);
    expect(await report(11, { forecastThresholdExceeded: 1, budgetAmount: 150 })).toBe(0);
  });

  it('is told with the next delivery where the alert could not be published', async () => {
    fresh();
    expect(await report(60)).toBe(1);
    setAmount(200);
    refuses = true;
    expect(await report(101)).toBe(0);
    refuses = false;
    expect(await reports(102, 103)).toEqual([1, 0]);
  });

  it('observing, is planned again and not noted', async () => {
    fresh();
    expect(await report(60)).toBe(1);
    mode = 'observe';
    const manifest = (): string => [...fake.world.objects].find(([name]) => name.endsWith('/_budget.json'))?.[1].text ?? '';
    const before = manifest();
    await report(90);
    expect(manifest()).toBe(before);
    setAmount(200);
    await report(110);
    expect(manifest()).toBe(before);
    mode = 'enforce';
    expect(await reports(111, 112)).toEqual([1, 0]);
  });
}); // prettier-ignore

describe('notify on an amount of 0', () => {
  const NONE = { budgetAmount: 0, budgetAmountType: 'LAST_MONTH_COST' };

  it('is told once a period, without a share', async () => {
    fresh();
    setAmount('last period');
    expect(await report(0, NONE)).toBe(0);
    expect(await report(60, NONE)).toBe(1);
    const told = fake.world.published.filter((text) => text.includes('"alert"')).join();
    expect(told).toMatch(/60\.00 of 0\.00 USD spent since [-0-9]+, and no share of an amount of 0 can be told\. Due: notify; no other rung acts\./);
    expect(told).not.toMatch(/%|Infinity|NaN/);
    expect([await report(61, NONE), await report(900, NONE)]).toEqual([0, 0]);
    expect(fake.world.changes).toEqual([]);
  });

  it('is told again where the budget got an amount since, of which a share is reached', async () => {
    fresh();
    setAmount(0);
    expect(await reports(60, 61)).toEqual([1, 0]);
    setAmount(200);
    expect(await reports(62, 101, 102)).toEqual([0, 1, 0]);
    setAmount(0);
    expect(await reports(103)).toEqual([0]);
  });

  it('observing, is planned', async () => {
    fresh();
    mode = 'observe';
    setAmount(0);
    expect(await report(60)).toBe(0);
    expect(fake.world.lines.join('\n')).toMatch(/Would act \(observe\): .*60\.00 of 0\.00 USD/);
  });

  it('is no silence', async () => {
    fresh();
    setAmount(0);
    await report(60);
    expect([...fake.world.objects.keys()].some((name) => name.endsWith('/heard.json'))).toBe(true);
  });
}); // prettier-ignore
