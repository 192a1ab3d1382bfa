import { describe, expect, it } from 'vitest';
import type { RestoreAnswer } from '../../support/budget-lab.ts';
import { addJobs, JOB_NAMES } from '../../support/fake-jobs.ts';
import { GROUP_AND_MACHINE_LOOKS, MACHINE_STARTS } from '../../support/fake-machines.ts';
import {
  DEATHS,
  disturb,
  FATES,
  LOOK_FATES,
  REFUSALS,
  untilKilled,
  type Disturbance,
} from '../../support/write-fates.ts';
import { MINUTE_MS, RESTORE_WRITES, restoreWorld, sentBeside, stateOf } from '../../support/restore-world.ts';

const OF_RESEARCH = /projects\/(?:ml-research|101)\b/;

const disturbance: Disturbance = { armed: undefined, freeze: undefined };
let whileFrozen: () => void | Promise<void> = anotherRunRestores;
const disturbed = disturb(disturbance, () => whileFrozen());
/** What was sent to change something of the project, in order. */
const sent: string[] = [];
const lab = restoreWorld((request, answer) => {
  if (!request.startsWith('GET ') && OF_RESEARCH.test(request)) sent.push(request);
  return disturbed(request, answer);
});
const { fake } = lab;

/** Longer than the lease; meanwhile another run brings all back, and gives its lease back. */
function anotherRunRestores(): void {
  fake.world.nowMs += 110_000;
  const manifest = lab.manifest();
  delete manifest.lease;
  const resources = manifest.rungs.flatMap(({ items = [] }) => items.map(({ resource }) => resource));
  const restored = Object.fromEntries(resources.map((resource) => [resource, fake.world.nowMs]));
  lab.plant({ ...manifest, restored, fence: (manifest.fence ?? 0) + 1 });
}

async function stopResources(): Promise<object> {
  Object.assign(disturbance, { armed: undefined, freeze: undefined });
  return lab.stopResources();
}

const restore = () => lab.restore();

/** Requests until a restore is complete; a second copy of a model costs its machines for nothing. */
async function restoreUntilComplete(): Promise<void> {
  for (let calls = 1; calls <= 3; calls++) {
    if ((await restore()).complete === true) return;
    fake.world.nowMs += 30 * MINUTE_MS;
  }
  throw new Error('Three restores and not complete');
}

function expectOnce(): void {
  const { changes } = fake.world;
  expect([...new Set(changes)].sort()).toEqual([...changes].sort());
}

const ALL_FATES = Object.entries({ ...FATES, ...REFUSALS, ...DEATHS });

describe('the writes of the restore', () => {
  it('are those of these tests: each request that changes something, and no other', async () => {
    const before = await stopResources();
    sent.length = 0;
    await restoreUntilComplete();
    expect(stateOf(lab.project())).toEqual(before);
    expect(RESTORE_WRITES.filter((write) => !sent.some((one) => new RegExp(write).test(one)))).toEqual([]);
    expect(sentBeside(RESTORE_WRITES, sent)).toEqual([]);
  });
});

describe('each write of the restore', () => {
  for (const write of RESTORE_WRITES)
    for (const [title, fate] of ALL_FATES)
      it(`${write} with ${title}: never success before all is back, and each thing is requested with effect once`, async () => {
        const before = await stopResources();
        disturbance.armed = { write: new RegExp(write), fate };
        const first = await untilKilled(restore);
        expect(disturbance.armed).toBeUndefined();
        if (first?.status === 200) expect(stateOf(lab.project())).toEqual(before);
        fake.world.nowMs += 30 * MINUTE_MS;
        await restoreUntilComplete();
        expect(stateOf(lab.project())).toEqual(before);
        expectOnce();
      });
});

const LOOKS = [
  'GET .*ml-research/billingInfo',
  'GET .*notebooks.*/instances/nb-1\\b',
  'GET .*compute.*/instances/vm-1$',
  'GET .*endpoints/1$',
  ...GROUP_AND_MACHINE_LOOKS,
];

describe('each look of the restore', () => {
  for (const look of LOOKS)
    for (const [title, fate] of Object.entries(LOOK_FATES))
      it(`${look} with ${title}: never success before all is back, and each thing is requested once`, async () => {
        const before = await stopResources();
        disturbance.armedLook = { look: new RegExp(look), fate };
        const first = await restore();
        expect(disturbance.armedLook).toBeUndefined();
        if (first.status === 200) expect(stateOf(lab.project())).toEqual(before);
        fake.world.nowMs += 30 * MINUTE_MS;
        await restoreUntilComplete();
        expect(stateOf(lab.project())).toEqual(before);
        expectOnce();
      });
});

