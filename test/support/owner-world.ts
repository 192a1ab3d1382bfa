/**
 * One project of two budgets in memory, with what its owner does to it by hand: two node pools in one cluster, groups that are empty,
 * services that keep no instances, APIs that are disabled, a project in deletion, billing that is cut and linked.
 */
import { fakeGoogle, turnAllOff, type FakeGoogle, type FakeProject } from './fake-google.ts';
import { poolGroup } from './fake-groups.ts';
import { addEveryKind, GROUP_SIZE } from './fake-machines.ts';
import type { RestoreAnswer } from './budget-lab.ts';
import { BUDGETS, newWorld, OWN_PROJECT, policyText, wireOf } from './ladder-model.ts';
import { callRestore, deliverAlert } from './switch-and-restore.ts';
import { meetFate, type Fate } from './write-fates.ts';

export const PROJECT = 'ml-research';
export const START_MS = Date.parse('2026-11-20T12:00:00Z');
export const TURN_MS = Date.parse('2026-12-01T08:00:00Z');
/** The monthly and the quarterly budget of {@link BUDGETS}. */
export const BUDGET_OF = [0, 1] as const;
export type BudgetIndex = (typeof BUDGET_OF)[number];

const LADDER = {
  mode: 'enforce',
  basis: 'actual',
  ladder: [
    { atPercent: 80, do: 'stop-notebooks' },
    { atPercent: 100, do: 'stop-compute' },
    { atPercent: 120, do: 'unlink-billing' },
  ],
} as const;

/** APIs that an owner may disable, with what the switch calls what it cannot see then. */
export const APIS = {
  'workstations.': 'workstations',
  'tpu.': 'TPUs',
  'aiplatform.': 'Vertex AI',
} as const;
export type ApiName = keyof typeof APIS;

/** What can be compared of a resource, field by field. */
export type Shape = Readonly<Record<string, boolean | number>>;

const MACHINE_SHAPE = (on: boolean): Shape => ({ on });

export interface OwnerWorld {
  readonly fake: FakeGoogle;
  readonly project: () => FakeProject;
  readonly disabled: Set<ApiName>;
  /** Least instances of a Cloud Run service and of a reasoning engine. */
  readonly least: { 'svc-1': number; 'engine-1': number };
  isDeleted: boolean;
  /** What becomes of the next write to the project. */
  fate: Exclude<Fate, { readonly seen: 'death' }> | undefined;
  fresh(): void;
  /** All resources that there are, by name. */
  shapes(): ReadonlyMap<string, Shape>;
  /** The budget's amount in hundredths of its first one. */
  setAmount(budget: BudgetIndex, percent: number): void;
  /** Cost in hundredths of the first amount; false where it has to be delivered again. */
  message(budget: BudgetIndex, percent: number): Promise<boolean>;
  tick(): Promise<boolean>;
  restore(budget: BudgetIndex, period: string, grace: string): Promise<RestoreAnswer>;
  /** The billing of the project by hand. */
  cutBilling(): void;
  linkBilling(): void;
}

const ACCOUNT = (BUDGETS[0]?.name ?? '').split('/').slice(0, 2).join('/');
const NUMBER = '101';
const REGION = 'us-central1';

/** Of the project's own APIs: all but what tells about the project and its billing. */
const OF_PROJECT = new RegExp(
  String.raw`^\S+ https://(?!cloudbilling\.|cloudresourcemanager\.)\S*/(?:projects|namespaces)/(?:${PROJECT}|${NUMBER})(?:/|$)`,
);

function refuse(status: number, reason: string): never {
  const error = { code: status, message: `refused: ${reason}`, details: [{ reason }] };
  throw Object.assign(new Error(error.message), { response: { status, data: { error } } });
}

