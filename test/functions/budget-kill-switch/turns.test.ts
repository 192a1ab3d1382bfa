import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import { emptyWorld, fakeGoogle, type FakeProject, type FakeWorld } from '../../support/fake-google.ts';

const MINUTE_MS = 60_000;
const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `${ACCOUNT}/budgets/many`;
const MEMORY = 'spend/0A1B2C-3D4E5F-6A7B8C/many/looks.json';

/** Of sandbox time, for one listing of machines. */
const LISTING_MS = 2_000;

function newProject(index: number): FakeProject {
  const nothing = { jobs: new Map(), pipelines: new Map(), groups: new Map(), machines: new Map() };
  return {
    ...{
      id: `ml-${String(index).padStart(3, '0')}`,
      number: String(100_000_000_000 + index),
      account: ACCOUNT,
    },
    ...{ notebooks: new Map(), vms: new Map([['vm-1', true]]), models: new Set(), ...nothing },
  };
}

/** A budget of so many projects, each with a VM that runs, and a switch to which listing takes its time. */
function startMany(count: number, mode: 'enforce' | 'observe' = 'enforce') {
  const world: FakeWorld = emptyWorld(
    Date.parse('2026-11-18T20:00:00Z'),
    Array.from({ length: count }, (_, index) => newProject(index)),
  );
  world.budgets.set(BUDGET, {
    ...{ name: BUDGET, displayName: 'many' },
    amount: { specifiedAmount: { currencyCode: 'USD', units: '1000' } },
    budgetFilter: { calendarPeriod: 'MONTH', projects: world.projects.map(({ number }) => `projects/${number}`) },
  });
  const google = fakeGoogle({
    ...{ world, functionName: 'budget-kill-switch', ownProject: 'ml-operations' },
    policyText: () =>
      JSON.stringify({
        ...{ scope: ['projects/ml-000'], state: 'gs://ml-operations-costguard' },
        budgets: { mode, allow: [BUDGET], jump: 0, ladder: [{ at: 1, do: 'stop-compute' }], maxActions: 1_000 },
      }),
    around(request, answer) {
      if (request.includes('/aggregated/instances?')) world.nowMs += LISTING_MS;
      return answer();
    },
  });
  const runtime = { ...google.runtime, environment: { TIMEOUT_SECONDS: '240' } };
  const deliver = async (data: object, attributes: Readonly<Record<string, string>>, publishTime: string) => {
    const message = { data: Buffer.from(JSON.stringify(data)).toString('base64'), attributes, messageId: '1', publishTime };
    const event = { id: '1', source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } };
    return handleEvent(runtime, event, guardBudget).then(
      () => true,
      () => false,
    );
  };
  const now = (): string => new Date(world.nowMs).toISOString();
  return {
    world,
    now,
    running: () => world.projects.filter(({ vms }) => vms.get('vm-1') === true).length,
    lines: (pattern: RegExp) => world.lines.filter((line) => pattern.test(line)),
    tick: () => deliver({}, {}, now()),
    message: (publishTime: string) =>
      deliver(
        {
          ...{ budgetDisplayName: 'many', costAmount: 1_100, budgetAmount: 1_000, budgetAmountType: 'SPECIFIED_AMOUNT' },
          ...{ costIntervalStart: '2026-11-01T07:00:00Z', currencyCode: 'USD', alertThresholdExceeded: 1 },
        },
        { billingAccountId: '0A1B2C-3D4E5F-6A7B8C', budgetId: 'many', schemaVersion: '1.0' },
        publishTime,
      ),
  };
} // prettier-ignore

describe('a budget with more projects than one event can look at', () => {
  it('reaches each with the deliveries of one message, each once, and is not done before', async () => {
    const { world, now, running, lines, message } = startMany(120);
    const publishTime = now();
    expect(await message(publishTime)).toBe(false);
    const left = running();
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThan(110);
    expect(lines(/"WARNING".*\d+ of 120 projects of budget \\"many\\" were not reached within the time of one event: ml-/)).toHaveLength(1);
    expect(lines(/have fired before/)).toEqual([]);
    let deliveries = 1;
    for (let isDone = false; !isDone; deliveries++) {
      world.nowMs += 10 * MINUTE_MS;
      isDone = await message(publishTime);
      expect(isDone).toBe(running() === 0);
    }
    expect(deliveries).toBeLessThanOrEqual(5);
    expect(new Set(world.changes).size).toBe(120);
    expect(world.changes).toHaveLength(120);
  });

  it('holds each at the ticks between two messages: none is the last every time', async () => {
    const { world, now, running, lines, message, tick } = startMany(120);
    const publishTime = now();
    while (!(await message(publishTime))) world.nowMs += MINUTE_MS;
    expect(running()).toBe(0);
    for (let round = 0; round < 2; round++) {
      // An operator, a script or a schedule starts them all again.
      for (const { vms } of world.projects) vms.set('vm-1', true);
      for (let ticks = 0; running() > 0; ticks++) {
        expect(ticks).toBeLessThan(8);
        world.nowMs += 5 * MINUTE_MS;
        // Another tick comes anyway: none has to come again.
        expect(await tick()).toBe(true);
      }
    }
    expect(lines(/were not reached within the time of one event/).length).toBeGreaterThan(1);
  });

  it('is named in the receipt, project by project', async () => {
    const { world, now, running, message } = startMany(120);
    await message(now());
    const receipts = [...world.objects].filter(([name]) => name.startsWith('receipts/'));
    const texts = receipts.map(([, { text }]) => text).join('\n');
    expect(texts.match(/not reached within the time of this event/g)?.length).toBeGreaterThan(20);
    expect(texts.match(/not reached within the time of this event/g)?.length).toBeLessThanOrEqual(running());
  });

  it('in observe mode is said, keeps nothing in mind and asks for no other delivery', async () => {
    const { world, now, lines, message } = startMany(120, 'observe');
    expect(await message(now())).toBe(true);
    expect(lines(/were not reached within the time of one event/)).toHaveLength(1);
    expect([...world.objects.keys()].filter((name) => !name.startsWith('receipts/'))).toEqual([]);
    expect(world.changes).toEqual([]);
  });

  it.each(['{"version":1,"looks":', '{"version":2}', JSON.stringify({ version: 1, looks: { 'ml-000': { atMs: 1e15, rungs: 'stop-compute@1' } } })])(
    'whose memory is %s begins anew',
    async (text) => {
      const { world, now, running, message } = startMany(12);
      world.objects.set(MEMORY, { text, generation: 1, updatedMs: world.nowMs });
      expect(await message(now())).toBe(true);
      expect(running()).toBe(0);
      const { looks } = JSON.parse(world.objects.get(MEMORY)?.text ?? '{}') as { looks: object };
      expect(Object.keys(looks)).toHaveLength(12);
    },
  );
}); // prettier-ignore

it('a budget whose projects all begin at once keeps no order', async () => {
  const { world, now, running, message } = startMany(4);
  expect(await message(now())).toBe(true);
  expect(running()).toBe(0);
  expect(world.objects.has(MEMORY)).toBe(false);
});
