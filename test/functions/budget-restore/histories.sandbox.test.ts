import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../shared/state/manifest.ts';
import { nameOfModel } from '../../support/fake-google.ts';
import { POOL_GROUP } from '../../support/fake-groups.ts';
import { GROUP_SIZE, MACHINE_STARTS } from '../../support/fake-machines.ts';
import {
  DEATHS,
  disturb,
  FATES,
  untilKilled,
  type Disturbance,
  type Fate,
} from '../../support/write-fates.ts';
import { FOREIGN, OWN_PROJECT, PROTECTED } from '../../support/ladder-model.ts';
import { numRuns } from '../../support/num-runs.ts';
import { BUDGET, MINUTE_MS, objectOf, RESEARCH, restoreWorld, stateOf } from '../../support/restore-world.ts';

/** The same histories each time. */
const SEED = 20_261_127;
const SOUND_RUNS = numRuns(1_000);
const STOPPING_RUNS = numRuns(250);
const CORRUPTED_RUNS = numRuns(600);
const DAY = Date.parse('2026-11-10T12:00:00Z');

const WRITES = [
  'PUT .*billingInfo',
  'nb-1:(?:stop|start)',
  'vm-1/(?:stop|start)',
  'endpoints/1:',
  'job-1:cancel',
  'nightly:cancel',
  'web/resize',
  'autoscalers',
  'pool:setSize',
  'pool:setAutoscaling',
  ...MACHINE_STARTS.map((start) => start.replace(/:.*/, ':')),
];
const LOOKS = [
  'billingInfo',
  'instances/nb-1\\b',
  'instances/vm-1$',
  'endpoints/1$',
  'customJobs/job-1$',
  'workstations/ws-1$',
  'nodes/tpu-1$',
  'clusters/spark$',
];

/** What an operator may start, all or one of it. */
const BY_HAND = ['all', 'nb-1', 'vm-1', 'web', 'ws-1', 'tpu-1', 'spark', 'colab-1', 'hourly'] as const;

/** What an operator may stop, all or one of it. */
const OFF_BY_HAND = [...BY_HAND, 'model-1'] as const;

type Mishap =
  | { readonly kind: 'none' }
  | { readonly kind: 'fate'; readonly write: string; readonly fate: Fate }
  /** Longer than the lease; meanwhile another run takes the project, and gives it back. */
  | { readonly kind: 'frozen'; readonly look: string };

type Step =
  | { readonly kind: 'alert'; readonly percent: number; readonly mishap: Mishap }
  /** The switch's own. */
  | { readonly kind: 'tick'; readonly mishap: Mishap }
  | { readonly kind: 'restore'; readonly grace: string; readonly mishap: Mishap }
  /** An operator, or a pipeline that tries again, starts what is off. */
  | { readonly kind: 'started'; readonly what: (typeof BY_HAND)[number] }
  /** An operator stops what runs, or takes a model off its endpoint. */
  | { readonly kind: 'stopped'; readonly what: (typeof OFF_BY_HAND)[number] }
  | { readonly kind: 'raise'; readonly units: number }
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'corrupt'; readonly how: keyof typeof CORRUPTIONS };

/** What else may become of a manifest: the text that lies there afterwards, undefined for none. */
const CORRUPTIONS = {
  cut: (text: string) => text.slice(0, text.length / 2),
  empty: () => '{}',
  gone: () => undefined,
  'of another project': (text: string) => text.replaceAll(`"${RESEARCH}"`, '"ml-speech"'),
  'fired already': (text: string) => {
    const manifest = JSON.parse(text) as Manifest;
    return JSON.stringify({ ...manifest, rungs: manifest.rungs.map((rung) => ({ ...rung, items: [] })) });
  },
  'lists others': (text: string) => text.replaceAll('projects/ml-research/zones', `projects/${PROTECTED}/zones`),
} as const; // prettier-ignore

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Mishap>({ kind: 'none' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fate' as const),
      write: fc.constantFrom(...WRITES),
      fate: fc.constantFrom(...Object.values({ ...FATES, ...DEATHS })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('frozen' as const), look: fc.constantFrom(...LOOKS) }),
  },
);

