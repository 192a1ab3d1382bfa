import { describe, expect, it } from 'vitest';
import { fakeGoogle } from '../../support/fake-google.ts';
import type { FakeGroup } from '../../support/fake-groups.ts';
import { OWN_PROJECT, policyText } from '../../support/ladder-model.ts';
import { BUDGET, LIVE_LADDER, MEMORY, type LiveWorld, startLive } from '../../support/live-world.ts';
import { callRestore } from '../../support/switch-and-restore.ts';

let policy = LIVE_LADDER;
const fake = fakeGoogle({
  world: { nowMs: 0 } as never,
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(policy),
});
const RESEARCH = 'ml-research';
const HELD = MEMORY.replace('estimates', 'held');

/** Two ticks that see a runaway, after which the estimate holds a group of five. */
async function startHeld(before: (live: LiveWorld) => Promise<void> = () => Promise.resolve()) {
  const live = await startLive(fake);
  await before(live);
  const project = fake.world.projects.find(({ id }) => id === RESEARCH);
  if (project === undefined) throw new Error(`Cannot find "${RESEARCH}"`);
  const group: FakeGroup = { size: 5, scaled: true };
  project.groups.set('web', group);
  live.burn(RESEARCH, 300);
  for (let rounds = 0; group.size > 0; rounds++) {
    expect(rounds).toBeLessThan(8);
    await live.round();
  }
  return { live, group, sinceMs: heldSince() };
}

function heldSince(): number | null | undefined {
  const text = fake.world.objects.get(HELD)?.text ?? '{}';
  return (JSON.parse(text) as { readonly sinceMs?: number | null }).sinceMs;
}

/** A message that reports 25 % and comes after a look. */
async function hear(live: LiveWorld): Promise<void> {
  live.pass(5);
  live.look();
  await live.message();
}

/** The group comes back by hand, is stopped again, and the project is restored. */
async function resizeAndRestore(live: LiveWorld, group: FakeGroup): Promise<void> {
  group.size = 1;
  await live.round();
  expect(group).toEqual({ size: 0, scaled: false });
  live.pass(10);
  const request = { budget: BUDGET, period: '2026-11-01', project: RESEARCH };
  expect(await callRestore(fake.runtime, 'POST', request)).toMatchObject({ complete: true });
}

describe('a hold by the estimate alone', () => {
  it.each([
    ['nothing', 80],
    ['stop-notebooks', 20],
  ])(
    'goes on under messages that reach %s: the size of a group is that from before it',
    async (_, atPercent) => {
      policy = {
        ...LIVE_LADDER,
        ladder: [
          { atPercent, do: 'stop-notebooks' },
          { atPercent: 100, do: 'stop-compute' },
        ],
      };
      const { live, group, sinceMs } = await startHeld();
      expect(sinceMs).toBeTypeOf('number');
      for (let messages = 0; messages < 2; messages++) {
        await hear(live);
        expect(heldSince()).toBe(sinceMs);
        await live.round();
        expect(heldSince()).toBe(sinceMs);
      }
      await resizeAndRestore(live, group);
      expect(group).toEqual({ size: 5, scaled: true });
    },
  );

  it('goes on where messages were below it after another one had ended, and before it began', async () => {
    policy = LIVE_LADDER;
    const { live, group, sinceMs } = await startHeld(async (before) => {
      const { nowMs } = fake.world;
      before.write(HELD, JSON.stringify({ version: 1, sinceMs: null, publishedMs: nowMs }));
      await hear(before);
      expect(heldSince()).toBeNull();
    });
    expect(sinceMs).toBeTypeOf('number');
    await hear(live);
    expect(heldSince()).toBe(sinceMs);
    await resizeAndRestore(live, group);
    expect(group).toEqual({ size: 5, scaled: true });
  });
});
