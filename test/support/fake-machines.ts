/** Workstations, TPU VMs, Dataproc clusters, Colab runtimes and schedules of the small Google Cloud of `fake-google.ts`. */
import { POOL_GROUP, type FakeGroup } from './fake-groups.ts';

export interface FakeMachine {
  readonly kind: keyof typeof KINDS;
  running: boolean;
  /** What a start that is accepted leads to, where it is not that it runs: on its way for long, off again, or broken. */
  startsAs?: 'starting' | 'off' | 'broken';
  /** What the operation of its start says where that comes to nothing; none where Google gives no reason. */
  reason?: string;
  /** As the API spells it, where it is neither on nor off. */
  state?: string;
  /** Further fields of its own, such as when it was started. */
  shows?: object;
}

type Machines = ReadonlyMap<string, FakeMachine>;

/** What a request to machines changes and answers; `match` is their project and what the pattern takes besides. */
export type MachineAnswer = (
  machines: Machines,
  match: readonly string[],
  refuse: (status: number, message: string) => never,
  note: (change: string) => void,
) => unknown;

const REGION = 'us-central1';
const ZONE = `${REGION}-a`;

interface KindForm {
  readonly base: string;
  /** Below the project, down to the collection. */
  readonly path: string;
  /** As a listing asks for it. */
  readonly listed: string;
  readonly verbs: { readonly off: string; readonly on: string };
  readonly states: { readonly on: string; readonly off: string; readonly starting: string };
  readonly show: (name: string, state: string) => object;
}

const START_STOP = { off: 'stop', on: 'start' };
const VERTEX = `${REGION}-aiplatform.googleapis.com/v1`;
const CONFIGS = (region: string, parent: string): string =>
  `locations/${region}/workstationClusters/${parent}/workstationConfigs/${parent}/workstations`;

const BROKEN = 'ERROR';
/** What Google says of a start for which there are no machines. */
export const NO_CAPACITY = 'ZONE_RESOURCE_POOL_EXHAUSTED: the zone has no capacity';

/** The API of each kind, with the states in which a machine of it runs and does not. */
const KINDS = {
  workstation: {
    base: 'workstations.googleapis.com/v1',
    path: CONFIGS(REGION, 'c'),
    listed: CONFIGS('-', '-'),
    verbs: START_STOP,
    states: { on: 'STATE_RUNNING', off: 'STATE_STOPPED', starting: 'STATE_STARTING' },
    show: (name, state) => ({ name, state }),
  },
  tpu: {
    base: 'tpu.googleapis.com/v2',
    path: `locations/${ZONE}/nodes`,
    listed: 'locations/-/nodes',
    verbs: START_STOP,
    states: { on: 'READY', off: 'STOPPED', starting: 'STARTING' },
    show: (name, state) => ({
      ...{ name, state, acceleratorType: 'v5litepod-8' },
      networkEndpoints: [{ ipAddress: '10.0.0.2' }],
    }),
  },
  cluster: {
    base: 'dataproc.googleapis.com/v1',
    path: `regions/${REGION}/clusters`,
    listed: `regions/${REGION}/clusters`,
    verbs: START_STOP,
    states: { on: 'RUNNING', off: 'STOPPED', starting: 'STARTING' },
    show: (name, state) => ({
      ...{ clusterName: idOf(name), clusterUuid: `uuid-of-${idOf(name)}` },
      status: { state, ...(state === BROKEN ? { detail: NO_CAPACITY } : {}) },
    }),
  },
  colab: {
    base: VERTEX,
    path: `locations/${REGION}/notebookRuntimes`,
    listed: `locations/${REGION}/notebookRuntimes`,
    verbs: START_STOP,
    states: { on: 'RUNNING', off: 'STOPPED', starting: 'BEING_STARTED' },
    show: (name, state) => ({ name, runtimeState: state }),
  },
  schedule: {
    base: VERTEX,
    path: `locations/${REGION}/schedules`,
    listed: `locations/${REGION}/schedules`,
    verbs: { off: 'pause', on: 'resume' },
    states: { on: 'ACTIVE', off: 'PAUSED', starting: 'ACTIVE' },
    show: (name, state) => ({ name, displayName: idOf(name), state }),
  },
} as const satisfies Readonly<Record<string, KindForm>>;

/** Machines of each group. */
export const GROUP_SIZE = 2;

const MACHINES: readonly (readonly [string, FakeMachine['kind']])[] = [
  ['ws-1', 'workstation'],
  ['ws-kept', 'workstation'],
  ['tpu-1', 'tpu'],
  ['spark', 'cluster'],
  ['colab-1', 'colab'],
  ['hourly', 'schedule'],
];

/**
 * Gives a project a managed group and a node pool, both scaled, and one machine of each kind, all running; what ends in `-kept` has
 * the keep label.
 */
