import { describe, expect, it } from 'vitest';
import { BUDGET, MINUTE_MS, restoreWorld } from '../../support/restore-world.ts';

/** Whether Google refuses to list VMs. */
let hidesVms = false;
const lab = restoreWorld((request, answer) =>
  hidesVms && request.includes('/aggregated/instances')
    ? Promise.reject(Object.assign(new Error('denied'), { response: { status: 403, data: {} } }))
    : answer(),
);
const { fake } = lab;
const HOUR_MS = 60 * MINUTE_MS;

/** The project alone in its budget of $100 and stopped at $101, but for what a label keeps of its VMs. */
async function startStopped(keptRuns: boolean): Promise<void> {
  lab.fresh();
  hidesVms = false;
  const { notebooks, vms, machines, number } = lab.project();
  notebooks.set('nb-kept', false);
  vms.set('vm-kept', keptRuns);
  for (const [name, machine] of machines) if (name.endsWith('-kept')) machine.running = false;
  fake.world.nowMs = Date.parse('2026-11-10T12:00:00Z');
  const known = fake.world.budgets.get(BUDGET);
  const filter = known?.['budgetFilter'] as object;
  fake.world.budgets.set(BUDGET, { ...known, budgetFilter: { ...filter, projects: [`projects/${number}`] } });
  expect(await report(101)).toBe(true);
}

/** Whether the project is linked after a message. */
async function report(costAmount: number): Promise<boolean> {
  expect(await lab.alert({ costAmount, budgetAmount: 100 })).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
  return lab.project().account !== '';
}

/** What runs for 30 hours below the rung that unlinks, and how it ends. */
const ENDS = {
  'a kept VM that an operator stopped': async () => {
    await lab.tick();
    fake.world.nowMs += 30 * HOUR_MS;
    lab.project().vms.set('vm-kept', false);
  },
  'a VM that could not be seen until now': async () => {
    hidesVms = true;
    lab.project().vms.set('vm-kept', false).set('vm-1', true);
    expect(await report(101)).toBe(true);
    fake.world.nowMs += 30 * HOUR_MS;
    hidesVms = false;
  },
} as const;

describe('cost of what burnt while stop-compute was in effect', () => {
  for (const [title, take] of Object.entries(ENDS))
    for (const by of ['a tick', 'a message'])
      it(`of ${title}, seen by ${by}: is no reason to unlink until it has settled`, async () => {
        await startStopped(true);
        await take();
        if (by === 'a tick') await lab.tick();
        expect(await report(121)).toBe(true);
        expect(lab.project().vms.get('vm-1')).toBe(false);
        fake.world.nowMs += 5 * HOUR_MS;
        expect(await report(135)).toBe(true);
        fake.world.nowMs += 20 * HOUR_MS;
        // The first figure after the settling time, with which later ones are compared.
        expect(await report(140)).toBe(true);
        expect(await report(140)).toBe(true);
        expect(await report(145)).toBe(false);
      });

  it('is a reason while it burns', async () => {
    await startStopped(true);
    await lab.tick();
    expect(await report(121)).toBe(false);
  });

  it('where nothing burnt: what grows after the settling time unlinks', async () => {
    await startStopped(false);
    fake.world.nowMs += 30 * HOUR_MS;
    await lab.tick();
    expect(await report(121)).toBe(true);
    fake.world.nowMs += 5 * HOUR_MS;
    expect(await report(135)).toBe(false);
  });
});
