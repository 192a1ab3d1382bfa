import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { visibleCondition } from '../../../shared/preflight/state-folders.ts';
import { POLICY, withBench, type DeployBench } from './bench.ts';
import { OPS } from './fake-gcloud.ts';

const BUCKET = `gs://${OPS}-costguard`;
const WRITES = /costguardState(?:Write|Add)$/;

const memberOf = (name: string): string => `serviceAccount:${name}@${OPS}.iam.gserviceaccount.com`;

function bindingsOf(bench: DeployBench, member: string) {
  return (bench.gcloud.world.policies.get(BUCKET) ?? []).filter(({ members }) => members.includes(member));
}

/** As deployments did before conditions: one role for all, on every object. */
function makeOlder(bench: DeployBench, names: readonly string[]): string {
  const { policies, roles } = bench.gcloud.world;
  const role = `projects/${OPS}/roles/costguardState`;
  roles.set(role, { name: role, title: 'costguard state', stage: 'GA', includedPermissions: [] });
  policies.set(BUCKET, [{ role, members: names.map(memberOf) }]);
  return role;
}

/** As an operator sets it, with gcloud. */
function setPolicyUri(bench: DeployBench, name: string, uri: string): void {
  for (const [id, fn] of bench.gcloud.world.functions) {
    if (!id.endsWith(name)) continue;
    const { environmentVariables } = fn['serviceConfig'] as { environmentVariables: Record<string, string> };
    environmentVariables['POLICY_URI'] = uri;
  }
}