const beforeStops = [
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('alert' as const),
      percent: fc.constantFrom(70, 85, 101, 109, 125, 140),
      mishap,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tick' as const), mishap }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      grace: fc.constantFrom('0%', '10%', '50%', '1h'),
      mishap,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('started' as const),
      what: fc.constantFrom(...BY_HAND),
    }),
  },
] as const;
const afterStops = [
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('raise' as const), units: fc.constantFrom(100, 120, 200) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      minutes: fc.constantFrom(1, 10, 45, 600, 1_500),
    }),
  },
] as const;
const soundStep: fc.Arbitrary<Step> = fc.oneof(...beforeStops, ...afterStops);

const stoppingStep: fc.Arbitrary<Step> = fc.oneof(
  ...beforeStops,
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('stopped' as const),
      what: fc.constantFrom(...OFF_BY_HAND),
    }),
  },
  ...afterStops,
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: soundStep },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('corrupt' as const),
      how: fc.constantFrom(...(Object.keys(CORRUPTIONS) as (keyof typeof CORRUPTIONS)[])),
    }),
  },
);

const disturbance: Disturbance = { armed: undefined, freeze: undefined };
const lab = restoreWorld(disturb(disturbance, anotherRunTakesOver));
const { fake } = lab;

/** How often the state was corrupted, and an instance frozen, in the histories of a property. */
const met = { corrupted: 0, frozen: 0 };

function anotherRunTakesOver(): void {
  met.frozen += 1;
  fake.world.nowMs += 110_000;
  const stored = fake.world.objects.get(objectOf(RESEARCH));
  if (stored === undefined) return;
  try {
    const manifest = JSON.parse(stored.text) as Manifest;
    delete manifest.lease;
    lab.plant({ ...manifest, fence: (manifest.fence ?? 0) + 1 });
  } catch {
    // What is no manifest has no lease either.
  }
}

function arm(one: Mishap): void {
  disturbance.armed = one.kind === 'fate' ? { write: new RegExp(`ml-research.*${one.write}|projects/101/.*${one.write}`), fate: one.fate } : undefined;
  disturbance.freeze = one.kind === 'frozen' ? { look: new RegExp(`(?:ml-research|projects/101)/.*${one.look}|ml-research/${one.look}`), project: /^$/, frozen: false, sentAfter: [] } : undefined;
} // prettier-ignore

/** Where a history is, beside what the world shows. */
interface History {
  units: number;
  /** What the last message said was spent, and of which amount. */
  last: { readonly cost: number; readonly units: number } | undefined;
  /** What was changed so far; starts by hand among it. */
  readonly log: string[];
  /** Whether what a label keeps runs: no rung but unlinking ends that. */
  readonly burnsOn: boolean;
  /** The least that was reported a day or more after all was off: cost that grew from there has another cause. */
  lateCost: number;
  /** Since when at the earliest all that the rungs cover is off; undefined since a restore. */
  offSinceMs: number | undefined;
  /** Whether what an operator starts while no rung is in force begins the settling time anew. */
  readonly countsBreaks: boolean;
  /** What an operator stopped last, and whether the switch had taken it away since it was last brought back for all to see. */
  readonly offByHand: Map<string, 'alone' | 'after the switch'>;
}

/** What the switch covers and what runs of it, but for what is kept. */
function running(): readonly string[] {
  const { notebooks, vms, jobs, pipelines, groups, machines: others, models } = lab.project();
  const started = [...others].map(([name, machine]) => [name, machine.running] as const);
  const machines = [...notebooks, ...vms, ...jobs, ...pipelines, ...started].filter(
    ([name, runs]) => runs && !name.endsWith('-kept'),
  );
  const filled = [...groups].filter(([, { size }]) => size > 0);
  return [...[...machines, ...filled].map(([name]) => name), ...models];
}

/** Delivers until it is dealt with, as Pub/Sub does; what died holds its lease for a while. */
async function deliver(what: string, once: () => Promise<boolean>): Promise<void> {
  for (let deliveries = 1; deliveries <= 4; deliveries++) {
    if ((await untilKilled(once)) === true) return;
    fake.world.nowMs += 2 * MINUTE_MS;
  }
  throw new Error(`Four deliveries of ${what} and not done`);
}

