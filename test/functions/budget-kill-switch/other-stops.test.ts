import { expect, it } from 'vitest';
import { deliverAlert } from '../../support/switch-and-restore.ts';
import { BUDGETS, wireOf } from '../../support/ladder-model.ts';
import { MINUTE_MS, restoreWorld } from '../../support/restore-world.ts';

const requests: string[] = [];
const lab = restoreWorld((request, answer) => {
  requests.push(request);
  return answer();
});
const { fake } = lab;

/** A message of the month's budget (0) or of the quarter's (1), over the same project. */
async function alert(budget: number, id: string): Promise<void> {
  const { attributes, data } = wireOf({
    ...{ budget, period: 1, percent: 110, namesThreshold: true },
    ...{ forecastPercent: undefined, amountPercent: 100, currency: 'USD' },
  });
  await deliverAlert(fake.runtime, fake.world, { attributes, data }, id);
  fake.world.nowMs += 2 * MINUTE_MS;
}

it('reads once a rung since when another budget holds, however much runs again of what that one took', async () => {
  lab.fresh();
  const [month = { name: '' }] = BUDGETS;
  await alert(0, 'month');
  const vms = [...lab.project().vms.keys()];
  const instances = [...lab.project().notebooks.keys()];
  for (const vm of vms) lab.project().vms.set(vm, true);
  for (const one of instances) lab.project().notebooks.set(one, true);
  expect(vms.length + instances.length).toBeGreaterThan(2);
  requests.length = 0;
  await alert(1, 'quarter');
  const id = month.name.split('/').at(-1) ?? '';
  const reads = requests.filter((one) => one.startsWith('GET ') && one.includes(`${id}%2Fheld.json`));
  // Both rungs that are due look for themselves.
  expect(reads).toHaveLength(2);
});