describe('a restore that is frozen for 110 seconds after a look', () => {
  for (const look of LOOKS)
    it(`${look}: sends nothing more when it wakes and another run has taken over`, async () => {
      await stopResources();
      const freeze = { look: new RegExp(look), project: OF_RESEARCH, frozen: false, sentAfter: [] };
      disturbance.freeze = freeze;
      expect((await restore()).status).toBe(503);
      expect([freeze.frozen, freeze.sentAfter]).toEqual([true, []]);
      expectOnce();
    });
});

/** What the switch sends, and the look before it. */
const STOPS = [
  ['notebooks.*nb-1:stop', 'GET .*notebooks.*/instances/nb-1\\b'],
  ['vm-1/stop', 'GET .*compute.*/instances/vm-1$'],
  ['job-1:cancel', 'GET .*customJobs/job-1\\b'],
  ['endpoints/1:undeployModel', 'GET .*endpoints/1$'],
  ['PUT .*billingInfo', 'GET .*ml-research/billingInfo'],
  ['web/resize', 'GET .*instanceGroupManagers/web$'],
  ['autoscalers', 'GET .*autoscalers/web-scaler$'],
  ['pool:setSize', 'GET .*clusters/train$'],
  ['pool:setAutoscaling', 'GET .*clusters/train$'],
  ['ws-1:stop', 'GET .*workstations/ws-1$'],
  ['tpu-1:stop', 'GET .*nodes/tpu-1$'],
  ['spark:stop', 'GET .*clusters/spark$'],
  ['colab-1:stop', 'GET .*notebookRuntimes/colab-1$'],
  ['hourly:pause', 'GET .*schedules/hourly\\b'],
  ['nightly:cancel', 'GET .*pipelineJobs/nightly\\b'],
  ...Object.entries(JOB_NAMES).map(
    ([id, collection]) => [`${id}:cancel`, `GET .*${collection}/${id}\\b`] as const,
  ),
] as const;

/** Jobs alone run where one of them is written to; a pipeline in place of the custom job, which it would submit again. */
function runJobs(write: string): void {
  const { groups, machines, jobs, pipelines } = lab.project();
  if (!write.endsWith(':cancel') || write.startsWith('job-1')) return;
  groups.clear();
  machines.clear();
  addJobs(lab.project());
  if (!write.startsWith('nightly')) return;
  jobs.clear();
  pipelines.set('nightly', true);
}

describe('a restore that a person requests while the switch is at work', () => {
  /** With everything running; what a restore at the armed moment was answered is added to `answers`. */
  function startRunning(write: string): {
    before: object;
    answers: RestoreAnswer[];
    restoreNow: () => Promise<void>;
  } {
    Object.assign(disturbance, { armed: undefined, freeze: undefined });
    lab.fresh();
    runJobs(write);
    const answers: RestoreAnswer[] = [];
    const restoreNow = async (): Promise<void> => void answers.push(await restore());
    return { before: stateOf(lab.project()), answers, restoreNow };
  }

  function expectHeldOff(answers: readonly RestoreAnswer[]): void {
    expect(answers.map(({ status }) => status)).toEqual([503]);
    const why = answers.flatMap(({ results = [] }) => results.map((one) => one.why)).join();
    expect(why).toMatch(/another run holds it: .*run \d{8}T/);
  }

  /** The ladder ends, each thing was taken away once, and all of it comes back. */
  async function expectAllToComeBack(before: object, isDone: boolean): Promise<void> {
    if (!isDone) expect(await lab.alert()).toBe(true);
    expectOnce();
    expect(lab.project().account).toBe('');
    fake.world.changes.length = 0;
    fake.world.nowMs += 30 * MINUTE_MS;
    await restoreUntilComplete();
    expect(stateOf(lab.project())).toEqual(before);
    expectOnce();
  }

  for (const [write, look] of STOPS) {
    it(`between claim and request of ${write}: it is told which run holds the project, and brings all back later`, async () => {
      const { before, answers, restoreNow } = startRunning(write);
      whileFrozen = restoreNow;
      const freeze = { look: new RegExp(look), project: OF_RESEARCH, frozen: false, sentAfter: [] };
      disturbance.freeze = freeze;
      const isDone = await lab.alert();
      disturbance.freeze = undefined;
      expectHeldOff(answers);
      await expectAllToComeBack(before, isDone);
    });

    for (const [title, fate] of Object.entries(FATES))
      it(`between request and settle of ${write}, with ${title}: the same`, async () => {
        const { before, answers, restoreNow } = startRunning(write);
        disturbance.armed = { write: new RegExp(write), fate, meanwhile: restoreNow };
        const isDone = await lab.alert();
        expect(disturbance.armed).toBeUndefined();
        expectHeldOff(answers);
        await expectAllToComeBack(before, isDone);
      });

    it(`between claim and request of ${write}, while its instance is frozen for longer than the lease: all is back, and stays`, async () => {
      const { before, answers, restoreNow } = startRunning(write);
      const sentAfter: string[] = [];
      const freeze = { look: new RegExp(look), project: OF_RESEARCH, frozen: false, sentAfter };
      whileFrozen = async () => {
        fake.world.nowMs += 110_000;
        // All of a frozen instance sleeps: what else of it would go on here can renew nothing.
        const { fence = 0, ...manifest } = lab.manifest();
        delete manifest.lease;
        lab.plant({ ...manifest, fence: fence + 1 });
        await restoreNow();
        // What the restore sent is none of the switch's.
        sentAfter.length = 0;
      };
      disturbance.freeze = freeze;
      await lab.alert();
      expect(answers.map(({ status, complete }) => [status, complete])).toEqual([[200, true]]);
      expect(sentAfter).toEqual([]);
      expect(stateOf(lab.project())).toEqual(before);
    });
  }
});

