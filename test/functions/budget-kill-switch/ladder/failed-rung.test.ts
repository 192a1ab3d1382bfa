import { expect, it } from 'vitest';
import { RESEARCH, restoreWorld } from '../../../support/restore-world.ts';

/** The state bucket fails from a rung's look at VMs on, until billing is looked at. */
let outage: 'armed' | 'on' | 'over' = 'over';
const lab = restoreWorld((request, answer) => {
  if (outage === 'armed' && /ml-research\/aggregated\/instances\?/.test(request)) outage = 'on';
  else if (outage === 'on' && /^GET .*ml-research\/billingInfo/.test(request)) outage = 'over';
  else if (outage === 'on' && /^GET .*storage\.googleapis\.com/.test(request)) {
    const data = { error: { code: 503, message: 'injected' } };
    return Promise.reject(Object.assign(new Error('injected'), { response: { status: 503, data } }));
  }
  return answer();
});
const { fake } = lab;

const isLinked = (): boolean => lab.project().account !== '';
const isOn = (): boolean => lab.project().vms.get('vm-1') === true;
const waiting = (): readonly string[] =>
  fake.world.lines.filter((line) => line.includes(`unlink-billing waits on ${RESEARCH}`));

it.each([
  ['nothing has fired before', undefined, 'stop-notebooks'],
  ['something came back since', 110, 'stop-compute'],
])('a failed read before a stop leaves unlinking to the next delivery: %s', async (_, before, failed) => {
  lab.fresh();
  outage = 'over';
  if (before !== undefined) {
    expect(await lab.alert({ costAmount: before })).toBe(true);
    fake.world.nowMs += 10 * 60_000;
    lab.project().vms.set('vm-1', true);
    fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
  }
  outage = 'armed';
  expect(await lab.alert()).toBe(false);
  expect(outage).toBe('on');
  expect([isLinked(), isOn()]).toEqual([true, true]);
  expect(waiting()).toHaveLength(1);
  expect(waiting()[0]).toMatch(
    new RegExp(`: ${failed} failed: .*503.*\\. The next delivery or tick looks again`),
  );

  // The lease could not be given back either: it runs out.
  outage = 'over';
  fake.world.nowMs += 5 * 60_000;
  expect(await lab.alert()).toBe(true);
  expect(isOn()).toBe(false);
  expect(waiting()).toHaveLength(1);
});
