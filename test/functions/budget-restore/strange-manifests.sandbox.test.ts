import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  alert,
  BUDGET,
  budgetScenario,
  labBudget,
  PERIOD,
  RUNAWAY,
  SMALL_PROJECT,
  stateOf,
  switchPolicy,
  withSwitch,
  type RestoreAnswer,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';

const OTHER = 'ml-vision';
const scenario = budgetScenario({
  projects: [
    { ...SMALL_PROJECT, vertex: {} },
    { ...SMALL_PROJECT, id: OTHER, number: '100000000003', vertex: {} },
  ],
  budgets: [labBudget({ projects: [RUNAWAY, OTHER] })],
});
const policy = switchPolicy({ scope: [`projects/${RUNAWAY}`, `projects/${OTHER}`] });
const FOLDER = `manifests/${ACCOUNT.replace('billingAccounts/', '')}/${BUDGET.split('/').at(-1) ?? ''}/${PERIOD}`;

type Answer = RestoreAnswer & {
  readonly unread?: readonly { readonly where: string; readonly why: string }[];
};

describe('one manifest of a period that cannot be read', () => {
  for (const [what, name, text, why] of [
    [
      'an object under another name',
      'notes from Ada.txt',
      '"see ticket 7"',
      /its name is no project id and \.json/,
    ],
    ['a manifest that an edit broke', `${OTHER}.json`, '{"version": 1}', /it is no manifest of this version/],
  ] as const)
    it(`${what}: is named, the other project comes back, and the restore is not complete`, () =>
      withSwitch({ scenario, policy }, async (world) => {
        const { sandbox } = world;
        const before = stateOf(sandbox);
        await world.alert(alert(1.1));
        await sandbox.clock.advance(10 * 60_000);
        await world.overwrite(`${FOLDER}/${name}`, text);
        const plan: Answer = await world.restore('GET');
        expect(plan.status).toBe(200);
        expect(plan.unread?.[0]?.why).toMatch(why);
        const answer: Answer = await world.restore('POST');
        expect([answer.status, answer.complete]).toEqual([503, false]);
        expect(answer.unread?.map(({ where }) => where)).toEqual([`gs://${BUCKET}/${FOLDER}/${name}`]);
        expect(lastReceipt(sandbox, BUCKET, 'budget-restore').incomplete[0]?.why).toMatch(why);
        await sandbox.clock.advance(10 * 60_000);
        expect(stateOf(sandbox)).toEqual(before);
      }));

  it('alone is an error with the reason, not a period in which nothing was taken away', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await world.overwrite(`${FOLDER}/${OTHER}.json`, '{"version": 1}');
      const answer = await world.restore('POST');
      expect(answer.status).toBe(500);
      expect(answer.error).toMatch(/it is no manifest of this version/);
    }));
});
