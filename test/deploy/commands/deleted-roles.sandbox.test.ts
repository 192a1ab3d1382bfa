import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';
import { holdingsOf, installationIn, type Installation } from './installations.ts';

const DAY_MS = 86_400_000;
const SWITCH = 'projects/ml-research/roles/costguardBudgetKillSwitch_ml_ops_local';

async function withInstallation(
  test: (bench: DeployBench, own: Installation) => Promise<void>,
): Promise<void> {
  await withBench(async (bench) => {
    const own = installationIn(bench, OPS);
    own.setScope(['projects/ml-research', 'folders/500100']);
    assert.equal(await own.deploy(), 0);
    await test(bench, own);
  });
}

function pass({ gcloud }: DeployBench, days: number): void {
  gcloud.world.now = new Date(gcloud.world.now.getTime() + days * DAY_MS);
}

function switchRoles({ gcloud }: DeployBench): readonly string[] {
  return [...gcloud.world.roles]
    .flatMap(([name, role]) => (role['deleted'] !== true && name.startsWith(SWITCH) ? [name] : []))
    .sort();
}

/** Days since the teardown, and the role that deploy then uses. */
const afterwards: readonly (readonly [number, string])[] = [
  [0, SWITCH],
  [6, SWITCH],
  [7, `${SWITCH}.2`],
  [36, `${SWITCH}.2`],
  [37, SWITCH],
];

for (const shown of [false, true])
  describe(`roles that were deleted, where one that is gone for good is ${shown ? '' : 'not '}shown`, () => {
    for (const [days, role] of afterwards)
      it(`are there again ${days} days after a teardown, as ${role.slice(SWITCH.length) || 'before'}`, () =>
        withInstallation(async (bench, own) => {
          const { world, writes } = bench.gcloud;
          world.isGoneRoleShown = shown;
          const before = holdingsOf(world, OPS);
          assert.equal(await own.teardown(), 0);
          pass(bench, days);
          const code = await own.deploy();
          assert.equal(code, 0, bench.printed().err);
          assert.deepEqual(switchRoles(bench), [role]);
          assert.deepEqual(holdingsOf(world, OPS), before);
          const count = writes.length;
          assert.equal(await own.deploy(), 0);
          assert.equal(writes.length, count, 'and nothing is left to do');
        }));

    it('are replaced when one was deleted by hand, and its bindings follow', () =>
      withInstallation(async (bench, own) => {
        const { world } = bench.gcloud;
        world.isGoneRoleShown = shown;
        const before = holdingsOf(world, OPS);
        Object.assign(world.roles.get(SWITCH) ?? {}, { deleted: true, deletedMs: world.now.getTime() });
        pass(bench, 10);
        assert.equal(await own.deploy(), 0);
        assert.match(
          bench.printed().out,
          /costguardBudgetKillSwitch_ml_ops_local was deleted, .*another one is used/,
        );
        assert.deepEqual(holdingsOf(world, OPS), before);
        assert.equal(
          world.policies.get('projects/ml-research')?.some(({ role }) => role === SWITCH),
          false,
        );
      }));

    it('take turns through many teardowns, and each leaves none', () =>
      withInstallation(async (bench, own) => {
        const { world } = bench.gcloud;
        world.isGoneRoleShown = shown;
        const before = holdingsOf(world, OPS);
        for (const days of [8, 8, 3, 8, 30, 1, 8]) {
          assert.equal(await own.teardown(), 0);
          assert.deepEqual(switchRoles(bench), []);
          pass(bench, days);
          const code = await own.deploy();
          assert.equal(code, 0, bench.printed().err);
          assert.equal(switchRoles(bench).length, 1);
          assert.deepEqual(holdingsOf(world, OPS), before);
        }
      }));
  });
