import { expect, it } from 'vitest';
import { guardBudget } from '../../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../../shared/run/handle-event.ts';
import { emptyWorld, fakeGoogle } from '../../../support/fake-google.ts';

const MINUTE_MS = 60_000;
const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `${ACCOUNT}/budgets/one`;
const PROJECT = 'ml-000';

interface Stored {
  readonly rungs: readonly { readonly do: string; readonly status: string }[];
  readonly spent: { readonly share: number; readonly amount: number };
}

/** A project whose VM was stopped at 110 % of the budget, and that an operator restores while a run on it looks. */
async function startStopped() {
  const nothing = { jobs: new Map(), pipelines: new Map(), vertexJobs: new Map(), groups: new Map(), machines: new Map() };
  const vms = new Map([['vm-1', true]]);
  const world = emptyWorld(Date.parse('2026-11-18T20:00:00Z'), [
    { id: PROJECT, number: '100000000000', account: ACCOUNT, notebooks: new Map(), vms, models: new Set(), ...nothing },
  ]);
  world.budgets.set(BUDGET, {
    ...{ name: BUDGET, displayName: 'one' },
    amount: { specifiedAmount: { currencyCode: 'USD', units: '1000' } },
    budgetFilter: { calendarPeriod: 'MONTH', projects: ['projects/100000000000'] },
  });
  const restore: { before: RegExp | undefined; grace: object } = { before: undefined, grace: {} };
  const manifestName = (): string => [...world.objects.keys()].find((name) => name.startsWith('manifests/')) ?? '';
  const manifest = () => JSON.parse(world.objects.get(manifestName())?.text ?? '{}') as Stored;
  const google = fakeGoogle({
    ...{ world, functionName: 'budget-kill-switch', ownProject: 'ml-operations' },
    policyText: () =>
      JSON.stringify({
        ...{ scope: [`projects/${PROJECT}`], state: 'gs://ml-operations-costguard' },
        budgets: { mode: 'enforce', allow: [BUDGET], jump: 0, ladder: [{ at: 1, do: 'stop-compute' }] },
      }),
    around(request, answer) {
      if (restore.before?.test(request) === true) {
        restore.before = undefined;
        const grace = { runId: 'restore-1', sinceMs: world.nowMs, amount: 1_000, ...restore.grace };
        const generation = (world.objects.get(manifestName())?.generation ?? 0) + 1;
        world.objects.set(manifestName(), { text: JSON.stringify({ ...manifest(), grace }), generation, updatedMs: world.nowMs });
        vms.set('vm-1', true);
      }
      return answer();
    },
  });
  const deliver = (data: object, attributes: Readonly<Record<string, string>>): Promise<unknown> => {
    const publishTime = new Date(world.nowMs).toISOString();
    const message = { data: Buffer.from(JSON.stringify(data)).toString('base64'), attributes, messageId: '1', publishTime };
    return handleEvent(google.runtime, { id: '1', source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } }, guardBudget);
  };
  const events = {
    tick: () => deliver({}, {}),
    message: (costAmount = 1_150) =>
      deliver(
        {
          ...{ budgetDisplayName: 'one', costAmount, budgetAmount: 1_000, budgetAmountType: 'SPECIFIED_AMOUNT' },
          ...{ costIntervalStart: '2026-11-01T07:00:00Z', currencyCode: 'USD', alertThresholdExceeded: 1 },
        },
        { billingAccountId: '0A1B2C-3D4E5F-6A7B8C', budgetId: 'one', schemaVersion: '1.0' },
      ),
  };
  await events.message(1_100);
  expect(vms.get('vm-1')).toBe(false);
  world.nowMs += 10 * MINUTE_MS;
  return { world, vms, manifest, restore, ...events };
} // prettier-ignore

const HOURS = { untilMs: Date.parse('2026-11-18T22:00:00Z') };
const SHARE = { untilShare: 1.2 };

/** What the run requests after it has read the manifest, and before it has the lease. */
const MOMENTS = {
  'it says which rungs are in force': /^POST .*in-force%2F/,
  'it looks': /\/aggregated\/instances\?/,
  'it takes the lease': /^POST .*manifests%2F/,
} as const;

const CASES = (['tick', 'message'] as const).flatMap((event) =>
  Object.entries(MOMENTS).flatMap(([moment, before]) =>
    Object.entries({ hours: HOURS, share: SHARE }).map(([unit, grace]) => ({
      ...{ event, moment, before, unit, grace },
    })),
  ),
);

it.each(CASES)(
  'a grace ($unit) that a restore opens before $moment keeps what it brought back at this $event',
  async ({ event, moment, before, grace }) => {
    const world = await startStopped();
    // A look that finds nothing running takes no lease: something has to have come back before it.
    if (moment === 'it takes the lease') world.vms.set('vm-1', true);
    Object.assign(world.restore, { before, grace });
    await world[event]();
    expect(world.restore.before).toBeUndefined();
    expect(world.vms.get('vm-1')).toBe(true);
    expect(world.world.changes).toEqual([`stop ${PROJECT}/vm-1`]);
    const said = world.world.lines.filter((line) => /stop-compute is not in force on ml-000: .*1 run at/.test(line));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('"WARNING"');
    // Other functions may start what the rung would stop again.
    expect(world.world.objects.get(`spend/in-force/${PROJECT}.json`)?.text).toContain('"budgets":{}');
  },
); // prettier-ignore

it('what is spent counts no further into a grace that was opened before it is noted', async () => {
  const { manifest, restore, message } = await startStopped();
  Object.assign(restore, { before: MOMENTS['it says which rungs are in force'], grace: SHARE });
  await message();
  expect(manifest().spent).toEqual({ share: 1.1, amount: 1_000 });
});

it('a grace that is used up by then keeps nothing', async () => {
  const { world, vms, restore, tick } = await startStopped();
  Object.assign(restore, { before: MOMENTS['it looks'], grace: { untilMs: world.nowMs } });
  await tick();
  expect(vms.get('vm-1')).toBe(false);
  expect(world.changes).toHaveLength(2);
});
