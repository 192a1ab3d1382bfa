import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  labBudget,
  SMALL_PROJECT,
  withSwitch,
} from '../../support/budget-lab.ts';
import { messagesOf } from '../../support/observe.ts';

const NEW = `${ACCOUNT}/budgets/99991111-2222-3333-4444-555555555555`;
const NAME = 'ML runaway, monthly';
const OTHER_PROJECT = { ...SMALL_PROJECT, id: 'ml-other', number: '100000000009' };

interface Foreign {
  readonly displayName?: string;
  readonly heard?: number;
  readonly isGone?: boolean;
}

describe('a budget that is not in allow (c13)', () => {
  it.each([
    ['replaced one that is gone', [labBudget({ name: NEW })], /5D2F1E0B8C77 of budgets\.allow does not exist any more/i],
    ['has the name of one', [labBudget(), labBudget({ name: NEW, projects: ['ml-other'] })], /it is named like/],
    ['has the projects of one', [labBudget(), labBudget({ name: NEW, displayName: 'anew' })], /it is about the same projects/],
  ])('is a WARNING that names it where it %s', (_, budgets, why) =>
    withSwitch(
      { scenario: budgetScenario({ projects: [SMALL_PROJECT, OTHER_PROJECT], budgets }) },
      async (world) => {
        await world.alert(alert(1.25, { budget: NEW }));
        const [text = ''] = messagesOf(world.lines, 'WARNING');
        expect(text).toContain(`not-allowed: ${NEW} is not in budgets.allow`);
        expect(text).toMatch(why);
        expect(changesIn(world.sandbox)).toEqual({});
      },
    ),
  ); // prettier-ignore

  it.each([
    ['a WARNING where it is named like one', {}, 'WARNING', /named like .*: if it was made anew/],
    ['an INFO line where it is not', { displayName: 'of another team' }, 'INFO', /does$/],
    ['an INFO line where it is not, and one is gone', { displayName: 'of another team', heard: 1, isGone: true }, 'INFO', /does$/],
    ['a WARNING where one is gone that was called the same', { heard: 1, isGone: true }, 'WARNING', /7c1d9a52.* of budgets\.allow does not exist any more: if/],
    ['an INFO line where one is gone of which nothing was heard', { heard: 0, isGone: true }, 'INFO', /does$/],
  ] as const)('of another billing account, which the switch may not read, is %s', (_, { displayName = NAME, heard = 0, isGone = false }: Foreign, severity, why) =>
    withSwitch({ scenario: budgetScenario({ projects: [SMALL_PROJECT] }) }, async (world) => {
      for (let i = 0; i < heard; i++) await world.alert(alert(0.1));
      if (isGone) world.sandbox.billing.budgets.delete(BUDGET);
      const budget = NEW.replace(ACCOUNT, 'billingAccounts/0FFFFF-000000-000000');
      await world.alert(alert(1.25, { budget, data: { budgetDisplayName: displayName } }));
      const said = messagesOf(world.lines, severity).filter((text) => text.includes(budget));
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(`Budget "${displayName}": foreign-budget: ${budget} belongs to a billing account that no budget in budgets.allow does`);
      expect(said[0]).toMatch(why);
      expect(messagesOf(world.lines, 'WARNING')).toHaveLength(severity === 'WARNING' ? 1 : 0);
      expect(changesIn(world.sandbox)).toEqual({});
    }),
  ); // prettier-ignore

  it('is an INFO line where it is like none of them', () =>
    withSwitch(
      {
        scenario: budgetScenario({
          projects: [SMALL_PROJECT, OTHER_PROJECT],
          budgets: [labBudget(), labBudget({ name: NEW, displayName: 'other', projects: ['ml-other'] })],
        }),
      },
      async (world) => {
        await world.alert(alert(1.25, { budget: NEW }));
        expect(messagesOf(world.lines, 'WARNING')).toEqual([]);
        expect(messagesOf(world.lines, 'INFO')[0]).toContain('not-allowed');
      },
    ));
});
