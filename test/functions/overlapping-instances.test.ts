/**
 * Two instances at the same project, each with its own memory, identity and clock: one is held at a write, the other runs from
 * beginning to end meanwhile, and then the first goes on.
 */
import { describe, expect, it } from 'vitest';
import type { RestoreAnswer } from '../support/budget-lab.ts';
import { holdable, HOLDS, type Hold } from '../support/held-instance.ts';
import {
  MINUTE_MS,
  RESEARCH,
  RESTORE_WRITES,
  restoreWorld,
  stateOf,
  STOP_WRITES,
} from '../support/restore-world.ts';

const lab = restoreWorld();
const { fake } = lab;

const ofResearch = (write: string): string => write.replace('.*billingInfo', '.*ml-research/billingInfo');
const STOPS = STOP_WRITES.map(ofResearch);
const STARTS = RESTORE_WRITES.map(ofResearch);

/** Longer than the lease: what holds the project then counts as dead. */
const WAITS = { 'for a moment': 0, 'for longer than the lease': 110_000 } as const;
type Wait = keyof typeof WAITS;
const ALL = HOLDS.flatMap((hold) => (Object.keys(WAITS) as Wait[]).map((wait) => [hold, wait] as const));

/** Clocks of instances agree within seconds, and not better: the second one's is ahead of the first one's, or behind. */
const AHEAD_MS: Readonly<Record<Hold, number>> = { 'before it leaves': 5_000, 'after the effect': -5_000 };

interface Pair {
  readonly first: ReturnType<typeof holdable>;
  readonly second: ReturnType<typeof fake.instance>;
}

function pairOf(first: string, second: string, hold: Hold): Pair {
  return { first: holdable(fake.instance(first)), second: fake.instance(second, AHEAD_MS[hold]) };
}

const SWITCH = 'budget-kill-switch';
const RESTORE = 'budget-restore';

type Runtime = Pair['second'];
const alert = (instance: Runtime): Promise<boolean> => lab.alert({}, instance);
const restore = (instance: Runtime, grace?: string): Promise<RestoreAnswer> =>
  lab.restore('POST', { ...lab.request, ...(grace === undefined ? {} : { grace }) }, instance);

/** What the two ended with, and what Google carried out in the project for the first one after it had been held. */
interface Ends<First, Second> {
  readonly first: First;
  readonly second: Second;
  readonly later: readonly string[];
}

async function overlap<First, Second>(
  { first, second }: Pair,
  [write, hold, wait]: readonly [string, Hold, Wait],
  run: (instance: Runtime) => Promise<First>,
  meanwhile: (instance: Runtime) => Promise<Second>,
): Promise<Ends<First, Second>> {
  const goOn = await first.runTo(new RegExp(write), hold, () => run(first.runtime));
  fake.world.nowMs += WAITS[wait];
  const other = await meanwhile(second);
  const from = fake.world.changes.length;
  const ended = await goOn();
  const later = fake.world.changes.slice(from).filter((change) => change.includes(` ${RESEARCH}`));
  return { first: ended, second: other, later };
}

/** Whether each thing was changed once since `from`. */
function expectOnce(from = 0): void {
  const changes = fake.world.changes.slice(from);
  expect([...new Set(changes)].sort()).toEqual([...changes].sort());
}

/** What runs, whether or not anyone pays for it. */
function machinesOf(): object {
  return { ...stateOf(lab.project()), account: undefined };
}

/** What was taken away is in the books as taken by the switch. */
function expectBooksToAgree(): void {
  const items = lab.manifest().rungs.flatMap((rung) => rung.items ?? []);
  const done = items.filter(({ status }) => status === 'done').map(({ resource }) => resource);
  expect(items.map(({ resource }) => resource).filter((resource) => !done.includes(resource))).toEqual([]);
}

async function expectAllToComeBack(before: object): Promise<void> {
  const from = fake.world.changes.length;
  fake.world.nowMs += 30 * MINUTE_MS;
  for (let calls = 1; calls <= 3 && (await lab.restore()).complete !== true; calls++)
    fake.world.nowMs += 30 * MINUTE_MS;
  expect(stateOf(lab.project())).toEqual(before);
  expectOnce(from);
}

