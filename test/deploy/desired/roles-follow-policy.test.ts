import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { accessOf, operationsRoles } from '../../../deploy/desired/access.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { rungPermissions } from '../../../shared/preflight/permissions.ts';

const functions = await readFunctions();
const HOURS = 'hours: { timezone: Europe/Berlin, days: [mon], from: "08:00", to: "20:00", start: START }';
const OPTIONAL = ['notebooks.instances.start', 'notebooks.instances.update'];

/** What a function's account gets on the one project of the scope. */
function rightsOf(name: string, policy: string): readonly string[] {
  const fn = functions.find((one) => one.name === name);
  if (fn === undefined) throw new Error(`There is no function ${name}`);
  const wanted = { project: 'ml-ops', policy: parsePolicy(policy) };
  const access = accessOf(wanted, fn, () => undefined);
  return access.find(({ on }) => on === 'projects/ml-dev')?.role?.permissions ?? [];
}

const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const ALLOW = `allow: [${ACCOUNT}/budgets/11111111-2222-3333-4444-555555555555]`;
const BUCKET = 'gs://ml-ops-costguard';
const CHANNEL = '{kind: slack, secret: projects/ml-ops/secrets/slack/versions/latest}';
const MODELS = 'ranking@ml-dev.iam.gserviceaccount.com';
const BASE = `scope: [projects/ml-dev]\nstate: ${BUCKET}\n`;
const LIFECYCLE =
  'policies: [{name: a, rules: [{action: {type: AbortIncompleteMultipartUpload}, condition: {age: 7}}]}]';
const REPORTS = 'egress:\nestimates:\naudit:\n';

/** What is deployed by each; the last one has no other section than that of the switch. */
const POLICIES = {
  observe: `mode: observe\n${BASE}notebooks: {}\nbudgets: {mode: observe, ${ALLOW}}\nlifecycle: {${LIFECYCLE}}\nwatch:\n${REPORTS}`,
  defaults: `mode: enforce\n${BASE}notebooks: {}\nbudgets: {mode: enforce, ${ALLOW}}\nlifecycle: {${LIFECYCLE}}\nwatch:\n${REPORTS}`,
  'everything on': `mode: enforce\n${BASE}notebooks: { nativeIdleShutdown: repair, ${HOURS.replace('START', 'true')} }
budgets: {mode: enforce, ${ALLOW}, modelAccounts: [${MODELS}]}
lifecycle: {simulate: objects, ${LIFECYCLE}}
watch: {metrics: true}
notify: {channels: [${CHANNEL}]}
${REPORTS}`,
  'switch only': `mode: enforce\n${BASE}budgets: {mode: enforce, ${ALLOW}, ladder: [{at: 0.5, do: notify}]}\n`,
} as const;

/** All that a function may do, by resource: the permissions of a custom role, the name of a predefined one. */
function grantsOf(name: string, policy: string): Readonly<Record<string, readonly string[]>> {
  const fn = functions.find((one) => one.name === name);
  if (fn === undefined) throw new Error(`There is no function ${name}`);
  const access = accessOf({ project: 'ml-ops', policy: parsePolicy(policy) }, fn, (on) =>
    on === ACCOUNT ? 'organizations/900100' : undefined,
  );
  const found: Record<string, string[]> = {};
  for (const { on, role, roleName } of access) (found[on] ??= []).push(...(role?.permissions ?? [roleName]));
  return found;
}

/** What one policy grants and the other does not, as `permission on resource`. */
function more(name: string, one: string, other: string): readonly string[] {
  const before = grantsOf(name, other);
  return Object.entries(grantsOf(name, one))
    .flatMap(([on, all]) =>
      all.filter((right) => !(before[on]?.includes(right) ?? false)).map((right) => `${right} on ${on}`),
    )
    .sort();
}

const SECRET = 'roles/secretmanager.secretAccessor on secrets/ml-ops/slack';
const UNLINK = `billing.resourceAssociations.delete on ${ACCOUNT}`;

