import { expect, it } from 'vitest';
import { MINUTE_MS, RESEARCH, restoreWorld } from '../../support/restore-world.ts';

let failsListing = false;
const lab = restoreWorld((request, answer) => {
  if (!failsListing || !/ml-research\/aggregated\/instances\?/.test(request)) return answer();
  const data = { error: { code: 503, message: 'injected' } };
  return Promise.reject(Object.assign(new Error('injected'), { response: { status: 503, data } }));
});
const { fake } = lab;

async function look(minutes: number): Promise<void> {
  fake.world.nowMs += minutes * MINUTE_MS;
  await lab.alert({ costAmount: 125 });
}

it('the hour for which unlinking waits for what it does not see begins anew after a time in protect', async () => {
  lab.fresh();
  const { notebooks, vms, machines } = lab.project();
  for (const fleet of [notebooks, vms])
    for (const name of fleet.keys()) if (name.endsWith('-kept')) fleet.set(name, false);
  for (const [name, machine] of machines) if (name.endsWith('-kept')) machine.running = false;
  expect(await lab.alert({ costAmount: 110 })).toBe(true);
  failsListing = true;
  await look(10);
  expect(lab.manifest().settling?.unseenSinceMs).toBe(fake.world.nowMs);
  lab.edit({ protect: [`projects/${RESEARCH}`] });
  await look(10);
  expect(lab.manifest().settling).toMatchObject({ burns: true });
  expect(lab.manifest().settling?.unseenSinceMs).toBeUndefined();
  lab.edit({});
  await look(120);
  await look(10);
  expect(lab.project().account).not.toBe('');
  await look(60);
  await look(10);
  expect(lab.project().account).toBe('');
});