/** Whether the manifest says that a restore's grace goes on. */
function isInGrace(share: number, amount: number): boolean {
  const stored = fake.world.objects.get(objectOf(RESEARCH));
  const { grace } = JSON.parse(stored?.text ?? '{}') as Partial<Manifest>;
  if (grace === undefined) return false;
  if (grace.amount !== undefined && amount > grace.amount) return false;
  return grace.untilMs === undefined ? share < (grace.untilShare ?? 0) : fake.world.nowMs < grace.untilMs;
}

async function takeStep(step: Step, history: History): Promise<void> {
  const { world } = fake;
  switch (step.kind) {
    case 'wait':
      world.nowMs += step.minutes * MINUTE_MS;
      return;
    case 'raise':
      history.units = Math.max(history.units, step.units);
      lab.raise(history.units);
      return;
    case 'started':
      startByHand(step.what, history);
      return;
    case 'stopped':
      stopByHand(step.what, history);
      return;
    case 'corrupt':
      corrupt(step.how);
      return;
    case 'restore':
      arm(step.mishap);
      await untilKilled(() => lab.restore('POST', { ...lab.request, grace: step.grace }));
      arm({ kind: 'none' });
      return;
    case 'alert':
      arm(step.mishap);
      history.last = { cost: step.percent, units: history.units };
      await deliver(`${step.percent} %`, () =>
        lab.alert({ costAmount: step.percent, budgetAmount: history.units }),
      );
      arm({ kind: 'none' });
      return;
    case 'tick':
      arm(step.mishap);
      await deliver('a tick', () => lab.tick());
      arm({ kind: 'none' });
  }
}

function startByHand(what: Extract<Step, { kind: 'started' }>['what'], history: History): void {
  const { log, burnsOn, offByHand } = history;
  const project = lab.project();
  if (project.account === '') return;
  // Under no rung: what runs then has its cost, and its settling time.
  if (history.countsBreaks && shareOf(history) < 1)
    Object.assign(history, { offSinceMs: undefined, lateCost: Infinity });
  for (const machines of [project.notebooks, project.vms])
    for (const [name, runs] of machines)
      if (!runs && (what === name || (what === 'all' && (burnsOn || !name.endsWith('-kept'))))) {
        machines.set(name, true);
        fake.world.starts.set(`${RESEARCH}/${name}`, fake.world.nowMs);
        offByHand.delete(name);
        log.push(`start ${RESEARCH}/${name}`);
      }
  for (const [name, machine] of project.machines)
    if (!machine.running && (what === name || (what === 'all' && (burnsOn || !name.endsWith('-kept'))))) {
      machine.running = true;
      offByHand.delete(name);
      log.push(`start ${RESEARCH}/${name}`);
    }
  for (const submitted of [project.pipelines, project.jobs])
    for (const name of submitted.keys())
      if (what === 'all' && submitted.get(name) === false) {
        submitted.set(name, true);
        log.push(`submit ${RESEARCH}/${name}`);
      }
  // Only the size: what scales it stays off, but for what an operator turned off.
  for (const [name, group] of project.groups)
    if (group.size === 0 && (what === name || what === 'all')) {
      group.size = GROUP_SIZE;
      log.push(`fill ${RESEARCH}/${name}`);
      if (offByHand.get(name) === 'alone') {
        group.scaled = true;
        log.push(`scale ${RESEARCH}/${name}-scaler`);
      }
      offByHand.delete(name);
    }
}

/** Whether the manifest has something as taken away, and not as brought back since: what an operator does then may go unseen. */
function isTaken(name: string): boolean {
  const stored = fake.world.objects.get(objectOf(RESEARCH));
  const { rungs = [], restored = {}, starts = {} } = JSON.parse(stored?.text ?? '{}') as Partial<Manifest>;
  const items = rungs
    .flatMap((rung) => rung.items ?? [])
    .filter(({ resource }) => resource.endsWith(`/${name}`));
  return items.some(
    ({ resource, status, atMs = 0 }) =>
      (status === 'done' || status === 'planned') &&
      ((restored[resource] ?? -1) < atMs ||
        Object.keys(starts).some((key) => key.startsWith(`${resource} `))),
  );
}

