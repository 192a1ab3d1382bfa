import { describe, expect, it } from 'vitest';
import type { AuditReport } from '../../../functions/guardrail-audit/report/report.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import {
  auditScenario,
  CLEAN,
  CLEAN_PROJECT,
  ORGANIZATION,
  POLICY,
  TOPIC,
  TRIALS,
  withAudit,
  type AuditLab,
} from '../../support/guardrail-lab.ts';
import { OPERATIONS } from '../../support/lab.ts';

const MASTER = '0A1B2C-3D4E5F-6A7B8C';
const SUB = '0CCCCC-0CCCCC-0CCCCC';
const SIBLING = '0DDDDD-0DDDDD-0DDDDD';
const BUDGET = `billingAccounts/${MASTER}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
const MEMBER = `guardrail-audit@${OPERATIONS}.iam.gserviceaccount.com`;
const BUDGETS = ['budget-missing', 'budget-thresholds', 'budget-topic', 'budget-credits', 'switch-preflight'];

const [DEPLOYED] = (await readFunctions()).filter(({ name }) => name === 'guardrail-audit');
const ROLE = DEPLOYED?.billingRole?.permissions ?? [];

/** The clean project, which a subaccount pays for. The one budget is of the account above it. */
const scenarioWith = (payer = SUB) =>
  auditScenario({
    projects: [
      { id: OPERATIONS, number: '100000000001', parent: ORGANIZATION },
      { ...CLEAN_PROJECT, billingAccount: payer, parent: ORGANIZATION },
      { id: TRIALS, number: '100000000005', labels: { env: 'test' }, parent: ORGANIZATION },
    ],
    billing: {
      accounts: [{ id: MASTER }, { id: SUB, masterAccount: MASTER }, { id: SIBLING, masterAccount: MASTER }],
      budgets: [
        {
          ...{ name: BUDGET, displayName: 'of all, monthly', projects: [CLEAN], usd: 500 },
          ...{ thresholds: [0.5, 0.8, 1, 1.2], creditTypesTreatment: 'EXCLUDE_ALL_CREDITS', topic: TOPIC },
        },
      ],
    },
  });
const POLICY_HERE = POLICY.replace(/^scope: .*$/m, `scope: [projects/${CLEAN}]`);

/** As deploy.sh binds it, on these accounts alone. */
function bindOn(sandbox: Sandbox, accounts: readonly string[], lacking = ''): void {
  sandbox.iam.unbind(({ member, on }) => member === MEMBER && on.startsWith('billingAccounts/'));
  for (const account of accounts)
    sandbox.iam.bind({
      member: MEMBER,
      role: `${ORGANIZATION}/roles/guardrailAuditBilling`,
      permissions: ROLE.filter((one) => one !== lacking),
      on: `billingAccounts/${account}`,
    });
}

function filterBy({ billing }: Sandbox, filter: object): void {
  Object.assign(billing.budgets.get(BUDGET)['budgetFilter'] as object, filter);
}

/** The rules about budgets, by their state, and what the report says of them. */
async function budgetRules({ get }: AuditLab) {
  const { text } = await get(`project=${CLEAN}`);
  const { mistakes } = JSON.parse(text) as AuditReport;
  const rules = mistakes.flatMap((one) => one.rules).filter(({ rule }) => BUDGETS.includes(rule));
  const states = Object.fromEntries(rules.map(({ rule, status }) => [rule, status]));
  return { states, text };
}
const all = (status: string) => Object.fromEntries(BUDGETS.map((rule) => [rule, status]));

describe('a project that a subaccount pays for', () => {
  it.each<[string, object, string]>([
    ['names the project', {}, 'pass'],
    // For the switch a budget has to name its projects.
    ['names nothing', { projects: [] }, 'fail'],
    ['names the subaccount', { projects: [], subaccounts: [`billingAccounts/${SUB}`] }, 'fail'],
    ['names the subaccount and the project', { subaccounts: [`billingAccounts/${SUB}`] }, 'pass'],
  ])('is covered by a budget of the account above that %s', (_, filter, preflight) =>
    withAudit(
      async (lab) => {
        bindOn(lab.sandbox, [SUB, MASTER]);
        filterBy(lab.sandbox, filter);
        const { states } = await budgetRules(lab);
        expect(states).toEqual({ ...all('pass'), 'switch-preflight': preflight });
      },
      scenarioWith(),
      POLICY_HERE,
    ),
  );

  it.each<[string, object]>([
    ['another subaccount', { projects: [], subaccounts: [`billingAccounts/${SIBLING}`] }],
    ['another subaccount, and the project', { subaccounts: [`billingAccounts/${SIBLING}`] }],
    ['the account above alone', { projects: [], subaccounts: [`billingAccounts/${MASTER}`] }],
    ['another project', { projects: ['projects/100000000005'] }],
  ])('is not covered by a budget of the account above that names %s', (_, filter) =>
    withAudit(
      async (lab) => {
        bindOn(lab.sandbox, [SUB, MASTER]);
        filterBy(lab.sandbox, filter);
        const { states, text } = await budgetRules(lab);
        expect(states['budget-missing']).toBe('fail');
        expect(text).toContain(`none of the 1 budgets of billingAccounts/${SUB} and billingAccounts/${MASTER} covers it`);
        expect(text).toContain(`gcloud billing budgets create --billing-account=${SUB} `);
      },
      scenarioWith(),
      POLICY_HERE,
    ),
  ); // prettier-ignore

  it.each<[string, readonly string[], string, RegExp]>([
    [
      'the budgets of the account above may not be read',
      [SUB],
      '',
      /the budgets of billingAccounts\/0A1B2C-3D4E5F-6A7B8C, of which billingAccounts\/0CCCCC-0CCCCC-0CCCCC is a subaccount, could not be read: .*billing\.budgets\.list.*; grant roles\/billing\.viewer on billingAccounts\/0A1B2C-3D4E5F-6A7B8C/,
    ],
    [
      'whether it is a subaccount may not be read',
      [SUB, MASTER],
      'billing.accounts.get',
      /whether billingAccounts\/0CCCCC-0CCCCC-0CCCCC is a subaccount, .* could not be read: .*billing\.accounts\.get.*; grant roles\/billing\.viewer on billingAccounts\/0CCCCC-0CCCCC-0CCCCC/,
    ],
  ])('is neither covered nor uncovered while %s', (_, accounts, lacking, says) =>
    withAudit(
      async (lab) => {
        bindOn(lab.sandbox, accounts, lacking);
        const { states, text } = await budgetRules(lab);
        expect(states).toEqual(all('not-evaluable'));
        expect(text).toMatch(says);
        expect(text).not.toContain('covers it');
      },
      scenarioWith(),
      POLICY_HERE,
    ),
  );

  it('is neither where the look fails for the moment, and is covered at the next', () =>
    withAudit(
      async (lab) => {
        bindOn(lab.sandbox, [SUB, MASTER]);
        lab.sandbox.faults.add({
          ...{ route: 'billingbudgets.*budgets.list', pathIncludes: MASTER },
          fault: { kind: 'status', status: 403, message: 'denied by VPC Service Controls' },
        });
        expect((await budgetRules(lab)).states).toEqual(all('not-evaluable'));
        lab.sandbox.faults.clear();
        expect((await budgetRules(lab)).states).toEqual(all('pass'));
      },
      scenarioWith(),
      POLICY_HERE,
    ));
});

describe('a project that an account above others pays for', () => {
  it.each<[string, object, string]>([
    ['no subaccount', {}, 'pass'],
    ['that account itself', { projects: [], subaccounts: [`billingAccounts/${MASTER}`] }, 'pass'],
    ['a subaccount, and the project', { subaccounts: [`billingAccounts/${SUB}`] }, 'fail'],
  ])('and a budget that names %s', (_, filter, status) =>
    withAudit(
      async (lab) => {
        filterBy(lab.sandbox, filter);
        expect((await budgetRules(lab)).states['budget-missing']).toBe(status);
      },
      scenarioWith(MASTER),
      POLICY_HERE,
    ),
  );
});
