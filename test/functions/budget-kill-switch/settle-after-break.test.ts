import { describe, expect, it } from 'vitest';
import { BUDGETS } from '../../support/ladder-model.ts';
import { BUDGET, MINUTE_MS, RESEARCH, restoreWorld } from '../../support/restore-world.ts';

/** Whether the bucket refuses what is noted of a break. */
let failsHeld = false;
const lab = restoreWorld((request, answer) =>
  failsHeld && request.startsWith('POST') && request.includes('held.json')
    ? Promise.reject(new Error('the storage is out'))
    : answer(),
);
const { fake } = lab;
const HOUR_MS = 60 * MINUTE_MS;

/** The project alone in its budget of $100, with nothing that a label keeps, all stopped for a day at $125. */
async function startSettled(): Promise<void> {
  lab.fresh();
  const { notebooks, vms, machines, number } = lab.project();
  for (const fleet of [notebooks, vms])
    for (const name of fleet.keys()) if (name.endsWith('-kept')) fleet.set(name, false);
  for (const [name, machine] of machines) if (name.endsWith('-kept')) machine.running = false;
  fake.world.nowMs = Date.parse('2026-11-10T12:00:00Z');
  limit({ projects: [`projects/${number}`] });
  for (let messages = 0; messages < 2; messages++) {
    expect(await lab.alert({ costAmount: 125, budgetAmount: 100 })).toBe(true);
    fake.world.nowMs += 25 * HOUR_MS;
  }
  expect(await report(125)).toBe(true);
}

/** Edits the budget's filter. */
function limit(more: object): void {
  const known = fake.world.budgets.get(BUDGET);
  const filter = known?.['budgetFilter'] as object;
  fake.world.budgets.set(BUDGET, { ...known, budgetFilter: { ...filter, ...more } });
}

/** Whether the project is linked after a message. */
async function report(costAmount: number, budgetAmount = 100): Promise<boolean> {
  expect(await lab.alert({ costAmount, budgetAmount })).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
  return lab.project().account !== '';
}

function heldName(): string {
  return [...fake.world.objects.keys()].find((one) => one.endsWith('/held.json')) ?? '';
}

/** What grows in the time that has begun anew is no reason; what grows after it is. */
async function settleAnew(): Promise<void> {
  fake.world.nowMs += 23 * HOUR_MS;
  expect(await report(140)).toBe(true);
  fake.world.nowMs += 2 * HOUR_MS;
  expect(await report(145)).toBe(true);
  expect(await report(145)).toBe(true);
  expect(await report(150)).toBe(false);
}

function startByHand(): void {
  lab.project().vms.set('vm-1', true);
  fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
  fake.world.nowMs += 5 * HOUR_MS;
}

/** How stop-compute comes out of force for a while, in which the amount ends as it was. */
const BREAKS = {
  'a credit': async () => {
    expect(await report(70)).toBe(true);
  },
  'a raise that is taken back, with messages in it': async () => {
    lab.raise(200);
    expect(await report(125, 200)).toBe(true);
  },
  'a raise that is taken back, with a tick in it': async () => {
    lab.raise(200);
    expect(await lab.tick()).toBe(true);
  },
  'the grace of a restore': async () => {
    await lab.restore('POST', { ...lab.request, grace: '1h' });
    expect(await report(125)).toBe(true);
  },
  'a time in which the policy did not allow the budget': async () => {
    lab.edit({ allow: [BUDGETS[1]?.name] });
    expect(await report(125)).toBe(true);
    lab.edit({});
  },
  'a time in which the policy allowed none of its account': async () => {
    lab.edit({ allow: [BUDGETS.at(-1)?.name] });
    expect(await report(125)).toBe(true);
    lab.edit({});
  },
  'a time in which the policy protected the project': async () => {
    lab.edit({ protect: [`projects/${RESEARCH}`] });
    expect(await report(125)).toBe(true);
    lab.edit({});
  },
  "a time out of the budget's filter": async () => {
    limit({ projects: ['projects/102'] });
    expect(await report(110)).toBe(true);
    limit({ projects: [`projects/${lab.project().number}`] });
  },
} as const;