export function addEveryKind(project: {
  readonly groups: Map<string, FakeGroup>;
  readonly machines: Map<string, FakeMachine>;
}): void {
  for (const name of ['web', POOL_GROUP]) project.groups.set(name, { size: GROUP_SIZE, scaled: true });
  for (const [name, kind] of MACHINES) project.machines.set(name, { kind, running: true });
}

/** The write that brings each of them back, as its URL ends. */
export const MACHINE_STARTS = ['ws-1:start', 'tpu-1:start', 'spark:start', 'colab-1:start', 'hourly:resume'];
export const MACHINE_STOPS = ['ws-1:stop', 'tpu-1:stop', 'spark:stop', 'colab-1:stop', 'hourly:pause'];

/** The look at each of them, and at what is scaled, before it is changed. */
export const GROUP_AND_MACHINE_LOOKS = [
  'GET .*instanceGroupManagers/web$',
  'GET .*autoscalers/web-scaler$',
  'GET .*clusters/train$',
  'GET .*workstations/ws-1$',
  'GET .*nodes/tpu-1$',
  'GET .*clusters/spark$',
  'GET .*notebookRuntimes/colab-1$',
  'GET .*schedules/hourly\\b',
];

export const MACHINE_ROUTES: readonly (readonly [RegExp, MachineAnswer])[] = Object.entries(KINDS).flatMap(
  ([kind, form]) => {
    const of = (path: string): string =>
      `${form.base.replaceAll('.', String.raw`\.`)}/projects/([^/]+)/${path}`;
    const collection = form.path.slice(form.path.lastIndexOf('/') + 1);
    return [
      [
        new RegExp(`^GET ${of(form.listed)}$`),
        (machines, [project = '']) => ({
          [collection]: [...machines]
            .filter(([, machine]) => machine.kind === kind)
            .map(([id, machine]) => shown(project, id, machine)),
        }),
      ],
      [
        new RegExp(`^GET ${of(form.path)}/([^/:]+)$`),
        (machines, [project = '', id = ''], refuse) => shown(project, id, known(machines, id, refuse)),
      ],
      [
        new RegExp(`^POST ${of(form.path)}/([^/:]+):(${form.verbs.off}|${form.verbs.on})$`),
        (machines, [project = '', id = '', verb = ''], refuse, note) => {
          note(`${verb} ${id}`);
          const machine = known(machines, id, refuse);
          // What would change nothing is refused, so that asking twice shows.
          if (machine.running === (verb === form.verbs.on)) refuse(400, `${id} is so already`);
          take(machine, form);
          return { name: `projects/${project}/${placeOf(form.path)}/operations/${verb}-${id}` };
        },
      ],
      [
        new RegExp(`^GET ${of(placeOf(form.path))}/operations/(${form.verbs.off}|${form.verbs.on})-(.+)$`),
        (machines, [project = '', verb = '', id = ''], refuse) => {
          const { reason } = known(machines, id, refuse);
          return {
            name: `projects/${project}/${placeOf(form.path)}/operations/${verb}-${id}`,
            done: true,
            ...(reason === undefined ? {} : { error: { code: 8, message: reason } }),
          };
        },
      ],
    ] satisfies readonly (readonly [RegExp, MachineAnswer])[];
  },
);

/** The VMs of clusters that run: nothing else tells in which regions there are any. */
export function clusterVms(machines: Machines): readonly object[] {
  return [...machines].flatMap(([id, { kind, running }]) =>
    kind !== 'cluster' || !running
      ? []
      : [
          {
            ...{ id: `${id}-m`, name: `${id}-m`, status: 'RUNNING' },
            labels: {
              'goog-dataproc-cluster-name': id,
              'goog-dataproc-cluster-uuid': `uuid-of-${id}`,
              'goog-dataproc-location': REGION,
            },
          },
        ],
  );
}

function known(
  machines: Machines,
  id: string,
  refuse: (status: number, message: string) => never,
): FakeMachine {
  return machines.get(id) ?? refuse(404, `${id} was not found`);
}

/** Turns it on or off; a start may end otherwise. */
function take(machine: FakeMachine, { states }: KindForm): void {
  const { running, startsAs } = machine;
  if (running || startsAs === undefined) machine.running = !running;
  else if (startsAs === 'starting') machine.state = states.starting;
  else if (startsAs === 'broken') machine.state = BROKEN;
}

function shown(project: string, id: string, { kind, running, state, shows }: FakeMachine): object {
  const labels = id.endsWith('-kept') ? { 'costguard-keep': 'true' } : {};
  const { path, states, show } = KINDS[kind];
  return {
    ...show(`projects/${project}/${path}/${id}`, state ?? (running ? states.on : states.off)),
    ...shows,
    labels,
  };
}

/** `locations/L` of a path below a project. */
function placeOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