/** What the manifest calls what the log names otherwise. */
const MANIFEST_NAMES: Readonly<Record<string, string>> = {
  [POOL_GROUP]: 'pool',
  'model-1': 'endpoints/1',
  'model-2': 'endpoints/1',
};

function stopByHand(what: Extract<Step, { kind: 'stopped' }>['what'], { log, offByHand }: History): void {
  const { notebooks, vms, machines, groups, models } = lab.project();
  const stop = (name: string, verb: string, isOn: boolean, turnOff: () => void): void => {
    if (!isOn || (what !== name && what !== 'all')) return;
    // Google tells when a VM was started last: what an operator started and stopped is known by that.
    const isTold = notebooks.has(name) || vms.has(name);
    offByHand.set(name, !isTold && isTaken(MANIFEST_NAMES[name] ?? name) ? 'after the switch' : 'alone');
    turnOff();
    log.push(`${verb} ${RESEARCH}/${name}`);
  };
  for (const fleet of [notebooks, vms])
    for (const [name, runs] of fleet) stop(name, 'stop', runs, () => fleet.set(name, false));
  for (const [name, machine] of machines)
    stop(name, name === 'hourly' ? 'pause' : 'stop', machine.running, () => (machine.running = false));
  for (const [name, group] of groups)
    stop(name, 'empty', group.size > 0, () => {
      // Else what scales it would fill it again.
      if (group.scaled) log.push(`fix ${RESEARCH}/${name}-scaler`);
      Object.assign(group, { size: 0, scaled: false });
    });
  for (const id of [...models]) stop(nameOfModel(id), 'undeployModel', true, () => models.delete(id));
}

function corrupt(how: keyof typeof CORRUPTIONS): void {
  const { objects, nowMs } = fake.world;
  const stored = objects.get(objectOf(RESEARCH));
  if (stored === undefined) return;
  let text: string | undefined;
  try {
    text = CORRUPTIONS[how](stored.text);
  } catch {
    // It is broken already.
    return;
  }
  met.corrupted += 1;
  if (text === undefined) objects.delete(objectOf(RESEARCH));
  else objects.set(objectOf(RESEARCH), { text, generation: stored.generation + 1, updatedMs: nowMs });
}

/** Nothing kept, protected or foreign, and nothing outside of the budget. */
function expectNothingElseTouched(changes: readonly string[]): void {
  for (const change of changes) {
    expect(change).not.toMatch(new RegExp(`${PROTECTED}|${OWN_PROJECT}|${FOREIGN}|ml-vision`));
    if (/^(?:stop|cancel|pause)/.test(change)) expect(change).not.toMatch(/-kept$/);
  }
}

/** Of each thing, what takes it away and what brings it back alternate: no start is stopped twice, nothing is started twice. */
function expectAlternation(log: readonly string[]): void {
  const last = new Map<string, string>();
  for (const change of log) {
    const [verb = '', thing = ''] = change.split(' ');
    const direction = /^(?:stop|cancel|undeployModel|unlink|empty|fix|pause)$/.test(verb) ? 'away' : 'back';
    expect(last.get(thing), `${change} after ${log.join(', ')}`).not.toBe(direction);
    last.set(thing, direction);
    // Without billing all is off, and unlinking is no stop.
    if (verb === 'unlink')
      for (const other of [...last.keys()]) if (other.startsWith(`${thing}/`)) last.delete(other);
  }
}

const HOUR_MS = 60 * MINUTE_MS;

/** Late cost is no reason to unlink, and none that stands still: something burns, or the cost has grown since all was off for a day. */
function expectCauseToUnlink(
  step: Step,
  startedMs: number,
  history: History,
  changes: readonly string[],
): void {
  if (step.kind === 'restore' && changes.length > 0)
    Object.assign(history, { offSinceMs: undefined, lateCost: Infinity });
  if ((step.kind !== 'alert' && step.kind !== 'tick') || shareOf(history) < 1) return;
  history.offSinceMs ??= startedMs;
  // What was refused, or has no answer, may burn.
  if (history.burnsOn || step.mishap.kind !== 'none') return;
  const cost = history.last?.cost ?? 0;
  if (changes.some((change) => change.startsWith('unlink')))
    expect(cost, history.log.join(', ')).toBeGreaterThan(history.lateCost);
  if (startedMs - history.offSinceMs >= 24 * HOUR_MS) history.lateCost = Math.min(history.lateCost, cost);
}