describe('the switch that is woken while a restore is at work', () => {
  const RESETS = ['a reset after the effect', 'a reset without an effect', 'a refusal'] as const;
  const TAKES_AWAY = /(?:stop|empty|fix|pause|undeployModel|unlink) ml-research/;

  /** Whether the switch was done with what came in the middle of a write; the restore has answered. */
  async function wakeWithin(
    write: string,
    fate: (typeof RESETS)[number],
    grace: string,
    wake: () => Promise<boolean>,
  ): Promise<readonly boolean[]> {
    const done: boolean[] = [];
    const meanwhile = async (): Promise<void> => void done.push(await wake());
    disturbance.armed = { write: new RegExp(write), fate: FATES[fate], meanwhile };
    await lab.restore('POST', { ...lab.request, grace });
    expect(disturbance.armed).toBeUndefined();
    expect(fake.world.changes.join()).not.toMatch(TAKES_AWAY);
    expectOnce();
    return done;
  }

  for (const write of RESTORE_WRITES) {
    for (const fate of RESETS)
      it(`without a grace, in ${write}, with ${fate}: is held off until the restore has answered`, async () => {
        await stopResources();
        expect(await wakeWithin(write, fate, '0%', () => lab.alert())).toEqual([false]);
      });

    it(`in the grace, by a tick in ${write}: takes nothing away then, nor later`, async () => {
      const before = await stopResources();
      expect(await wakeWithin(write, 'a reset after the effect', '10%', () => lab.tick())).toEqual([true]);
      fake.world.nowMs += 30 * MINUTE_MS;
      await restoreUntilComplete();
      expect(await lab.alert()).toBe(true);
      expect(stateOf(lab.project())).toEqual(before);
    });
  }
});

describe('what one rung took away in part and unlinking then ended', () => {
  const refuse = (write: RegExp) => (): void =>
    void (disturbance.armed = { write, fate: FATES['a refusal'] });
  const UNDEPLOY = /projects\/101\/.*endpoints\/1:undeployModel/;
  const REFUSED: Readonly<Record<string, Disturbance['armed']>> = {
    'a group whose autoscaler is off already': { write: /web\/resize/, fate: FATES['a refusal'] },
    'a node pool whose autoscaling is off already': { write: /pool:setSize/, fate: FATES['a refusal'] },
    'an endpoint of which one model is off already': {
      write: UNDEPLOY,
      fate: FATES['an outage after the effect'],
      meanwhile: refuse(UNDEPLOY),
    },
  };

  for (const [title, armed] of Object.entries(REFUSED))
    it(`${title}: is as it was before the first rung, also where no other message came before the restore`, async () => {
      Object.assign(disturbance, { armed: undefined, freeze: undefined });
      lab.fresh();
      const before = stateOf(lab.project());
      disturbance.armed = armed;
      expect([await lab.alert(), disturbance.armed]).toEqual([false, undefined]);
      expect(lab.project().account).toBe('');
      fake.world.nowMs += 30 * MINUTE_MS;
      await restoreUntilComplete();
      expect(stateOf(lab.project())).toEqual(before);
    });
});

