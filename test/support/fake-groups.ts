/** Managed groups, their autoscalers and a GKE node pool of the small Google Cloud of `fake-google.ts`. */

/** A managed group with what scales it: an autoscaler of its own, or its node pool's. */
export interface FakeGroup {
  size: number;
  scaled: boolean;
  /** Its members are still being started; a pool's may have failed with this. */
  unstable?: true | string;
  /** What Google says of members that it could not make, by when. */
  errors?: readonly { readonly atMs: number; readonly code: string; readonly message: string }[];
}

const CLUSTER = 'train';
/** The group of a node pool of the one cluster; the pool has a name of its own, and one that ends in `-kept` the keep label. */
export function poolGroup(pool: string): string {
  return `gke-${CLUSTER}-${pool}-grp`;
}
export const POOL_GROUP = poolGroup('pool');

/** The pool of a group; undefined for a group that is none of a pool. */
export function poolOf(group: string): string | undefined {
  return /^gke-train-(.+)-grp$/.exec(group)?.[1];
}
const ZONE = 'us-central1-a';

type Groups = ReadonlyMap<string, FakeGroup>;

/** What a request to groups changes and answers; `groupsOf` finds a project's, `note` takes `empty ml-lab/web`. */
export type GroupAnswer = (
  groups: Groups,
  match: readonly string[],
  body: unknown,
  note: (change: string) => void,
) => unknown;

const PLACE = String.raw`compute\.googleapis\.com\/compute\/v1\/projects\/([^/]+)`;
const CLUSTERS = String.raw`container\.googleapis\.com\/v1\/projects\/([^/]+)\/locations\/[^/]+\/clusters`;

export const GROUP_ROUTES: readonly (readonly [RegExp, GroupAnswer])[] = [
  [
    new RegExp(`^GET ${PLACE}/aggregated/instanceGroupManagers$`),
    (groups) => inZone('instanceGroupManagers', [...groups.keys()].map((name) => groupOf(groups, name))),
  ],
  [
    new RegExp(`^GET ${PLACE}/aggregated/autoscalers$`),
    (groups) => inZone('autoscalers', [...groups.keys()].filter((name) => poolOf(name) === undefined).map((name) => scalerOf(groups, name))),
  ],
  [new RegExp(`^GET ${PLACE}/zones/[^/]+/instanceGroupManagers/([^/]+)$`), (groups, [, name = '']) => groupOf(groups, name)],
  [
    new RegExp(`^GET ${PLACE}/zones/[^/]+/instanceGroupManagers/([^/]+)/listErrors$`),
    (groups, [, name = '']) => ({
      items: known(groups, name).errors?.map(({ atMs, ...error }) => ({ error, timestamp: new Date(atMs).toISOString() })),
    }),
  ],
  [
    new RegExp(`^POST ${PLACE}/zones/[^/]+/instanceGroupManagers/([^/]+)/resize\\?.*size=(\\d+)`),
    (groups, [, name = '', size = ''], _, note) => resize(groups, name, Number(size), note),
  ],
  [
    new RegExp(`^GET ${PLACE}/zones/[^/]+/autoscalers/([^/]+)-scaler$`),
    (groups, [, name = '']) => scalerOf(groups, name),
  ],
  [
    new RegExp(`^PATCH ${PLACE}/zones/[^/]+/autoscalers\\?.*autoscaler=([^&]+)-scaler`),
    (groups, [, name = ''], body, note) => {
      const { autoscalingPolicy } = body as { autoscalingPolicy: { mode: string } };
      return scale(groups, name, autoscalingPolicy.mode === 'ON', note);
    },
  ],
  [new RegExp(`^GET ${CLUSTERS}$`), (groups, [project = '']) => ({ clusters: clustersOf(groups, project) })],
  [new RegExp(`^GET ${CLUSTERS}/[^/]+$`), (groups, [project = '']) => clustersOf(groups, project)[0]],
  [
    new RegExp(`^POST ${CLUSTERS}/[^/]+/nodePools/([^/:]+):setSize$`),
    (groups, [, pool = ''], body, note) => resize(groups, poolGroup(pool), (body as { nodeCount: number }).nodeCount, note),
  ],
  [
    new RegExp(`^POST ${CLUSTERS}/[^/]+/nodePools/([^/:]+):setAutoscaling$`),
    (groups, [, pool = ''], body, note) => scale(groups, poolGroup(pool), (body as { autoscaling: { enabled: boolean } }).autoscaling.enabled, note),
  ],
]; // prettier-ignore

