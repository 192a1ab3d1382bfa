import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS, OPS_NUMBER, type World } from './fake-gcloud.ts';

const deploy = (bench: DeployBench) => deployCommand(bench.place, bench.tools);
const teardown = (bench: DeployBench, ...more: readonly string[]) =>
  teardownCommand([...bench.place, ...more], bench.tools);

/** What stands in the cloud, by kind; enabled APIs and names of deleted roles are not there to be used. */
function standing(world: World): unknown {
  return {
    ...world,
    apis: undefined,
    roles: [...world.roles].filter(([, role]) => role['deleted'] !== true),
    policies: [...world.policies].filter(([, bindings]) => bindings.length > 0),
  };
}

describe('teardown.sh', () => {
  it('leaves what was there before, and deploy.sh then makes it all again', async () =>
    withBench(async (bench) => {
      const { world } = bench.gcloud;
      const before = structuredClone(standing(world));
      await deploy(bench);
      const deployed = bench.gcloud.snapshot();
      bench.answer = OPS;
      assert.equal(await teardown(bench, '--delete-state'), 0, bench.printed().err);
      assert.deepEqual(standing(world), before);
      assert.equal(await teardown(bench, '--delete-state'), 0);
      assert.match(bench.printed().out, /Nothing to remove/);
      assert.equal(await deploy(bench), 0, bench.printed().err);
      assert.deepEqual(bench.gcloud.snapshot(), deployed);
    }));

  it('takes the right to act as a model account away, as deploy.sh does once the policy no longer names it', async () =>
    withBench(async (bench) => {
      const account = 'ranking@ml-research.iam.gserviceaccount.com';
      const bound = (): unknown => bench.gcloud.world.policies.get(`serviceAccounts/${account}`) ?? [];
      const binding = {
        role: 'roles/iam.serviceAccountUser',
        members: [`serviceAccount:budget-restore@${OPS}.iam.gserviceaccount.com`],
      };
      const named = POLICY.replace(
        'lifecycle:',
        `  modelAccounts: [projects/ml-research/serviceAccounts/${account}]\nlifecycle:`,
      );
      bench.setPolicy(named);
      assert.equal(await deploy(bench), 0, bench.printed().err);
      assert.deepEqual(bound(), [binding]);
      bench.setPolicy(POLICY);
      assert.equal(await deploy(bench), 0, bench.printed().err);
      assert.deepEqual(bound(), []);
      bench.setPolicy(named);
      assert.equal(await deploy(bench), 0, bench.printed().err);
      bench.answer = OPS;
      assert.equal(await teardown(bench), 0, bench.printed().err);
      assert.deepEqual(bound(), []);
    }));

  it('keeps the state bucket unless told', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      assert.equal(await teardown(bench, '--yes'), 0);
      assert.deepEqual([...bench.gcloud.world.buckets.keys()], ['gs://ml-ops-local-costguard']);
      assert.deepEqual(bench.gcloud.world.policies.get('gs://ml-ops-local-costguard'), []);
      assert.match(bench.printed().out, /gs:\/\/ml-ops-local-costguard stays/);
    }));

  const memory = (rules: Readonly<Record<string, readonly string[]>>): string =>
    JSON.stringify({
      version: 1,
      sets: Object.values(rules),
      buckets: Object.fromEntries(Object.keys(rules).map((name, set) => [name, [set, 0]])),
      intents: {},
    });

  it('names the buckets whose lifecycle rules stay, before it requires confirmation', async () =>
    withBench(async (bench) => {
      const { texts } = bench.gcloud.world;
      const folder = `gs://${OPS}-costguard/memory/lifecycle-enforcer`;
      texts.set(
        `${folder}/ml-research.json`,
        memory({ 'ml-research-a': ['1'], 'ml-research-b': ['1', '2'] }),
      );
      texts.set(`${folder}/ml-vision.json`, memory({}));
      await deploy(bench);
      bench.printed();
      assert.equal(await teardown(bench), 1);
      const { out } = bench.printed();
      assert.match(
        out,
        /^# Lifecycle rules of costguard stay on 2 buckets of ml-research: gs:\/\/ml-research-a, gs:\/\/ml-research-b$/m,
      );
      assert.match(out, /^# Delete rules among them go on deleting\. /m);
      assert.doesNotMatch(out, /ml-vision/);
      assert.equal(await teardown(bench, 'budget-restore'), 1);
      assert.doesNotMatch(bench.printed().out, /ml-research-a/, 'another function has no rules');
    }));

  it('says where rules stay when nothing tells on which buckets, and removes the rest', async () =>
    withBench(async (bench) => {
      bench.gcloud.world.texts.set(`gs://${OPS}-costguard/memory/lifecycle-enforcer/ml-research.json`, '{');
      await deploy(bench);
      assert.equal(await teardown(bench, '--yes'), 0);
      assert.match(
        bench.printed().out,
        /^# Lifecycle rules stay on buckets, and gs:.*Cannot read the memory/m,
      );
      bench.setPolicy('scope: [projects/ml-research]\nlifecycle:\n');
      await deploy(bench);
      assert.equal(await teardown(bench, '--yes'), 0);
      assert.match(
        bench.printed().out,
        /^# Lifecycle rules stay on the buckets that have them: without a state/m,
      );
    }));

  for (const answer of ['', 'y', 'ml-ops-loca'])
    it(`changes nothing when it is answered "${answer}"`, async () =>
      withBench(async (bench) => {
        await deploy(bench);
        const writes = bench.gcloud.writes.length;
        bench.answer = answer;
        assert.equal(await teardown(bench), 1);
        assert.equal(bench.gcloud.writes.length, writes);
        assert.match(bench.printed().err, /Called off/);
      }));

  it('prints with --plan and changes nothing', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      const writes = bench.gcloud.writes.length;
      bench.printed();
      assert.equal(await teardown(bench, '--plan'), 0);
      assert.equal(bench.gcloud.writes.length, writes);
      assert.match(bench.printed().out, /\ngcloud functions delete budget-restore --gen2 /);
    }));

  describe('while a budget notifies the topic of the switch', () => {
    const TOPIC = `projects/${OPS}/topics/costguard-budget-kill-switch`;
    const BUDGET = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77';
    const OTHER = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/other';
    const topicsOf = ({ budgets }: World) =>
      [...budgets.values()].map(
        (budget) => (budget['notificationsRule'] as { pubsubTopic: string }).pubsubTopic,
      );
    const deployed = (test: (bench: DeployBench) => Promise<void>, topic = TOPIC) =>
      withBench(async (bench) => {
        const { budgets } = bench.gcloud.world;
        budgets.set(BUDGET, { name: BUDGET, notificationsRule: { pubsubTopic: topic } });
        budgets.set(OTHER, { name: OTHER, notificationsRule: { pubsubTopic: 'projects/other/topics/t' } });
        await deploy(bench);
        bench.printed();
        await test(bench);
      });
    const isThere = ({ world }: DeployBench['gcloud']) => world.topics.has('costguard-budget-kill-switch');

    for (const [how, topic] of [
      ['by id', TOPIC],
      ['by number', TOPIC.replace(OPS, OPS_NUMBER)],
    ] as const)
      it(`which it names ${how}: begins nothing, names both and says what to do`, () =>
        deployed(async (bench) => {
          const writes = bench.gcloud.writes.length;
          for (const option of ['--yes', '--plan']) {
            assert.equal(await teardown(bench, option), 1);
            const { err } = bench.printed();
            assert.match(err, new RegExp(`^${TOPIC} would go, and ${BUDGET} notifies it: `));
            assert.match(err, /--disconnect-budgets[^]*--leave-budgets[^]*Nothing was changed\./);
          }
          assert.equal(bench.gcloud.writes.length, writes);
        }, topic));

    it('takes it out of the budget first with --disconnect-budgets, and out of no other', () =>
      deployed(async (bench) => {
        const before = bench.gcloud.writes.length;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 0, bench.printed().err);
        assert.deepEqual(bench.gcloud.writes[before]?.slice(0, 3), ['billing', 'budgets', 'update']);
        assert.deepEqual(topicsOf(bench.gcloud.world), ['', 'projects/other/topics/t']);
        assert.equal(isThere(bench.gcloud), false);
        assert.equal(await teardown(bench, '--yes'), 0);
      }));

    it('leaves everything when that is refused, or is taken and not kept', () =>
      deployed(async (bench) => {
        const { world, writes } = bench.gcloud;
        const whole = bench.gcloud.snapshot();
        bench.gcloud.refuse = (args) =>
          args.slice(0, 3).join(' ') === 'billing budgets update' ? 'PERMISSION_DENIED' : undefined;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        assert.deepEqual(bench.gcloud.snapshot(), whole);
        const budget = world.budgets.get(BUDGET);
        Object.defineProperty(budget, 'notificationsRule', {
          get: () => ({ pubsubTopic: TOPIC }),
          set: () => undefined,
        });
        bench.gcloud.refuse = () => undefined;
        const before = writes.length;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        assert.match(bench.printed().err, new RegExp(`Cannot delete "${TOPIC}": ${BUDGET} still notify it`));
        assert.equal(writes.length, before + 1);
        assert.ok(isThere(bench.gcloud));
      }));

    it('goes on where it was cut off after that, without the flag', () =>
      deployed(async (bench) => {
        const before = bench.gcloud.writes.length;
        bench.gcloud.refuse = () => (bench.gcloud.writes.length === before + 1 ? 'cut off' : undefined);
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        bench.gcloud.refuse = () => undefined;
        assert.equal(await teardown(bench, '--yes'), 0, bench.printed().err);
        assert.equal(isThere(bench.gcloud), false);
      }));

    it('deletes it with --leave-budgets alone where the budgets cannot be read, and looks at none', () =>
      deployed(async (bench) => {
        bench.gcloud.refuse = (args) =>
          args.includes('budgets') ? 'PERMISSION_DENIED: The caller does not have permission' : undefined;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        assert.match(
          bench.printed().err,
          /whether budgets of billingAccounts\/\S+ notify it cannot be told: /,
        );
        assert.ok(isThere(bench.gcloud));
        assert.equal(await teardown(bench, '--yes', '--leave-budgets'), 0);
        assert.match(
          bench.printed().out,
          new RegExp(`\n# ${TOPIC} goes, and budgets of billingAccounts/\\S+ stay and may still notify it`),
        );
        assert.equal(isThere(bench.gcloud), false);
      }));

    it('knows it also where the policy has no budgets any more', () =>
      deployed(async (bench) => {
        bench.setPolicy(POLICY.replace(/budgets:[^]*?(?=lifecycle:)/, ''));
        assert.equal(await teardown(bench, 'budget-kill-switch', '--yes'), 1);
        assert.match(bench.printed().err, new RegExp(`${BUDGET} notifies it`));
      }));

    it('is none of its business where the switch stays', () =>
      deployed(async (bench) => {
        assert.equal(await teardown(bench, 'budget-restore', '--yes'), 0, bench.printed().err);
        assert.ok(isThere(bench.gcloud));
      }));

    it('takes one answer alone', () =>
      deployed(async (bench) => {
        assert.equal(await teardown(bench, '--disconnect-budgets', '--leave-budgets'), 2);
      }));
  });

  it('is followed by a deploy.sh that lets the budgets publish to the new topic (c14)', async () =>
    withBench(async (bench) => {
      const { world } = bench.gcloud;
      const publishers = () =>
        [...world.policies]
          .filter(([on]) => on.includes('costguard-budget-kill-switch'))
          .flatMap(([, bindings]) => bindings)
          .flatMap(({ members }) => members)
          .filter((member) => member.includes('billing-budget-alert@system'));
      await deploy(bench);
      assert.equal(publishers().length, 1);
      assert.equal(await teardown(bench, '--yes'), 0);
      assert.equal(publishers().length, 0);
      await deploy(bench);
      assert.equal(publishers().length, 1);
    }));

  it('takes one function away and leaves the others whole', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      const { world } = bench.gcloud;
      assert.equal(await teardown(bench, 'budget-restore', '--yes'), 0);
      assert.equal(world.functions.has('budget-restore'), false);
      assert.deepEqual(
        [...world.policies].flatMap(([on, bindings]) =>
          bindings.some(({ members }) => members.some((member) => member.includes('budget-restore@')))
            ? [on]
            : [],
        ),
        [],
      );
      const writes = bench.gcloud.writes.length;
      await deployCommand([...bench.place, 'budget-kill-switch', 'idle-notebook-stopper'], bench.tools);
      assert.equal(bench.gcloud.writes.length, writes);
    }));

  it('also takes away what a former policy gave, wherever it is cut off', async () => {
    for (let cut = 0; cut < 6; cut++)
      await withBench(async (bench) => {
        const { world, writes } = bench.gcloud;
        await deploy(bench);
        bench.setPolicy('scope: [projects/ml-vision]\n');
        const before = writes.length;
        bench.gcloud.refuse = () => (writes.length === before + cut ? 'cut off' : undefined);
        assert.equal(await teardown(bench, '--yes'), 1);
        bench.gcloud.refuse = () => undefined;
        assert.equal(await teardown(bench, '--yes'), 0);
        assert.deepEqual(
          ['projects/ml-research', 'folders/500100', 'billingAccounts/0A1B2C-3D4E5F-6A7B8C'].map((on) =>
            world.policies.get(on),
          ),
          [[], [], []],
        );
      });
  });

  it('leaves alone what it did not make', async () =>
    withBench(async (bench) => {
      const { world } = bench.gcloud;
      const name = `projects/${OPS}/topics/costguard-receipts`;
      world.apis.add('pubsub.googleapis.com');
      world.topics.set('costguard-receipts', { name });
      await deploy(bench);
      assert.equal(await teardown(bench, '--yes'), 0);
      assert.deepEqual([...world.topics.values()], [{ name }]);
      assert.deepEqual(world.policies.get('topics/costguard-receipts'), []);
    }));

  it('ends in the same state when it is cut off at any command and run again', async () => {
    let whole: unknown;
    let count = 0;
    await withBench(async (bench) => {
      await deploy(bench);
      const before = bench.gcloud.writes.length;
      await teardown(bench, '--yes');
      whole = standing(bench.gcloud.world);
      count = bench.gcloud.writes.length - before;
    });
    assert.ok(count > 20);
    for (let cut = 0; cut < count; cut++)
      await withBench(async (bench) => {
        await deploy(bench);
        const before = bench.gcloud.writes.length;
        bench.gcloud.refuse = () => (bench.gcloud.writes.length === before + cut ? 'cut off' : undefined);
        assert.equal(await teardown(bench, '--yes'), 1);
        bench.gcloud.refuse = () => undefined;
        assert.equal(await teardown(bench, '--yes'), 0);
        assert.deepEqual(standing(bench.gcloud.world), whole, `cut off at command ${cut + 1}`);
      });
  });

  it('goes on where a project of the scope cannot be seen, and does not say that nothing is left', async () =>
    withBench(async (bench) => {
      await deploy(bench);
      bench.gcloud.refuse = (args) =>
        args.some((one) => /^(?:--project=)?ml-research$/.test(one))
          ? 'PERMISSION_DENIED: The caller does not have permission'
          : undefined;
      bench.printed();
      assert.equal(await teardown(bench, '--yes'), 1);
      const { out, err } = bench.printed();
      assert.equal(bench.gcloud.world.functions.size, 0, err);
      assert.match(out, /What was bound or made there stays: projects\/ml-research/);
      assert.match(err, /perhaps not all gone: projects\/ml-research/);
    }));
});
