import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { EmptyAnswer } from '../../../shared/google/google-api-error.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import { fakeGoogle, type FakeWorld } from '../../support/fake-google.ts';
import { addJobs, JOB_NAMES } from '../../support/fake-jobs.ts';
import { addEveryKind, GROUP_AND_MACHINE_LOOKS } from '../../support/fake-machines.ts';
import { sentBeside, STOP_WRITES } from '../../support/restore-world.ts';
import {
  DEATHS,
  disturb,
  FATES,
  meetFate,
  LOOK_FATES,
  REFUSALS,
  untilKilled,
  type Disturbance,
} from '../../support/write-fates.ts';
import { newWorld, OWN_PROJECT, policyText, wireOf } from '../../support/ladder-model.ts';

const WRITES = [
  ...STOP_WRITES,
  'nightly:cancel',
  ...Object.entries(JOB_NAMES).map(([id, collection]) => `${collection}/${id}:cancel`),
];
const ALL_FATES = Object.entries({ ...FATES, ...REFUSALS, ...DEATHS });

const LADDER = {
  mode: 'enforce',
  basis: 'actual',
  ladder: [
    { atPercent: 50, do: 'notify' },
    { atPercent: 80, do: 'stop-notebooks' },
    { atPercent: 100, do: 'stop-compute' },
    { atPercent: 120, do: 'unlink-billing' },
  ],
} as const;

const disturbance: Disturbance = { armed: undefined, freeze: undefined };
const disturbed = disturb(disturbance, sleepWhileAnotherRunTakesOver);
/** What was sent to change something of the project, in order. */
const sent: string[] = [];

const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(LADDER),
  around(request, answer) {
    if (!request.startsWith('GET ') && OF_RESEARCH.test(request) && !OF_OBJECTS.test(request))
      sent.push(request);
    return disturbed(request, answer);
  },
});

const OF_RESEARCH = /projects\/(?:ml-research|101)\b/;
const OF_OBJECTS = /storage\.googleapis\.com\/.*\/o(?:[/?]|$)/;

/** Each kind runs; of jobs alone where the write or look is one of theirs. */
function running(requested: string): FakeWorld {
  const world = newWorld();
  for (const project of world.projects)
    if (project.id === 'ml-research') {
      if (!OF_JOBS.test(requested)) addEveryKind(project);
      else addJobs(project);
    }
  return world;
}
const OF_JOBS = new RegExp(Object.values(JOB_NAMES).join('|'));

/** A pipeline in place of the job: while one runs, a job that ends is submitted again, and there is more than one cancel of it. */
function addPipeline(): void {
  for (const { id, jobs, pipelines } of fake.world.projects)
    if (id === 'ml-research') {
      jobs.clear();
      pipelines.set('nightly', true);
    }
}

/** Longer than the lease; meanwhile another run takes it, ends its work and gives it back. */
function sleepWhileAnotherRunTakesOver(): void {
  const { world } = fake;
  world.nowMs += 110_000;
  for (const [name, { text, generation }] of world.objects) {
    if (!/^manifests\/.*ml-research/.test(name)) continue;
    const manifest = JSON.parse(text) as Manifest;
    delete manifest.lease;
    const taken = JSON.stringify({ ...manifest, fence: (manifest.fence ?? 0) + 1 });
    world.objects.set(name, { text: taken, generation: generation + 1, updatedMs: world.nowMs });
  }
}

async function deliver(id: string, percent = 130, runtime = fake.runtime): Promise<'done' | 'again'> {
  const { attributes, data } = wireOf({
    budget: 0,
    period: 1,
    percent,
    namesThreshold: true,
    forecastPercent: undefined,
    amountPercent: 100,
    currency: 'USD',
  });
  const message = {
    data: Buffer.from(JSON.stringify(data)).toString('base64'),
    attributes,
    messageId: id,
    publishTime: new Date(fake.world.nowMs).toISOString(),
  };
  try {
    await handleEvent(runtime, { id, source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } }, guardBudget); // prettier-ignore
    return 'done';
  } catch {
    return 'again';
  }
}