/** One member of each group that is not empty; nodes of a pool are told by their group's name. */
export function groupVms(groups: Groups, project: string): readonly object[] {
  return [...groups].flatMap(([name, { size }]) => {
    const manager = `projects/${project}/zones/${ZONE}/instanceGroupManagers/${name}`;
    const metadata = { items: [{ key: 'created-by', value: manager }] };
    return size === 0 || poolOf(name) !== undefined
      ? []
      : [{ id: name, name: `${name}-0`, status: 'RUNNING', metadata }];
  });
}

function inZone(collection: string, listed: readonly unknown[]): object {
  return listed.length === 0 ? {} : { items: { [`zones/${ZONE}`]: { [collection]: listed } } };
}

function known(groups: Groups, name: string): FakeGroup {
  const group = groups.get(name);
  if (group !== undefined) return group;
  const error = { code: 404, message: `${name} was not found` };
  throw Object.assign(new Error(error.message), { response: { status: 404, data: { error } } });
}

function groupOf(groups: Groups, name: string): object {
  const autoscaler =
    poolOf(name) !== undefined ? {} : { autoscaler: `zones/${ZONE}/autoscalers/${name}-scaler` };
  return {
    name,
    targetSize: known(groups, name).size,
    status: { isStable: known(groups, name).unstable === undefined, ...autoscaler },
  };
}

function scalerOf(groups: Groups, name: string): object {
  return {
    name: `${name}-scaler`,
    autoscalingPolicy: { mode: known(groups, name).scaled ? 'ON' : 'OFF' },
  };
}

function clustersOf(groups: Groups, project: string): readonly object[] {
  const nodePools = [...groups].flatMap(([name, group]) => {
    const pool = poolOf(name);
    return pool === undefined ? [] : [shownPool(project, name, pool, group)];
  });
  if (nodePools.length === 0) return [];
  return [{ name: CLUSTER, location: ZONE, status: 'RUNNING', nodePools }];
}

function shownPool(project: string, name: string, pool: string, group: FakeGroup): object {
  const url = `https://www.googleapis.com/compute/v1/projects/${project}/zones/${ZONE}/instanceGroupManagers/${name}`;
  const autoscaling = group.scaled ? { enabled: true, minNodeCount: 1, maxNodeCount: 4 } : {};
  const config = pool.endsWith('-kept') ? { config: { labels: { 'costguard-keep': 'true' } } } : {};
  return { name: pool, ...poolStatus(group), ...config, autoscaling, instanceGroupUrls: [url] };
}

function poolStatus({ size, unstable }: FakeGroup): object {
  if (size === 0 || unstable === undefined) return { status: 'RUNNING' };
  if (unstable === true) return { status: 'RECONCILING' };
  return { status: 'RUNNING_WITH_ERROR', statusMessage: unstable };
}

/** What would change nothing is refused, so that asking twice shows; what scales a group would undo its new size. */
function resize(groups: Groups, name: string, size: number, note: (change: string) => void): object {
  const group = known(groups, name);
  note(`${size === 0 ? 'empty' : 'fill'} ${name}`);
  if (group.size === size) throw new Error(`${name} has ${size} already`);
  group.size = group.scaled ? Math.max(1, size) : size;
  return { name: 'operations/1' };
}

function scale(groups: Groups, name: string, scaled: boolean, note: (change: string) => void): object {
  const group = known(groups, name);
  note(`${scaled ? 'scale' : 'fix'} ${name}-scaler`);
  if (group.scaled === scaled) throw new Error(`${name} is so already`);
  group.scaled = scaled;
  return { name: 'operations/1' };
}
