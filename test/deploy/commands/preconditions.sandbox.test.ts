import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { createBudgetCommand } from '../../../deploy/commands/create-budget.ts';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { promoteCommand } from '../../../deploy/commands/promote.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

describe('deploy.sh refuses, says what remedies it, and touches nothing', () => {
  const cases: readonly {
    readonly name: string;
    readonly change: (bench: DeployBench) => void;
    readonly args?: readonly string[];
    readonly says: RegExp;
  }[] = [
    {
      name: 'a gcloud that is too old',
      change: ({ gcloud }) => (gcloud.world.version = '527.9.9'),
      says: /gcloud is version 527\.9\.9; expected 528\.0\.0 or newer\.\n {4}gcloud components update/,
    },
    {
      name: 'a gcloud without alpha commands',
      change: ({ gcloud }) => (gcloud.world.alpha = false),
      says: /\n {4}gcloud components install alpha/,
    },
    {
      name: 'no user signed in',
      change: ({ gcloud }) => (gcloud.world.signedIn = false),
      says: /not signed in\.\n {4}gcloud auth login/,
    },
    {
      name: 'a project that does not exist',
      change: ({ gcloud }) => gcloud.world.projects.delete(OPS),
      says: /projects\/ml-ops-local does not exist, or you may not see it\.\n {4}gcloud projects list/,
    },
    {
      name: 'a project that is being deleted',
      change: ({ gcloud }) => {
        const project = gcloud.world.projects.get(OPS) ?? {};
        project['lifecycleState'] = 'DELETE_REQUESTED';
      },
      says: /is not active \(DELETE_REQUESTED\)\.\n {4}gcloud projects undelete ml-ops-local/,
    },
    {
      name: 'a caller who may not spend the quota of the operations project',
      change: ({ lacks }) => lacks.set(`projects/${OPS}`, ['serviceusage.services.use']),
      says: /You lack serviceusage\.services\.use on projects\/ml-ops-local\.\n {4}gcloud projects add-iam-policy-binding ml-ops-local --member=user:YOUR_EMAIL --role=roles\/serviceusage\.serviceUsageConsumer/,
    },
    {
      name: 'billing switched off',
      change: ({ gcloud }) => (gcloud.world.billingEnabled = false),
      says: /Billing is off .*\n.*\n {4}gcloud billing projects link ml-ops-local --billing-account=BILLING_ACCOUNT/,
    },
    {
      name: 'a project of the scope that does not exist',
      change: ({ gcloud }) => gcloud.world.projects.delete('ml-research'),
      says: /projects\/ml-research does not exist/,
    },
    {
      name: 'a folder outside of any organization',
      change: ({ gcloud }) => {
        const folder = gcloud.world.folders.get('500100') ?? {};
        delete folder['parent'];
      },
      says: /folders\/500100 lies in no organization/,
    },
    {
      name: 'the operations project in the scope of the switch',
      change: (bench) => {
        bench.setPolicy(POLICY.replace('projects/ml-research', `projects/${OPS}`));
      },
      says: /budget-kill-switch could take away project ml-ops-local.*projects\/ml-ops-local\.\n {4}Take/,
    },
    {
      name: 'a folder above the operations project in the scope of the switch',
      change: (bench) => {
        bench.setPolicy(POLICY.replace('folders/500100', 'folders/500200'));
      },
      says: /in which it runs itself: the scope names folders\/500200\.\n.*\n {4}gcloud projects move ml-ops-local/,
    },
    {
      name: 'a caller without rights in the operations project',
      change: ({ lacks }) =>
        lacks.set(`projects/${OPS}`, ['iam.serviceAccounts.actAs', 'pubsub.topics.create']),
      says: /You lack .*actAs.*\n {4}gcloud projects add-iam-policy-binding ml-ops-local --member=user:YOUR_EMAIL --role=roles\/iam\.serviceAccountUser/,
    },
    {
      name: 'a caller whose role for alert policies lacks the notification rules of one over logs',
      change: ({ lacks }) =>
        lacks.set(
          `projects/${OPS}`,
          ['create', 'update', 'delete'].map((verb) => `logging.notificationRules.${verb}`),
        ),
      says: /You lack logging\.notificationRules\.create, logging\.notificationRules\.update, logging\.notificationRules\.delete on .*\n {4}gcloud projects add-iam-policy-binding ml-ops-local --member=user:YOUR_EMAIL --role=roles\/logging\.configWriter/,
    },
    {
      name: 'a caller who may bind no role on a folder',
      change: ({ lacks }) => lacks.set('folders/500100', ['resourcemanager.folders.setIamPolicy']),
      says: /gcloud resource-manager folders add-iam-policy-binding 500100 .*roles\/resourcemanager\.folderIamAdmin/,
    },
    {
      name: 'a caller who may make no role in the organization of a folder',
      change: ({ lacks }) => lacks.set('organizations/900100', ['iam.roles.create']),
      says: /gcloud organizations add-iam-policy-binding 900100 .*roles\/iam\.organizationRoleAdmin/,
    },
    {
      name: 'a caller without rights on the billing account',
      change: ({ lacks }) =>
        lacks.set('billingAccounts/0A1B2C-3D4E5F-6A7B8C', ['billing.accounts.setIamPolicy']),
      says: /gcloud billing accounts add-iam-policy-binding 0A1B2C-3D4E5F-6A7B8C .*roles\/billing\.admin$/m,
    },
    {
      name: 'custom roles for a billing account of no organization',
      change: ({ gcloud }) => {
        const account = gcloud.world.billingAccounts.get('0A1B2C-3D4E5F-6A7B8C') ?? {};
        delete account['parent'];
      },
      args: ['--billing-roles=custom'],
      says: /belongs to no organization.*\n {4}Leave out --billing-roles=custom/,
    },
    {
      name: 'a state bucket of another project',
      change: ({ gcloud }) => {
        gcloud.world.apis.add('storage.googleapis.com');
        gcloud.world.buckets.set('gs://ml-ops-local-costguard', { projectNumber: '100000000009' });
      },
      says: /gs:\/\/ml-ops-local-costguard belongs to another project/,
    },
    {
      name: 'a policy with a problem',
      change: (bench) => {
        bench.setPolicy('scope: [projects/ml-research]\nnotebooks: { idleAfter: 60 }\n');
      },
      says: /costguard\.yaml: notebooks\.idleAfter: got 60/,
    },
    {
      name: 'a function that the policy does not ask for',
      change: (bench) => {
        bench.setPolicy('scope: [projects/ml-research]\n');
      },
      args: ['budget-kill-switch'],
      says: /budget-kill-switch cannot be deployed: the policy has no section "budgets"/,
    },
  ];
  for (const { name, change, args = [], says } of cases)
    it(name, async () =>
      withBench(async (bench) => {
        change(bench);
        assert.equal(await deployCommand([...bench.place, ...args], bench.tools), 1);
        const { err } = bench.printed();
        assert.match(err, says);
        assert.match(err, /Nothing was changed\.\n$/);
        assert.deepEqual(bench.gcloud.writes, []);
      }),
    );

  it('requests nothing that only an alert takes where no function has one', async () =>
    withBench(async (bench) => {
      bench.lacks.set(`projects/${OPS}`, [
        'logging.notificationRules.create',
        'monitoring.alertPolicies.create',
      ]);
      assert.equal(await deployCommand([...bench.place, 'idle-notebook-stopper'], bench.tools), 0);
    }));

  it('names everything that is wrong at once', async () =>
    withBench(async (bench) => {
      bench.gcloud.world.billingEnabled = false;
      bench.gcloud.world.projects.delete('ml-research');
      assert.equal(await deployCommand(bench.place, bench.tools), 1);
      assert.match(bench.printed().err, /Billing is off[^]*ml-research does not exist/);
    }));
});

