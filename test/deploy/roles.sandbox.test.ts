import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { accessOf } from '../../deploy/desired/access.ts';
import { lackOf, readFunctions } from '../../deploy/desired/settings.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { parsePolicy } from '../../shared/policy/policy.ts';
import { startInstance, withSandbox } from '../support/in-process.ts';
import { exercises, type Exercise } from './exercises.ts';

const functions = await readFunctions();

/** All that a function's role files grant it. */
function grantedTo(name: string): readonly string[] {
  const fn = functions.find((one) => one.name === name);
  const roles = [
    fn?.role,
    fn?.stateRoles.read.role,
    fn?.stateRoles.write.role,
    fn?.billingRole,
    fn?.metricsRole,
  ];
  return [...new Set(roles.flatMap((role) => role?.permissions ?? []))].sort();
}

/** Topics are bound one by one, with a predefined role that holds nothing else. */
const PUBLISH = 'pubsub.topics.publish';
/** Granted by a predefined role as well, on the accounts that budgets.modelAccounts names. */
const ACT_AS = 'iam.serviceAccounts.actAs';

interface Outcome {
  /** Permissions that its calls needed. */
  readonly requested: ReadonlySet<string>;
  /** Those that it was refused for want of. */
  readonly refused: ReadonlySet<string>;
  /** Its warnings, errors and answers. */
  readonly said: string;
}

/** What deploy.sh grants a function in the scope of the exercise's policy. */
function grantedInScope({ name, operationsProject, policy: text }: Exercise): readonly string[] {
  const fn = functions.find((one) => one.name === name);
  assert.ok(fn !== undefined);
  const policy = parsePolicy(text);
  const access = accessOf({ project: operationsProject, policy }, fn, () => 'organizations/900100');
  return access.find(({ on }) => policy.scope.includes(on))?.role?.permissions ?? [];
}

/**
 * Runs an exercise; with `without`, the function's account lacks that permission everywhere, with `inScope` it holds nothing but
 * that on the policy's scope.
 */
async function exercise(
  { scenario, before, run, ...options }: Exercise,
  without?: string,
  inScope?: readonly string[],
): Promise<Outcome> {
  let outcome: Outcome | undefined;
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    await before?.(sandbox);
    const instance = startInstance(sandbox, { ...options, pauses: 'sandbox' });
    const account = `${options.name}@${options.operationsProject}.iam.gserviceaccount.com`;
    const granted = grantedTo(options.name).filter((permission) => permission !== without);
    limitTo(sandbox, account, [...granted, PUBLISH]);
    if (inScope !== undefined) limitTo(sandbox, account, inScope, parsePolicy(options.policy).scope);
    const { requested, refused } = watch(sandbox, account);
    const answers = await run(sandbox, instance);
    const lines = instance.lines.filter(
      (line) => typeof line !== 'object' || line['severity'] !== 'INFO' || line['receipt'] !== undefined,
    );
    outcome = {
      requested,
      refused,
      said: [...answers, ...lines.map((line) => JSON.stringify(line))].join('\n'),
    };
  });
  assert.ok(outcome !== undefined);
  return outcome;
}

const withEverything = new Map<Exercise, Promise<Outcome>>();

/** An exercise with all that the role files grant, run once. */
function exerciseOnce(one: Exercise): Promise<Outcome> {
  const known = withEverything.get(one) ?? exercise(one);
  withEverything.set(one, known);
  return known;
}

/** Whether one of these exercises tells that a permission is wanting. One that does not need it takes the same course without it. */
async function isTold(own: readonly Exercise[], permission: string): Promise<boolean> {
  for (const one of own) {
    if (!(await exerciseOnce(one)).requested.has(permission)) continue;
    const { refused, said } = await exercise(one, permission);
    if (refused.has(permission) && (said.includes(permission) || /^HTTP [45]/m.test(said))) return true;
  }
  return false;
}

/** Takes away from an account whatever is not among these, on some resources or everywhere. */
function limitTo(
  sandbox: Sandbox,
  account: string,
  granted: readonly string[],
  places?: readonly string[],
): void {
  const bound = sandbox.iam.bindings.filter(
    ({ member, role, on }) =>
      member === account && role !== 'roles/iam.serviceAccountUser' && (places?.includes(on) ?? true),
  );
  sandbox.iam.unbind((binding) => bound.includes(binding));
  for (const { permissions, ...binding } of bound)
    sandbox.iam.bind({
      ...binding,
      permissions: permissions === 'all' ? granted : permissions.filter((one) => granted.includes(one)),
    });
}

/** Notes what IAM is to check for an account. */
function watch(sandbox: Sandbox, account: string): Pick<Outcome, 'requested' | 'refused'> {
  const requested = new Set<string>();
  const refused = new Set<string>();
  const { iam } = sandbox;
  const allows = iam.allows.bind(iam);
  const require = iam.require.bind(iam);
  // A search leaves out what may not be seen; that is no refusal.
  iam.allows = (principal, need) => {
    if (principal === account) requested.add(need.permission);
    return allows(principal, need);
  };
  iam.require = (principal, needs) => {
    for (const need of principal === account ? needs : []) {
      requested.add(need.permission);
      if (!allows(principal, need)) refused.add(need.permission);
    }
    require(principal, needs);
  };
  return { requested, refused };
}