describe('50 restores at once', () => {
  it('relink and start each thing once, and the others answer 503 with the run that is at it', async () => {
    const before = await stopResources();
    const answers = await Promise.all(Array.from({ length: 50 }, restore));
    for (const { status, results = [] } of answers)
      if (status !== 200)
        expect([status, results.map(({ why }) => why).join()]).toEqual([
          503,
          expect.stringMatching(/another run holds it: .* is at restore, run \d{8}T/),
        ]);
    await restoreUntilComplete();
    expect(stateOf(lab.project())).toEqual(before);
    expectOnce();
    // Billing, three notebooks, two VMs, two models, two groups with what scales them, and six machines.
    expect(fake.world.changes).toHaveLength(18);
  });
});

describe('a restore that is killed between a request and its answer', () => {
  /** The start that is cut off, and the name of what it starts. */
  const STARTS = [
    ['vm-1/start', 'vm-1'],
    ['notebooks.*nb-1:start', 'nb-1'],
    ['web/resize', 'web'],
    ['pool:setSize', 'pool'],
    ...MACHINE_STARTS.map((write) => [write, write.split(':')[0] ?? ''] as const),
  ] as const;
  const lineOf = ({ results = [] }: Awaited<ReturnType<typeof restore>>, name: string) =>
    results.find(({ resource }) => resource.endsWith(`/${name}`));

  for (const [write, name] of STARTS)
    it(`${write}: the next one knows that it was the restore which started it`, async () => {
      await stopResources();
      disturbance.armed = { write: new RegExp(write), fate: DEATHS['its instance killed after the effect'] };
      expect(await untilKilled(restore)).toBeUndefined();
      expect(Object.values(lab.manifest().starts ?? {})).toContainEqual({
        atMs: expect.any(Number) as number,
        unanswered: true,
      });
      fake.world.nowMs += 10 * MINUTE_MS;
      const answer = await restore();
      expect([answer.status, lineOf(answer, name)?.outcome]).toEqual([200, 'done']);
      expect(lab.manifest().starts).toEqual({});
      expectOnce();
    });

  for (const [write, name, switchOff] of [
    ['vm-1/start', 'vm-1', () => lab.project().vms.set('vm-1', false)],
    ['notebooks.*nb-1:start', 'nb-1', () => lab.project().notebooks.set('nb-1', false)],
  ] as const)
    it(`${write}: the next one says of what is off again that it cannot tell why, and does not start it`, async () => {
      await stopResources();
      disturbance.armed = { write: new RegExp(write), fate: DEATHS['its instance killed after the effect'] };
      await untilKilled(restore);
      switchOff();
      fake.world.nowMs += 10 * MINUTE_MS;
      const before = fake.world.changes.length;
      expect(lineOf(await restore(), name)).toMatchObject({
        outcome: 'left',
        why: expect.stringMatching(
          /cut off before an answer came, and is off again: .* cannot be told/,
        ) as string,
      });
      expect(fake.world.changes.slice(before).join()).not.toContain(`/${name}`);
    });

  for (const [write, name, switchOff] of [
    ['vm-1/start', 'vm-1', () => lab.project().vms.set('vm-1', false)],
    ['notebooks.*nb-1:start', 'nb-1', () => lab.project().notebooks.set('nb-1', false)],
  ] as const)
    it(`${write}: what the switch takes away again after it is started by the next restore`, async () => {
      await stopResources();
      disturbance.armed = { write: new RegExp(write), fate: DEATHS['its instance killed after the effect'] };
      await untilKilled(restore);
      fake.world.nowMs += 10 * MINUTE_MS;
      switchOff();
      const takenAgain = <Item extends { readonly resource: string }>(item: Item): Item =>
        item.resource.endsWith(`/${name}`) ? { ...item, atMs: fake.world.nowMs, cameBack: 1 } : item;
      const { rungs, ...rest } = lab.manifest();
      lab.plant({
        ...rest,
        rungs: rungs.map(({ items = [], ...rung }) => ({ ...rung, items: items.map(takenAgain) })),
      });
      fake.world.nowMs += 10 * MINUTE_MS;
      const answer = await restore();
      expect([answer.status, lineOf(answer, name)?.outcome]).toEqual([200, 'done']);
    });

  it('a start that Google refused leaves no word of one', async () => {
    await stopResources();
    disturbance.armed = { write: /vm-1\/start/, fate: FATES['a refusal'] };
    expect((await restore()).status).toBe(503);
    expect(lab.manifest().starts).toEqual({});
  });
});