describe('what deploy.sh grants each function under four policies', () => {
  const { observe, defaults } = POLICIES;
  const all = POLICIES['everything on'];

  /** What it holds beyond the defaults with everything on; all others hold the same. */
  const WITH_ALL: Readonly<Record<string, readonly string[]>> = {
    'budget-kill-switch': [SECRET],
    'budget-restore': [`roles/iam.serviceAccountUser on serviceAccounts/${MODELS}`],
    'guardrail-audit': [SECRET],
    'idle-notebook-stopper': [...OPTIONAL.map((right) => `${right} on projects/ml-dev`), SECRET],
    'lifecycle-enforcer': ['storage.objects.list on projects/ml-dev'],
    'spend-watch': [
      'monitoring.timeSeries.create on projects/ml-ops',
      'monitoring.timeSeries.list on projects/ml-dev',
      SECRET,
    ],
  };

  it.each(functions.map(({ name }) => name))('%s: the same to observe as by default', (name) => {
    expect(grantsOf(name, observe)).toEqual(grantsOf(name, defaults));
  });

  it.each(functions.map(({ name }) => name))(
    '%s: with everything on no more than its settings use',
    (name) => {
      expect(more(name, all, defaults)).toEqual(WITH_ALL[name] ?? []);
      expect(more(name, defaults, all)).toEqual([]);
    },
  );

  it.each(functions.map(({ name }) => name))(
    '%s: its role files hold nothing that no policy grants',
    (name) => {
      const fn = functions.find((one) => one.name === name);
      const granted = new Set(Object.values(grantsOf(name, all)).flat());
      const files = [
        fn?.role,
        fn?.billingRole,
        fn?.metricsRole,
        fn?.stateRoles.read.role,
        fn?.stateRoles.write.role,
      ];
      // A project's custom role takes no right to what stands above it.
      const above = /^resourcemanager\.(?:folders|organizations)\.|^resourcemanager\.projects\.list$/;
      expect(
        files
          .flatMap((role) => role?.permissions ?? [])
          .filter((one) => !granted.has(one) && !above.test(one)),
      ).toEqual([]);
    },
  );

  it.each(functions.map(({ name }) => name))(
    '%s: with a state bucket its rights there, and nothing else beside those without one',
    (name) => {
      const without = `scope: [projects/ml-dev]\nnotebooks: {}\nbudgets: {mode: observe, ladder: [{at: 1, do: notify}]}\nlifecycle: {${LIFECYCLE}}\negress:\nestimates:\n`;
      const { [BUCKET]: onState = [], ...rest } = grantsOf(name, `${without}state: ${BUCKET}\n`);
      expect(onState).toContain('storage.objects.create');
      expect(grantsOf(name, without)).toEqual(rest);
    },
  );

  it('the switch alone: with nothing but a notify rung it may read budgets, tell and remember, and touch no project', () => {
    const only = grantsOf('budget-kill-switch', POLICIES['switch only']);
    expect(Object.keys(only).sort()).toEqual([ACCOUNT, BUCKET]);
    expect(only[ACCOUNT]).toEqual(['billing.budgets.get']);
  });

  for (const [rung, has, lacks] of [
    [
      'stop-notebooks',
      ['notebooks.instances.stop'],
      ['compute.instances.stop', 'resourcemanager.projects.deleteBillingAssignment'],
    ],
    [
      'stop-compute',
      ['notebooks.instances.stop', 'compute.instances.stop'],
      ['resourcemanager.projects.deleteBillingAssignment'],
    ],
    [
      'unlink-billing',
      ['compute.instances.list', 'resourcemanager.projects.deleteBillingAssignment'],
      ['compute.instances.stop', 'notebooks.instances.stop'],
    ],
  ] as const)
    it(`the switch holds what ${rung} uses where that is its ladder, and nothing of the other rungs`, () => {
      const policy = `${BASE}budgets: {mode: enforce, ${ALLOW}, ladder: [{at: 1, do: ${rung}}]}\n`;
      const rights = rightsOf('budget-kill-switch', policy);
      expect([...rights].sort()).toEqual([...rungPermissions[rung]].sort());
      for (const right of has) expect(rights).toContain(right);
      for (const right of lacks) expect(rights).not.toContain(right);
      const unlinks = more('budget-kill-switch', policy, POLICIES['switch only']).includes(UNLINK);
      expect(unlinks).toBe(rung === 'unlink-billing');
      // It brings back what an earlier ladder took away.
      expect(more('budget-restore', POLICIES.defaults, policy)).toEqual([]);
    });
});

describe('the role of budget-kill-switch where its ladder lies at POLICY_URI', () => {
  const fn = functions.find(({ name }) => name === 'budget-kill-switch');
  if (fn === undefined) throw new Error('There is no budget-kill-switch');
  for (const rung of ['notify', 'stop-notebooks', 'unlink-billing'])
    it(`is whole with ${rung} as the ladder that is deployed, on the account as well`, () => {
      const ladder = `ladder: [{at: 1, do: ${rung}}]`;
      const policy = parsePolicy(`${BASE}budgets: {mode: enforce, ${ALLOW}, ${ladder}}\n`);
      const access = accessOf({ project: 'ml-ops', policy }, fn, () => 'organizations/900100', 'gs://b/o');
      const on = (place: string): readonly string[] | undefined =>
        access.find((one) => one.on === place)?.role?.permissions;
      expect(on('projects/ml-dev')).toEqual(fn.role.permissions);
      expect(on(ACCOUNT)).toEqual(fn.billingRole?.permissions);
    });
});