describe('two instances of the switch', () => {
  for (const write of STOPS)
    for (const [hold, wait] of ALL)
      it(`${write} is held ${hold} ${wait}: each thing is taken away once, is known as taken, and comes back`, async () => {
        lab.fresh();
        const before = stateOf(lab.project());
        const { first, second, later } = await overlap(
          pairOf(SWITCH, SWITCH, hold),
          [write, hold, wait],
          alert,
          alert,
        );
        expect([first, second]).toEqual(wait === 'for a moment' ? [true, false] : [false, true]);
        if (wait !== 'for a moment') expect(later).toEqual([]);
        expect(await lab.alert()).toBe(true);
        expectOnce();
        expect(lab.project().account).toBe('');
        expectBooksToAgree();
        await expectAllToComeBack(before);
      });
});

describe('two instances of the restore', () => {
  for (const write of STARTS)
    for (const [hold, wait] of ALL)
      it(`${write} is held ${hold} ${wait}: each thing is brought back once`, async () => {
        const before = await lab.stopResources();
        const { first, second, later } = await overlap(
          pairOf(RESTORE, RESTORE, hold),
          [write, hold, wait],
          restore,
          restore,
        );
        if (wait === 'for a moment') expect([first.status, second.status]).toEqual([200, 503]);
        else expect([first.status, second.status, later]).toEqual([503, 200, []]);
        expectOnce();
        expect(stateOf(lab.project())).toEqual(before);
        expect((await lab.restore()).complete).toBe(true);
        expectOnce();
      });
});

describe('a restore while an instance of the switch', () => {
  for (const write of STOPS)
    for (const [hold, wait] of ALL)
      it(`is held ${hold} ${wait} at ${write}: is told which run holds the project, or brings back what stays back`, async () => {
        await lab.stopResources();
        const off = machinesOf();
        lab.fresh();
        const before = stateOf(lab.project());
        const { first, second, later } = await overlap(
          pairOf(SWITCH, RESTORE, hold),
          [write, hold, wait],
          alert,
          restore,
        );
        if (wait === 'for a moment') {
          expect([first, second.status]).toEqual([true, 503]);
          const why = (second.results ?? []).map((one) => one.why).join();
          expect(why).toMatch(/another run holds it: budget-kill-switch is at .*, run \d{8}T/);
          expectOnce();
          expect(lab.project().account).toBe('');
        } else {
          expect([first, second.status, second.complete, later]).toEqual([false, 200, true, []]);
          expect(stateOf(lab.project())).toEqual(before);
          // In the grace the message changes nothing; behind it all goes off once more.
          expect(await lab.alert()).toBe(true);
          expect(stateOf(lab.project())).toEqual(before);
          const from = fake.world.changes.length;
          expect(await lab.alert({ costAmount: 150 })).toBe(true);
          expectOnce(from);
        }
        expectBooksToAgree();
        expect(machinesOf()).toEqual(off);
        await expectAllToComeBack(before);
      });
});

describe('the switch while an instance of the restore', () => {
  for (const write of STARTS)
    for (const [hold, wait] of ALL)
      it(`is held ${hold} ${wait} at ${write}: is held off, or takes away again what came back, and nothing comes back later`, async () => {
        const before = await lab.stopResources();
        const off = machinesOf();
        const { first, second, later } = await overlap(
          pairOf(RESTORE, SWITCH, hold),
          [write, hold, wait],
          (instance) => restore(instance, '0%'),
          alert,
        );
        if (wait === 'for a moment') {
          expect([first.status, second]).toEqual([200, false]);
          expect(stateOf(lab.project())).toEqual(before);
          expectOnce();
          return;
        }
        expect([first.status, second, later]).toEqual([503, true, []]);
        // The link may stay: what runs was stopped again, and whether that is enough has to show first.
        expect(machinesOf()).toEqual(off);
        await expectAllToComeBack(before);
      });
});

describe('clocks of instances that differ by seconds', () => {
  it('what the switch takes away at once after a restore comes back with the next one', async () => {
    lab.fresh();
    const before = stateOf(lab.project());
    await lab.alert();
    expect((await restore(fake.instance(RESTORE, 5_000), '0%')).complete).toBe(true);
    expect(await lab.alert()).toBe(true);
    expect(machinesOf()).not.toEqual({ ...before, account: undefined });
    await expectAllToComeBack(before);
  });

  it('what a restore brings back at once after it was taken away, and a user stops, stays off', async () => {
    lab.fresh();
    await alert(fake.instance(SWITCH, 5_000));
    expect((await lab.restore()).complete).toBe(true);
    lab.project().vms.set('vm-1', false);
    expect((await lab.restore()).complete).toBe(true);
    expect(lab.project().vms.get('vm-1')).toBe(false);
  });
});