describe('the role files', () => {
  for (const { name } of functions) {
    const own = exercises.filter((one) => one.name === name);

    it(`grant ${name} exactly what it uses`, async () => {
      const requested = new Set<string>();
      for (const one of own) {
        const outcome = await exerciseOnce(one);
        for (const permission of outcome.requested) requested.add(permission);
        assert.deepEqual([...outcome.refused], [], outcome.said);
      }
      requested.delete(PUBLISH);
      requested.delete(ACT_AS);
      assert.deepEqual([...requested].sort(), grantedTo(name));
    });

    // By the permission's name, or by refusing a request: a project that may not be seen is outside of the scope.
    it(`grant ${name} nothing whose want it would not tell`, async () => {
      const silent: string[] = [];
      for (const permission of grantedTo(name)) if (!(await isTold(own, permission))) silent.push(permission);
      assert.deepEqual(silent, []);
    });
  }
});

describe('what deploy.sh grants in the scope by the policy', () => {
  const enforcers = exercises.filter(({ name }) => name === 'lifecycle-enforcer');
  for (const one of [...enforcers, ...exercises.filter(({ name }) => name === 'idle-notebook-stopper')])
    it(`is enough: ${one.name}, ${/simulate: \w+|nativeIdleShutdown: \w+/.exec(one.policy)?.[0] ?? 'defaults'}`, async () => {
      const { refused, said } = await exercise(one, undefined, grantedInScope(one));
      assert.deepEqual([...refused], [], said);
    });

  const killSwitch = exercises.find(({ name }) => name === 'budget-kill-switch');
  assert.ok(killSwitch !== undefined);
  for (const rung of ['notify', 'stop-notebooks', 'stop-compute', 'unlink-billing'])
    it(`is enough for budget-kill-switch whose only rung is ${rung}`, async () => {
      const ladder = `ladder: [{at: 1, do: ${rung}}], settle: 0, jump: 0`;
      const one = {
        ...killSwitch,
        policy: killSwitch.policy.replace('{mode: enforce', `{mode: enforce, ${ladder}`),
      };
      const { requested, refused, said } = await exercise(one, undefined, grantedInScope(one));
      assert.deepEqual([...refused], [], said);
      assert.equal(requested.has('notebooks.instances.stop'), rung.startsWith('stop-'));
      assert.equal(
        requested.has('resourcemanager.projects.deleteBillingAssignment'),
        rung === 'unlink-billing',
      );
    });

  const stopper = exercises.find(({ name }) => name === 'idle-notebook-stopper');
  assert.ok(stopper !== undefined);
  const common = stopper.policy.slice(0, stopper.policy.indexOf('notebooks:'));
  const WRITES = ['notebooks.instances.start', 'notebooks.instances.stop', 'notebooks.instances.update'];
  /** Of the rights to change something: what is granted, and what is used. Observing keeps those that the policy will use. */
  const POLICIES = {
    observe: { text: stopper.policy.replace('enforce', 'observe'), granted: WRITES, used: [] },
    defaults: { text: `${common}notebooks:\n`, granted: [WRITES[1]], used: [WRITES[1]] },
    'everything on': { text: stopper.policy, granted: WRITES, used: WRITES },
    'switch only': {
      text: `${common}budgets: {mode: enforce, ladder: [{at: 0.5, do: notify}]}\n`,
      granted: undefined,
      used: [],
    },
  } as const;
  for (const [title, { text, granted, used }] of Object.entries(POLICIES))
    it(`is what the policy uses, no less and no more, for idle-notebook-stopper: ${title}`, async () => {
      const one = { ...stopper, policy: text };
      const fn = functions.find(({ name }) => name === stopper.name);
      assert.ok(fn !== undefined);
      // What is not written is not deployed, and then nothing is granted.
      assert.equal(lackOf(parsePolicy(text), fn.settings) === undefined, granted !== undefined);
      if (granted === undefined) return;
      const inScope = grantedInScope(one);
      assert.deepEqual(
        inScope.filter((right) => WRITES.includes(right)),
        granted,
      );
      const { requested, refused, said } = await exercise(one, undefined, inScope);
      assert.deepEqual([...refused], [], said);
      assert.deepEqual(
        WRITES.filter((right) => requested.has(right)),
        used,
      );
    });

  it('has no right to list the objects of data that simulate: objects alone uses', async () => {
    const lists = enforcers.map(
      (one) => [grantedInScope(one).includes('storage.objects.list'), one] as const,
    );
    assert.deepEqual(
      lists.map(([has]) => has),
      [false, true],
    );
    const [[, metrics], [, objects]] = lists as [(typeof lists)[0], (typeof lists)[0]];
    const { refused } = await exercise(objects, undefined, grantedInScope(metrics));
    assert.deepEqual([...refused], ['storage.objects.list']);
  });
});
