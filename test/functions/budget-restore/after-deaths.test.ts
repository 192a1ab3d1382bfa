import { describe, expect, it } from 'vitest';
import { GROUP_SIZE, MACHINE_STOPS } from '../../support/fake-machines.ts';
import { BUDGETS } from '../../support/ladder-model.ts';
import {
  DEATHS,
  disturb,
  FATES,
  untilKilled,
  type Disturbance,
  type Fate,
} from '../../support/write-fates.ts';
import { MINUTE_MS, RESEARCH, RESTORE_WRITES, restoreWorld, stateOf } from '../../support/restore-world.ts';

const disturbance: Disturbance = { armed: undefined, freeze: undefined };
const disturbed = disturb(disturbance, () => undefined);
/** How many looks at billing Google still answers after the link was cut. */
let looksAfterCut = Infinity;
let isCut = false;

const lab = restoreWorld(async (request, answer) => {
  if (isCut && /^GET .*ml-research\/billingInfo/.test(request) && --looksAfterCut < 0)
    throw Object.assign(new Error('injected'), { response: { status: 403, data: {} } });
  const answered = await disturbed(request, answer);
  isCut ||= /PUT .*ml-research\/billingInfo/.test(request);
  return answered;
});
const { fake } = lab;

const KILLED = DEATHS['its instance killed after the effect'];

/** What the switch sends. */
const STOPS = [
  'notebooks.*nb-1:stop',
  'vm-1/stop',
  'projects/101/.*endpoints/1:undeployModel',
  'PUT .*ml-research/billingInfo',
  'web/resize',
  'autoscalers',
  'pool:setSize',
  'pool:setAutoscaling',
  ...MACHINE_STOPS,
];

function fresh(): object {
  Object.assign(disturbance, { armed: undefined, freeze: undefined });
  isCut = false;
  looksAfterCut = Infinity;
  lab.fresh();
  return stateOf(lab.project());
}

/** With no rung due above the one whose write it is: that would take away what the other leaves. */
function alertFor(write: string): Promise<boolean> {
  const percent = write.startsWith('PUT') ? 130 : write.startsWith('notebooks') ? 90 : 110;
  return lab.alert({ costAmount: percent });
}

async function withFate<T>(write: string, fate: Fate, work: () => Promise<T>): Promise<T | undefined> {
  disturbance.armed = { write: new RegExp(write), fate };
  const result = await untilKilled(work);
  expect(disturbance.armed).toBeUndefined();
  fake.world.nowMs += 5 * MINUTE_MS;
  return result;
}

async function expectAllToComeBack(before: object): Promise<void> {
  fake.world.nowMs += 30 * MINUTE_MS;
  for (let calls = 1; (await lab.restore()).complete !== true; calls++) {
    expect(calls).toBeLessThan(3);
    fake.world.nowMs += 30 * MINUTE_MS;
  }
  expect(stateOf(lab.project())).toEqual(before);
}

/** A person starts all that is off, and links the project again. */
function startByHand(): void {
  const project = lab.project();
  project.account = BUDGETS[0]?.name.replace(/\/budgets.*/, '') ?? '';
  for (const machines of [project.notebooks, project.vms])
    for (const [name, runs] of machines)
      if (!runs) {
        machines.set(name, true);
        fake.world.starts.set(`${RESEARCH}/${name}`, fake.world.nowMs);
      }
  for (const machine of project.machines.values()) machine.running = true;
  for (const group of project.groups.values()) Object.assign(group, { size: GROUP_SIZE, scaled: true });
  for (const model of ['model-1', 'model-2']) project.models.add(model);
}

describe('what the switch requested right before its instance died comes back, also without another look of it', () => {
  for (const write of STOPS) {
    it(`${write}: refused at first`, async () => {
      const before = fresh();
      expect(await withFate(write, FATES['a refusal'], () => alertFor(write))).toBe(false);
      expect(await withFate(write, KILLED, () => alertFor(write))).toBeUndefined();
      await expectAllToComeBack(before);
    });

    it(`${write}: refused at first, and seen once more by the switch`, async () => {
      const before = fresh();
      await withFate(write, FATES['a refusal'], () => alertFor(write));
      await withFate(write, KILLED, () => alertFor(write));
      expect(await alertFor(write)).toBe(true);
      await expectAllToComeBack(before);
    });

    it(`${write}: brought back by a restore after an earlier death`, async () => {
      const before = fresh();
      await withFate(write, KILLED, () => alertFor(write));
      fake.world.nowMs += 5 * MINUTE_MS;
      expect((await lab.restore('POST', { ...lab.request, grace: '0%' })).status).toBe(200);
      fake.world.nowMs += 5 * MINUTE_MS;
      await withFate(write, KILLED, () => alertFor(write));
      await expectAllToComeBack(before);
    });

    it(`${write}: started by hand after it had been taken away`, async () => {
      const before = fresh();
      expect(await alertFor(write)).toBe(true);
      fake.world.nowMs += 5 * MINUTE_MS;
      startByHand();
      fake.world.nowMs += 5 * MINUTE_MS;
      await withFate(write, KILLED, () => alertFor(write));
      await expectAllToComeBack(before);
    });
  }

  it.each([
    ['notebooks.*nb-1:stop', 'nb-1'],
    ['vm-1/stop', 'vm-1'],
  ])(
    '%s: refused at first, and stopped and started by hand before the second request',
    async (write, name) => {
      const before = fresh();
      await withFate(write, FATES['a refusal'], () => alertFor(write));
      fake.world.starts.set(`${RESEARCH}/${name}`, fake.world.nowMs);
      fake.world.nowMs += MINUTE_MS;
      await withFate(write, KILLED, () => alertFor(write));
      await expectAllToComeBack(before);
    },
  );

  it.each([false, true])('billing whose look after the cut was refused, with another look of the switch: %s', async (again) => {
    const before = fresh();
    looksAfterCut = 1;
    expect([await lab.alert(), lab.project().account]).toEqual([false, '']);
    looksAfterCut = Infinity;
    fake.world.nowMs += 5 * MINUTE_MS;
    if (again) expect(await lab.alert()).toBe(true);
    await expectAllToComeBack(before);
  }); // prettier-ignore
});

describe('what the restore requests again after it was refused, right before its instance dies', () => {
  for (const write of RESTORE_WRITES)
    it(`${write}: the next one has it as its own, and requests it no more`, async () => {
      fresh();
      const before = await lab.stopResources();
      isCut = false;
      expect((await withFate(write, FATES['a refusal'], () => lab.restore()))?.status).toBe(503);
      expect(await withFate(write, KILLED, () => lab.restore())).toBeUndefined();
      await expectAllToComeBack(before);
      const { changes } = fake.world;
      expect([...new Set(changes)].sort()).toEqual([...changes].sort());
    });
});
