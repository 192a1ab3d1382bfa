import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

async function deploy(bench: DeployBench, ...more: readonly string[]): Promise<number> {
  return deployCommand([...bench.place, ...more], bench.tools);
}

const SWITCH_SUBSCRIPTION = 'eventarc-us-central1-budget-kill-switch-123456-sub-789';

/** The commands in short: words and what they are about. */
function inShort(commands: readonly (readonly string[])[]): readonly string[] {
  return commands.map((args) => args.filter((argument) => !argument.startsWith('--')).join(' '));
}

describe('deploy.sh', () => {
  it('makes everything out of nothing, and nothing the second time', async () =>
    withBench(async (bench) => {
      assert.equal(await deploy(bench), 0, bench.printed().err);
      const { gcloud } = bench;
      const names = (await readFunctions()).map(({ name }) => name);
      assert.deepEqual([...gcloud.world.functions.keys()].sort(), names);
      const first = gcloud.writes.length;
      const snapshot = gcloud.snapshot();
      assert.equal(await deploy(bench), 0);
      assert.deepEqual(inShort(gcloud.writes.slice(first)), []);
      assert.deepEqual(gcloud.snapshot(), snapshot);
      assert.match(bench.printed().out, /Nothing to do: all is as it should be\./);
    }));

  it('keeps messages for seven days, and says how long they were kept before', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      const subscription = bench.gcloud.world.subscriptions.get(SWITCH_SUBSCRIPTION) ?? {};
      assert.deepEqual(
        [subscription['messageRetentionDuration'], subscription['expirationPolicy']],
        ['604800s', {}],
      );
      subscription['messageRetentionDuration'] = '86400s';
      bench.printed();
      await deploy(bench, '--plan');
      assert.match(bench.printed().out, /until then it is kept for 7 days instead of 24 hours/);
    }));

  it('says that unlinking may be refused with predefined roles, where a rung unlinks, and how to change that', async () =>
    withBench(async (bench) => {
      const said = async (...more: readonly string[]): Promise<boolean> => {
        await deploy(bench, '--plan', ...more);
        return /# budget-kill-switch gets roles\/billing\.viewer on billingAccounts\/\S+, which lacks billing\.resourceAssociations\.delete.*\n.*\n# deploy\/deploy\.sh .*--billing-roles custom\n/.test(
          bench.printed().out,
        );
      };
      assert.equal(await said('--billing-roles=predefined'), true);
      assert.equal(await said(), false);
      bench.setPolicy(
        POLICY.replace('lifecycle:', '  ladder: [{ at: 0.8, do: stop-notebooks }]\nlifecycle:'),
      );
      assert.equal(await said('--billing-roles=predefined'), false);
    }));

  it('puts the right to unlink into the custom role on the account only where a rung unlinks', async () => {
    const rights = async (policy: string): Promise<unknown> => {
      let found: unknown;
      await withBench(async (bench) => {
        bench.setPolicy(policy);
        assert.equal(await deploy(bench), 0, bench.printed().err);
        const role = [...bench.gcloud.world.roles].find(([name]) =>
          /costguardBudgetKillSwitch\w*Billing/.test(name),
        );
        found = role?.[1]['includedPermissions'];
      });
      return found;
    };
    assert.deepEqual(await rights(POLICY), [
      'billing.accounts.get',
      'billing.budgets.get',
      'billing.resourceAssociations.delete',
    ]);
    const mild = POLICY.replace('lifecycle:', '  ladder: [{ at: 0.8, do: stop-notebooks }]\nlifecycle:');
    assert.deepEqual(await rights(mild), ['billing.budgets.get']);
  });

  it('waits for new roles to be known before it says that the switch would not work', async () =>
    withBench(async (bench) => {
      bench.settles = 2;
      assert.equal(await deploy(bench), 0);
      const { out } = bench.printed();
      assert.match(out, /Waiting for what was just granted to be known everywhere, up to 7 min\n/);
      assert.match(out, /the preflight\n$/);
      assert.doesNotMatch(out, /not yet/);
      assert.deepEqual(bench.sleeps, [20_000, 20_000]);
    }));

  it('waits for them no longer than it says, and not at all where nothing was changed', async () =>
    withBench(async (bench) => {
      bench.settles = 1_000;
      assert.equal(await deploy(bench), 1);
      assert.equal(
        bench.sleeps.reduce((sum, one) => sum + one, 0),
        7 * 60_000,
      );
      bench.sleeps.length = 0;
      assert.equal(await deploy(bench), 1);
      assert.deepEqual(bench.sleeps, []);
    }));

  it('ends with 3 when all is deployed and a check of the switch could not run, with 1 when one fails', async () =>
    withBench(async (bench) => {
      for (const [preflight, code] of [
        [3, 3],
        [1, 1],
        [2, 1],
        [0, 0],
      ] as const) {
        bench.preflight = preflight;
        assert.equal(await deploy(bench), code);
      }
      bench.preflight = 3;
      bench.printed();
      await deploy(bench);
      assert.match(bench.printed().out, /not every check of the kill switch could run/);
    }));

  it('prints with --plan what it then does, save for names that only Google knows, and changes nothing', async () =>
    withBench(async (bench) => {
      assert.equal(await deploy(bench, '--plan'), 0);
      assert.deepEqual(bench.gcloud.writes, []);
      const planned = bench
        .printed()
        .out.split('\n')
        .filter((line) => line.startsWith('gcloud '));
      await deploy(bench);
      const done = bench
        .printed()
        .out.split('\n')
        .filter((line) => line.startsWith('  gcloud '))
        .map((line) => line.slice(2));
      const known = (line: string): string =>
        line.replace(/SUBSCRIPTION_OF_[A-Z_]+|eventarc-\S+-sub-\d+/, 'SUBSCRIPTION');
      assert.deepEqual(planned.map(known).sort(), done.map(known).sort());
      assert.ok(planned.some((line) => line.includes('SUBSCRIPTION_OF_IDLE_NOTEBOOK_STOPPER')));
    }));

  it('ends in the same state when it is cut off at any command and run again', async () => {
    let whole: unknown;
    let count = 0;
    await withBench(async (bench) => {
      await deploy(bench);
      whole = bench.gcloud.snapshot();
      count = bench.gcloud.writes.length;
    });
    assert.ok(count > 30);
    for (let cut = 0; cut < count; cut++)
      await withBench(async (bench) => {
        bench.gcloud.refuse = () => (bench.gcloud.writes.length === cut ? 'cut off' : undefined);
        assert.equal(await deploy(bench), 1);
        bench.gcloud.refuse = () => undefined;
        assert.equal(await deploy(bench), 0, `cut off at command ${cut + 1}: ${bench.printed().err}`);
        assert.deepEqual(bench.gcloud.snapshot(), whole);
      });
  });

  it('deploys the functions whose section the policy has, and no other', async () => {
    const sections = {
      'notebooks:\n': ['idle-notebook-stopper'],
      'lifecycle: {}\n': ['lifecycle-enforcer'],
      'egress:\n': ['egress-auditor'],
      'estimates:\n': ['cost-estimator'],
      [`state: gs://${OPS}-costguard\nwatch:\n`]: ['spend-watch'],
      'budgets: { mode: observe, ladder: [{ at: 1, do: notify }] }\n': [
        'budget-kill-switch',
        'budget-restore',
      ],
      [`state: gs://${OPS}-costguard\naudit:\n`]: ['guardrail-audit'],
    };
    assert.deepEqual(
      Object.values(sections).flat().sort(),
      (await readFunctions()).map(({ name }) => name),
    );
    for (const [section, names] of Object.entries(sections))
      await withBench(async (bench) => {
        bench.setPolicy(`mode: enforce\nscope: [projects/ml-research]\n${section}`);
        assert.equal(await deploy(bench), 0, bench.printed().err);
        assert.deepEqual([...bench.gcloud.world.functions.keys()].sort(), names);
      });
  });

  it('makes and binds no role in scope for a function that calls nothing there', async () =>
    withBench(async (bench) => {
      bench.setPolicy(
        `mode: enforce\nscope: [projects/ml-research]\nstate: gs://${OPS}-costguard\nestimates:\n`,
      );
      assert.equal(await deploy(bench), 0, bench.printed().err);
      const { roles } = bench.gcloud.world;
      assert.deepEqual(
        [...roles.keys()].filter((name) => /CostEstimator/i.test(name) || name.includes('ml-research')),
        [],
      );
      assert.ok(inShort(bench.gcloud.writes).every((line) => !line.includes('ml-research')));
    }));

  it('refuses a policy without any section, and changes nothing', async () =>
    withBench(async (bench) => {
      bench.setPolicy('mode: enforce\nscope: [projects/ml-research]\n');
      assert.equal(await deploy(bench), 1);
      assert.match(
        bench.printed().err,
        /none of the sections audit, budgets, egress, estimates, lifecycle, notebooks, watch: what is not/,
      );
      assert.deepEqual(bench.gcloud.writes, []);
    }));

  it('names a function whose section is gone with the command that removes it, and ends with 1 until then', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      const before = bench.gcloud.writes.length;
      bench.setPolicy(POLICY.replace('egress:\n', ''));
      bench.printed();
      assert.equal(await deploy(bench), 1);
      assert.deepEqual(inShort(bench.gcloud.writes.slice(before)), [], 'a wrong --policy removes nothing');
      const { out } = bench.printed();
      const [, command = ''] =
        /^# egress-auditor is deployed although the policy has no section "egress".* (deploy\/teardown\.sh .*)$/m.exec(
          out,
        ) ?? [];
      assert.deepEqual(command.split(' ').slice(1), ['egress-auditor', ...bench.place]);
      assert.equal(await doctorCommand(bench.place, bench.tools), 1);
      assert.match(
        bench.printed().out,
        /^ {2}egress-auditor is deployed although the policy has no section/m,
      );
      assert.equal(await teardownCommand([...command.split(' ').slice(1), '--yes'], bench.tools), 0);
      assert.equal(await deploy(bench), 0);
      assert.equal(await doctorCommand(bench.place, bench.tools), 0, bench.printed().out);
    }));

  it('leaves alone a function of that name that it did not make', async () =>
    withBench(async (bench) => {
      bench.gcloud.world.apis.add('cloudfunctions.googleapis.com');
      bench.gcloud.world.functions.set('egress-auditor', {
        name: `projects/${OPS}/locations/us-central1/functions/egress-auditor`,
        state: 'ACTIVE',
        labels: {},
      });
      bench.setPolicy(POLICY.replace('egress:\n', ''));
      assert.equal(await deploy(bench), 0);
      assert.match(
        bench.printed().out,
        /^# egress-auditor is left out: the policy has no section "egress"$/m,
      );
    }));

  const changes: readonly {
    readonly name: string;
    readonly change: (bench: DeployBench) => void;
    readonly commands: readonly string[];
  }[] = [
    {
      name: 'comments and order of the policy',
      change: (bench) => {
        bench.setPolicy(`# a comment\n${POLICY}`);
      },
      commands: [],
    },
    {
      name: 'one section of the policy',
      change: (bench) => {
        bench.setPolicy(POLICY.replace('notebooks:', 'notebooks: { idleAfter: 90m }'));
      },
      // The audit honours the keep label of that section.
      commands: ['functions deploy guardrail-audit', 'functions deploy idle-notebook-stopper'],
    },
    {
      name: 'the code of one function',
      change: (bench) => {
        bench.setCode('budget-restore', '// new');
      },
      commands: ['functions deploy budget-restore'],
    },
    {
      name: 'memory, set by hand',
      change: ({ gcloud }) => {
        const service = gcloud.world.functions.get('budget-restore')?.['serviceConfig'] as Record<
          string,
          unknown
        >;
        service['availableMemory'] = '256Mi';
      },
      commands: ['functions deploy budget-restore'],
    },
    {
      name: 'limits of Node, set by hand',
      change: ({ gcloud }) => {
        const service = gcloud.world.functions.get('budget-restore')?.['serviceConfig'] as {
          environmentVariables: Record<string, string>;
        };
        assert.match(
          service.environmentVariables['NODE_OPTIONS'] ?? '',
          /^--max-old-space-size=\d+ --max-semi-space-size=\d+$/,
        );
        assert.equal(service.environmentVariables['TIMEOUT_SECONDS'], '3600');
        service.environmentVariables['NODE_OPTIONS'] = '--max-old-space-size=4000';
      },
      commands: ['functions deploy budget-restore'],
    },
    {
      name: 'a deployment that failed',
      change: ({ gcloud }) => {
        const fn = gcloud.world.functions.get('budget-kill-switch') ?? {};
        fn['state'] = 'FAILED';
      },
      commands: ['functions deploy budget-kill-switch'],
    },
    {
      name: 'a role that a user widened',
      change: ({ gcloud }) => {
        const role =
          gcloud.world.roles.get('projects/ml-research/roles/costguardBudgetKillSwitch_ml_ops_local') ?? {};
        (role['includedPermissions'] as string[]).push('compute.instances.delete');
      },
      commands: ['iam roles update costguardBudgetKillSwitch_ml_ops_local'],
    },
    {
      name: 'a role that was deleted',
      change: ({ gcloud }) => {
        const role =
          gcloud.world.roles.get('projects/ml-research/roles/costguardBudgetKillSwitch_ml_ops_local') ?? {};
        role['deleted'] = true;
      },
      commands: ['iam roles undelete costguardBudgetKillSwitch_ml_ops_local'],
    },
    {
      name: 'a bucket without versions',
      change: ({ gcloud }) => {
        const bucket = gcloud.world.buckets.get('gs://ml-ops-local-costguard') ?? {};
        delete bucket['versioning'];
      },
      commands: ['storage buckets update gs://ml-ops-local-costguard'],
    },
    {
      name: 'another schedule',
      change: ({ gcloud }) => {
        const job = gcloud.world.jobs.get('costguard-idle-notebook-stopper') ?? {};
        job['schedule'] = '0 * * * *';
      },
      commands: ['scheduler jobs update pubsub costguard-idle-notebook-stopper'],
    },
    {
      name: 'no tick of the kill switch',
      change: ({ gcloud }) => {
        gcloud.world.jobs.delete('costguard-budget-kill-switch');
      },
      commands: ['scheduler jobs create pubsub costguard-budget-kill-switch'],
    },
    ...(
      [
        ['a retention of one day, as Eventarc sets it', { messageRetentionDuration: '86400s' }],
        ['an expiration that a user set', { expirationPolicy: { ttl: '2678400s' } }],
        ['another ack deadline', { ackDeadlineSeconds: 60 }],
        ['other delays', { retryPolicy: { minimumBackoff: '10s', maximumBackoff: '60s' } }],
      ] as const
    ).map(([name, settings]) => ({
      name: `a subscription with ${name}`,
      change: ({ gcloud }: DeployBench) => {
        Object.assign(gcloud.world.subscriptions.get(SWITCH_SUBSCRIPTION) ?? {}, settings);
      },
      commands: [`pubsub subscriptions update ${SWITCH_SUBSCRIPTION}`],
    })),
    {
      name: 'a job that a user paused',
      change: ({ gcloud }) => {
        const job = gcloud.world.jobs.get('costguard-idle-notebook-stopper') ?? {};
        job['state'] = 'PAUSED';
      },
      commands: [],
    },
    {
      name: 'an alert on something else',
      change: ({ gcloud }) => {
        for (const alert of gcloud.world.alerts.values()) alert['conditions'] = [];
      },
      commands: ['alpha monitoring policies update projects/ml-ops-local/alertPolicies/1'],
    },
  ];
  for (const { name, change, commands } of changes)
    it(`touches after ${name} only: ${commands.join(', ') || 'nothing'}`, async () =>
      withBench(async (bench) => {
        await deploy(bench);
        const before = bench.gcloud.writes.length;
        change(bench);
        assert.equal(await deploy(bench), 0);
        assert.deepEqual(inShort(bench.gcloud.writes.slice(before)), commands);
        await deploy(bench);
        assert.equal(bench.gcloud.writes.length, before + commands.length);
      }));
});
