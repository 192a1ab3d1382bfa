import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { withBench, type DeployBench } from './bench.ts';
import { OPS, OTHER_OPS } from './fake-gcloud.ts';
import { holdingsOf, installationIn, makeOlder, type Installation } from './installations.ts';

const SCOPES = [
  ['projects/ml-research', 'folders/500100'],
  ['projects/ml-vision', 'folders/500100'],
] as const;

const STEPS = ['deploy', 'change', 'teardown'] as const;
type Turn = 'one' | 'other';

/** Every order in which two go through their steps. */
function orders(one: number, other: number): readonly (readonly Turn[])[] {
  if (one === 0 && other === 0) return [[]];
  return [
    ...(one > 0 ? orders(one - 1, other).map((rest) => ['one', ...rest] as const) : []),
    ...(other > 0 ? orders(one, other - 1).map((rest) => ['other', ...rest] as const) : []),
  ];
}

async function take(bench: DeployBench, own: Installation, step: (typeof STEPS)[number]): Promise<void> {
  const [first, second] = SCOPES;
  own.setScope(step === 'deploy' ? first : second);
  const code = step === 'teardown' ? await own.teardown('--delete-state') : await own.deploy();
  assert.equal(code, 0, bench.printed().err);
}

/** The custom roles that can be used. */
function liveRoles({ gcloud }: DeployBench): readonly string[] {
  return [...gcloud.world.roles].flatMap(([name, role]) => (role['deleted'] === true ? [] : [name])).sort();
}

describe('two installations that look after the same projects, folders and billing account', () => {
  for (const order of orders(STEPS.length, STEPS.length))
    it(`leave each other alone: ${order.join(', ')}`, () =>
      withBench(async (bench) => {
        const { world } = bench.gcloud;
        const installations = { one: installationIn(bench, OPS), other: installationIn(bench, OTHER_OPS) };
        const left = { one: [...STEPS], other: [...STEPS] };
        for (const turn of order) {
          const neighbour = installations[turn === 'one' ? 'other' : 'one'].project;
          const before = holdingsOf(world, neighbour);
          const step = left[turn].shift() ?? 'teardown';
          await take(bench, installations[turn], step);
          assert.deepEqual(holdingsOf(world, neighbour), before, `${turn}: ${step}`);
        }
        assert.deepEqual(liveRoles(bench), []);
        assert.deepEqual([...holdingsOf(world, OPS), ...holdingsOf(world, OTHER_OPS)], []);
      }));

  it('plans nothing about what the other has', () =>
    withBench(async (bench) => {
      const [one, other] = [installationIn(bench, OPS), installationIn(bench, OTHER_OPS)];
      for (const own of [one, other]) await take(bench, own, 'deploy');
      bench.printed();
      assert.equal(await one.teardown('--plan'), 0);
      assert.doesNotMatch(bench.printed().out, /ml.ops.other/);
    }));

  it('keeps a topic and a bucket on which an account of the other is bound, and names it', () =>
    withBench(async (bench) => {
      const [one, other] = [installationIn(bench, OPS), installationIn(bench, OTHER_OPS)];
      for (const own of [one, other]) await take(bench, own, 'deploy');
      const { world } = bench.gcloud;
      const member = `serviceAccount:budget-restore@${OTHER_OPS}.iam.gserviceaccount.com`;
      const shared = ['topics/costguard-receipts', `gs://${OPS}-costguard`];
      for (const on of shared) world.policies.get(on)?.push({ role: 'roles/viewer', members: [member] });
      bench.printed();
      assert.equal(await one.teardown('--delete-state'), 0);
      assert.ok(world.topics.has('costguard-receipts'));
      assert.ok(world.buckets.has(`gs://${OPS}-costguard`));
      const { out } = bench.printed();
      for (const on of shared)
        assert.match(out, new RegExp(`^# ${on} stays: .*budget-restore@${OTHER_OPS}`, 'm'));
      assert.match(out, /Nothing of it is left but what is named above/);
    }));
});

