import { expect, it } from 'vitest';
import { objectOf, PERIOD, RESEARCH } from '../../../support/restore-world.ts';
import { fakeGoogle } from '../../../support/fake-google.ts';
import { OWN_PROJECT, policyText } from '../../../support/ladder-model.ts';
import { AMOUNT, BUDGET, LIVE_LADDER, startLive } from '../../../support/live-world.ts';

let policy = LIVE_LADDER;

/** What a restore writes before the switch has the lease of the project; undefined once it has. */
let opened: object | undefined;

const fake = fakeGoogle({
  world: { nowMs: 0 } as never,
  functionName: 'budget-kill-switch',
  ownProject: OWN_PROJECT,
  policyText: () => policyText(policy),
  around(request, answer) {
    if (opened !== undefined && /^POST .*manifests%2F.*ml-research/.test(request)) {
      const grace = { runId: 'restore-1', sinceMs: fake.world.nowMs, amount: AMOUNT, ...opened };
      const manifest = { version: 1, budget: BUDGET, period: PERIOD, project: RESEARCH, rungs: [], restored: {}, grace };
      fake.world.objects.set(objectOf(RESEARCH), { text: JSON.stringify(manifest), generation: 1, updatedMs: 0 });
      opened = undefined;
    }
    return answer();
  },
}); // prettier-ignore

/** Reported are 125 % of the budget, and hundreds are estimated; what the manifest's grace says by the time of the lease. */
it.each([
  ['is reported to be used up: billing goes as well', { untilShare: 1.1 }, ''],
  ['is used up by an estimate alone: all is stopped but billing', { untilShare: 1.5 }, 'billingAccounts/01D4EE-079462-DFD6EC'],
  ['is not used up: nothing is stopped', { untilMs: Date.parse('2026-12-01T00:00:00Z') }, 'billingAccounts/01D4EE-079462-DFD6EC'],
] as const)('a grace that a restore opens right before the switch has the lease, and that %s', async (_, grace, account) => {
  opened = undefined;
  const live = await startLive(fake);
  live.burn(RESEARCH, 600);
  for (let looks = 0; looks < 3; looks++) {
    live.pass(15);
    live.look();
  }
  opened = grace;
  await live.message(125);
  expect(opened).toBeUndefined();
  const research = fake.world.projects.find(({ id }) => id === RESEARCH);
  expect(research?.account).toBe(account);
  expect(research?.vms.get('vm-1')).toBe('untilMs' in grace);
}); // prettier-ignore

/** Reported are 125 % of the budget, and hundreds are estimated, in a grace until 150 % that the manifest has when the message comes. */
it.each([
  ['beside others', LIVE_LADDER.ladder, ''],
  ['alone on the ladder, with what runs', LIVE_LADDER.ladder.slice(-1), '; \\d+ run at .*vm-1.*'],
])('unlinking that waits in a grace which an estimate has ended is said: %s', async (_, ladder, runs) => {
  policy = { ...LIVE_LADDER, ladder };
  const live = await startLive(fake);
  live.burn(RESEARCH, 600);
  for (let looks = 0; looks < 3; looks++) {
    live.pass(15);
    live.look();
  }
  const grace = { runId: 'restore-1', sinceMs: fake.world.nowMs, untilShare: 1.5, amount: AMOUNT };
  const manifest = { version: 1, budget: BUDGET, period: PERIOD, project: RESEARCH, rungs: [], restored: {}, grace };
  fake.world.objects.set(objectOf(RESEARCH), { text: JSON.stringify(manifest), generation: 1, updatedMs: 0 });
  await live.message(125);
  policy = LIVE_LADDER;
  expect(fake.world.projects.find(({ id }) => id === RESEARCH)?.account).not.toBe('');
  const said = live.lines('WARNING').filter((line) => line.startsWith(`unlink-billing is not in force on ${RESEARCH}`));
  expect(said).toEqual([expect.stringMatching(new RegExp(`: restored at .*, in grace until 150 % of the budget is spent; 125 % is reported, and no estimate unlinks${runs}$`))]);
}); // prettier-ignore