/** Beside the lab's machines a pipeline that submits its job again. */
function addPipeline(): void {
  lab.project().pipelines.set('nightly', true);
}

/** The project alone in its budget, with nothing that a label keeps: no cost that nothing explains but its own. */
function leaveNothingBurning(): void {
  const { notebooks, vms, machines: others, number } = lab.project();
  for (const machines of [notebooks, vms])
    for (const name of machines.keys()) if (name.endsWith('-kept')) machines.set(name, false);
  for (const [name, machine] of others) if (name.endsWith('-kept')) machine.running = false;
  const { budgets } = fake.world;
  const known = budgets.get(BUDGET);
  const filter = known?.['budgetFilter'] as object;
  budgets.set(BUDGET, { ...known, budgetFilter: { ...filter, projects: [`projects/${number}`] } });
}

async function play(
  steps: readonly Step[],
  isSound: boolean,
  burnsOn = true,
  countsBreaks = false,
): Promise<void> {
  lab.fresh();
  addPipeline();
  if (!burnsOn) leaveNothingBurning();
  fake.world.nowMs = DAY;
  const before = stateOf(lab.project());
  const history: History = {
    units: 100,
    last: undefined,
    log: [],
    burnsOn,
    lateCost: Infinity,
    offSinceMs: undefined,
    offByHand: new Map(),
    countsBreaks,
  };
  for (const step of steps) {
    fake.world.changes.length = 0;
    const cost = step.kind === 'alert' ? step.percent : (history.last?.cost ?? 0);
    const hasHeld = isSound && isInGrace(cost / history.units, history.units);
    const startedMs = fake.world.nowMs;
    await takeStep(step, history);
    const changes = fake.world.changes.filter((change) => change.includes(RESEARCH));
    history.log.push(...changes);
    if (isSound) expectLeftOff(step, history, changes);
    expectNothingElseTouched(fake.world.changes);
    if (isSound && !hasHeld) expectCauseToUnlink(step, startedMs, history, changes);
    if (step.kind === 'alert' || step.kind === 'tick')
      expectRungs(shareOf(history), changes, isSound && !hasHeld);
    fake.world.nowMs += MINUTE_MS;
  }
  if (!isSound) return;
  expectAlternation(history.log);
  await expectRestored(before, history);
}

/** What is spent by the last message, of the amount as it is now, and no more than what the message was when it came. */
function shareOf({ last, units }: History): number {
  return last === undefined ? 0 : Math.min(last.cost / units, last.cost / last.units);
}

function expectRungs(share: number, changes: readonly string[], isInForce: boolean): void {
  if (share < 1.2) expect(changes.filter((change) => change.startsWith('unlink'))).toEqual([]);
  if (share < 0.8) expect(changes).toEqual([]);
  // At once: nothing covered runs longer than one message or tick while the rung is in force.
  if (isInForce && share >= 1) expect(running()).toEqual([]);
}

/** No restore brings back what an operator stopped, where that can be told. */
function expectLeftOff(step: Step, { offByHand, log }: History, changes: readonly string[]): void {
  if (step.kind !== 'restore') return;
  for (const change of changes) {
    const [verb = '', name = ''] = change.replace(`${RESEARCH}/`, '').split(' ');
    if (!/^(?:start|resume|fill|deployModel)$/.test(verb)) continue;
    expect(offByHand.get(name), `${change} after ${log.join(', ')}`).not.toBe('alone');
    offByHand.delete(name);
  }
}

