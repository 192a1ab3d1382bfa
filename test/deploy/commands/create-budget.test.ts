import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createBudgetCommand } from '../../../deploy/commands/create-budget.ts';
import { withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

const ACCOUNT = '0A1B2C-3D4E5F-6A7B8C';
const TOPIC = `projects/${OPS}/topics/costguard-budget-kill-switch`;
const NAME = `billingAccounts/${ACCOUNT}/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77`;
const POLICY = `scope: [projects/ml-research]
state: gs://${OPS}-costguard
budgets: {mode: enforce, allow: [${NAME}]}
`;

function create(bench: DeployBench, ...more: readonly string[]): Promise<number> {
  const [policy = '', project = ''] = bench.place;
  return createBudgetCommand([policy, project, `--billing-account=${ACCOUNT}`, ...more], bench.tools);
}

/** A budget that a user made by hand: two thresholds, credits counted, no topic. */
function byHand(more: object = {}): Record<string, unknown> {
  return {
    name: NAME,
    displayName: 'costguard',
    amount: { specifiedAmount: { currencyCode: 'USD', units: '500' } },
    budgetFilter: { projects: ['projects/100000000003'], creditTypesTreatment: 'INCLUDE_ALL_CREDITS' },
    thresholdRules: [
      { thresholdPercent: 0.5, spendBasis: 'CURRENT_SPEND' },
      { thresholdPercent: 0.25, spendBasis: 'CURRENT_SPEND' },
    ],
    ...more,
  };
}

const withBudgets = (
  budgets: readonly Record<string, unknown>[],
  test: (bench: DeployBench) => Promise<void>,
): Promise<void> =>
  withBench(async (bench) => {
    bench.setPolicy(POLICY);
    bench.gcloud.world.apis.add('billingbudgets.googleapis.com');
    Object.assign(bench.gcloud.world.billingAccounts.get(ACCOUNT) ?? {}, { currencyCode: 'USD' });
    for (const budget of budgets) bench.gcloud.world.budgets.set(String(budget['name']), budget);
    await test(bench);
  });

/** `0.5 CURRENT_SPEND` */
function rulesOf(budget: Record<string, unknown> | undefined): readonly string[] {
  const rules = (budget?.['thresholdRules'] ?? []) as { thresholdPercent: number; spendBasis: string }[];
  return rules.map(({ thresholdPercent, spendBasis }) => `${thresholdPercent} ${spendBasis}`).sort();
}

const EVERY_RULE = [0.5, 0.8, 1, 1.2]
  .flatMap((share) => [`${share} CURRENT_SPEND`, `${share} FORECASTED_SPEND`])
  .sort();

describe('create-budget.sh', () => {
  it('makes the topic and the budget, says what goes into the policy, and does nothing the second time', () =>
    withBudgets([], async (bench) => {
      const { world, writes } = bench.gcloud;
      assert.equal(await create(bench, '--amount=500.00USD'), 0);
      const [made, ...others] = [...world.budgets.values()];
      assert.deepEqual(others, []);
      assert.deepEqual(rulesOf(made), EVERY_RULE);
      assert.deepEqual(
        { ...made, thresholdRules: undefined },
        {
          name: `billingAccounts/${ACCOUNT}/budgets/new-budget`,
          displayName: 'costguard',
          amount: { specifiedAmount: { units: '500', currencyCode: 'USD' } },
          budgetFilter: {
            creditTypesTreatment: 'EXCLUDE_ALL_CREDITS',
            projects: ['projects/100000000002'],
          },
          thresholdRules: undefined,
          notificationsRule: { pubsubTopic: TOPIC },
        },
      );
      assert.ok(world.topics.has('costguard-budget-kill-switch'));
      assert.match(
        bench.printed().out,
        /allow: \[billingAccounts\/0A1B2C-3D4E5F-6A7B8C\/budgets\/new-budget\]\n$/,
      );
      const count = writes.length;
      assert.equal(await create(bench, '--amount=500USD'), 0);
      assert.equal(await create(bench), 0);
      assert.equal(writes.length, count);
    }));

  it('adopts a budget of that name, adds what it misses and keeps what it has', () =>
    withBudgets([byHand()], async (bench) => {
      assert.equal(await create(bench), 0);
      const budget = bench.gcloud.world.budgets.get(NAME);
      assert.equal(bench.gcloud.world.budgets.size, 1);
      assert.deepEqual(rulesOf(budget), [...EVERY_RULE, '0.25 CURRENT_SPEND'].sort());
      assert.deepEqual(budget?.['budgetFilter'], {
        projects: ['projects/100000000003', 'projects/100000000002'],
        creditTypesTreatment: 'EXCLUDE_ALL_CREDITS',
      });
      assert.deepEqual(budget['notificationsRule'], { pubsubTopic: TOPIC });
      assert.deepEqual(budget['amount'], { specifiedAmount: { currencyCode: 'USD', units: '500' } });
      assert.match(bench.printed().out, new RegExp(`as it should be: ${NAME}\n$`));
    }));

  it('says so when Google takes a change and does not keep it', () =>
    withBudgets([byHand()], async (bench) => {
      const { run } = bench.gcloud;
      const tools = {
        ...bench.tools,
        gcloud: async (args: readonly string[]) => {
          const answer = await run(args);
          if (args[2] === 'update') delete bench.gcloud.world.budgets.get(NAME)?.['notificationsRule'];
          return answer;
        },
      };
      const [policy = '', project = ''] = bench.place;
      assert.equal(await createBudgetCommand([policy, project, `--billing-account=${ACCOUNT}`], tools), 1);
      assert.match(bench.printed().err, /has not kept all of it.*it notifies no topic/);
    }));

  it('takes a policy that can name no budget yet', () =>
    withBudgets([], async (bench) => {
      bench.setPolicy(POLICY.replace(/, allow: .*\]/, ''));
      assert.equal(await create(bench, '--amount=500USD'), 0, bench.printed().err);
      assert.deepEqual(rulesOf([...bench.gcloud.world.budgets.values()][0]), EVERY_RULE);
    }));

  it('changes the amount when one is given', () =>
    withBudgets([byHand()], async (bench) => {
      assert.equal(await create(bench, '--amount=750USD'), 0);
      assert.deepEqual(bench.gcloud.world.budgets.get(NAME)?.['amount'], {
        specifiedAmount: { currencyCode: 'USD', units: '750' },
      });
    }));

  it('prints with --plan and changes nothing', () =>
    withBudgets([], async (bench) => {
      assert.equal(await create(bench, '--amount=500USD', '--plan'), 0);
      assert.deepEqual(bench.gcloud.writes, []);
      assert.match(
        bench.printed().out,
        /\ngcloud billing budgets create --billing-account=0A1B2C-3D4E5F-6A7B8C /,
      );
    }));

  it('says that without --target one budget covers the whole scope, and how to make one for each project', () =>
    withBudgets([], async (bench) => {
      bench.setPolicy(POLICY.replace('[projects/ml-research]', '[projects/ml-research, projects/ml-vision]'));
      assert.equal(await create(bench, '--amount=500USD', '--plan'), 0);
      const { out } = bench.printed();
      assert.match(out, /covers the whole scope, ml-research, ml-vision: when their cost together/);
      assert.match(out, /\n# {3}--name costguard-ml-research --target ml-research\n# {3}--name costguard-ml-vision --target ml-vision\n/);
      await create(bench, '--amount=500USD', '--plan', '--target=ml-research');
      assert.doesNotMatch(bench.printed().out, /whole scope/);
    })); // prettier-ignore

  it('names the operations project as the quota project of every call about budgets', () =>
    withBudgets([], async (bench) => {
      assert.equal(await create(bench, '--amount=500USD'), 0);
      const { reads, writes } = bench.gcloud;
      const about = [...reads, ...writes].filter(([first, second]) => first === 'billing' && second === 'budgets');
      assert.ok(about.length >= 3);
      for (const args of about) assert.ok(args.includes(`--billing-project=${OPS}`), args.join(' '));
    })); // prettier-ignore

  it('enables the API in it first, and with --plan says that no budget can be seen before', () =>
    withBudgets([], async (bench) => {
      bench.gcloud.world.apis.delete('billingbudgets.googleapis.com');
      assert.equal(await create(bench, '--amount=500USD', '--plan'), 0);
      assert.match(bench.printed().out, /No budget can be seen before[^]*services enable billingbudgets/);
      assert.deepEqual(bench.gcloud.writes, []);
      assert.equal(await create(bench, '--amount=500USD'), 0);
      assert.ok(bench.gcloud.world.apis.has('billingbudgets.googleapis.com'));
    })); // prettier-ignore

  it('takes the amount as it is where the account cannot be seen', () =>
    withBudgets([], async (bench) => {
      bench.gcloud.world.billingAccounts.delete(ACCOUNT);
      assert.equal(await create(bench, '--amount=500EUR'), 0);
    }));

  const refusals: readonly {
    readonly name: string;
    readonly budgets?: readonly Record<string, unknown>[];
    readonly args?: readonly string[];
    readonly says: RegExp;
  }[] = [
    { name: 'a new budget without an amount', says: /no amount for a new one\.\n {4}Add --amount/ },
    {
      name: 'two budgets of that name',
      budgets: [byHand(), byHand({ name: `billingAccounts/${ACCOUNT}/budgets/other` })],
      says: /2 budgets of billingAccounts\/0A1B2C-3D4E5F-6A7B8C are called "costguard"/,
    },
    {
      name: 'a budget that speaks to another topic',
      budgets: [byHand({ notificationsRule: { pubsubTopic: 'projects/other-project/topics/alerts' } })],
      says: /already speaks to projects\/other-project\/topics\/alerts/,
    },
    {
      name: 'an amount in another currency than the account’s',
      args: ['--amount=500EUR'],
      says: /--amount is 500EUR, and billingAccounts\/0A1B2C-3D4E5F-6A7B8C is billed in USD.*\n {4}Give the amount in USD, such as --amount 500USD/,
    },
    {
      name: 'a budget that caps spend and can have no topic',
      budgets: [byHand({ spendCap: { state: 'CONFIGURED' } })],
      says: /caps the spend of a service \(spendCap\), and such a budget speaks to no topic.*\n {4}Choose another name/,
    },
    {
      name: 'a budget of the whole account',
      budgets: [byHand({ budgetFilter: {} })],
      says: /covers the whole billing account/,
    },
    {
      name: 'the operations project as a target',
      args: ['--amount=500USD', `--target=${OPS}`],
      says: /ml-ops-local is the operations project/,
    },
    {
      name: 'a target that does not exist',
      args: ['--amount=500USD', '--target=ml-nowhere'],
      says: /projects\/ml-nowhere does not exist/,
    },
  ];
  for (const { name, budgets = [], args = [], says } of refusals)
    it(`refuses ${name}`, () =>
      withBudgets(budgets, async (bench) => {
        assert.equal(await create(bench, ...args), 1);
        assert.match(bench.printed().err, says);
        assert.deepEqual(bench.gcloud.writes, []);
      }));

  it('requests projects by name where the scope is a folder', () =>
    withBudgets([], async (bench) => {
      bench.setPolicy('scope: [folders/500100]\n');
      assert.equal(await create(bench, '--amount=500USD'), 2);
      assert.match(bench.printed().err, /name them with --target/);
    }));
});
