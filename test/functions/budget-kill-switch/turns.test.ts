import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import { emptyWorld, fakeGoogle, type FakeProject, type FakeWorld } from '../../support/fake-google.ts';

const MINUTE_MS = 60_000;
const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `${ACCOUNT}/budgets/many`;
const MEMORY = 'spend/0A1B2C-3D4E5F-6A7B8C/many/looks.json';

/** Of sandbox time, for one listing of notebooks and one of machines. */
const LISTING_MS = 2_000;

/** One listing of a look. */
const TPUS = /tpu\.googleapis\.com.*\/nodes/;

function newProject(index: number): FakeProject {
  const nothing = {
    jobs: new Map(),
    pipelines: new Map(),
    vertexJobs: new Map(),
    groups: new Map(),
    machines: new Map(),
  };
  return {
    ...{
      id: `ml-${String(index).padStart(3, '0')}`,
      number: String(100_000_000_000 + index),
      account: ACCOUNT,
    },
    ...{ notebooks: new Map(), vms: new Map([['vm-1', true]]), models: new Set(), ...nothing },
  };
}

const LADDER = [{ at: 1, do: 'stop-compute' }];
const WITH_NOTIFY = [{ at: 0.5, do: 'notify' }, { at: 0.8, do: 'stop-notebooks' }, ...LADDER];

/** A budget of so many projects, each with a VM that runs, and a switch to which listing takes its time. */
function startMany(
  count: number,
  more: { readonly mode?: 'enforce' | 'observe'; readonly ladder?: readonly object[]; readonly maxActions?: number } = {},
) {
  const budgets = { mode: 'enforce', allow: [BUDGET], jump: 0, ladder: LADDER, maxActions: 1_000, ...more };
  const faults = new Map<RegExp, number>();
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
        budgets,
      }),
    around(request, answer) {
      if (/\/aggregated\/instances\?|\/locations\/-\/instances/.test(request)) world.nowMs += LISTING_MS / 2;
      const status = [...faults].find(([pattern]) => pattern.test(request))?.[1];
      if (status === undefined) return answer();
      const data = { error: { code: status, message: 'injected' } };
      throw Object.assign(new Error('injected'), { response: { status, data } });
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
    faults,
    now,
    running: () => world.projects.filter(({ vms }) => vms.get('vm-1') === true).length,
    lines: (pattern: RegExp) => world.lines.filter((line) => pattern.test(line)),
    tick: () => deliver({}, {}, now()),
    message: (publishTime: string, costAmount = 1_100) =>
      deliver(
        {
          ...{ budgetDisplayName: 'many', costAmount, budgetAmount: 1_000, budgetAmountType: 'SPECIFIED_AMOUNT' },
          ...{ costIntervalStart: '2026-11-01T07:00:00Z', currencyCode: 'USD', alertThresholdExceeded: costAmount < 1_000 ? 0.8 : 1 },
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
    expect(lines(/"WARNING".*\d+ of 120 projects of budget \\"many\\" were not reached within the time of one event: ml-.*; the next event begins with them/)).toHaveLength(1);
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

  it('reaches each by ticks and deliveries, though a region is down in all of them, and the message comes again until it is back', async () => {
    const { world, faults, now, running, message, tick } = startMany(120);
    const publishTime = now();
    faults.set(TPUS, 503);
    for (let events = 0; running() > 0; events++) {
      expect(events).toBeLessThan(5);
      expect(await message(publishTime)).toBe(false);
      world.nowMs += 5 * MINUTE_MS;
      await tick();
      world.nowMs += 5 * MINUTE_MS;
    }
    expect(await message(publishTime)).toBe(false);
    faults.clear();
    let isDone = false;
    for (let deliveries = 0; !isDone; deliveries++) {
      expect(deliveries).toBeLessThan(5);
      world.nowMs += MINUTE_MS;
      isDone = await message(publishTime);
    }
    expect(world.changes).toHaveLength(120);
  });

  it('is done with a message where a listing is refused in all of them: another delivery would see no more', async () => {
    const { world, faults, now, running, message } = startMany(120);
    const publishTime = now();
    faults.set(TPUS, 403);
    for (let deliveries = 0; !(await message(publishTime)); deliveries++) {
      expect(deliveries).toBeLessThan(4);
      world.nowMs += MINUTE_MS;
    }
    expect(running()).toBe(0);
  });

  it('is done with a message that notifies as well, however many ticks come between its deliveries', async () => {
    const { world, now, running, message, tick } = startMany(160, { ladder: WITH_NOTIFY });
    const publishTime = now();
    for (let deliveries = 1; !(await message(publishTime)); deliveries++) {
      expect(deliveries).toBeLessThan(4);
      for (let ticks = 0; ticks < 2; ticks++) {
        world.nowMs += 5 * MINUTE_MS;
        expect(await tick()).toBe(true);
      }
    }
    expect(running()).toBe(0);
  });

  it('is done with a message once a later one that reached more was at all of them', async () => {
    const { world, now, message } = startMany(260, { ladder: WITH_NOTIFY });
    const earlier = now();
    expect(await message(earlier, 850)).toBe(false);
    world.nowMs += MINUTE_MS;
    const later = now();
    while (!(await message(later))) world.nowMs += MINUTE_MS;
    world.nowMs += MINUTE_MS;
    expect(await message(earlier, 850)).toBe(true);
  });

  it('is done with a message where all of them are in a grace, each said once', async () => {
    const { world, now, lines, message } = startMany(120);
    const publishTime = now();
    while (!(await message(publishTime))) world.nowMs += MINUTE_MS;
    const grace = { runId: 'restore-1', sinceMs: world.nowMs, untilMs: world.nowMs + 600 * MINUTE_MS };
    for (const [name, object] of world.objects)
      if (name.startsWith('manifests/') && !name.includes('_budget'))
        world.objects.set(name, { ...object, text: JSON.stringify({ ...(JSON.parse(object.text) as object), grace }) });
    for (const { vms } of world.projects) vms.set('vm-1', true);
    world.nowMs += MINUTE_MS;
    const next = now();
    for (let deliveries = 0; !(await message(next)); deliveries++) {
      expect(deliveries).toBeLessThan(4);
      world.nowMs += MINUTE_MS;
    }
    expect(lines(/"WARNING".*stop-compute is not in force on ml-/)).toHaveLength(120);
    expect(world.changes).toHaveLength(120);
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
    const { world, now, lines, message } = startMany(120, { mode: 'observe' });
    expect(await message(now())).toBe(true);
    expect(lines(/were not reached within the time of one event.*; the next event begins with any of the projects/)).toHaveLength(1);
    // What the message reported, by which the next one tells the rate, and that it came.
    const kept = ['2026-11-01.json', 'heard.json'].map((file) => `spend/0A1B2C-3D4E5F-6A7B8C/many/${file}`);
    expect([...world.objects.keys()].filter((name) => !name.startsWith('receipts/')).sort()).toEqual(kept);
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

it('another delivery of a message goes on with what was over maxActions', async () => {
  const { world, now, running, message } = startMany(12, { maxActions: 5 });
  const publishTime = now();
  const left: number[] = [];
  for (let delivery = 0; delivery < 3; delivery++) {
    await message(publishTime);
    left.push(running());
    world.nowMs += MINUTE_MS;
  }
  expect(left).toEqual([7, 2, 0]);
});

it('a budget whose projects all begin at once keeps no order', async () => {
  const { world, now, running, message } = startMany(4);
  expect(await message(now())).toBe(true);
  expect(running()).toBe(0);
  expect(world.objects.has(MEMORY)).toBe(false);
});