describe('the folders of the state bucket', () => {
  it('are bound to each function that writes them, by a condition', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      for (const { name, settings } of await readFunctions()) {
        const writes = bindingsOf(bench, memberOf(name)).filter(({ role }) => WRITES.test(role));
        expect(writes.map(({ condition }) => condition)).toEqual([
          {
            title: `costguard: folders of ${name}`,
            expression: settings.writes
              .map(
                (folder) =>
                  `resource.name.startsWith("projects/_/buckets/${OPS}-costguard/objects/${folder}")`,
              )
              .join(' || '),
          },
        ]);
        const others = bindingsOf(bench, memberOf(name)).filter(({ role }) => !WRITES.test(role));
        const rights = others.flatMap(
          ({ role }) => bench.gcloud.world.roles.get(role)?.['includedPermissions'],
        );
        expect(rights).not.toContain('storage.objects.create');
        expect(rights).not.toContain('storage.objects.delete');
        expect(others.map(({ condition }) => condition)).toEqual([
          {
            title: `costguard: what ${name} reads`,
            expression: expect.stringMatching(
              new RegExp(`^!\\(.*"projects/_/buckets/${OPS}-costguard/objects/memory/.*\\)$`),
            ) as unknown,
          },
        ]);
      }
    }));

  it('take a condition that IAM takes: at most 12 logical operators', async () => {
    for (const { name, settings, hidden } of await readFunctions()) {
      expect(settings.writes.length).toBeLessThanOrEqual(13);
      const { expression } = visibleCondition('b', name, hidden);
      expect(expression.match(/!|&&|\|\|/g)?.length).toBeLessThanOrEqual(12);
    }
  });

  it('replace the right to the whole bucket of an older deployment, which goes once the new one stands', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const names = (await readFunctions()).map(({ name }) => name);
      const old = makeOlder(bench, names);
      const before = bench.gcloud.writes.length;
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const steps = bench.gcloud.writes.slice(before).map((args) => args.join(' '));
      for (const name of names) {
        const added = steps.findLastIndex(
          (step) => step.includes('add-iam') && step.includes(memberOf(name)),
        );
        const removed = steps.findIndex(
          (step) => step.includes('remove-iam') && step.includes(memberOf(name)),
        );
        expect(added).toBeGreaterThanOrEqual(0);
        expect(removed).toBeGreaterThan(added);
        expect(bindingsOf(bench, memberOf(name)).length).toBe(2);
      }
      expect(bench.gcloud.world.roles.get(old)?.['deleted']).toBe(true);
      const settled = bench.gcloud.writes.length;
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      expect(bench.gcloud.writes.slice(settled)).toEqual([]);
    }));

  it('leave the role of an older deployment to the functions that this run is not about', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const old = makeOlder(
        bench,
        (await readFunctions()).map(({ name }) => name),
      );
      expect(await deployCommand(['budget-kill-switch', ...bench.place], bench.tools)).toBe(0);
      expect(bindingsOf(bench, memberOf('budget-kill-switch')).map(({ role }) => role)).not.toContain(old);
      expect(bindingsOf(bench, memberOf('spend-watch')).map(({ role }) => role)).toEqual([old]);
      expect(bench.gcloud.world.roles.get(old)?.['deleted']).not.toBe(true);
    }));

  it('leave a role that is still used on a bucket that the policy no longer names', () =>
    withBench(async (bench) => {
      expect(await deployCommand(['budget-kill-switch', ...bench.place], bench.tools)).toBe(0);
      bench.setPolicy(POLICY.replace(`gs://${OPS}-costguard`, `gs://${OPS}-other`));
      expect(await deployCommand(['cost-estimator', ...bench.place], bench.tools)).toBe(0);
      const { roles } = bench.gcloud.world;
      for (const { role } of bindingsOf(bench, memberOf('budget-kill-switch')))
        expect([role, roles.get(role)?.['deleted'] === true]).toEqual([role, false]);
      expect(bindingsOf(bench, memberOf('budget-kill-switch')).length).toBe(2);
    }));

  it('hold no policy: a function that reads one there is not deployed, and it is said', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const uri = `${BUCKET}/receipts/costguard.yaml`;
      setPolicyUri(bench, 'budget-kill-switch', uri);
      const before = bench.gcloud.writes.length;
      for (const args of [bench.place, [...bench.place, '--plan']]) {
        bench.printed();
        expect(await deployCommand(args, bench.tools)).toBe(1);
        const { err } = bench.printed();
        expect(err).toContain(`budget-kill-switch reads its policy at POLICY_URI=${uri}`);
        expect(err).toContain(`gcloud storage mv ${uri} ${BUCKET}/costguard.yaml`);
      }
      expect(bench.gcloud.writes.length).toBe(before);
      setPolicyUri(bench, 'budget-kill-switch', `${BUCKET}/costguard.yaml`);
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
    }));

  it('and a policy beside them leaves the switch the rights of every rung and the others those of FILE, which the plan says', () =>
    withBench(async (bench) => {
      const rightsOf = () =>
        [...bench.gcloud.world.roles.values()]
          .filter((role) => role['title'] === 'costguard budget-kill-switch' && role['deleted'] !== true)
          .map((role) => role['includedPermissions']);
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const whole = rightsOf();
      expect(whole.flat()).toContain('resourcemanager.projects.deleteBillingAssignment');
      const uri = `${BUCKET}/costguard.yaml`;
      for (const name of ['budget-kill-switch', 'idle-notebook-stopper']) setPolicyUri(bench, name, uri);
      const short = '  mode: enforce\n  ladder: [{ at: 1, do: stop-notebooks }]\n';
      bench.setPolicy(POLICY.replace('  mode: enforce\n', short));
      bench.printed();
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const { out } = bench.printed();
      for (const line of [
        `budget-kill-switch reads its policy at POLICY_URI=${uri}: it holds the rights of every rung.`,
        `idle-notebook-stopper reads its policy at POLICY_URI=${uri}: its rights follow the policy given here all the same.`,
      ])
        expect(out).toContain(`# ${line}\n`);
      expect(rightsOf()).toEqual(whole);
      expect(bench.preflightUri).toBe(uri);
    }));

  it('are bound anew where the folders changed', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const member = memberOf('budget-restore');
      const [write] = bindingsOf(bench, member).filter(({ role }) => WRITES.test(role));
      const condition = { title: 'costguard: folders of budget-restore', expression: 'false' };
      for (const binding of bench.gcloud.world.policies.get(BUCKET) ?? [])
        if (binding === write) binding.condition = condition;
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      const conditions = bindingsOf(bench, member).flatMap((one) => one.condition ?? []);
      expect(conditions.length).toBe(2);
      expect(conditions).not.toContainEqual(condition);
    }));

  it('are bound to no account after a teardown', () =>
    withBench(async (bench) => {
      expect(await deployCommand(bench.place, bench.tools)).toBe(0);
      expect(await teardownCommand([...bench.place, '--yes'], bench.tools)).toBe(0);
      expect(bench.gcloud.world.policies.get(BUCKET)).toEqual([]);
    }));
});