/** What was before, but for what an operator stopped: of that what cannot be told may be as it is now. */
function expectedState(before: object, { offByHand }: History): object {
  const project = lab.project();
  const now = stateOf(project) as Readonly<Record<string, unknown>>;
  const state = structuredClone(before) as Record<string, unknown>;
  const machines = state['machines'] as Record<string, unknown>;
  const groups = state['groups'] as Record<string, unknown>;
  const present = now as {
    machines: Record<string, unknown>;
    groups: Record<string, unknown>;
    models: string[];
  };
  for (const [name, how] of offByHand) {
    const isOn = how === 'alone' ? false : undefined;
    if (name in machines)
      machines[name] =
        isOn === false ? { ...Object(machines[name]), running: false } : present.machines[name];
    else if (name in groups)
      groups[name] = isOn === false ? { size: 0, scaled: false } : present.groups[name];
    else if (name.startsWith('model-')) {
      const others = (state['models'] as string[]).filter((one) => one !== name);
      state['models'] =
        isOn === undefined && present.models.includes(name) ? [...others, name].sort() : others;
    } else state[name] = isOn ?? now[name];
  }
  return state;
}

/** What is off by hand in no history comes back whole, and once more changes nothing. */
async function expectRestored(before: object, history: History): Promise<void> {
  arm({ kind: 'none' });
  for (let calls = 1; calls <= 3; calls++) {
    fake.world.nowMs += 40 * MINUTE_MS;
    const answer = await lab.restore();
    if (answer.status === 200 || answer.status === 404) break;
    expect(calls, JSON.stringify(answer)).toBeLessThan(3);
  }
  expect(stateOf(lab.project()), history.log.join(', ')).toEqual(expectedState(before, history));
  fake.world.changes.length = 0;
  await lab.restore();
  expect(fake.world.changes).toEqual([]);
}

/** Rare among random ones: the share is over unlink when the settling time is over, and the cost stands still or grows. */
const OVER_THE_SETTLING_TIME: readonly [Step[], boolean][] = [[125], [125, 140], [140, 125, 140]].map(
  (percents) => [
    [
      ...[125, 125].flatMap((percent): Step[] => [
        { kind: 'alert', percent, mishap: { kind: 'none' } },
        { kind: 'wait', minutes: 1_500 },
      ]),
      ...percents.map((percent): Step => ({ kind: 'alert', percent, mishap: { kind: 'none' } })),
      { kind: 'tick', mishap: { kind: 'none' } },
    ],
    false,
  ],
);

/** Rare among random ones: an operator starts what the switch stopped, and stops it again. */
const STARTED_AND_STOPPED: readonly [Step[], boolean][] = (['vm-1', 'nb-1'] as const).map((what) => [
  [
    { kind: 'alert', percent: 101, mishap: { kind: 'none' } },
    { kind: 'started', what },
    { kind: 'stopped', what },
    { kind: 'restore', grace: '10%', mishap: { kind: 'none' } },
  ],
  false,
]);

describe('switch and restore over random histories', () => {
  it('hold while a rung is in force, stop no start twice, unlink for a reason, and give back what was before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(soundStep, { minLength: 2, maxLength: 6 }), fc.boolean(), (steps, burnsOn) =>
        play(steps, true, burnsOn),
      ),
      { numRuns: SOUND_RUNS, seed: SEED, examples: [...OVER_THE_SETTLING_TIME] },
    );
    expect(met.frozen).toBeGreaterThan(SOUND_RUNS / 20);
  }, 600_000);

  it('bring back what the switch stopped and nothing that an operator did', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stoppingStep, { minLength: 2, maxLength: 6 }),
        fc.boolean(),
        (steps, burnsOn) => play(steps, true, burnsOn, true),
      ),
      { numRuns: STOPPING_RUNS, seed: SEED, examples: [...OVER_THE_SETTLING_TIME, ...STARTED_AND_STOPPED] },
    );
  }, 600_000);

  it('touch nothing else, whatever lies in the state bucket', async () => {
    Object.assign(met, { corrupted: 0, frozen: 0 });
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 2, maxLength: 6 }), (steps) => play(steps, false)),
      { numRuns: CORRUPTED_RUNS, seed: SEED },
    );
    expect(met.corrupted).toBeGreaterThan(CORRUPTED_RUNS / 6);
    expect(met.frozen).toBeGreaterThan(CORRUPTED_RUNS / 20);
  }, 600_000);
});
