import { describe, expect, it } from 'vitest';
import { BUDGETS, wireOf } from '../../support/ladder-model.ts';
import { GROUP_SIZE } from '../../support/fake-machines.ts';
import { POOL_GROUP } from '../../support/fake-groups.ts';
import { FATES, disturb, type Disturbance } from '../../support/write-fates.ts';
import { BUDGET, MINUTE_MS, PERIOD, RESEARCH, restoreWorld, stateOf } from '../../support/restore-world.ts';
import { deliverAlert } from '../../support/switch-and-restore.ts';
import type { RestoreAnswer } from '../../support/budget-lab.ts';

const disturbance: Disturbance = { armed: undefined, freeze: undefined };
const lab = restoreWorld(disturb(disturbance, () => undefined));
const { fake } = lab;

/** The month's budget, and one of a quarter, over the same project. */
const QUARTER = BUDGETS[1]?.name ?? '';
const QUARTER_PERIOD = '2026-10-01';
type Whose = 'month' | 'quarter';

let messages = 0;

/** Each message once more where it has to be delivered again. */
async function alert(whose: Whose, percent = 110, period = 1): Promise<void> {
  const { attributes, data } = wireOf({
    ...{ budget: whose === 'month' ? 0 : 1, period, percent, namesThreshold: true },
    ...{ forecastPercent: undefined, amountPercent: 100, currency: 'USD' },
  });
  await deliverAlert(fake.runtime, fake.world, { attributes, data }, `two-${++messages}`);
  fake.world.nowMs += 2 * MINUTE_MS;
}

async function restore(
  whose: Whose,
  method: 'GET' | 'POST' = 'POST',
  period = PERIOD,
): Promise<RestoreAnswer> {
  const own = whose === 'month' ? { budget: BUDGET, period } : { budget: QUARTER, period: QUARTER_PERIOD };
  const answer = await lab.restore(method, { ...own, project: RESEARCH, grace: '48h' });
  fake.world.nowMs += 2 * MINUTE_MS;
  return answer;
}

function start(): object {
  disturbance.armed = undefined;
  lab.fresh();
  return stateOf(lab.project());
}

/** Google refuses the next write that matches. */
function refuse(write: RegExp): void {
  disturbance.armed = { write, fate: FATES['a refusal'] };
}

function other(whose: Whose): Whose {
  return whose === 'month' ? 'quarter' : 'month';
}

function lineOf({ plan, results = plan }: RestoreAnswer, name: string) {
  return results?.find(({ resource }) => resource.endsWith(`/${name}`));
}

/** What the first stop left half done, which the other one found so. */
const HALVES: Readonly<Record<string, RegExp>> = {
  'a group whose autoscaler was off': /web\/resize/,
  'a pool whose autoscaling was off': /pool:setSize/,
  'an endpoint that had lost a model': /endpoints\/1:undeployModel/,
};

describe.each(['month', 'quarter'] as const)('a project whose budget of the %s stops it first, and another one then', (first) => {
  it.each(Object.entries(HALVES))('%s: all is as before the first stop, whichever is restored last', async (_, write) => {
    for (const last of [first, other(first)]) {
      const before = start();
      refuse(write);
      await alert(first);
      await alert(other(first));
      await restore(other(last));
      await restore(last);
      expect(stateOf(lab.project())).toEqual(before);
    }
  });

  it('by what one restore had on its way when the other budget stopped it again: all is as before', async () => {
    for (const write of ['autoscalers', 'pool:setAutoscaling', 'endpoints/1:deployModel']) {
      const before = start();
      await alert(first);
      refuse(new RegExp(write));
      await restore(first);
      await alert(other(first));
      await restore(other(first));
      await restore(first);
      expect(stateOf(lab.project()), write).toEqual(before);
    }
  });

  it('what both hold is left while the other one is in force, named with it, and comes back with that one', async () => {
    const before = start();
    await alert(first);
    lab.project().vms.set('vm-1', true);
    fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
    fake.world.nowMs += MINUTE_MS;
    await alert(other(first));
    const why = expect.stringMatching(
      new RegExp(`^stop-compute of \\S+/${other(first)}, period \\d{4}-\\d\\d-01, is in force and holds it as well, since 2026-\\S+Z: it comes back with a restore of that one`),
    ) as string;
    for (const method of ['GET', 'POST'] as const)
      expect(lineOf(await restore(first, method), 'vm-1')).toMatchObject({ action: 'none', outcome: 'left', why });
    expect(lab.project().vms.get('vm-1')).toBe(false);
    expect(stateOf(lab.project())).not.toEqual(before);
    await restore(other(first));
    expect(stateOf(lab.project())).toEqual(before);
  });
}); // prettier-ignore

describe('what one budget stopped while another one, in force, unlinked billing', () => {
  it('is left, and named with that one, in plan and answer: nothing is requested', async () => {
    start();
    await alert('month');
    await alert('quarter', 130);
    expect(lab.project().account).toBe('');
    fake.world.changes.length = 0;
    const why = expect.stringMatching(
      /^unlink-billing of \S+\/quarter, period 2026-10-01, is in force and holds the billing of its project, since 2026-\S+Z: it comes back with a restore of that one/,
    ) as string;
    for (const method of ['GET', 'POST'] as const)
      expect(lineOf(await restore('month', method), 'vm-1')).toMatchObject({ outcome: 'left', why });
    expect(fake.world.changes).toEqual([]);
  });
});

