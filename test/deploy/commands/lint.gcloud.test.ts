import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createBudgetCommand } from '../../../deploy/commands/create-budget.ts';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { shellLine } from '../../../deploy/desired/step.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { lintCommands } from '../../sandbox/gcloud/lint-commands.ts';
import { withBench, type DeployBench } from './bench.ts';
import { needs } from '../../support/needs.ts';

/** Makes the scripts emit every kind of command that they have. */
async function everything(bench: DeployBench): Promise<void> {
  const { gcloud, tools, place } = bench;
  gcloud.identityToken = (audience) => {
    if (audience === undefined) throw new Error('No identity token can be obtained.');
    return 'token';
  };
  await deployCommand(
    [
      ...place,
      '--invoker=group:ml-ops@example.com',
      '--alert-channel=projects/ml-ops-local/notificationChannels/1',
      '--billing-roles=custom',
    ],
    tools,
  );
  for (const role of gcloud.world.roles.values()) {
    role['title'] = 'changed';
    role['deleted'] = true;
  }
  for (const alert of gcloud.world.alerts.values()) alert['conditions'] = [];
  for (const job of gcloud.world.jobs.values()) job['schedule'] = '0 * * * *';
  for (const bucket of gcloud.world.buckets.values()) {
    bucket['iamConfiguration'] = {};
    delete bucket['versioning'];
  }
  for (const subscription of gcloud.world.subscriptions.values()) delete subscription['deadLetterPolicy'];
  await deployCommand([...place, '--billing-roles=custom'], tools);
  bench.setPolicy('scope: [projects/ml-vision]\nstate: gs://ml-ops-local-other\nnotebooks:\negress:\n');
  await deployCommand(place, tools);
  const [policy = '', project = ''] = place;
  const budget = [policy, project, '--billing-account=0A1B2C-3D4E5F-6A7B8C', '--amount=500USD'];
  await createBudgetCommand(budget, tools);
  for (const known of gcloud.world.budgets.values())
    Object.assign(known, {
      amount: {},
      thresholdRules: [],
      notificationsRule: {},
      budgetFilter: { projects: ['projects/1'] },
    });
  await createBudgetCommand(budget, tools);
  await doctorCommand(place, tools);
  await teardownCommand([...place, '--yes', '--delete-state', '--disconnect-budgets'], tools);
}

/** A command's shape: two of the same shape are both right or both wrong for gcloud. */
function shapeOf(args: readonly string[]): string {
  return args
    .map((argument) => argument.replace(/=.*$/s, ''))
    .join(' ')
    .replace(/\S*[0-9:@]\S*|\b(?:costguard|budget|idle|lifecycle|egress|ml)\S*|\S+\.googleapis\.com/g, 'X')
    .replace(/X(?: X)+/g, 'X');
}

describe('what the scripts tell gcloud', needs(gcloudMissing()), () => {
  it('is understood by gcloud, command by command', async () =>
    withBench(async (bench) => {
      await everything(bench);
      const emitted = [...bench.gcloud.reads, ...bench.gcloud.writes];
      const shapes = new Map(emitted.map((args) => [shapeOf(args), shellLine(args)]));
      for (const kind of [
        'billing budgets update',
        'logging read',
        'iam roles delete',
        'storage rm',
        'functions delete',
      ])
        assert.ok(
          [...shapes.values()].some((line) => line.startsWith(`gcloud ${kind} `)),
          kind,
        );
      assert.deepEqual(lintCommands([...shapes.values()]), []);
    }));

  it('would not pass with a flag or a command that gcloud does not have', () => {
    const wrong = [
      'gcloud pubsub topics create costguard-topic --project=ml-ops-local --colour=red',
      'gcloud pubsub topics paint costguard-topic --project=ml-ops-local',
      'gcloud functions deploy costguard --gen2 --region=us-central1 --memory --project=ml-ops-local',
    ];
    assert.deepEqual(
      lintCommands(wrong).map((line) => line.split(': ')[0]),
      wrong,
    );
  });
});
