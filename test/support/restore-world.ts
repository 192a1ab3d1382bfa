/** Switch and restore over one Google Cloud in memory, where all rungs of a budget have fired. */
import type { Runtime } from '../../shared/run/runtime.ts';
import type { Manifest } from '../../shared/state/manifest.ts';
import type { RestoreAnswer } from './budget-lab.ts';
import { fakeGoogle, nameOfModel, type FakeGoogle, type FakeProject } from './fake-google.ts';
import { addEveryKind, MACHINE_STARTS, MACHINE_STOPS } from './fake-machines.ts';
import { callRestore, deliverAlert } from './switch-and-restore.ts';
import { BUDGETS, newWorld, OWN_PROJECT, policyText, wireOf } from './ladder-model.ts';

export const RESEARCH = 'ml-research';
export const BUDGET = BUDGETS[0]?.name ?? '';
export const PERIOD = '2026-11-01';
export const MINUTE_MS = 60_000;

/** The requests by which the switch takes everything away, but for pipelines and further jobs of Vertex AI, as patterns. */
export const STOP_WRITES = [
  'notebooks.*nb-1:stop',
  'vm-1/stop',
  'job-1:cancel',
  'endpoints/1:undeployModel',
  'PUT .*billingInfo',
  'web/resize',
  'autoscalers',
  'pool:setSize',
  'pool:setAutoscaling',
  ...MACHINE_STOPS,
];

/** The requests by which a restore brings everything back, as patterns. */
export const RESTORE_WRITES = [
  'PUT .*billingInfo',
  'notebooks.*nb-1:start',
  'vm-1/start',
  'endpoints/1:deployModel',
  'web/resize',
  'autoscalers',
  'pool:setSize',
  'pool:setAutoscaling',
  ...MACHINE_STARTS,
];

/** What was sent that no pattern has. Another one of a kind, such as `vm-2` or `vm-kept`, counts as the first. */
export function sentBeside(patterns: readonly string[], sent: readonly string[]): readonly string[] {
  const known = patterns.map((pattern) => new RegExp(pattern));
  return sent.filter((one) => {
    const first = one.replace(/\b(nb|vm|ws)-\w+/, '$1-1').replace(/endpoints\/\d+/, 'endpoints/1');
    return !known.some((pattern) => pattern.test(first));
  });
}

const LADDER = {
  mode: 'enforce',
  basis: 'actual',
  ladder: [
    { atPercent: 80, do: 'stop-notebooks' },
    { atPercent: 100, do: 'stop-compute' },
    { atPercent: 120, do: 'unlink-billing' },
  ],
} as const;

export interface RestoreWorld {
  readonly fake: FakeGoogle;
  project(id?: string): FakeProject;
  /** A message of the budget, at 130 % where no figures are given; false where it has to be delivered again. */
  alert(figures?: Readonly<Record<string, number | string>>, instance?: Runtime): Promise<boolean>;
  /** The switch's own tick, as Cloud Scheduler sends it; false where it has to be delivered again. */
  tick(): Promise<boolean>;
  /** Gives the budget another amount, in USD. */
  raise(units: number): void;
  /** Keys of the policy's section `budgets` that are otherwise from now on. */
  edit(keys: Readonly<Record<string, unknown>>): void;
  /** What a restore of the project takes. */
  readonly request: Readonly<Record<string, string>>;
  /** A new start, with everything running. */
  fresh(): void;
  /** A new start in which the whole ladder has fired minutes ago. What was there before. */
  stopResources(): Promise<object>;
  restore(
    method?: 'GET' | 'POST',
    request?: Readonly<Record<string, string>>,
    instance?: Runtime,
  ): Promise<RestoreAnswer>;
  /** The manifest of a project as it lies in the state bucket, and another one in its place. */
  manifest(project?: string): Manifest;
  plant(manifest: object, project?: string): void;
}

export function restoreWorld(around?: Parameters<typeof fakeGoogle>[0]['around']): RestoreWorld {
  let edited: Readonly<Record<string, unknown>> = {};
  const fake = fakeGoogle({
    world: newWorld(),
    functionName: 'budget-kill-switch',
    ownProject: OWN_PROJECT,
    policyText: () => {
      const policy = JSON.parse(policyText(LADDER)) as { readonly budgets: object };
      return JSON.stringify({ ...policy, budgets: { ...policy.budgets, ...edited } });
    },
    ...(around === undefined ? {} : { around }),
  });
  let messages = 0;
  const world: RestoreWorld = {
    fake,
    project(id = RESEARCH) {
      const project = fake.world.projects.find((one) => one.id === id);
      if (project === undefined) throw new Error(`No project ${id}`);
      return project;
    },
    request: { budget: BUDGET, period: PERIOD, project: RESEARCH },
    alert: (figures = {}, instance = fake.runtime) =>
      deliverAlert(
        instance,
        fake.world,
        { ...OVERSPENT, data: { ...OVERSPENT.data, ...figures } },
        String(++messages),
      ),
    tick: () => deliverAlert(fake.runtime, fake.world, { attributes: {}, data: {} }, String(++messages)),
    raise(units) {
      const amount = { specifiedAmount: { currencyCode: 'USD', units: String(units) } };
      fake.world.budgets.set(BUDGET, { ...fake.world.budgets.get(BUDGET), amount });
    },
    edit(keys) {
      edited = keys;
    },
    fresh() {
      edited = {};
      fake.world = newWorld();
      addEveryKind(world.project());
    },
    async stopResources() {
      world.fresh();
      const before = stateOf(world.project());
      if (!(await world.alert())) throw new Error('The ladder did not end');
      fake.world.nowMs += 10 * MINUTE_MS;
      fake.world.changes.length = 0;
      return before;
    },
    restore: (method = 'POST', request = world.request, instance = fake.runtime) =>
      callRestore(instance, method, request),
    manifest(project = RESEARCH) {
      const stored = fake.world.objects.get(objectOf(project));
      if (stored === undefined) throw new Error(`No manifest of ${project}`);
      return JSON.parse(stored.text) as Manifest;
    },
    plant(manifest, project = RESEARCH) {
      const name = objectOf(project);
      const generation = (fake.world.objects.get(name)?.generation ?? 0) + 1;
      fake.world.objects.set(name, {
        text: JSON.stringify(manifest),
        generation,
        updatedMs: fake.world.nowMs,
      });
    },
  };
  return world;
}

const OVERSPENT = wireOf({
  ...{ budget: 0, period: 1, percent: 130, namesThreshold: true, forecastPercent: undefined },
  ...{ amountPercent: 100, currency: 'USD' },
});

export function objectOf(project: string): string {
  const [, account = '', , id = ''] = BUDGET.split('/');
  return `manifests/${account}/${id}/${PERIOD}/${project}.json`;
}

/** What runs, but for jobs and pipelines, which do not come back; models by name, for their ids are new. */
export function stateOf({ account, notebooks, vms, groups, machines, models }: FakeProject): object {
  return {
    account,
    ...Object.fromEntries([...notebooks, ...vms]),
    machines: Object.fromEntries([...machines].map(([name, machine]) => [name, { ...machine }])),
    groups: Object.fromEntries([...groups].map(([name, group]) => [name, { ...group }])),
    models: [...models].map(nameOfModel).sort(),
  };
}
