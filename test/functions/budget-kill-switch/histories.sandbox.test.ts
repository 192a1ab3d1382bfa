import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import { rungActions } from '../../../shared/policy/policy.ts';
import { seededRandom } from '../../sandbox/http/faults.ts';
import { fakeGoogle } from '../../support/fake-google.ts';
import {
  bringBack,
  BUDGETS,
  doByHand,
  FOREIGN,
  newWorld,
  OWN_PROJECT,
  PERIODS,
  policyText,
  PROTECTED,
  START,
  startModel,
  STOPPABLE,
  wireOf,
  type ByHand,
  type ModelMessage,
  type ModelPolicy,
} from '../../support/ladder-model.ts';
import { numRuns } from '../../support/num-runs.ts';

const RUNS = numRuns(500);
/** The same histories each time; with those of the restore there are 2,100. */
const SEED = 20_261_127;

const HOUR_MS = 3_600_000;

const anyPolicy: fc.Arbitrary<ModelPolicy> = fc
  .record({
    mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'enforce', 'observe'),
    basis: fc.constantFrom('actual', 'forecast', 'either'),
    actions: fc.subarray([...rungActions], { minLength: 1 }),
    percents: fc.uniqueArray(fc.constantFrom(10, 33, 50, 57, 80, 99, 100, 110, 120), {
      minLength: 4,
      maxLength: 4,
    }),
  })
  .map(({ actions, percents, ...rest }) => {
    const sorted = [...percents].sort((a, b) => a - b);
    return { ...rest, ladder: actions.map((action, n) => ({ atPercent: sorted[n] ?? 150, do: action })) };
  });

const percent = fc.oneof(
  fc.constantFrom(0, 9, 10, 33, 49, 50, 56, 57, 80, 99, 100, 110, 119, 120, 130),
  fc.integer({ min: -20, max: 250 }),
);

const anyMessage: fc.Arbitrary<ModelMessage> = fc.record({
  budget: fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(BUDGETS.length - 1) }),
  period: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.nat(PERIODS - 1) }),
  percent,
  namesThreshold: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  forecastPercent: fc.option(fc.constantFrom(10, 50, 57, 100, 120, 200), { nil: undefined }),
  amountPercent: fc.constantFrom(100, 100, 100, 50, 200),
  currency: fc.constantFrom('USD', 'USD', 'USD', 'USD', 'USD', 'USD', 'USD', 'EUR'),
}); // prettier-ignore

type Step =
  /** One message, several times. */
  | { readonly kind: 'deliver'; readonly message: ModelMessage; readonly copies: number }
  /** Messages of one budget and period, all at the same time. */
  | { readonly kind: 'together'; readonly messages: readonly ModelMessage[] }
  /** A message that was delivered before, later. */
  | { readonly kind: 'again'; readonly which: number }
  | { readonly kind: 'wait'; readonly hours: number }
  /** An operator brings a project back by hand. */
  | { readonly kind: 'bring-back'; readonly project: number }
  /** An operator stops something, cuts billing, or changes a keep label. */
  | { readonly kind: 'by-hand'; readonly project: number; readonly how: ByHand };

const byHand: fc.Arbitrary<ByHand> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('stop'), what: fc.constantFrom(...STOPPABLE) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut-billing') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('label'),
      what: fc.constantFrom('nb-1', 'vm-1'),
      keeps: fc.boolean(),
    }),
  },
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deliver'), message: anyMessage, copies: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('together'),
      // For an hour two periods are present, and what is taken away in both at the same time is requested twice.
      messages: fc
        .tuple(fc.array(anyMessage, { minLength: 2, maxLength: 5 }), fc.nat(2), fc.constantFrom(1, 1, 1, 2))
        .map(([messages, budget, period]) => messages.map((message) => ({ ...message, budget, period }))),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again'), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), hours: fc.constantFrom(1, 11, 13, 800) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bring-back'), project: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('by-hand'), project: fc.nat(2), how: byHand }) },
); // prettier-ignore

let policy = '';
let turns: (() => number) | undefined;

/** One fake for all histories: Google's clients are opened once for an identity. */
const fake = fakeGoogle({
  world: newWorld(),
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policy,
  async pause() {
    // While several are under way, who comes next is drawn anew at each call.
    for (let left = Math.floor((turns?.() ?? 0) * 4); left > 0; left--)
      await new Promise((resolve) => void setImmediate(resolve));
  },
});

async function deliver(message: ModelMessage, messageId: string): Promise<void> {
  const { attributes, data } = wireOf(message);
  await handleEvent(
    fake.runtime,
    {
      id: messageId,
      source: '//pubsub.googleapis.com/projects/ml-operations/topics/costguard-budget-kill-switch',
      data: {
        message: {
          data: Buffer.from(JSON.stringify(data)).toString('base64'),
          attributes,
          messageId,
          publishTime: new Date(fake.world.nowMs).toISOString(),
        },
      },
    },
    guardBudget,
  );
}

/** Delivers at the same time, and again what is refused because another delivery holds the rung. */
async function deliverTogether(messages: readonly ModelMessage[]): Promise<void> {
  let open = messages.map((message, n) => ({ message, id: `${n}` }));
  for (let rounds = 1; open.length > 0; rounds++) {
    assert.ok(rounds <= messages.length + 1, 'one delivery at least ends in each round');
    const ended = await Promise.allSettled(open.map(({ message, id }) => deliver(message, id)));
    for (const one of ended)
      if (one.status === 'rejected')
        assert.match(String(one.reason), /another run (?:holds it|took it over)/);
    open = open.filter((_, n) => ended[n]?.status === 'rejected');
  }
}