function manifests(): readonly Manifest[] {
  return [...fake.world.objects]
    .filter(([name]) => name.startsWith('manifests/'))
    .map(([, { text }]) => JSON.parse(text) as Manifest);
}

/** What a request took away is `done` in the books of one rung at least, so that the restore brings it back. */
function expectBooksToAgree(): void {
  for (const { rungs, project } of manifests()) {
    const items = rungs.flatMap((rung) => rung.items ?? []);
    const done = new Set(items.filter(({ status }) => status === 'done').map(({ resource }) => resource));
    expect(
      items.map(({ resource }) => resource).filter((resource) => !done.has(resource)),
      project,
    ).toEqual([]);
  }
}

describe('the writes of the kill switch', () => {
  it('are those of these tests: what stops each kind, each request that changes something, and no other', async () => {
    const kinds = new Set<string>();
    sent.length = 0;
    for (const write of ['vm-1/stop', ...Object.values(JOB_NAMES), 'nightly:cancel']) {
      fake.world = running(write);
      if (write.startsWith('nightly')) addPipeline();
      expect(await deliver('1')).toBe('done');
      for (const { rungs } of manifests())
        for (const { kind } of rungs.flatMap(({ items = [] }) => items)) kinds.add(kind);
    }
    const stoppable = RESOURCE_KINDS.filter(({ permissions }) => permissions.stop.length > 0).map(
      ({ kind }) => kind,
    );
    expect([...kinds].sort()).toEqual([...stoppable, 'billing'].sort());
    expect(WRITES.filter((write) => !sent.some((one) => new RegExp(write).test(one)))).toEqual([]);
    expect(sentBeside(WRITES, sent)).toEqual([]);
  });
});

describe('each write of the kill switch', () => {
  for (const write of WRITES)
    for (const [title, fate] of ALL_FATES)
      it(`${write} with ${title}: after redelivery all is off once, and the books say that it was us`, async () => {
        fake.world = running(write);
        if (write.startsWith('nightly')) addPipeline();
        disturbance.armed = { write: new RegExp(write), fate };
        const first = await untilKilled(() => deliver('1'));
        if (first === undefined) fake.world.nowMs += 110_000;
        expect(disturbance.armed).toBeUndefined();
        expect(await deliver('2')).toBe('done');
        const { changes } = fake.world;
        expect([...new Set(changes)].sort()).toEqual([...changes].sort());
        expectBooksToAgree();
        expect(fake.world.projects.find(({ id }) => id === 'ml-research')?.account).toBe('');
      });
});

describe('each message of the kill switch', () => {
  /** The alert comes first, and the receipt last. */
  const MESSAGES = { alert: '"alert":', receipt: '"runId":' } as const;
  type Sent = { readonly id?: string; readonly alert?: string };

  /** Its client throws where no answer names a message. */
  function publishing(part: string, fate: (typeof FATES)[keyof typeof FATES]): typeof fake.runtime {
    let isOver = false;
    return {
      ...fake.runtime,
      clients: {
        async publish(topic, data) {
          const publish = (): Promise<void> => fake.runtime.clients.publish(topic, data);
          if (isOver || !data.includes(part)) return publish();
          isOver = true;
          if (typeof (await meetFate(fate, publish)) === 'string')
            throw new EmptyAnswer('no message is named');
        },
      },
    };
  }

  for (const [message, part] of Object.entries(MESSAGES))
    for (const [title, fate] of Object.entries(FATES))
      it(`${message} with ${title}: after redelivery all is off once, and the alert came by one id`, async () => {
        fake.world = newWorld();
        await deliver('1', 130, publishing(part, fate));
        fake.world.nowMs += 300_000;
        expect(await deliver('1')).toBe('done');
        const { changes, published } = fake.world;
        expect([...new Set(changes)].sort()).toEqual([...changes].sort());
        expectBooksToAgree();
        const sent = published.map((text) => JSON.parse(text.slice(text.indexOf('{'))) as Sent);
        const alerts = sent.filter(({ alert }) => alert !== undefined);
        expect([...new Set(alerts.map(({ id }) => id))]).toHaveLength(1);
        expect(alerts[0]?.id).toMatch(
          /^budget-kill-switch\/billingAccounts\/\S+\/budgets\/\S+\/20\d\d-\d\d-\d\d\/0\.5$/,
        );
        expect(alerts.length).toBeLessThanOrEqual(message === 'alert' && fate.carriedOut ? 2 : 1);
        const receipts = [...fake.world.objects].filter(([name]) => name.startsWith('receipts/'));
        expect(receipts.length).toBeGreaterThan(0);
      });
});

