import { describe, expect, it } from 'vitest';
import { GROUP_SIZE } from '../../support/fake-machines.ts';
import { POOL_GROUP } from '../../support/fake-groups.ts';
import { DEATHS, disturb, FATES, untilKilled, type Disturbance } from '../../support/write-fates.ts';
import { BUDGETS } from '../../support/ladder-model.ts';
import { MINUTE_MS, restoreWorld, stateOf } from '../../support/restore-world.ts';

const disturbance: Disturbance = { armed: undefined, freeze: undefined };
const lab = restoreWorld(disturb(disturbance, () => undefined));
const { fake } = lab;

/** The rungs up to stop-compute fire. What was there before. */
async function fire(): Promise<object> {
  disturbance.armed = undefined;
  lab.fresh();
  const before = stateOf(lab.project());
  await report(110, 100);
  return before;
}

async function report(costAmount: number, budgetAmount: number): Promise<void> {
  expect(await lab.alert({ costAmount, budgetAmount })).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
}

/** The amount is raised, which a tick sees; the owner acts, and the cost reaches the rung again. */
async function raiseAndReachAgain(act: () => unknown): Promise<void> {
  lab.raise(200);
  expect(await lab.tick()).toBe(true);
  fake.world.nowMs += 10 * MINUTE_MS;
  await act();
  fake.world.nowMs += 10 * MINUTE_MS;
  await report(220, 200);
}

/** Google refuses the next write that matches. */
function refuse(write: RegExp): void {
  disturbance.armed = { write, fate: FATES['a refusal'] };
}

async function restored(): Promise<object> {
  for (let calls = 1; (await lab.restore()).complete !== true; calls++) {
    expect(calls).toBeLessThan(3);
    fake.world.nowMs += 30 * MINUTE_MS;
  }
  return stateOf(lab.project());
}

function fill(size: number, scaled: boolean): void {
  const { groups } = lab.project();
  for (const name of ['web', POOL_GROUP]) Object.assign(groups.get(name) ?? {}, { size, scaled });
}

const groupsOf = (size: number, scaled: boolean) => ({
  groups: { web: { size, scaled }, [POOL_GROUP]: { size, scaled } },
});

describe('what an owner did under a raised amount, before the rung was in force again: comes back as it was right before that', () => {
  it('groups and pools that were resized: their size is as the owner chose, their autoscaler, off since the first stop, as before', async () => {
    const before = await fire();
    await raiseAndReachAgain(() => { fill(GROUP_SIZE - 1, false); });
    expect(await restored()).toEqual({ ...before, ...groupsOf(GROUP_SIZE - 1, true) });
  });

  it('a group of whose first stop Google refused the size, after the autoscaler was off', async () => {
    lab.fresh();
    const before = stateOf(lab.project());
    refuse(/web\/resize/);
    expect(await lab.alert({ costAmount: 110, budgetAmount: 100 })).toBe(false);
    fake.world.nowMs += 10 * MINUTE_MS;
    await raiseAndReachAgain(() => Object.assign(lab.project().groups.get('web') ?? {}, { size: 1 }));
    const { groups } = stateOf(lab.project()) as { groups: object };
    expect(groups).toMatchObject({ web: { size: 0, scaled: false } });
    expect(await restored()).toMatchObject({ ...before, groups: { web: { size: 1, scaled: true } } });
  });

  it('a group that Google refused to stop at all', async () => {
    lab.fresh();
    const before = stateOf(lab.project());
    refuse(/autoscalers/);
    expect(await lab.alert({ costAmount: 110, budgetAmount: 100 })).toBe(false);
    fake.world.nowMs += 10 * MINUTE_MS;
    await raiseAndReachAgain(() => Object.assign(lab.project().groups.get('web') ?? {}, { size: 1, scaled: false }));
    expect(await restored()).toMatchObject({ ...before, groups: { web: { size: 1 } } });
  });

  it('models that were deployed again, but for one', async () => {
    const before = await fire();
    await raiseAndReachAgain(() => lab.project().models.add('model-1'));
    expect(await restored()).toEqual({ ...before, models: ['model-1'] });
  });

  it('models of which one was not: is named with the command that deploys it, in plan and answer, until it is there again', async () => {
    await fire();
    await raiseAndReachAgain(() => lab.project().models.add('model-1'));
    const why = /^not deployed: model-2, which an earlier stop took off and which was not there at the last one: an operator may have removed it; where it is to run, run: gcloud ai endpoints deploy-model 1 --model=\S+ --display-name=model-2 --region=us-central1 --project=ml-research; that does not set: the traffic split$/;
    for (const method of ['GET', 'POST'] as const) {
      const { plan, results = plan } = await lab.restore(method);
      const line = results?.find(({ resource }) => resource.endsWith('/endpoints/1'));
      expect(line).toMatchObject({ action: 'deploy', why: expect.stringMatching(why) as string });
    }
    fake.world.nowMs += 10 * MINUTE_MS;
    lab.project().models.add('model-2');
    await report(400, 200);
    await lab.restore();
    expect(stateOf(lab.project())).toMatchObject({ models: ['model-1', 'model-2'] });
  });

  it('a group that a restore left as the owner had resized it', async () => {
    const before = await fire();
    await raiseAndReachAgain(async () => {
      Object.assign(lab.project().groups.get('web') ?? {}, { size: 1 });
      await lab.restore();
      expect(lab.project().groups.get('web')).toEqual({ size: 1, scaled: false });
    });
    expect(await restored()).toMatchObject({ ...before, groups: { web: { size: 1, scaled: true } } });
  });
}); // prettier-ignore

describe('what is no owner\'s doing comes back as before the first stop', () => {
  it('what was started under the rung in force', async () => {
    const before = await fire();
    fill(1, false);
    lab.project().models.add('model-1');
    await report(111, 100);
    expect(await restored()).toEqual(before);
  });

  it("what was resized and deployed after an edit of the budget's filter, which held the project all the time", async () => {
    const before = await fire();
    const { name } = BUDGETS[0] ?? { name: '' };
    const known = fake.world.budgets.get(name);
    const filter = known?.['budgetFilter'] as { readonly projects: readonly string[] };
    const projects = [...filter.projects, 'projects/102'];
    fake.world.budgets.set(name, { ...known, budgetFilter: { ...filter, projects } });
    await report(111, 100);
    fill(1, false);
    lab.project().models.add('model-1');
    await report(112, 100);
    expect([...lab.project().models]).toHaveLength(0);
    expect(await restored()).toEqual(before);
  });

  it('models that a restore could not deploy before the amount was raised', async () => {
    const before = await fire();
    refuse(/endpoints\/1:deployModel/);
    expect((await lab.restore()).complete).toBe(false);
    expect([...lab.project().models]).toHaveLength(1);
    fake.world.nowMs += 10 * MINUTE_MS;
    await raiseAndReachAgain(() => undefined);
    expect([...lab.project().models]).toHaveLength(0);
    expect(await restored()).toEqual(before);
  });

  it('models that a stop took off in part', async () => {
    lab.fresh();
    const before = stateOf(lab.project());
    disturbance.armed = { write: /undeployModel/, fate: DEATHS['its instance killed after the effect'] };
    await untilKilled(() => lab.alert({ costAmount: 110, budgetAmount: 100 }));
    fake.world.nowMs += 10 * MINUTE_MS;
    expect([...lab.project().models]).toHaveLength(1);
    await raiseAndReachAgain(() => undefined);
    expect(await restored()).toEqual(before);
  });
}); // prettier-ignore