/** Of the changes since a user last brought something back: that may be taken away again, by another rung. */
function assertNeverTwice(changes: readonly string[]): void {
  assert.equal(new Set(changes).size, changes.length, `never twice: ${changes.join(', ')}`);
}

async function play(ladder: ModelPolicy, steps: readonly Step[], seed: number): Promise<void> {
  policy = policyText(ladder);
  const world = (fake.world = newWorld());
  const model = startModel(ladder);
  const delivered: ModelMessage[] = [];
  let sinceBroughtBack: string[] = [];
  for (const step of steps) {
    // Messages of two steps are of two moments: of those of one the one that reaches more counts.
    world.nowMs += 1_000;
    world.changes.length = 0;
    world.published.length = 0;
    const messages = messagesOf(step, delivered);
    delivered.push(...messages);
    // In which order they are dealt with is open; that a lower rung fires before a higher one is not.
    const expected = [...messages]
      .sort((a, b) => model.dueRungs(a, world.nowMs) - model.dueRungs(b, world.nowMs))
      .map((message) => model.take(message, world.nowMs));
    turns = step.kind === 'together' ? seededRandom(seed) : undefined;
    if (step.kind === 'together') await deliverTogether(messages);
    else for (const [n, message] of messages.entries()) await deliver(message, `${delivered.length}-${n}`);
    if (step.kind === 'wait') world.nowMs += step.hours * HOUR_MS;
    if (step.kind === 'bring-back') {
      for (const projects of [world.projects, model.projects]) {
        const project = projects[step.project];
        if (project !== undefined) bringBack(project);
      }
      sinceBroughtBack = [];
    }

    if (step.kind === 'by-hand')
      for (const projects of [world.projects, model.projects]) {
        const project = projects[step.project];
        if (project !== undefined) doByHand(project, step.how);
      }

    sinceBroughtBack.push(...world.changes);
    assertNeverTwice(sinceBroughtBack);
    for (const change of world.changes)
      for (const untouchable of [PROTECTED, OWN_PROJECT, FOREIGN])
        assert.ok(!change.includes(untouchable), `never touched: ${change}`);
    assert.deepEqual(
      [...world.changes].sort(),
      expected.flatMap(({ changes }) => changes).sort(),
      'just what the rungs that are newly due take away',
    );
    const alerts = world.published.filter((text) => text.includes('"alert"'));
    assert.equal(alerts.length, expected.reduce((sum, one) => sum + one.alerts, 0), 'one alert for each budget and period'); // prettier-ignore
    assert.deepEqual(world.projects, model.projects, 'the projects are as they have to be');
  }
  assert.ok(![...world.objects.keys()].some((name) => name.startsWith('poison/')));
}

function messagesOf(step: Step, delivered: readonly ModelMessage[]): readonly ModelMessage[] {
  switch (step.kind) {
    case 'deliver':
      return Array.from({ length: step.copies }, () => step.message);
    case 'together':
      return step.messages;
    case 'again': {
      const known = delivered[step.which % Math.max(1, delivered.length)];
      return known === undefined ? [] : [known];
    }
    case 'wait':
    case 'bring-back':
    case 'by-hand':
      return [];
  }
}

describe('budget-kill-switch over random histories', () => {
  it('acts once, up to the highest rung due, and on nothing else', async () => {
    let acted = 0;
    await fc.assert(
      fc.asyncProperty(
        anyPolicy,
        fc.array(anyStep, { minLength: 1, maxLength: 9 }),
        fc.nat(),
        async (ladder, steps, seed) => {
          await play(ladder, steps, seed);
          acted += [...fake.world.objects.keys()].some((name) => name.startsWith('manifests/')) ? 1 : 0;
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(acted > RUNS / 3, `only ${acted} histories of ${RUNS} made a rung fire`);
  });

  const full: ModelPolicy = {
    mode: 'enforce',
    basis: 'actual',
    ladder: [
      { atPercent: 50, do: 'notify' },
      { atPercent: 80, do: 'stop-notebooks' },
      { atPercent: 100, do: 'stop-compute' },
      { atPercent: 120, do: 'unlink-billing' },
    ],
  };
  const spent = (percentSpent: number, more: Partial<ModelMessage> = {}): ModelMessage => ({
    budget: 0,
    period: 1,
    percent: percentSpent,
    namesThreshold: true,
    forecastPercent: undefined,
    amountPercent: 100,
    currency: 'USD',
    ...more,
  });
  const once = (message: ModelMessage): Step => ({ kind: 'deliver', message, copies: 1 });

  it('jumps from 40 % to 130 %, firing every rung in order', async () => {
    await play(full, [once(spent(40)), once(spent(130))], 1);
    const [, manifest] =
      [...fake.world.objects].find(([name]) => name.endsWith('2026-11-01/ml-research.json')) ?? [];
    const { rungs } = JSON.parse(manifest?.text ?? '{}') as { rungs: { do: string; status: string }[] };
    assert.deepEqual(
      rungs.map((rung) => `${rung.do} ${rung.status}`),
      ['stop-notebooks done', 'stop-compute done', 'unlink-billing done'],
    );
  });

  it('fires anew in a new period, and not for late messages of the old one', async () => {
    await play(
      full,
      [
        once(spent(85)),
        { kind: 'bring-back', project: 0 },
        { kind: 'wait', hours: 13 },
        { kind: 'again', which: 0 },
        once(spent(85, { period: 2 })),
        once(spent(130)),
      ],
      1,
    );
    assert.ok(Date.parse(START) + 13 * HOUR_MS > Date.parse('2026-12-01T08:00:00Z'));
  });

  it('makes one call per action of 50 messages at once', async () => {
    await play(full, [{ kind: 'together', messages: Array.from({ length: 50 }, () => spent(130)) }], 7);
  });
});