describe('each write of the kill switch that came to nothing and is requested again by a later look', () => {
  /** With no rung due above the one that is cut off: that would take away what it leaves. */
  const percentOf = (write: string): number =>
    write.startsWith('PUT') ? 130 : write.startsWith('notebooks') ? 90 : 110;
  const EARLIER = { 'a refusal': FATES['a refusal'], ...DEATHS };

  for (const write of WRITES)
    for (const earlier of ['a refusal', 'its instance killed before the effect'] as const)
      it(`${write} after ${earlier}: where its instance is killed right after the effect, the books say that it was us`, async () => {
        fake.world = running(write);
        if (write.startsWith('nightly')) addPipeline();
        const percent = percentOf(write);
        disturbance.armed = { write: new RegExp(write), fate: EARLIER[earlier] };
        expect(await untilKilled(() => deliver('1', percent))).not.toBe('done');
        expect(disturbance.armed).toBeUndefined();
        fake.world.nowMs += 300_000;
        disturbance.armed = {
          write: new RegExp(write),
          fate: DEATHS['its instance killed after the effect'],
        };
        expect(await untilKilled(() => deliver('2', percent))).toBeUndefined();
        expect(disturbance.armed).toBeUndefined();
        fake.world.nowMs += 110_000;
        expect(await deliver('3', percent)).toBe('done');
        const { changes } = fake.world;
        expect([...new Set(changes)].sort()).toEqual([...changes].sort());
        expectBooksToAgree();
      });
});

const LOOKS = [
  'GET .*notebooks.*/instances/nb-1\\b',
  'GET .*compute.*/instances/vm-1$',
  'GET .*customJobs/job-1\\b',
  'GET .*endpoints/1$',
  'GET .*ml-research/billingInfo',
  ...GROUP_AND_MACHINE_LOOKS,
  'GET .*pipelineJobs/nightly\\b',
  ...Object.entries(JOB_NAMES).map(([id, collection]) => `GET .*${collection}/${id}\\b`),
];

describe('each look of the kill switch', () => {
  for (const look of LOOKS)
    for (const [title, fate] of Object.entries(LOOK_FATES))
      it(`${look} with ${title}: after redelivery all is off once, and the books say that it was us`, async () => {
        fake.world = running(look);
        if (look.includes('nightly')) addPipeline();
        disturbance.armedLook = { look: new RegExp(look), fate };
        await deliver('1');
        expect(disturbance.armedLook).toBeUndefined();
        fake.world.nowMs += 300_000;
        expect(await deliver('2')).toBe('done');
        const { changes } = fake.world;
        expect([...new Set(changes)].sort()).toEqual([...changes].sort());
        expectBooksToAgree();
        expect(fake.world.projects.find(({ id }) => id === 'ml-research')?.account).toBe('');
      });
});

describe('an instance that is frozen for 110 seconds after a look', () => {
  for (const look of LOOKS)
    it(`${look}: sends nothing more when it wakes and another run has taken over`, async () => {
      fake.world = running(look);
      if (look.includes('nightly')) addPipeline();
      const freeze = { look: new RegExp(look), project: OF_RESEARCH, frozen: false, sentAfter: [] };
      disturbance.freeze = freeze;
      await deliver('1');
      expect([freeze.frozen, freeze.sentAfter]).toEqual([true, []]);
      disturbance.freeze = undefined;
      expect(await deliver('2')).toBe('done');
      const { changes } = fake.world;
      expect([...new Set(changes)].sort()).toEqual([...changes].sort());
      expectBooksToAgree();
    });
});
