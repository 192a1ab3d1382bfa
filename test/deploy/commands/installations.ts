import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import type { DeployBench } from './bench.ts';
import type { World } from './fake-gcloud.ts';

/** One of several installations in one fake cloud. */
export interface Installation {
  readonly project: string;
  setScope(scope: readonly string[]): void;
  deploy(): Promise<number>;
  teardown(...more: readonly string[]): Promise<number>;
}

/** Two that hold all kinds of rights, and so that a test of many orders stays quick. */
const NAMES = ['budget-kill-switch', 'budget-restore'];

export function installationIn(bench: DeployBench, project: string): Installation {
  const file = join(bench.folder, `${project}.yaml`);
  const place = [`--policy=${file}`, `--project=${project}`, '--region=us-central1'];
  return {
    project,
    setScope: (scope) => {
      writeFileSync(
        file,
        `mode: enforce
scope: [${scope.join(', ')}]
state: gs://${project}-costguard
receipts: projects/${project}/topics/costguard-receipts
budgets:
  mode: enforce
  allow: [billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77]
`,
      );
    },
    deploy: () => deployCommand([...NAMES, ...place, '--billing-roles=custom'], bench.tools),
    teardown: (...more) => teardownCommand([...place, '--yes', ...more], bench.tools),
  };
}

/** What the accounts of an operations project may do, one line for each permission, and all that the project holds. */
export function holdingsOf(world: World, project: string): readonly string[] {
  const rights = [...world.policies].flatMap(([on, bindings]) =>
    bindings.flatMap(({ role, members }) =>
      members
        .filter((member) => member.includes(`@${project}.`))
        .flatMap((member) => permissionsOf(world, role).map((permission) => `${member} ${on} ${permission}`)),
    ),
  );
  const { accounts, topics, subscriptions, functions, triggers, jobs, alerts, buckets } = world;
  const things = [accounts, topics, subscriptions, functions, triggers, jobs, alerts, buckets].flatMap(
    (map) => [...map.values()].map((one) => JSON.stringify(one)).filter((text) => text.includes(project)),
  );
  return [...rights, ...things].sort();
}

function permissionsOf(world: World, name: string): readonly string[] {
  if (name.startsWith('roles/')) return [name];
  const role = world.roles.get(name);
  return role === undefined || role['deleted'] === true ? [] : (role['includedPermissions'] as string[]);
}

/**
 * Turns what was deployed into what older deployments left: roles under one name for all installations, and no note of the
 * organization.
 */
export function makeOlder(world: World): void {
  const former = (name: string): string => name.replace(/(\/roles\/costguard[A-Za-z]+)[_.][\w.]+$/, '$1');
  for (const [name, role] of [...world.roles]) {
    world.roles.delete(name);
    world.roles.set(former(name), { ...role, name: former(name) });
  }
  for (const [on, bindings] of world.policies) {
    const merged = Map.groupBy(bindings, ({ role }) => former(role));
    world.policies.set(
      on,
      [...merged].map(([role, some]) => ({ role, members: some.flatMap(({ members }) => members) })),
    );
  }
  for (const fn of world.functions.values()) {
    const { environmentVariables } = fn['serviceConfig'] as { environmentVariables: Record<string, string> };
    for (const [key, value] of Object.entries(environmentVariables))
      environmentVariables[key] = value.replaceAll(/@organizations\/\d+/g, '');
  }
}