describe('the role of a function follows the policy', () => {
  for (const [title, lines, granted] of [
    ['observe', 'mode: observe\nnotebooks: {}', []],
    ['defaults', 'mode: enforce\nnotebooks: {}', []],
    ['hours that do not start', `notebooks: { ${HOURS.replace('START', 'false')} }`, []],
    ['hours that start', `notebooks: { ${HOURS.replace('START', 'true')} }`, ['notebooks.instances.start']],
    ['repair', 'notebooks: { nativeIdleShutdown: repair }', ['notebooks.instances.update']],
    [
      'everything on',
      `notebooks: { nativeIdleShutdown: repair, ${HOURS.replace('START', 'true')} }`,
      OPTIONAL,
    ],
  ] as const)
    it(`of idle-notebook-stopper, ${title}: of what only a setting uses it has ${granted.length === 0 ? 'nothing' : granted.join(', ')}`, () => {
      const rights = rightsOf(
        'idle-notebook-stopper',
        `scope: [projects/ml-dev]\nstate: gs://ml-ops-costguard\n${lines}\n`,
      );
      expect(rights.filter((one) => OPTIONAL.includes(one))).toEqual(granted);
      expect(rights).toContain('notebooks.instances.stop');
    });

  for (const [simulate, isListed] of [
    ['metrics', false],
    ['objects', true],
  ] as const)
    it(`that of lifecycle-enforcer ${isListed ? 'lists' : 'does not list'} the objects of data with simulate: ${simulate}`, () => {
      const policy = `scope: [projects/ml-dev]\nlifecycle: { simulate: ${simulate} }\n`;
      const rights = rightsOf('lifecycle-enforcer', policy);
      expect(rights.includes('storage.objects.list')).toBe(isListed);
      expect(rights).toContain('storage.buckets.update');
    });

  for (const [notify, isRead] of [
    ['', false],
    [`notify: {channels: [${CHANNEL}]}`, true],
  ] as const)
    it(`that of spend-watch reads the load of GPUs ${isRead ? 'for its channels' : 'nowhere'} with ${notify === '' ? 'no notify' : notify}`, () => {
      const rights = rightsOf('spend-watch', `${BASE}watch:\n${notify}\n`);
      expect(rights.includes('monitoring.timeSeries.list')).toBe(isRead);
      expect(rights).toContain('compute.instances.list');
    });

  for (const [written, granted] of [
    ['', undefined],
    ['{ metrics: false }', undefined],
    ['{ metrics: true }', ['monitoring.timeSeries.create']],
  ] as const)
    it(`that of spend-watch writes metrics to the operations project ${granted === undefined ? 'nowhere' : 'alone'} with watch: ${written}`, () => {
      const policy = `scope: [projects/ml-dev]\nstate: gs://ml-ops-costguard\nwatch: ${written}\n`;
      const fn = functions.find(({ name }) => name === 'spend-watch');
      if (fn === undefined) throw new Error('There is no spend-watch');
      const access = accessOf({ project: 'ml-ops', policy: parsePolicy(policy) }, fn, () => undefined);
      const ops = access.find(({ on }) => on === 'projects/ml-ops');
      expect(ops?.role?.permissions).toEqual(granted);
      expect(ops?.roleName).toBe(
        granted === undefined ? undefined : 'projects/ml-ops/roles/costguardSpendWatchMetrics_ml_ops',
      );
      expect(rightsOf('spend-watch', policy)).not.toContain('monitoring.timeSeries.create');
    });

  it('and that of budget-restore does not: it starts whatever was stopped', () => {
    const policy =
      'scope: [projects/ml-dev]\nnotebooks: {}\nbudgets: { mode: observe, ladder: [{ at: 1, do: notify }] }\n';
    expect(rightsOf('budget-restore', policy)).toContain('notebooks.instances.start');
  });
});

it.each([
  ['no more than its metrics', 'watch: {metrics: true}', ['costguardSpendWatchMetrics_ml_ops']],
  ['nothing without metrics', 'watch:', []],
])('the custom roles on the operations project outside the scope: %s', (_, section, ids) => {
  const policy = parsePolicy(`mode: observe\n${BASE}${section}\n`);
  expect(operationsRoles({ project: 'ml-ops', policy }, functions)).toEqual(
    ids.map((id) => `projects/ml-ops/roles/${id}`),
  );
});

it('the custom roles on an operations project in the scope are those of its functions', () => {
  const policy = parsePolicy('scope: [projects/ml-ops]\nnotebooks: {}\n');
  expect(operationsRoles({ project: 'ml-ops', policy }, functions)).toContain(
    'projects/ml-ops/roles/costguardIdleNotebookStopper_ml_ops',
  );
});
