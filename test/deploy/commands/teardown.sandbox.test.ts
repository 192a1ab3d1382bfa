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

    const isDisconnection = (args: readonly string[]) =>
      args.slice(0, 3).join(' ') === 'billing budgets update';
    const isChange = (args: readonly string[]) =>
      ['delete', 'update', 'remove-iam-policy-binding'].some((verb) => args.includes(verb));
    const isDeletion = (args: readonly string[]) =>
      args.slice(0, 4).join(' ') === 'pubsub topics delete costguard-budget-kill-switch';

    it('takes it out of the budget directly before it goes with --disconnect-budgets, and out of no other', () =>
      deployed(async (bench) => {
        const before = bench.gcloud.writes.length;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 0);
        const writes = bench.gcloud.writes.slice(before);
        const index = writes.findIndex(isDeletion);
        assert.deepEqual(writes.filter(isDisconnection), [writes[index - 1]]);
        assert.deepEqual(topicsOf(bench.gcloud.world), ['', 'projects/other/topics/t']);
        assert.equal(isThere(bench.gcloud), false);
        const count = String(writes.length);
        assert.deepEqual(
          [...bench.printed().out.matchAll(/^\[(\d+)\/(\d+)\]/gm)].map(([, step, of]) => [step, of]),
          writes.map((_, step) => [String(step + 1), count]),
        );
        assert.equal(await teardown(bench, '--yes'), 0);
      }));

    it('begins nothing without the right to change the budgets', () =>
      deployed(async (bench) => {
        const whole = bench.gcloud.snapshot();
        bench.lacks.set('billingAccounts/0A1B2C-3D4E5F-6A7B8C', ['billing.budgets.update']);
        for (const option of ['--yes', '--plan']) {
          assert.equal(await teardown(bench, option, '--disconnect-budgets'), 1);
          assert.match(
            bench.printed().err,
            /^You lack billing\.budgets\.update on billingAccounts\/0A1B2C-3D4E5F-6A7B8C, [^]*roles\/billing\.costsManager/,
          );
        }
        assert.deepEqual(bench.gcloud.snapshot(), whole);
      }));

    for (const [what, command] of [
      ['its very first step', ''],
      ['the deletion of the switch', 'functions delete budget-kill-switch'],
      ['the disconnection', 'billing budgets update'],
    ] as const)
      it(`leaves topic and budget together where ${what} fails`, () =>
        deployed(async (bench) => {
          const writes = bench.gcloud.writes.length;
          bench.gcloud.refuse = (args) =>
            isChange(args) && args.join(' ').startsWith(command) ? 'PERMISSION_DENIED' : undefined;
          assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
          assert.equal(bench.gcloud.writes.length > writes, command !== '');
          assert.ok(isThere(bench.gcloud));
          assert.deepEqual(topicsOf(bench.gcloud.world), [TOPIC, 'projects/other/topics/t']);
          assert.match(bench.printed().err, /^Cannot run "gcloud /);
          bench.gcloud.refuse = () => undefined;
          assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 0);
          assert.equal(isThere(bench.gcloud), false);
        }));

    it('says that it cannot tell whether the budget still notifies the topic, where that is so', () =>
      deployed(async (bench) => {
        bench.gcloud.refuse = (args) =>
          bench.gcloud.writes.some(isDisconnection) && args.includes('budgets') ? 'unavailable' : undefined;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        assert.match(
          bench.printed().err,
          new RegExp(`^${TOPIC} is still there\\.\nWhether ${BUDGET} still notifies it cannot be told now\\.\n`),
        );
        assert.ok(isThere(bench.gcloud));
      })); // prettier-ignore

    it('keeps the topic where the budget takes the change and does not keep it', () =>
      deployed(async (bench) => {
        Object.defineProperty(bench.gcloud.world.budgets.get(BUDGET), 'notificationsRule', {
          get: () => ({ pubsubTopic: TOPIC }),
          set: () => undefined,
        });
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        assert.match(bench.printed().err, new RegExp(`^Cannot delete "${TOPIC}": ${BUDGET} still notify it`));
        assert.ok(isDisconnection(bench.gcloud.writes.at(-1) ?? []));
        assert.ok(isThere(bench.gcloud));
      }));

    it('names the budget that notifies nothing where the topic does not go then, and what connects it again', () =>
      deployed(async (bench) => {
        bench.gcloud.refuse = (args) => (isDeletion(args) ? 'PERMISSION_DENIED' : undefined);
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        const { err } = bench.printed();
        assert.match(err, new RegExp(`^${TOPIC} is still there\\.\n${BUDGET} notifies nothing now\\.\nRun the`));
        assert.match(err, /\nCannot run "gcloud pubsub topics delete [^]*PERMISSION_DENIED/);
        assert.deepEqual(topicsOf(bench.gcloud.world), ['', 'projects/other/topics/t']);
        const [, again = ''] = /^ {4}gcloud (billing budgets update .*)$/m.exec(err) ?? [];
        bench.gcloud.refuse = () => undefined;
        assert.equal((await bench.gcloud.run(again.split(' '))).code, 0);
        assert.deepEqual(topicsOf(bench.gcloud.world), [TOPIC, 'projects/other/topics/t']);
      })); // prettier-ignore

    it('names of several those alone that it took out', () =>
      deployed(async (bench) => {
        bench.gcloud.world.budgets.set(OTHER, { name: OTHER, notificationsRule: { pubsubTopic: TOPIC } });
        bench.gcloud.refuse = (args) =>
          isDisconnection(args) && args[3] === 'other' ? 'PERMISSION_DENIED' : undefined;
        assert.equal(await teardown(bench, '--yes', '--disconnect-budgets'), 1);
        const { err } = bench.printed();
        assert.match(err, new RegExp(`^${TOPIC} is still there\\.\n${BUDGET} notifies nothing now\\.\nRun the`));
        assert.equal(err.match(/^ {4}gcloud/gm)?.length, 1);
        assert.deepEqual(topicsOf(bench.gcloud.world), ['', TOPIC]);
        assert.ok(isThere(bench.gcloud));
      })); // prettier-ignore

    it('goes on where it was cut off after that, without the flag', () =>
      deployed(async (bench) => {
        bench.gcloud.refuse = (args) => (isDeletion(args) ? 'cut off' : undefined);
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