describe('a manifest of which a rung is in force', () => {
  it('counts also where many others are of newer periods', async () => {
    start();
    await alert('quarter');
    for (let index = 0; index < 30; index++) {
      const budget = BUDGET.replace(/month$/, `other-${index}`);
      const [, account = ''] = budget.split('/');
      const manifest = { version: 1, budget, period: PERIOD, project: RESEARCH, rungs: [], restored: {} };
      fake.world.objects.set(`manifests/${account}/other-${index}/${PERIOD}/${RESEARCH}.json`, {
        ...{ text: JSON.stringify(manifest), generation: index, updatedMs: fake.world.nowMs },
      });
    }
    lab.project().vms.set('vm-1', true);
    fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
    fake.world.nowMs += MINUTE_MS;
    await alert('month');
    await alert('quarter');
    expect(lineOf(await restore('month'), 'vm-1')).toMatchObject({ outcome: 'left' });
  });
});

describe('what a person started after one budget had stopped it', () => {
  /** Stopped by the month, started by hand, stopped by the quarter; and neither is in force any more. */
  async function stopTwice(): Promise<string> {
    start();
    await alert('month');
    lab.project().vms.set('vm-1', true);
    fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
    fake.world.nowMs += MINUTE_MS;
    const stopped = new Date(fake.world.nowMs).toISOString();
    await alert('quarter');
    await alert('quarter', 10);
    return stopped;
  }

  it('and another one stopped: is left, and said to be stopped by that one', async () => {
    const stopped = await stopTwice();
    expect(lineOf(await restore('month'), 'vm-1')).toMatchObject({
      outcome: 'left',
      why: `an operator started it since, and stop-compute of ${QUARTER}, period ${QUARTER_PERIOD}, stopped it at ${stopped}: it comes back with a restore of that one`,
    });
    expect(lineOf(await restore('quarter'), 'vm-1')).toMatchObject({ outcome: 'done' });
  });

  it('once more after the other one, and stopped by hand: is said to be stopped by hand', async () => {
    await stopTwice();
    fake.world.starts.set(`${RESEARCH}/vm-1`, fake.world.nowMs);
    fake.world.nowMs += MINUTE_MS;
    expect(lineOf(await restore('month'), 'vm-1')).toMatchObject({
      outcome: 'left',
      why: 'an operator started it since and stopped it again by hand',
    });
  });
});

describe('what an owner changed between the stops of two budgets', () => {
  it('while the first was not in force any more: is as the owner had it, with the autoscaler of before', async () => {
    const before = start();
    await alert('month');
    await alert('month', 10);
    const { groups } = lab.project();
    for (const name of ['web', POOL_GROUP]) Object.assign(groups.get(name) ?? {}, { size: GROUP_SIZE - 1, scaled: false });
    await alert('quarter');
    await restore('quarter');
    const group = { size: GROUP_SIZE - 1, scaled: true };
    expect(stateOf(lab.project())).toMatchObject({ groups: { web: group, [POOL_GROUP]: group } });
    await restore('month');
    expect(stateOf(lab.project())).toEqual({ ...before, groups: { web: group, [POOL_GROUP]: group } });
  });

  it('after a period that no one restored: is as the budget in force took it, not as anyone resized it since', async () => {
    start();
    const web = lab.project().groups.get('web');
    await alert('month');
    fake.world.nowMs = Date.parse('2026-12-01T08:10:00Z');
    Object.assign(web ?? {}, { size: GROUP_SIZE + 1, scaled: false });
    await alert('quarter');
    Object.assign(web ?? {}, { size: 1, scaled: false });
    await alert('month', 110, 2);
    expect(web).toEqual({ size: 0, scaled: false });
    expect(lineOf(await restore('quarter'), 'web')).toMatchObject({ outcome: 'left' });
    await restore('month', 'POST', '2026-12-01');
    expect(web).toEqual({ size: GROUP_SIZE + 1, scaled: true });
  });

  it('an autoscaler that was off at first and is set to work since: stays so', async () => {
    start();
    const web = lab.project().groups.get('web');
    Object.assign(web ?? {}, { scaled: false });
    await alert('month');
    await alert('month', 10);
    Object.assign(web ?? {}, { size: GROUP_SIZE, scaled: true });
    expect(lineOf(await restore('month'), 'web')).toMatchObject({ outcome: 'already' });
    expect(web).toEqual({ size: GROUP_SIZE, scaled: true });
  });
}); // prettier-ignore

describe('a manifest of another budget that cannot be read', () => {
  it('is named by switch and restore, and keeps neither from its work', async () => {
    start();
    await alert('quarter');
    const [name = ''] = [...fake.world.objects.keys()].filter((one) => one.endsWith(`/${QUARTER_PERIOD}/${RESEARCH}.json`));
    fake.world.objects.set(name, { text: '{', generation: 99, updatedMs: fake.world.nowMs });
    lab.project().vms.set('vm-1', true);
    fake.world.nowMs += MINUTE_MS;
    await alert('month');
    expect(lab.project().vms.get('vm-1')).toBe(false);
    const said = (): string => fake.world.lines.join('\n');
    expect(said()).toContain(`What ${QUARTER} ${QUARTER_PERIOD} ${RESEARCH} holds of ${RESEARCH} is not known`);
    expect(lineOf(await restore('month'), 'vm-1')).toMatchObject({ outcome: 'done' });
    expect(said()).toContain(`Whether other budgets hold what comes back in ${RESEARCH} is not known: ${QUARTER}`);
  });
}); // prettier-ignore