describe('cost of what ran while stop-compute was not in force', () => {
  for (const [title, take] of Object.entries(BREAKS))
    for (const isOffByHand of [false, true])
      it(`after ${title}, ${isOffByHand ? 'stopped by hand before' : 'running until'} the rung is in force again: is no reason to unlink until it has settled`, async () => {
        await startSettled();
        await take();
        startByHand();
        if (isOffByHand) lab.project().vms.set('vm-1', false);
        lab.raise(100);
        expect(await report(135)).toBe(true);
        expect(lab.project().vms.get('vm-1')).toBe(false);
        fake.world.nowMs += 20 * HOUR_MS;
        expect(await report(140)).toBe(true);
        fake.world.nowMs += 5 * HOUR_MS;
        // The first figure after the settling time, with which later ones are compared.
        expect(await report(140)).toBe(true);
        expect(await report(140)).toBe(true);
        expect(await report(145)).toBe(false);
      });

  it('without such a break: what grows by more after the settling time unlinks', async () => {
    await startSettled();
    expect(await report(125)).toBe(true);
    expect(await report(135)).toBe(false);
  });

  it.each([
    ['credits', { creditTypesTreatment: 'EXCLUDE_ALL_CREDITS' }],
    ['services', { services: ['services/6F81-5844-456A'] }],
  ])('cost that an edit of the filter (%s) brings is no reason until it has settled', async (_, more) => {
    await startSettled();
    limit(more);
    expect(await report(135)).toBe(true);
    await settleAnew();
  });

  it('empty fields that an answer has by now are no edit of the filter', async () => {
    await startSettled();
    limit({ services: [], labels: {}, subaccounts: null, resourceAncestors: [] });
    expect(await report(125)).toBe(true);
    expect(await report(135)).toBe(false);
  });

  it('where what was noted of it is damaged: the settling time begins anew once', async () => {
    await startSettled();
    fake.world.objects.set(heldName(), { text: '{', generation: 9, updatedMs: fake.world.nowMs });
    expect(await report(135)).toBe(true);
    await settleAnew();
  });

  it('where the break began under a version that noted none: the settling time begins anew once', async () => {
    await startSettled();
    expect(await report(70)).toBe(true);
    fake.world.objects.delete(heldName());
    startByHand();
    expect(await report(70)).toBe(true);
    expect(await report(135)).toBe(true);
    await settleAnew();
  });

  it.each(['a message', 'a tick'])(
    'of which %s was the only look, which could not note it: that comes again until it can',
    async (what) => {
      await startSettled();
      lab.raise(200);
      const look = (): Promise<boolean> =>
        what === 'a tick' ? lab.tick() : lab.alert({ costAmount: 125, budgetAmount: 200 });
      failsHeld = true;
      expect(await look()).toBe(false);
      failsHeld = false;
      expect(await look()).toBe(true);
      startByHand();
      lab.project().vms.set('vm-1', false);
      lab.raise(100);
      expect(await report(135)).toBe(true);
      await settleAnew();
    },
  );

  it.each([
    ['a newer message', () => report(135)],
    [
      'a newer message that cannot note it either, and a tick after it',
      async () => {
        failsHeld = true;
        await lab.alert({ costAmount: 135, budgetAmount: 100 });
        failsHeld = false;
        expect(await lab.tick()).toBe(true);
        fake.world.nowMs += 10 * MINUTE_MS;
        return report(135);
      },
    ],
  ])(
    'of which the only message could not note it, and %s overtakes that: the settling time begins anew',
    async (_, overtake) => {
      await startSettled();
      failsHeld = true;
      expect(await lab.alert({ costAmount: 70, budgetAmount: 100 })).toBe(false);
      failsHeld = false;
      startByHand();
      lab.project().vms.set('vm-1', false);
      expect(await overtake()).toBe(true);
      await settleAnew();
    },
  );

  it('where a look cannot note it: waits for the next one, with which the settling time begins anew', async () => {
    await startSettled();
    expect(await report(70)).toBe(true);
    startByHand();
    failsHeld = true;
    expect(await report(130)).toBe(true);
    failsHeld = false;
    expect(await report(135)).toBe(true);
    await settleAnew();
  });
});