describe('wrong usage ends with 2, a sentence and the usage', () => {
  const commands = { deployCommand, teardownCommand, doctorCommand, promoteCommand, createBudgetCommand };
  const cases: readonly (readonly [keyof typeof commands, readonly string[], RegExp])[] = [
    ['deployCommand', ['--colour=red'], /Unknown option '--colour'/],
    [
      'deployCommand',
      ['--policy=costguard.yaml', '--region=us-central1'],
      /^--project is missing: --project my-ops-project/,
    ],
    ['deployCommand', ['--project=ml-ops-local', '--policy=costguard.yaml'], /^--region is missing/],
    ['deployCommand', ['--project=ml-ops-local', '--region=us-central1'], /^--policy is missing/],
    ['deployCommand', ['--project=1', '--region=us-central1'], /^--project is "1"; expected/],
    ['deployCommand', ['--project=ml-ops-local', '--region=mars'], /^--region is "mars"; expected/],
    ['deployCommand', ['--invoker=everybody'], /^--invoker is "everybody"; expected/],
    ['deployCommand', ['--alert-channel=7'], /^--alert-channel is "7"; expected/],
    ['deployCommand', ['--billing-roles=wide'], /^--billing-roles is "wide"; expected/],
    ['teardownCommand', ['--force'], /Unknown option '--force'/],
    ['doctorCommand', ['--plan'], /Unknown option '--plan'/],
    ['promoteCommand', ['--project=ml-ops-local', '--region=us-central1'], /^--policy is missing/],
    ['createBudgetCommand', ['--project=ml-ops-local'], /^--billing-account is missing/],
    [
      'createBudgetCommand',
      ['--project=ml-ops-local', '--billing-account=7'],
      /^--billing-account is "7"; expected/,
    ],
    [
      'createBudgetCommand',
      ['--project=ml-ops-local', '--billing-account=0A1B2C-3D4E5F-6A7B8C', '--amount=500'],
      /^--amount is "500"; expected/,
    ],
  ];
  for (const [command, args, says] of cases)
    it(`${command} ${args.join(' ')}`, async () =>
      withBench(async (bench) => {
        assert.equal(await commands[command](args, bench.tools), 2);
        const { err } = bench.printed();
        assert.match(err, says);
        assert.match(err, /\nUsage: deploy\/[a-z-]+\.sh /);
        assert.deepEqual([...bench.gcloud.reads, ...bench.gcloud.writes], []);
      }));

  it('a function that does not exist', async () =>
    withBench(async (bench) => {
      assert.equal(await deployCommand([...bench.place, 'notebook-painter'], bench.tools), 2);
      assert.match(
        bench.printed().err,
        /^There is no function "notebook-painter"; there are .*idle-notebook-stopper/,
      );
    }));

  it('the scripts hand their arguments on and their exit code back', () => {
    const script = join(import.meta.dirname, '../../../deploy/teardown.sh');
    const { status, stderr } = spawnSync(script, ['--colour=red'], { encoding: 'utf8' });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /Unknown option '--colour'[^]*Usage: deploy\/teardown\.sh/);
  });
});