export function ownerWorld(): OwnerWorld {
  let messages = 0;
  const around = async (request: string, answer: () => Promise<unknown>): Promise<unknown> => {
    if (OF_PROJECT.test(request)) {
      if (world.isDeleted) refuse(403, 'CONSUMER_INVALID');
      if (world.project().account === '') refuse(403, 'BILLING_DISABLED');
      if ([...world.disabled].some((api) => request.includes(api))) refuse(403, 'SERVICE_DISABLED');
      if (/ https:\/\/run\.googleapis\.com\/\S*\/services/.test(request))
        return services(world.least['svc-1']);
      if (/\/reasoningEngines(?:\?|$)/.test(request)) return engines(world.least['engine-1']);
      const { fate } = world;
      if (fate !== undefined && /^(?:POST|PUT|PATCH)/.test(request)) {
        world.fate = undefined;
        return meetFate(fate, answer);
      }
    }
    const answered = await answer();
    const isOfProject = new RegExp(`v3/projects/(?:${PROJECT}|${NUMBER})$`).test(request);
    return world.isDeleted && isOfProject ? { ...Object(answered), state: 'DELETE_REQUESTED' } : answered;
  };
  const fake = fakeGoogle({
    world: newWorld(),
    functionName: 'budget-kill-switch',
    ownProject: OWN_PROJECT,
    policyText: () => policyText(LADDER),
    around,
  });
  const deliver = (alert: Parameters<typeof deliverAlert>[2]): Promise<boolean> =>
    deliverAlert(fake.runtime, fake.world, alert, String(++messages));
  const world: OwnerWorld = {
    fake,
    disabled: new Set(),
    least: { 'svc-1': 0, 'engine-1': 0 },
    isDeleted: false,
    fate: undefined,
    project() {
      const project = fake.world.projects.find(({ id }) => id === PROJECT);
      if (project === undefined) throw new Error(`No project ${PROJECT}`);
      return project;
    },
    fresh() {
      const anew = newWorld();
      fake.world = {
        ...anew,
        nowMs: START_MS,
        projects: anew.projects.map((one) => (one.id === PROJECT ? { ...one, suspended: new Set() } : one)),
      };
      Object.assign(world, { isDeleted: false, fate: undefined });
      Object.assign(world.least, { 'svc-1': 0, 'engine-1': 0 });
      world.disabled.clear();
      const project = world.project();
      addEveryKind(project);
      for (const pool of ['gpu', 'system-kept'])
        project.groups.set(poolGroup(pool), { size: GROUP_SIZE, scaled: pool === 'gpu' });
      project.groups.set('idle', { size: 0, scaled: false });
      project.vms.set('vm-2', false);
      project.suspended?.add('vm-2');
    },
    shapes: () => shapesOf(world.project()),
    setAmount(budget, percent) {
      const { name = '', cents = 0 } = BUDGETS[budget] ?? {};
      const amount = { specifiedAmount: { currencyCode: 'USD', units: String((cents * percent) / 10_000) } };
      fake.world.budgets.set(name, { ...fake.world.budgets.get(name), amount });
    },
    message: (budget, percent) =>
      deliver(
        wireOf({
          ...{ budget, period: budget === 0 && fake.world.nowMs >= TURN_MS ? 2 : 1, percent },
          ...{ namesThreshold: true, forecastPercent: undefined, amountPercent: 100, currency: 'USD' },
        }),
      ),
    tick: () => deliver({ attributes: {}, data: {} }),
    restore: (budget, period, grace) =>
      callRestore(fake.runtime, 'POST', {
        ...{ budget: BUDGETS[budget]?.name ?? '', period, project: PROJECT, grace },
      }),
    cutBilling() {
      const project = world.project();
      project.account = '';
      turnAllOff(project);
    },
    linkBilling() {
      world.project().account = ACCOUNT;
    },
  };
  return world;
}

function services(least: number): object {
  const metadata = {
    name: 'svc-1',
    labels: { 'cloud.googleapis.com/location': REGION },
    annotations: { 'run.googleapis.com/minScale': String(least) },
  };
  return { items: [{ metadata }] };
}

function engines(least: number): object {
  const name = `projects/${NUMBER}/locations/${REGION}/reasoningEngines/engine-1`;
  return { reasoningEngines: [{ name, spec: { deploymentSpec: { minInstances: least } } }] };
}

function shapesOf(project: FakeProject): ReadonlyMap<string, Shape> {
  const { notebooks, vms, machines, groups, models, jobs, suspended } = project;
  return new Map<string, Shape>([
    ...[...notebooks].map(([name, on]) => [name, MACHINE_SHAPE(on)] as const),
    ...[...vms].map(
      ([name, on]) => [name, suspended?.has(name) === true ? { on, suspended: true } : { on }] as const,
    ),
    ...[...machines].map(([name, { running }]) => [name, MACHINE_SHAPE(running)] as const),
    ...[...groups].map(([name, { size, scaled }]) => [name, { size, scaled }] as const),
    ['models', { on: models.size === 2, some: models.size > 0 }],
    ...[...jobs].map(([name, on]) => [name, MACHINE_SHAPE(on)] as const),
  ]);
}