describe('what an older deployment made under one name for all installations', () => {
  /** Two installations as older deployments left them. */
  const withOlder = (test: (bench: DeployBench, one: Installation, other: Installation) => Promise<void>) =>
    withBench(async (bench) => {
      const [one, other] = [installationIn(bench, OPS), installationIn(bench, OTHER_OPS)];
      for (const own of [one, other]) await take(bench, own, 'deploy');
      makeOlder(bench.gcloud.world);
      assert.ok(liveRoles(bench).includes('projects/ml-research/roles/costguardBudgetKillSwitch'));
      await test(bench, one, other);
    });
  const FORMER = /\/roles\/costguardBudget(?:KillSwitch|Restore)$/;
  const former = (bench: DeployBench) => liveRoles(bench).filter((name) => FORMER.test(name));

  it('is moved to roles of its own, and deleted once the last installation has left it', () =>
    withOlder(async (bench, one, other) => {
      const { world, writes } = bench.gcloud;
      const [rights, theirs] = [holdingsOf(world, OPS), holdingsOf(world, OTHER_OPS)];
      const all = former(bench);
      bench.printed();
      assert.equal(await one.deploy(), 0);
      assert.deepEqual(rightsIn(holdingsOf(world, OPS)), rightsIn(rights));
      assert.deepEqual(holdingsOf(world, OTHER_OPS), theirs);
      assert.deepEqual(former(bench), all);
      assert.match(bench.printed().out, /costguardBudgetRestore stays.*:budget-restore@ml-ops-other/);

      assert.equal(await other.deploy(), 0, bench.printed().err);
      assert.deepEqual(former(bench), []);
      const count = writes.length;
      for (const own of [one, other]) assert.equal(await own.deploy(), 0);
      assert.equal(writes.length, count, 'nothing is left to do');
      for (const own of [one, other]) assert.equal(await own.teardown(), 0);
      assert.deepEqual(
        liveRoles(bench).filter((name) => !name.endsWith('Billing')),
        [],
      );
    }));

  it('is torn down without a new deployment, and the other keeps its rights', () =>
    withOlder(async (bench, one, other) => {
      const { world } = bench.gcloud;
      const theirs = holdingsOf(world, OTHER_OPS);
      const all = former(bench);
      assert.equal(await one.teardown(), 0, bench.printed().err);
      assert.deepEqual(holdingsOf(world, OTHER_OPS), theirs);
      assert.deepEqual(former(bench), all);
      assert.equal(await other.teardown(), 0, bench.printed().err);
      assert.deepEqual(former(bench), []);
    }));

  it('ends in the same state when the move is cut off at any command and run again', () =>
    withOlder(async (bench, one) => {
      const { gcloud } = bench;
      const [rights, theirs] = [holdingsOf(gcloud.world, OPS), holdingsOf(gcloud.world, OTHER_OPS)];
      for (let cut = 0; ; cut++) {
        const before = gcloud.writes.length;
        gcloud.refuse = () => (gcloud.writes.length === before + 1 ? 'cut off' : undefined);
        const code = await one.deploy();
        gcloud.refuse = () => undefined;
        assert.deepEqual(holdingsOf(gcloud.world, OTHER_OPS), theirs, `command ${cut + 1}`);
        if (code === 0) break;
        assert.ok(cut < 100);
      }
      assert.deepEqual(rightsIn(holdingsOf(gcloud.world, OPS)), rightsIn(rights));
      const held = [...gcloud.world.policies.values()].flat().filter(({ role }) => FORMER.test(role));
      assert.deepEqual(
        held.flatMap(({ members }) => members).filter((one) => one.includes(`@${OPS}.`)),
        [],
      );
    }));

  const keepers: readonly { readonly name: string; readonly change: (bench: DeployBench) => void }[] = [
    {
      name: 'another user holds it on another resource',
      change: ({ gcloud }) =>
        gcloud.world.policies.set('folders/500200', [
          { role: 'organizations/900100/roles/costguardBudgetKillSwitch', members: ['user:ada@example.com'] },
        ]),
    },
    {
      name: 'its holders cannot be read',
      change: ({ gcloud }) => {
        gcloud.world.isAssetSearchEnabled = false;
      },
    },
  ];
  for (const { name, change } of keepers)
    it(`stays where ${name}, and is named with the command that deletes it`, () =>
      withOlder(async (bench, one, other) => {
        change(bench);
        for (const own of [one, other]) assert.equal(await own.deploy(), 0);
        assert.ok(former(bench).includes('organizations/900100/roles/costguardBudgetKillSwitch'));
        assert.match(
          bench.printed().out,
          /organizations\/900100\/roles\/costguardBudgetKillSwitch stays[^]*gcloud iam roles delete costguardBudgetKillSwitch --organization=900100/,
        );
        assert.equal(await one.teardown(), 0);
        assert.match(bench.printed().out, /organizations\/900100\/roles\/costguardBudgetKillSwitch stays/);
      }));
});

/** Without the things: permissions alone. */
function rightsIn(holdings: readonly string[]): readonly string[] {
  return holdings.filter((line) => line.startsWith('serviceAccount:'));
}
