import { describe, expect, it } from 'vitest';
import type { RestoreAnswer } from '../../../support/budget-lab.ts';
import { MINUTE_MS, RESEARCH, restoreWorld, stateOf } from '../../../support/restore-world.ts';
import { BUDGETS, wireOf } from '../../../support/ladder-model.ts';
import { callRestore, deliverAlert } from '../../../support/switch-and-restore.ts';

const OPERATION = `projects/${RESEARCH}/locations/us-central1/endpoints/1/operations/1`;

/** While true, what is deployed goes on and does not show. */
let isSlow = false;
/** Looks at an operation that Google answers; the ones after them are answered with `status`. */
let looks = Infinity;
let status = 503;
const lab = restoreWorld(async (request, answer) => {
  if (/^GET .*\/operations\//.test(request)) {
    if (--looks < 0) refuse(status);
    return { name: OPERATION, done: !isSlow };
  }
  const data = await answer();
  if (request.includes(':deployModel')) return { name: OPERATION };
  if (isSlow && /^GET .*\/endpoints\/1(?:\?|$)/.test(request))
    return { ...(data as object), deployedModels: [] };
  return data;
});
const { fake } = lab;

function refuse(code: number): never {
  const data = { error: { code, message: `refused with ${code}` } };
  throw Object.assign(new Error(data.error.message), { response: { status: code, data } });
}

/** Waiting takes its time here. */
const runtime = {
  ...fake.runtime,
  async sleep(milliseconds: number): Promise<void> {
    fake.world.nowMs += milliseconds;
    await fake.runtime.sleep(milliseconds);
  },
};
const restore = (): Promise<RestoreAnswer> => callRestore(runtime, 'POST', lab.request);

const deployments = () => fake.world.changes.filter((change) => change.startsWith('deployModel'));

function endpointOf({ results = [] }: RestoreAnswer) {
  return results.find(({ resource }) => resource.endsWith('/endpoints/1'));
}

describe('models whose deployment takes longer than the request', () => {
  it('are pending, noted in the manifest, and done with a later request without a second copy', async () => {
    const before = await lab.stopResources();
    isSlow = true;
    const begunMs = fake.world.nowMs;
    const first = await restore();
    expect([first.status, first.complete]).toEqual([503, false]);
    expect(endpointOf(first)).toMatchObject({
      outcome: 'pending',
      why: expect.stringMatching(
        /^The deployment of "model-\d" on ".*" was requested and does not show yet$/,
      ) as string,
    });
    expect(fake.world.nowMs - begunMs).toBeLessThan(50 * MINUTE_MS);
    expect(Object.keys(lab.manifest().deployments ?? {})).toHaveLength(2);
    // Its operation goes on, also after the longest time that one is known to take.
    fake.world.nowMs += 60 * MINUTE_MS;
    expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
    isSlow = false;
    const last = await restore();
    expect([last.status, endpointOf(last)?.outcome]).toEqual([200, 'done']);
    expect(deployments()).toHaveLength(2);
    expect(stateOf(lab.project())).toEqual(before);
  });

  it('stay pending after their time where their operation cannot be looked at', async () => {
    looks = Infinity;
    await lab.stopResources();
    isSlow = true;
    await restore();
    fake.world.nowMs += 60 * MINUTE_MS;
    [looks, status] = [0, 503];
    expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
    expect(deployments()).toHaveLength(2);
  });

  it.each([404, 403])(
    'are requested anew after their time where their operation is answered with %i',
    async (refusedWith) => {
      looks = Infinity;
      await lab.stopResources();
      isSlow = true;
      await restore();
      fake.world.nowMs += 60 * MINUTE_MS;
      [looks, status] = [0, refusedWith];
      expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
      expect(deployments().length).toBeGreaterThan(2);
    },
  );
});

/** Both budgets took the models, and neither is in force any more. */
async function stopTwice(): Promise<object> {
  looks = Infinity;
  isSlow = false;
  lab.fresh();
  const before = stateOf(lab.project());
  for (const percent of [110, 10])
    for (const budget of [0, 1]) {
      if (percent === 110 && budget === 1)
        for (const name of ['model-1', 'model-2']) lab.project().models.add(name);
      const message = { budget, period: 1, percent, namesThreshold: true, forecastPercent: undefined };
      await deliverAlert(
        fake.runtime,
        fake.world,
        wireOf({ ...message, amountPercent: 100, currency: 'USD' }),
        `both-${budget}-${percent}`,
      );
      fake.world.nowMs += MINUTE_MS;
    }
  fake.world.changes.length = 0;
  return before;
}

const QUARTER = { budget: BUDGETS[1]?.name ?? '', period: '2026-10-01', project: RESEARCH };
const restoreQuarter = (): Promise<RestoreAnswer> => callRestore(runtime, 'POST', QUARTER);

describe('models that two budgets hold', () => {
  it('whose deployment one restore requested, are pending for the other one too, and deployed once', async () => {
    const before = await stopTwice();
    isSlow = true;
    expect(endpointOf(await restore())).toMatchObject({ outcome: 'pending' });
    expect(endpointOf(await restoreQuarter())).toMatchObject({
      outcome: 'pending',
      why: expect.stringMatching(/ does not show yet, by a restore of \S+\/month, period 2026-11-01$/) as string,
    });
    expect(deployments()).toHaveLength(2);
    isSlow = false;
    expect(endpointOf(await restoreQuarter())).toMatchObject({ outcome: 'already' });
    expect(endpointOf(await restore())).toMatchObject({ outcome: 'done' });
    expect(deployments()).toHaveLength(2);
    expect(stateOf(lab.project())).toEqual(before);
  });

  it('and that both restores are to bring back at the same time, are deployed once', async () => {
    const before = await stopTwice();
    await Promise.all([restore(), restoreQuarter()]);
    await restore();
    await restoreQuarter();
    expect(deployments()).toHaveLength(2);
    expect(stateOf(lab.project())).toEqual(before);
  });
}); // prettier-ignore
